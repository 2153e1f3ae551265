import { describe, expect, it } from 'vitest';
import { isKeyformError, KeyformError } from '../../src/core/error.ts';
import type { Clock, Files } from '../../src/core/port.ts';
import { acquireLock, forceUnlock, type LockHolder, type LockOptions, lockHolder } from '../../src/state/lock.ts';
import { testClock, testProcess, testRandom } from './fixture.ts';
import { MemoryDisk } from './memory.ts';

const LOCK = 'state/prod.keyform.lock';
const living = new Map([
  [1, 'boot 1/100'],
  [2, 'boot 1/200'],
  [3, 'boot 1/300'],
]);

function options(disk: MemoryDisk, pid: number, more: Partial<LockOptions> = {}): LockOptions {
  return {
    path: LOCK,
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom(`process ${pid} ${disk.log.length}`),
    process: testProcess(pid, living),
    ...more,
  };
}

const now = { operation: 'apply', timeoutMs: 0 };

async function failure(action: Promise<unknown>): Promise<KeyformError> {
  const error = await action.catch((e: unknown) => e);
  if (!(error instanceof KeyformError)) throw new Error(`no KeyformError: ${String(error)}`);
  return error;
}

function holder(changes: Partial<LockHolder>): Buffer {
  const full = { id: 'x', pid: 1, started: 'boot 1/100', host: 'build-1', user: 'bob', operation: 'apply', since: 's' };
  return Buffer.from(JSON.stringify({ ...full, ...changes }));
}

