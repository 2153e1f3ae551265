import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/core/state.ts';
import { contentOf, contentsAlong, creation, generation, intent, KEYS, testRandom, testStore } from './fixture.ts';
import { Crash, MemoryDisk } from './memory.ts';

/** Entries that are recorded together, one group after the other; the contents that they lead through. */
type Script = readonly (readonly JournalEntry[])[];

interface Run {
  /** How many of all entries, in their order, were acknowledged: the last acknowledged one and all before it. */
  readonly acknowledged: number;
  readonly crashed: boolean;
}

/** A run on `disk` until it ends or the disk crashes. `foldAt`: bytes of journal from which on it folds in passing. */
async function run(disk: MemoryDisk, script: Script, foldAt?: number): Promise<Run> {
  let issued = 0;
  let acknowledged = 0;
  try {
    const session = await testStore(disk, KEYS, foldAt === undefined ? {} : { foldAt }).begin('apply', {
      lockTimeoutMs: 0,
    });
    for (const group of script) {
      const settled = await Promise.allSettled(
        group.map((entry) => {
          const place = ++issued;
          return session.record(entry).then(() => {
            acknowledged = Math.max(acknowledged, place);
          });
        }),
      );
      const failed = settled.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    await session.close();
    return { acknowledged, crashed: false };
  } catch (error) {
    for (let e: unknown = error; ; e = e.cause) {
      if (e instanceof Crash) return { acknowledged, crashed: true };
      if (!(e instanceof Error)) throw error;
    }
  }
}

/**
 * What must hold on a disk after a crash: reading gives all that was acknowledged, in order, perhaps more of what was
 * under way, never an error; and so does a next run, which leaves things in order.
 */
async function checkSurvivor(disk: MemoryDisk, contents: readonly string[], acknowledged: number, where: string) {
  const read = await testStore(disk, KEYS).read();
  const seen = contents.indexOf(contentOf(read.state), acknowledged);
  // Equal contents may stand at several places; what counts is that one of them is not before the acknowledged.
  expect(seen, `${where}: acknowledged ${acknowledged}`).toBeGreaterThanOrEqual(acknowledged);
  if (acknowledged > 0) expect(read.exists).toBe(true);
  const session = await testStore(disk, KEYS).begin('apply', { lockTimeoutMs: 0 });
  expect(contentOf(session.state)).toBe(contents[seen]);
  await session.close();
  const again = await testStore(disk, KEYS).read();
  expect(contentOf(again.state)).toBe(contents[seen]);
  // Nothing is left but what belongs there: no lock, no journal, no snapshot or journal that did not get its place.
  const left = Object.keys(disk.content()).map((path) => path.replace('state/prod.keyform.', ''));
  expect(left.filter((name) => !EXPECTED.includes(name), where)).toEqual([]);
}

const EXPECTED = ['age', 'age.backup', 'history', 'journal.backup'];

const LONG = generation(2, { args: { policy: 'p'.repeat(3_000) } });

const SCRIPT: Script = [
  [creation('t.a')[0], creation('t.b')[0]],
  [creation('t.a')[1]],
  [
    { kind: 'failed', intent: 'intent t.b 1' },
    { kind: 'tainted', address: 't.a', reason: 'age' },
    creation('t.a', 2)[0],
  ],
  [{ kind: 'created', intent: 'intent t.a 2', generation: LONG, dependencies: ['t.b'] }],
  [{ kind: 'intent', intent: intent('d', 't.a', { operation: 'delete', generation: 1, keyId: 'id-1', args: {} }) }],
  // More than the zeros that the journal has at first.
  [{ kind: 'tainted', address: 't.a', reason: 'r'.repeat(300_000) }],
  [{ kind: 'tainted', address: 't.a', reason: null }],
  [
    { kind: 'deleted', intent: 'd' },
    { kind: 'outputs', outputs: { o: { value: 1, sensitive: true } } },
  ],
];

describe('a crash', () => {
  it.each([
    ['', undefined, 30],
    [' that folds in passing', 1, 90],
  ])(
    'at any step of a run%s loses nothing that was acknowledged',
    async (_name, foldAt, least) => {
      const contents = contentsAlong(SCRIPT.flat());
      const total = contents.length - 1;
      let torn = 0;
      for (let crashAt = 0; ; crashAt++) {
        const disk = new MemoryDisk();
        disk.crashAt = crashAt;
        const { acknowledged, crashed } = await run(disk, SCRIPT, foldAt);
        if (!crashed) {
          expect(acknowledged).toBe(total);
          expect(crashAt).toBeGreaterThan(least);
          break;
        }
        await checkSurvivor(disk.kill(), contents, acknowledged, `killed at ${crashAt}`);
        for (let variant = 0; variant < (foldAt === undefined ? 4 : 2); variant++) {
          const random = testRandom(`power ${crashAt} ${variant}`);
          const after = disk.reboot(() => random.fraction());
          const { notes } = await testStore(after, KEYS).read();
          if (notes.length > 0) torn++;
          await checkSurvivor(after, contents, acknowledged, `power off at ${crashAt}, variant ${variant}`);
        }
      }
      // The test is worth something only if it meets torn records; a journal that is folded at once has few.
      expect(torn).toBeGreaterThan(foldAt === undefined ? 3 : 0);
    },
    120_000,
  );

  it('while a record goes over zeros that were just added leaves no file that looks cut off', async () => {
    const contents = contentsAlong(SCRIPT.flat());
    const journal = 'state/prod.keyform.journal';
    const whole = new MemoryDisk();
    const syncs: { step: number; length: number }[] = [];
    whole.fault = (step, path) => {
      if (step === 'sync' && path === journal) {
        syncs.push({ step: whole.log.length - 1, length: whole.content()[journal]?.length ?? 0 });
      }
      return null;
    };
    await run(whole, SCRIPT);
    // The first is that of the file beside, before it is the journal.
    const grown = syncs.findIndex(({ length }, i) => i > 1 && length > (syncs[i - 1]?.length ?? 0));
    expect(grown).toBeGreaterThan(1);
    for (const { step } of syncs.slice(grown, grown + 2)) {
      const disk = new MemoryDisk();
      disk.crashAt = step;
      const { acknowledged } = await run(disk, SCRIPT);
      for (let variant = 0; variant < 40; variant++) {
        const random = testRandom(`zeros ${variant}`);
        const { state } = await testStore(
          disk.reboot(() => random.fraction()),
          KEYS,
        ).read();
        expect(contents.indexOf(contentOf(state), acknowledged)).toBeGreaterThanOrEqual(acknowledged);
      }
    }
  });

  it('during the recovery from a crash loses nothing either', async () => {
    const contents = contentsAlong(SCRIPT.flat());
    const cut = SCRIPT.slice(0, 4);
    const first = new MemoryDisk();
    first.crashAt = 24;
    const { acknowledged } = await run(first, cut);
    expect(acknowledged).toBeGreaterThan(2);
    const start = first.kill();
    for (let crashAt = 0; ; crashAt++) {
      const disk = MemoryDisk.of(start.content());
      disk.crashAt = crashAt;
      const { crashed } = await run(disk, []);
      if (!crashed) {
        expect(crashAt).toBeGreaterThan(10);
        break;
      }
      const random = testRandom(`again ${crashAt}`);
      await checkSurvivor(disk.kill(), contents, acknowledged, `killed at ${crashAt}`);
      await checkSurvivor(
        disk.reboot(() => random.fraction()),
        contents,
        acknowledged,
        `power off at ${crashAt}`,
      );
    }
  }, 120_000);

  it('at a random step of a random run loses nothing that was acknowledged', async () => {
    const action = fc.record({
      address: fc.constantFrom('t.a', 't.b', 't.c["x"]'),
      what: fc.constantFrom('create', 'fail', 'leave', 'delete', 'taint', 'refresh', 'outputs'),
      size: fc.constantFrom(0, 0, 400, 3_000, 20_000),
    });
    const groups = fc.array(fc.array(action, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        groups,
        fc.integer({ min: 8, max: 60 }),
        fc.string(),
        fc.boolean(),
        fc.constantFrom(undefined, 1, 4_000),
        async (plan, at, seed, power, foldAt) => {
          const script = scriptOf(plan);
          const contents = contentsAlong(script.flat());
          const disk = new MemoryDisk();
          disk.crashAt = at;
          const { acknowledged } = await run(disk, script, foldAt);
          const random = testRandom(seed);
          const after = power ? disk.reboot(() => random.fraction()) : disk.kill();
          await checkSurvivor(after, contents, acknowledged, `at ${at}`);
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);
});

interface Action {
  readonly address: string;
  readonly what: string;
  readonly size: number;
}

/** Turns wishes into entries that follow from one another, as an engine would record them: intents, then results. */
function scriptOf(plan: readonly (readonly Action[])[]): Script {
  const script: JournalEntry[][] = [];
  const current = new Map<string, number>();
  let id = 0;
  for (const group of plan) {
    const intents: JournalEntry[] = [];
    const results: JournalEntry[] = [];
    const touched = new Set<string>();
    for (const { address, what, size } of group) {
      if (touched.has(address)) continue;
      touched.add(address);
      const name = `i${++id}`;
      const number = current.get(address) ?? 0;
      const made = (n: number) => generation(n, { args: { text: 'x'.repeat(size) } });
      if (what === 'create' || what === 'fail' || what === 'leave') {
        intents.push({
          kind: 'intent',
          intent: intent(name, address, { generation: number + 1, args: { s: 'y'.repeat(size) } }),
        });
        if (what === 'fail') results.push({ kind: 'failed', intent: name });
        if (what !== 'create') continue;
        results.push({ kind: 'created', intent: name, generation: made(number + 1), dependencies: [] });
        current.set(address, number + 1);
      } else if (what === 'outputs') {
        results.push({ kind: 'outputs', outputs: { [name]: { value: 'z'.repeat(size), sensitive: true } } });
      } else if (number > 0 && what === 'refresh') {
        results.push({ kind: 'refreshed', address, generation: made(number) });
      } else if (number > 0 && what === 'taint') {
        results.push({ kind: 'tainted', address, reason: 'x'.repeat(size) });
      } else if (number === 1 && what === 'delete') {
        intents.push({
          kind: 'intent',
          intent: intent(name, address, { operation: 'delete', generation: 1, keyId: 'id-1' }),
        });
        results.push({ kind: 'deleted', intent: name });
        current.delete(address);
      }
    }
    script.push(intents, results);
  }
  return script.filter((group) => group.length > 0);
}
