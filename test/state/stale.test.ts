import { expect, it } from 'vitest';
import { planRepair, repairState } from '../../src/state/repair.ts';
import { care } from '../fuzz/care.ts';
import { creation, KEYS, testStore } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const SNAPSHOT = 'state/prod.keyform.age';
const JOURNAL = 'state/prod.keyform.journal';

const begin = (disk: MemoryDisk) => testStore(disk, KEYS).begin('apply', { lockTimeoutMs: 0 });

/** A run whose journal fails when it is to take the key of `t.b`, which goes into a snapshot; killed before its Nth step. */
async function run(step: number | null): Promise<{ readonly disk: MemoryDisk; readonly ended: boolean }> {
  const disk = new MemoryDisk();
  let session = await begin(disk);
  for (const entry of creation('t.a')) await session.record(entry);
  await session.close();
  session = await begin(disk);
  const [attempt, made] = creation('t.b');
  await session.record(attempt);
  disk.fault = (kind, path) => (kind === 'write' && path === JOURNAL ? 'EIO' : null);
  disk.log.length = 0;
  disk.crashAt = step;
  const ended = await session
    .record(made)
    .then(() => session.close())
    .then(
      () => true,
      () => false,
    );
  return { disk: disk.kill(), ended };
}

async function keysIn(disk: MemoryDisk): Promise<readonly string[]> {
  return [...(await testStore(disk, KEYS).read()).state.resources.keys()];
}

/** A repair of the state after its snapshot was damaged says of every key that it cannot have back that it is lost. */
async function expectHonest(disk: MemoryDisk): Promise<boolean> {
  const before = await keysIn(disk);
  const broken = MemoryDisk.of(disk.content());
  const bytes = broken.get(SNAPSHOT);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 0xff, bytes.length - 40);
  await broken.replace(SNAPSHOT, bytes, 0o600);
  const plan = await planRepair(care(broken));
  expect(plan.blocked).toBeNull();
  await repairState(care(broken), { lockTimeoutMs: 0, approve: async () => {} });
  const after = await keysIn(broken);
  const lost = before.filter((address) => !after.includes(address));
  for (const address of lost) expect(plan.losses.join()).toContain(address);
  // Where the history was written and its snapshot was not, nobody can tell.
  if (lost.length === 0) for (const text of plan.losses) expect(text).toContain('may have held');
  return lost.length > 0;
}

it('a snapshot that holds more than its journal took is never rebuilt from that as if it were whole', async () => {
  let losses = 0;
  for (let step = 0, ended = false; !ended; step++) {
    const { disk, ended: isEnd } = await run(step);
    ended = isEnd;
    const next = MemoryDisk.of(disk.content());
    if (await expectHonest(disk)) losses += 1;
    await (await begin(next)).close();
    const content = next.content();
    // No pair is left that leads elsewhere than to the snapshot.
    if ((await keysIn(next)).includes('t.b')) expect(Object.keys(content)).not.toContain(`${JOURNAL}.backup`);
    await expectHonest(next);
  }
  expect(losses).toBeGreaterThan(0);
});

it('a journal that was folded whole before a crash stays with its backup', async () => {
  for (let step = 0, folded = 0; ; step++) {
    const disk = new MemoryDisk();
    const session = await begin(disk);
    for (const entry of creation('t.a')) await session.record(entry);
    disk.log.length = 0;
    disk.crashAt = step;
    const ended = await session.close().then(
      () => true,
      () => false,
    );
    const next = disk.kill();
    if (Object.keys(next.content()).includes(JOURNAL)) folded += 1;
    await (await begin(next)).close();
    expect(Object.keys(next.content())).toContain(`${JOURNAL}.backup`);
    expect(await expectHonest(next)).toBe(false);
    const whole = MemoryDisk.of(next.content());
    await whole.remove(SNAPSHOT);
    expect((await planRepair(care(whole))).losses).toEqual([]);
    if (!ended) continue;
    expect(folded).toBeGreaterThan(0);
    break;
  }
});
