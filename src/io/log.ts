import type { HttpLogEntry } from './http.ts';

/** What is logged: `warn`, requests that failed; `info`, counts at the end too; `debug`, every request; `trace`, sizes and names of headers too. */
export type LogLevel = 'off' | 'warn' | 'info' | 'debug' | 'trace';

/** What a user asked for. */
export interface LogSetting {
  readonly level: LogLevel;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
}

/**
 * Reads a value of `KEYFORM_LOG` or `-log`: the values that Terraform's TF_LOG takes, in any case. `error` logs nothing,
 * since errors are printed anyway; `json` is `trace` as JSON. Null for a value that is none of them.
 */
export function readLogSetting(text: string | undefined): LogSetting | null {
  const level = LEVELS.get((text ?? '').trim().toLowerCase());
  return level === undefined ? null : { level, json: /^\s*json\s*$/i.test(text ?? '') };
}

const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['', 'off'],
  ['off', 'off'],
  ['error', 'off'],
  ['warn', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['trace', 'trace'],
  ['json', 'trace'],
]);

/** A log of requests. Its lines hold no header's value, body, query value or credential: the entries have none. */
export interface RequestLog {
  entry(entry: HttpLogEntry): void;
  /** Writes how often each action was asked for, owner by owner: `[http] project a: 1 ListAccessKeys`. Nothing when nothing was sent. */
  summary(): void;
}

/** The log that `setting` asks for; null when that is none. `write` gets whole lines, without their end; `now` is milliseconds since 1970. */
export function createRequestLog(
  setting: LogSetting,
  write: (line: string) => void,
  now: () => number,
): RequestLog | null {
  const { level, json } = setting;
  if (level === 'off') return null;
  const counts = new Map<string, Map<string, number>>();
  const print = (at: string, text: string, more: object): void => {
    if (!json) {
      write(`[http] ${text}`);
      return;
    }
    const stamp = new Date(now()).toISOString();
    write(JSON.stringify({ '@level': at, '@message': text, '@module': 'keyform.http', '@timestamp': stamp, ...more }));
  };
  return {
    entry(entry) {
      if (entry.sent) {
        const actions = counts.get(entry.owner ?? '') ?? new Map<string, number>();
        counts.set(entry.owner ?? '', actions.set(entry.action, (actions.get(entry.action) ?? 0) + 1));
      }
      const failed = entry.status === null || entry.status >= 400;
      if (level === 'debug' || level === 'trace' || failed) {
        print(failed ? 'warn' : 'debug', describe(entry, level === 'trace'), entry);
      }
    },
    summary() {
      if (level === 'warn') return;
      for (const [owner, actions] of [...counts].sort(byName)) {
        const requests = Object.fromEntries([...actions].sort(byName));
        const list = Object.entries(requests).map(([action, count]) => `${count} ${action}`);
        const label = owner === '' ? 'no owner' : oneLine(owner);
        print('info', `${label}: ${list.join(', ')}`, { owner: owner === '' ? null : owner, requests });
      }
    },
  };
}

function describe(entry: HttpLogEntry, sizes: boolean): string {
  const answer = entry.status === null ? `no answer (${entry.error ?? 'unknown'})` : `HTTP ${entry.status}`;
  const more = [
    entry.owner === null ? null : oneLine(entry.owner),
    `attempt ${entry.attempt + 1}`,
    entry.requestId === null ? null : `request id ${entry.requestId}`,
    sizes ? `sent ${entry.sentBytes} B, received ${entry.receivedBytes} B` : null,
    sizes && entry.headers.length > 0 ? `headers ${entry.headers.join(' ')}` : null,
  ].filter((part) => part !== null);
  const where = `${entry.action} ${entry.method} ${entry.url}`;
  return `${where} ${answer} ${Math.round(entry.durationMs)} ms (${more.join(', ')})`;
}

/** A label holds what a stack says: a line break in it must not make a line of its own. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