describe('the lock', () => {
  it('tells who holds it, since when, doing what, and how to force it', async () => {
    const disk = new MemoryDisk();
    const lock = await acquireLock(options(disk, 1), now);
    const error = await failure(acquireLock(options(disk, 2), now));
    expect(error.code).toBe('state-locked');
    expect(error.message).toBe(
      'The state of "prod" is locked: alice@build-1, process 1, "apply" since 2026-03-04T05:06:07.000Z',
    );
    expect(error.detail).toContain(`keyform force-unlock ${lock.holder.id}`);
    expect(await lockHolder(options(disk, 2))).toEqual(lock.holder);
    await lock.release();
    expect(await lockHolder(options(disk, 2))).toBeNull();
    expect(disk.content()).toEqual({});
  });

  it('waits for a living holder, says so once, and gets it when it is free', async () => {
    const disk = new MemoryDisk();
    const first = await acquireLock(options(disk, 1), now);
    let sleeps = 0;
    const waits: (LockHolder | null)[] = [];
    const clock = testClock(() => (++sleeps === 5 ? first.release() : undefined));
    const request = { ...now, timeoutMs: 10_000, onWait: (h: LockHolder | null) => waits.push(h) };
    const second = await acquireLock(options(disk, 2, { clock }), request);
    expect([sleeps, waits, second.notes]).toEqual([5, [first.holder], []]);
  });

  it('gives up after the time-out, or when the user cancels', async () => {
    const disk = new MemoryDisk();
    await acquireLock(options(disk, 1), now);
    const clock = testClock();
    const start = clock.now();
    expect((await failure(acquireLock(options(disk, 2, { clock }), { ...now, timeoutMs: 3_000 }))).code).toBe(
      'state-locked',
    );
    expect(clock.now() - start).toBeGreaterThanOrEqual(3_000);
    expect(clock.now() - start).toBeLessThan(4_000);
    const abort = new AbortController();
    const cancelled = new KeyformError('cancelled', 'Ctrl-C');
    const impatient = testClock(() => abort.abort(cancelled));
    const request = { ...now, timeoutMs: 60_000, signal: abort.signal };
    expect(await failure(acquireLock(options(disk, 2, { clock: impatient }), request))).toBe(cancelled);
  });

  it.each<[string, Partial<LockHolder>, boolean]>([
    ['a process that is gone', { pid: 99, started: 'boot 1/5' }, true],
    ['a process whose pid another one has now', { pid: 1, started: 'boot 0/100' }, true],
    ['a living process', {}, false],
    ['a living process of unknown start', { started: null }, false],
    ['a process of another machine', { pid: 99, host: 'build-2' }, false],
  ])('of %s is taken over, or not', async (_name, changes, taken) => {
    const disk = MemoryDisk.of({ [LOCK]: holder(changes) });
    const attempt = acquireLock(options(disk, 2), now);
    if (!taken) {
      expect((await failure(attempt)).message).toContain('bob@');
      return;
    }
    const lock = await attempt;
    expect(lock.notes).toHaveLength(1);
    expect(lock.notes[0]).toContain(`process ${changes.pid}`);
    expect(await lockHolder(options(disk, 3))).toEqual(lock.holder);
    expect(Object.keys(disk.content())).toEqual([LOCK]);
  });

  it.each(['', '{"id":"x","pi', '\0\0\0\0'])(
    'file that a crash left unreadable (%j) is taken over after a while',
    async (text) => {
      const disk = MemoryDisk.of({ [LOCK]: Buffer.from(text) });
      expect(await lockHolder(options(disk, 1))).toBe('unreadable');
      const clock = testClock();
      const start = clock.now();
      const lock = await acquireLock(options(disk, 2, { clock }), now);
      expect(clock.now() - start).toBeGreaterThanOrEqual(2_000);
      expect(lock.notes[0]).toContain('unreadable');
    },
  );

  it('is not taken from somebody who is just writing it', async () => {
    const disk = MemoryDisk.of({ [LOCK]: Buffer.alloc(0) });
    let sleeps = 0;
    const clock = testClock(() => (++sleeps === 3 ? disk.replace(LOCK, holder({}), 0o600) : undefined));
    expect((await failure(acquireLock(options(disk, 2, { clock }), now))).message).toContain('bob@build-1');
  });

  it('is held by one at most when many take over a dead one, whoever dies at whichever step', async () => {
    const dead = holder({ pid: 99 });
    // Every step at which the first of the takers can die, until it lives through.
    for (let crashAt = 0; ; crashAt++) {
      const disk = MemoryDisk.of({ [LOCK]: dead });
      disk.crashAt = crashAt;
      const died = await acquireLock(options(disk, 1), now).then(
        () => false,
        () => true,
      );
      if (!died) {
        expect(crashAt).toBeGreaterThan(5);
        break;
      }
      const alive = new Map([...living].filter(([pid]) => pid !== 1));
      const after = disk.kill();
      const takers = [2, 3].map((pid) =>
        acquireLock(
          options(after, pid, { process: testProcess(pid, alive), random: testRandom(`${crashAt} ${pid}`) }),
          {
            ...now,
            timeoutMs: 20_000,
          },
        ).then(
          (lock) => lock,
          (error: unknown) => {
            if (isKeyformError(error, 'state-locked')) return null;
            throw error;
          },
        ),
      );
      const locks = (await Promise.all(takers)).filter((lock) => lock !== null);
      expect(locks, `death before step ${crashAt}`).toHaveLength(1);
      expect(await lockHolder(options(after, 2))).toEqual(locks[0]?.holder);
    }
  });

  it('is not taken by one who saw it dead before another took it over', async () => {
    const disk = MemoryDisk.of({ [LOCK]: holder({ pid: 99 }) });
    let faster: LockHolder | null = null;
    const slow: Files = {
      read: (path) => disk.read(path),
      list: (path) => disk.list(path),
      replace: (path, bytes, mode) => disk.replace(path, bytes, mode),
      open: (path, mode) => disk.open(path, mode),
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      async createExclusive(path, bytes, mode) {
        if (path === `${LOCK}.x`) faster ??= (await acquireLock(options(disk, 3), now)).holder;
        return disk.createExclusive(path, bytes, mode);
      },
    };
    expect((await failure(acquireLock(options(disk, 2, { files: slow }), now))).message).toContain('process 3');
    expect(await lockHolder(options(disk, 1))).toEqual(faster);
    expect(Object.keys(disk.content())).toEqual([LOCK]);
  });

  it('is forced by its id only, and its former holder then leaves the next one alone', async () => {
    const disk = new MemoryDisk();
    const first = await acquireLock(options(disk, 1), now);
    expect((await failure(forceUnlock(options(disk, 2), 'other'))).code).toBe('refused');
    expect((await failure(forceUnlock(options(disk, 2), 'other'))).detail).toContain(first.holder.id);
    expect(await forceUnlock(options(disk, 2), first.holder.id)).toEqual(first.holder);
    expect((await failure(forceUnlock(options(disk, 2), first.holder.id))).code).toBe('refused');
    const second = await acquireLock(options(disk, 2), now);
    await first.release();
    expect(await lockHolder(options(disk, 3))).toEqual(second.holder);
    const garbled = MemoryDisk.of({ [LOCK]: Buffer.alloc(0) });
    expect(await forceUnlock(options(garbled, 2), 'unreadable')).toBeNull();
    expect(garbled.content()).toEqual({});
  });

  it.each<[string, Buffer | null, string]>([
    ['made', null, LOCK],
    ['taken over', holder({ pid: 99 }), LOCK],
    ['claimed', holder({ pid: 99 }), `${LOCK}.x`],
  ])('does not stay when its folder cannot be synced after it was %s', async (_, left, path) => {
    const disk = left === null ? new MemoryDisk() : MemoryDisk.of({ [LOCK]: left });
    disk.fault = (step, at) => (step === 'syncdir' && at === path ? 'EIO' : null);
    expect((await failure(acquireLock(options(disk, 1), now))).code).toBe('state-io');
    disk.fault = () => null;
    expect(Object.keys(disk.content())).toEqual(path === LOCK ? [] : [LOCK]);
    expect((await acquireLock(options(disk, 2), now)).holder.pid).toBe(2);
    expect(Object.keys(disk.content())).toEqual([LOCK]);
  });

  it('of another is left alone when making its own fails', async () => {
    const disk = new MemoryDisk();
    let other: LockHolder | null = null;
    disk.fault = (step, at) => (step === 'syncdir' && at === LOCK ? 'EIO' : null);
    disk.onStep = async () => {
      if (disk.log.at(-1) !== `syncdir ${LOCK}` || other !== null) return;
      other = { id: 'b', pid: 2, started: 'boot 1/200', host: 'build-1', user: 'bob', operation: 'apply', since: 's' };
      disk.shareWith(MemoryDisk.of({ [LOCK]: Buffer.from(JSON.stringify(other)) }));
    };
    expect((await failure(acquireLock(options(disk, 1), now))).code).toBe('state-io');
    expect(await lockHolder(options(disk, 3))).toEqual(other);
  });

  it('that cannot be forced keeps no claim on it', async () => {
    const disk = MemoryDisk.of({ [LOCK]: holder({ host: 'build-2' }) });
    disk.fault = (step, at) => (step === 'unlink' && at === LOCK ? 'EACCES' : null);
    expect((await failure(forceUnlock(options(disk, 1), 'x'))).message).toContain('EACCES');
    expect(Object.keys(disk.content())).toEqual([LOCK]);
    disk.fault = () => null;
    await forceUnlock(options(disk, 1), 'x');
    expect(disk.content()).toEqual({});
  });

  it('on which somebody else has a claim is not forced, and the answer names the claim', async () => {
    const far = holder({ id: 'c', host: 'build-2', operation: 'force-unlock' });
    const disk = MemoryDisk.of({ [LOCK]: holder({}), [`${LOCK}.x`]: far });
    const error = await failure(forceUnlock(options(disk, 2), 'x'));
    expect(error.code).toBe('refused');
    expect(error.detail).toBe(
      `Nothing was done. ${LOCK}.x is the claim of bob@build-2, process 1, "force-unlock" since s. If that machine is surely gone, remove this file and run the command again.`,
    );
    expect(disk.get(`${LOCK}.x`)).toEqual(far);
    const near = MemoryDisk.of({ [LOCK]: holder({}), [`${LOCK}.x`]: holder({ id: 'c' }) });
    expect((await failure(forceUnlock(options(near, 2), 'x'))).detail).toContain('when that process has ended');
    await disk.remove(`${LOCK}.x`);
    await forceUnlock(options(disk, 2), 'x');
    expect(disk.content()).toEqual({});
  });

  it('never follows an id out of its folder', async () => {
    const disk = MemoryDisk.of({ [LOCK]: holder({ id: '../../etc/x', pid: 99 }) });
    const clock: Clock = testClock();
    await acquireLock(options(disk, 2, { clock }), now);
    expect(disk.log.every((line) => / state\/\.?prod\.keyform\.lock/.test(line))).toBe(true);
    expect(disk.log.some((line) => line.includes('..'))).toBe(false);
  });
});
