import { z } from 'zod';
import { KeyformError } from '../core/error.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import { guarded } from './fault.ts';
import { uuid } from './uuid.ts';

/** The process that runs, and what can be told of others on its machine. */
export interface ProcessPort {
  readonly pid: number;
  /**
   * Names the machine. Two processes with equal `host` must see one another under the same pids: where process tables are
   * separate (containers), the host names must differ too, or a living owner would be taken for dead.
   */
  readonly host: string;
  readonly user: string;
  /** Whether a process with this pid exists on this machine, whoever it belongs to. */
  alive(pid: number): boolean;
  /**
   * When the process with this pid started, as an opaque text that another process with the same pid, also after a
   * reboot, would not have; null where it cannot be told. Without it a reused pid keeps a dead owner's lock in force.
   */
  started?(pid: number): string | null;
}

const holderSchema = z.object({
  id: z.string().min(1),
  pid: z.int(),
  started: z.string().nullable(),
  host: z.string(),
  user: z.string(),
  operation: z.string(),
  since: z.string(),
});

/** Who holds a lock. Times RFC 3339 UTC; no secret in it. */
export type LockHolder = z.infer<typeof holderSchema>;

/** A lock held by this process. */
export interface Lock {
  readonly holder: LockHolder;
  /** What was found and done on the way, for people. */
  readonly notes: readonly string[];
  /** Throws `state-locked` when the lock file is no longer this process's: somebody forced it, or the folder is gone; `state-io`. */
  check(): Promise<void>;
  /** Whether another process has the lock by now. Throws `state-io`. */
  isTaken(): Promise<boolean>;
  /** Removes the lock file, unless somebody forced it meanwhile. Throws `state-io`. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly path: string;
  /** What is locked, for messages. */
  readonly stack: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessPort;
}

/** The id by which an unreadable lock file is forced. */
export const UNREADABLE = 'unreadable';

const POLL_MS = 250;
/**
 * How long an unreadable lock file is watched, whatever the time-out. Its maker writes it within milliseconds of making
 * it, so one that stays unreadable is the leaving of a crash between the two, and nobody ever held that lock.
 */
const UNREADABLE_MS = 2_000;

/**
 * Takes the lock, waiting up to `timeoutMs` (0: not at all) while a living or unknown process holds it. The lock of a
 * dead process of this machine is taken over with a note. Throws `state-locked` with who, what, since and id; `state-io`;
 * or the signal's reason.
 */
