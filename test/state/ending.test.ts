import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { creation, KEYS, testStore } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const JOURNAL = 'state/prod.keyform.journal';

/** What the end of a run says when no file but the journal can be written; `broken`: nor the journal, for the last record. */
async function ending(broken: boolean): Promise<{ readonly detail: string; readonly disk: MemoryDisk }> {
  const disk = new MemoryDisk();
  const session = await testStore(disk, KEYS).begin('apply', { lockTimeoutMs: 0 });
  const [attempt, made] = creation('t.a');
  await session.record(attempt);
  const fails = (path: string) => path.includes('.age') || (broken && path === JOURNAL);
  disk.fault = (step, path) => (step !== 'read' && fails(path) ? 'EROFS' : null);
  await session.record(made).catch(() => {});
  const error = await session.close().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isKeyformError(error, 'state-io')) throw new Error(`no state-io: ${String(error)}`);
  return { detail: error.detail, disk: disk.kill() };
}

describe('a run whose snapshot cannot be written at its end', () => {
  it('says that the journal has everything, and the next run finds it so', async () => {
    const { detail, disk } = await ending(false);
    expect(detail).toContain(`Nothing is lost: all that was recorded, secrets included, is in ${JOURNAL}. Leave it`);
    const session = await testStore(disk, KEYS).begin('apply', { lockTimeoutMs: 0 });
    expect(session.state.resources.get('t.a')?.current?.secret).not.toBeNull();
    await session.close();
  });

  it('does not say so where the journal did not take everything', async () => {
    expect((await ending(true)).detail).not.toContain('Nothing is lost');
  });
});
