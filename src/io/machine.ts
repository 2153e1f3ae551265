import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { KeyformError } from '../core/error.ts';

/**
 * This process and the machine that it runs on, as locks name them. Shaped for `state/lock.ts`, which io must not import. `actor`
 * (KEYFORM_ACTOR; empty counts as not given) names the person or pipeline in the place of the system's user, which in a CI job is
 * nobody in particular; one that is no name of at most {@link ACTOR_LENGTH} printable characters is `invalid-configuration` when
 * the user is asked for.
 */
export function createProcessPort(actor?: string) {
  return {
    pid: process.pid,
    // Looked up when a lock is taken: a plan needs neither, and the user database takes milliseconds.
    get host(): string {
      return hostname();
    },
    get user(): string {
      return actor === undefined || actor === '' ? userName() : checkedActor(actor);
    },
    alive(pid: number): boolean {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        // EPERM: it exists, and is somebody else's.
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
    started(pid: number): string | null {
      try {
        // Field 22 of stat, counted behind the name in parentheses, which may hold spaces; in ticks since this boot.
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
        const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
        return ticks === undefined ? null : `${boot} ${ticks}`;
      } catch {
        // No /proc on this system, or no such process: it cannot be told.
        return null;
      }
    },
  };
}

const ACTOR_LENGTH = 100;

function checkedActor(actor: string): string {
  // No control, format, private or unassigned characters, no line separators; not blank.
  if (/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(actor) && actor.trim() !== '' && [...actor].length <= ACTOR_LENGTH) return actor;
  throw new KeyformError('invalid-configuration', 'KEYFORM_ACTOR is not a name', {
    detail: `It names the person or pipeline in the history and the lock: at most ${ACTOR_LENGTH} printable characters. It is ${JSON.stringify([...actor].slice(0, 40).join('')).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')}.`,
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in the user database, as containers have.
    return 'unknown';
  }
}
