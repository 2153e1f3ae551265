import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, markOf, type Present, recall, remember, type Sighting } from '../../src/state/seen.ts';
import { MemoryDisk } from './memory.ts';

const LINEAGE = '3f0c2c4e-5d0e-4e62-9a4f-0d7a6c1b2e11';
const HOME = '/home/alice/.local/state/keyform';
// printf 'keyform-stack\nprod' | sha256sum
const FILE = `${HOME}/seen/${LINEAGE}-ab9ff6d0e623775c.json`;

const seen = (changes: Partial<Sighting> = {}): Sighting => ({
  lineage: LINEAGE,
  stack: 'prod',
  serial: 5,
  mark: 'ab12',
  at: '2026-03-04T05:06:07.000Z',
  ...changes,
});

const present = (changes: Partial<Present> = {}): Present => ({
  path: 'state/prod.keyform.age',
  stack: 'prod',
  serial: 5,
  mark: 'ab12',
  folder: '/p/state',
  journal: 'state/prod.keyform.journal',
  isJournaled: false,
  ...changes,
});

async function memoryOf(disk: MemoryDisk): Promise<Sighting | null> {
  return (await recall(disk, HOME, LINEAGE, 'prod')).sighting;
}

describe('what was seen', () => {
  it('is remembered by lineage and stack, and told again', async () => {
    const disk = new MemoryDisk();
    expect(await recall(disk, HOME, LINEAGE, 'prod')).toEqual({ sighting: null, notes: [] });
    expect(await remember(disk, HOME, seen())).toEqual([]);
    expect(Object.keys(disk.content())).toEqual([FILE]);
    expect(disk.get(FILE).toString()).toBe(
      `{"lineage":"${LINEAGE}","stack":"prod","serial":5,"mark":"ab12","at":"2026-03-04T05:06:07.000Z"}\n`,
    );
    expect(await recall(disk, HOME, LINEAGE, 'prod')).toEqual({ sighting: seen(), notes: [] });
    for (const [lineage, stack] of [
      [LINEAGE.replace('3f', '4f'), 'prod'],
      [LINEAGE, 'dev'],
    ] as const)
      expect(await recall(disk, HOME, lineage, stack)).toEqual({ sighting: null, notes: [] });
    await remember(disk, HOME, seen({ stack: 'dev', serial: 9, mark: 'cd34' }));
    expect(await memoryOf(disk)).toEqual(seen());
  });

  it.each<[string, Partial<Sighting>, boolean]>([
    ['a higher serial', { serial: 6, mark: 'cd34' }, true],
    ['the very same', {}, false],
    ['another snapshot with the same serial', { mark: 'cd34' }, false],
    ['a lower serial', { serial: 4, mark: 'cd34' }, false],
  ])('only goes upward: %s', async (_, changes, isNews) => {
    const disk = new MemoryDisk();
    await remember(disk, HOME, seen());
    const steps = disk.log.length;
    expect(await remember(disk, HOME, seen(changes))).toEqual([]);
    expect(await memoryOf(disk)).toEqual(isNews ? seen(changes) : seen());
    expect(disk.log.length > steps).toBe(isNews);
    await remember(disk, HOME, seen(changes), { force: true });
    expect(await memoryOf(disk)).toEqual(seen(changes));
  });

  it.each([
    '../../../etc/passwd',
    `${LINEAGE}/../x`,
    `../${LINEAGE}`,
    `${LINEAGE}\n`,
    LINEAGE.toUpperCase(),
    '',
    'lineage',
    `${LINEAGE}\0`,
  ])('never lets a lineage become a path: %j', async (lineage) => {
    const disk = new MemoryDisk();
    expect(await remember(disk, HOME, seen({ lineage }))).toEqual([]);
    expect(await recall(disk, HOME, lineage, 'prod')).toEqual({ sighting: null, notes: [] });
    expect(disk.content()).toEqual({});
    expect(disk.log).toEqual([]);
  });

  it.each(['../../../etc/passwd', 'a/b', '..', 'PROD', 'prod\0', '', 'x'.repeat(5000)])(
    'never lets the name of a stack become a path: %j',
    async (stack) => {
      const disk = new MemoryDisk();
      await remember(disk, HOME, seen({ stack }));
      const [path = ''] = Object.keys(disk.content());
      expect(path).toMatch(/^\/home\/alice\/\.local\/state\/keyform\/seen\/[-0-9a-f]{36}-[0-9a-f]{16}\.json$/);
      expect(path).not.toBe(FILE);
      expect((await recall(disk, HOME, LINEAGE, stack)).sighting).toEqual(seen({ stack }));
    },
  );

  it('is nothing without a home folder', async () => {
    const disk = new MemoryDisk();
    expect(await remember(disk, null, seen())).toEqual([]);
    expect(await recall(disk, null, LINEAGE, 'prod')).toEqual({ sighting: null, notes: [] });
    expect(disk.log).toEqual([]);
  });

  it.each<[string, string]>([
    ['no byte', ''],
    ['no JSON', '{"lineage":'],
    ['no object', '[1]'],
    ['another lineage', JSON.stringify(seen({ lineage: LINEAGE.replace('3f', '4f') }))],
    ['another stack', JSON.stringify(seen({ stack: 'dev' }))],
    ['no serial', JSON.stringify({ ...seen(), serial: '5' })],
    ['a field more', JSON.stringify({ ...seen(), more: 1 })],
    ['a mark of words', JSON.stringify(seen({ mark: 'hello' }))],
  ])('blocks nobody when its file is damaged: %s', async (_, text) => {
    const disk = MemoryDisk.of({ [FILE]: Buffer.from(text) });
    const { sighting, notes } = await recall(disk, HOME, LINEAGE, 'prod');
    expect(sighting).toBeNull();
    expect(notes).toEqual([expect.stringContaining(`${FILE} is damaged`)]);
    await remember(disk, HOME, seen({ serial: 1 }));
    expect(await memoryOf(disk)).toEqual(seen({ serial: 1 }));
  });

  it.each<[string, Partial<Sighting>, boolean]>([
    ['on what was seen last', {}, true],
    ['on a later one, pulled from elsewhere', { serial: 6, mark: 'cd34' }, true],
    ['on an older one', { serial: 4 }, false],
    ['on another one with the same serial', { mark: 'cd34' }, false],
  ])('takes in that a run records %s, and the next snapshot ends that', async (_, changes, isTaken) => {
    const disk = new MemoryDisk();
    await remember(disk, HOME, seen());
    const running = seen({ recording: '/p/state', at: '2026-03-05T00:00:00.000Z', ...changes });
    expect(await remember(disk, HOME, running)).toEqual([]);
    expect(await memoryOf(disk)).toEqual(isTaken ? running : seen());
    await remember(disk, HOME, seen({ serial: 7, mark: 'ef56' }));
    expect(await memoryOf(disk)).toEqual(seen({ serial: 7, mark: 'ef56' }));
  });

  it('blocks nobody when the disk refuses', async () => {
    const disk = MemoryDisk.of({ [FILE]: Buffer.from(JSON.stringify(seen())) });
    disk.fault = () => 'EACCES';
    expect(await recall(disk, HOME, LINEAGE, 'prod')).toEqual({
      sighting: null,
      notes: [expect.stringContaining(`${FILE} cannot be read (EACCES)`)],
    });
    expect(await remember(disk, HOME, seen({ serial: 9 }))).toEqual([
      expect.stringContaining(`${FILE} cannot be written (EACCES)`),
    ]);
  });
});

