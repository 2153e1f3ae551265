import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';

/** This process and the machine that it runs on, as locks name them. Shaped for `state/lock.ts`, which io must not import. */
export function createProcessPort() {
  return {
    pid: process.pid,
    // Looked up when a lock is taken: a plan needs neither, and the user database takes milliseconds.
    get host(): string {
      return hostname();
    },
    get user(): string {
      return userName();
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

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in the user database, as containers have.
    return 'unknown';
  }
}