export async function acquireLock(
  options: LockOptions,
  request: {
    readonly operation: string;
    readonly timeoutMs: number;
    readonly onWait?: (holder: LockHolder | null) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Lock> {
  const { path, clock, process } = options;
  const holder: LockHolder = {
    id: uuid(options.random),
    pid: process.pid,
    started: process.started?.(process.pid) ?? null,
    host: process.host,
    user: process.user,
    operation: request.operation,
    since: new Date(clock.now()).toISOString(),
  };
  const bytes = Buffer.from(`${JSON.stringify(holder)}\n`);
  const notes: string[] = [];
  const deadline = clock.now() + request.timeoutMs;
  let unreadableSince: number | null = null;
  let told = false;

  for (;;) {
    request.signal?.throwIfAborted();
    if (await make(options, 'create the lock file', path, bytes)) {
      // Read back: had this process stood still here, somebody may have judged its file unreadable and replaced it.
      if ((await readLock(options))?.id === holder.id) return held(options, holder, notes);
      continue;
    }
    const found = await readLock(options);
    if (found === null) continue;

    const now = clock.now();
    unreadableSince = found.holder === null ? (unreadableSince ?? now) : null;
    const abandoned =
      found.holder === null ? now - (unreadableSince ?? now) >= UNREADABLE_MS : isDead(found.holder, process);
    if (abandoned && (await replaceLock(options, found.id, holder, bytes)) === true) {
      notes.push(
        found.holder === null
          ? 'An unreadable lock file, left by a crash, was taken over.'
          : `The lock of a process that is gone was taken over: ${describeHolder(found.holder)}.`,
      );
      // The lock is held by now: a leftover that cannot be removed is worth a word and no more.
      await tidy(options, holder.id).catch((error: unknown) =>
        notes.push(`Leftovers remain beside the lock: ${error instanceof Error ? error.message : String(error)}.`),
      );
      return held(options, holder, notes);
    }
    const until = unreadableSince === null ? deadline : Math.max(deadline, unreadableSince + UNREADABLE_MS);
    if (now >= until && !abandoned) throw locked(options, found.holder);
    // Abandoned, and yet not ours: another process is just taking it over, or died while at it (see claim).
    if (now >= until + UNREADABLE_MS) throw locked(options, found.holder);
    if (!told && found.holder !== null) {
      told = true;
      request.onWait?.(found.holder);
    }
    await clock.sleep(POLL_MS, request.signal);
  }
}

/** Who holds the lock now; `'unreadable'` for a lock file that tells nothing; null when there is none. Throws `state-io`. */
export async function lockHolder(options: LockOptions): Promise<LockHolder | typeof UNREADABLE | null> {
  const found = await readLock(options);
  return found === null ? null : (found.holder ?? UNREADABLE);
}

/**
 * Takes away the lock with this id, whoever holds it. Throws `refused` when the lock has another id or there is none: what
 * the user saw is no longer so. Returns who held it, null for an unreadable lock file.
 */
export async function forceUnlock(options: LockOptions, id: string): Promise<LockHolder | null> {
  const found = await readLock(options);
  if (found === null) {
    throw new KeyformError('refused', `The state of "${options.stack}" is not locked`, { detail: 'Nothing was done.' });
  }
  if (found.id !== id) throw notThatLock(options, found.holder);
  const done = await claim(options, id, null, async () => {
    await guarded('remove the lock file', options.path, () => options.files.remove(options.path));
  });
  if (done !== true) {
    throw new KeyformError('refused', `Another process is just taking over the lock of "${options.stack}"`, {
      detail: `Nothing was done. ${done === false ? 'Look again who holds it.' : claimAdvice(options, done)}`,
    });
  }
  return found.holder;
}

function claimAdvice({ process }: LockOptions, { path, maker }: OtherClaim): string {
  const who = `${path} is the claim of ${describeHolder(maker)}.`;
  return maker.host === process.host
    ? `${who} Look again who holds the lock when that process has ended.`
    : `${who} If that machine is surely gone, remove this file and run the command again.`;
}

/** `alice@build-7, process 4242, "apply" since 2026-01-02T03:04:05.000Z` */
export function describeHolder(holder: LockHolder): string {
  return `${holder.user}@${holder.host}, process ${holder.pid}, "${holder.operation}" since ${holder.since}`;
}

function held(options: LockOptions, holder: LockHolder, notes: string[]): Lock {
  return {
    holder,
    notes,
    async check() {
      const found = await readLock(options);
      if (found?.id === holder.id) return;
      const taken =
        found?.holder == null ? 'It is no longer there' : `It is now held by ${describeHolder(found.holder)}`;
      throw new KeyformError('state-locked', `The lock of "${options.stack}" was taken away from this run`, {
        detail: `${taken}. Somebody forced it, or the state folder was removed. No further key is touched; look at who works on this state, then run the command again.`,
      });
    },
    async isTaken() {
      const found = await readLock(options);
      return found !== null && found.id !== holder.id;
    },
    async release() {
      const found = await readLock(options);
      if (found?.id !== holder.id) return;
      await guarded('remove the lock file', options.path, () => options.files.remove(options.path));
    },
  };
}

async function readLock(options: LockOptions): Promise<{ id: string; holder: LockHolder | null } | null> {
  const bytes = await guarded('read the lock file', options.path, () => options.files.read(options.path));
  if (bytes === null) return null;
  const holder = parseHolder(bytes);
  return { id: holder?.id ?? UNREADABLE, holder };
}

function parseHolder(bytes: Uint8Array): LockHolder | null {
  try {
    return holderSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return null; // An answer, not an error: the callers know a lock that cannot be read.
  }
}

/** Whether the holder is known to be gone: only a process of this machine can be, and one of another machine never is. */
export function isDead(holder: LockHolder, process: ProcessPort): boolean {
  if (holder.host !== process.host) return false;
  if (!process.alive(holder.pid)) return true;
  const started = process.started?.(holder.pid) ?? null;
  return holder.started !== null && started !== null && holder.started !== started;
}

function replaceLock(
  options: LockOptions,
  id: string,
  holder: LockHolder,
  bytes: Uint8Array,
): Promise<boolean | OtherClaim> {
  const { path, files } = options;
  return claim(options, id, holder, async () => {
    try {
      await guarded('replace the lock file', path, () => files.replace(path, bytes, 0o600));
    } catch (error) {
      await takeBack(options, path, bytes);
      throw error;
    }
  });
}

/** Makes a file that only one can make; false when it is there. One that was made, and could not be synced, does not stay. Throws `state-io`. */
async function make(options: LockOptions, what: string, path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return await guarded(what, path, () => options.files.createExclusive(path, bytes, 0o600));
  } catch (error) {
    await takeBack(options, path, bytes);
    throw error;
  }
}

/** Removes a file that holds exactly `bytes`, which no other process writes, as far as that goes: an error is on its way already. */
async function takeBack({ files }: LockOptions, path: string, bytes: Uint8Array): Promise<void> {
  try {
    const standing = await files.read(path);
    if (standing !== null && Buffer.compare(standing, bytes) === 0) await files.remove(path);
  } catch {
    // The error on its way says what is wrong with the disk.
  }
}

/** A claim that is in the way, and who made it. */
interface OtherClaim {
  readonly path: string;
  readonly maker: LockHolder;
}

/**
 * Runs `action` on the lock file as the only process that may touch the lock with this id beside its owner; false when
 * another one may, or when the lock has another id by now; the claim of another one that may be alive, where that is known. What it
 * made does not stay when it throws.
 *
 * Removing a dead lock and making one's own is not safe: of two processes that both saw the dead lock, the slower would
 * remove the lock that the faster has just made. So whoever wants to touch the lock `X` first makes the claim file
 * `<lock>.X`, which only one can; looks whether the lock still is `X`; acts; and removes the claim. Somebody who is late
 * gets the claim after that, but finds another id in the lock. A claim whose own maker died is claimed in the same
 * manner, by a file named for the claim's id, and so on: every name in that chain can be made only once while it
 * stands, and a dead process no longer acts.
 */
async function claim(
  options: LockOptions,
  id: string,
  claimant: LockHolder | null,
  action: () => Promise<void>,
): Promise<boolean | OtherClaim> {
  const { files, process, clock } = options;
  const own: LockHolder = claimant ?? {
    id: uuid(options.random),
    pid: process.pid,
    started: process.started?.(process.pid) ?? null,
    host: process.host,
    user: process.user,
    operation: 'force-unlock',
    since: new Date(clock.now()).toISOString(),
  };
  const bytes = Buffer.from(`${JSON.stringify(own)}\n`);
  const chain: string[] = [];
  let name = id;
  for (;;) {
    // Ids come from a file that anybody may have written: never a path.
    const path = `${options.path}.${name.replace(/[^A-Za-z0-9-]/g, '_').slice(0, 64)}`;
    chain.unshift(path);
    if (await make(options, 'create the file', path, bytes)) {
      // Read back for the reason given in acquireLock.
      const standing = await guarded('read the file', path, () => files.read(path));
      if (standing === null || Buffer.compare(standing, bytes) !== 0) return false;
      break;
    }
    const content = await guarded('read the file', path, () => files.read(path));
    if (content === null) return false;
    const other = parseHolder(content);
    if (other === null) {
      // Cut off by a crash of its maker: nobody can claim through it, so it must not stay. Its maker, if it lives after
      // all, stands between making and writing it, for which the two seconds of the caller's watch are ample.
      if (await claimStaysUnreadable(options, path)) await guarded('remove the file', path, () => files.remove(path));
      return false;
    }
    if (!isDead(other, process)) return { path, maker: other };
    if (chain.length > 100) return false;
    name = other.id;
  }
  let done = false;
  try {
    if ((await readLock(options))?.id === id) {
      await action();
      done = true;
    }
  } catch (error) {
    // The claims of the dead stay as they were: the chain still hangs on its root.
    if (chain[0] !== undefined) await takeBack(options, chain[0], bytes);
    throw error;
  }
  // The last link first: the chain must hang on its root until nobody can find the old lock any more.
  for (const path of chain) await guarded('remove the file', path, () => files.remove(path));
  return done;
}

/**
 * Removes claims that dead processes left behind. Only for the holder of the lock: the locks that those claims were for are
 * no more. A claim on the holder's own lock is left: somebody may be forcing it.
 */
async function tidy(options: LockOptions, ownId: string): Promise<void> {
  const { files, path } = options;
  const slash = path.lastIndexOf('/');
  const folder = slash < 0 ? '.' : path.slice(0, slash);
  const prefix = `${path.slice(slash + 1)}.`;
  for (const { name } of (await guarded('list', folder, () => files.list(folder))) ?? []) {
    if (!name.startsWith(prefix) || name === prefix + ownId) continue;
    const claimPath = `${folder}/${name}`;
    const content = await guarded('read the file', claimPath, () => files.read(claimPath));
    const maker = content === null ? null : parseHolder(content);
    if (maker === null || !isDead(maker, options.process)) continue;
    await guarded('remove the file', claimPath, () => files.remove(claimPath));
  }
}

async function claimStaysUnreadable(options: LockOptions, path: string): Promise<boolean> {
  await options.clock.sleep(UNREADABLE_MS);
  const content = await guarded('read the file', path, () => options.files.read(path));
  return content !== null && parseHolder(content) === null;
}

function locked(options: LockOptions, holder: LockHolder | null): KeyformError {
  if (holder === null) {
    return new KeyformError(
      'state-locked',
      `The state of "${options.stack}" is locked by a lock file that is unreadable`,
      {
        detail: `If no other Keyform works on it: keyform force-unlock ${UNREADABLE}`,
      },
    );
  }
  return new KeyformError('state-locked', `The state of "${options.stack}" is locked: ${describeHolder(holder)}`, {
    detail: `Wait for it, or give it time with -lock-timeout. If that process is surely gone (it runs on ${holder.host}): keyform force-unlock ${holder.id}`,
  });
}

function notThatLock(options: LockOptions, holder: LockHolder | null): KeyformError {
  return new KeyformError('refused', `The lock of "${options.stack}" has another id than the one given`, {
    detail: `It is ${holder === null ? UNREADABLE : `${holder.id} (${describeHolder(holder)})`}. Nothing was done.`,
  });
}