describe('the judgement', () => {
  it.each<[string, Partial<Present>]>([
    ['the same', {}],
    ['the next snapshot', { serial: 6, mark: 'cd34' }],
    ['a much later one', { serial: 60, mark: 'cd34' }],
  ])('lets pass: %s', (_, changes) => {
    expect(judge(HOME, seen(), present(changes))).toBeNull();
  });

  it('lets everything pass of which nothing is remembered', () => {
    expect(judge(HOME, null, present({ serial: 1 }))).toBeNull();
  });

  it.each<[string, Partial<Present>, string, string]>([
    [
      'an older snapshot',
      { serial: 4, mark: 'cd34' },
      'The state of "prod" is older than one that was here: state/prod.keyform.age is snapshot 4, and 5 was here on 2026-03-04T05:06:07.000Z',
      'Put the newest one back',
    ],
    [
      'another one with the same serial',
      { mark: 'cd34' },
      'The state of "prod" is not the one that was here: two snapshots have number 5, state/prod.keyform.age and another that was here on 2026-03-04T05:06:07.000Z',
      'Two machines wrote the state at the same time',
    ],
  ])('refuses %s, and says what to do', (_, changes, message, advice) => {
    const error = judge(HOME, seen(), present(changes));
    expect(error).toMatchObject({ code: 'rolled-back', message });
    expect(error?.detail).toContain(advice);
    expect(error?.detail).toContain('keyform state restore state/prod.keyform.age');
    expect(error?.detail).toContain(`To only look at it on this machine, as at another branch: remove ${FILE}, where`);
  });

  it('misses the journal that a run has written', () => {
    const running = seen({ recording: '/p/state' });
    const error = judge(HOME, running, present());
    expect(error).toMatchObject({
      code: 'rolled-back',
      message:
        'The state of "prod" lacks what a run here has recorded: a run that did not end wrote to state/prod.keyform.journal on 2026-03-04T05:06:07.000Z, and no record of it on snapshot 5 is there',
    });
    expect(error?.detail).toContain('The secrets of keys that this run made may be in that file and nowhere else');
    expect(error?.detail).toContain('If it is gone for good, say so: keyform state restore state/prod.keyform.age');
    for (const changes of [
      { isJournaled: true },
      { folder: '/another/clone/state' },
      { serial: 6, mark: 'cd34' },
    ] satisfies Partial<Present>[])
      expect(judge(HOME, running, present(changes))).toBeNull();
  });

  it('never refuses what this machine has just remembered, nor what follows it', async () => {
    const step = fc.record({ serial: fc.nat(3), mark: fc.constantFrom('aa', 'bb') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const disk = new MemoryDisk();
        for (const one of steps) {
          const refused = judge(HOME, await memoryOf(disk), present(one)) !== null;
          await remember(disk, HOME, seen(one));
          // Refused means it was not news, so the memory is as it was; else it may be used from now on.
          expect(judge(HOME, await memoryOf(disk), present(one)) !== null).toBe(refused);
          await remember(disk, HOME, seen(one), { force: refused });
          expect(judge(HOME, await memoryOf(disk), present(one))).toBeNull();
        }
      }),
      { numRuns: 200 },
    );
  });
});

it('marks a snapshot by its journal key, and does not give the key away', () => {
  const key = new Uint8Array(32).fill(7);
  expect(markOf(key)).toMatch(/^[0-9a-f]{32}$/);
  expect(markOf(key)).toBe(markOf(new Uint8Array(32).fill(7)));
  expect(markOf(new Uint8Array(32).fill(8))).not.toBe(markOf(key));
  expect(Buffer.from(key).toString('hex')).not.toContain(markOf(key));
});
