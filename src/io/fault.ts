import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { KeyformError } from '../core/error.ts';
import type { HttpPort, HttpRequest } from '../core/http.ts';
import type { Cloud } from '../core/provider.ts';
import type { Disk, DiskFile } from './disk.ts';

// Fault points: places at which a run can be made to die, or an operation of the disk to fail, so that anybody can see for
// themselves what Keyform leaves behind then. Loaded only when KEYFORM_FAULT is set; docs/durability.md tells how to use it.

/** What the points are around. `open` is for writing. */
const DISK_VERBS = ['open', 'write', 'sync', 'truncate', 'rename', 'link', 'unlink', 'mkdir'] as const;
const HTTP_VERBS = ['request', 'answer'] as const;
type DiskVerb = (typeof DISK_VERBS)[number];

/** The ports with fault points in them. */
export interface Faults {
  /** A disk with a point before and after everything that changes it. */
  disk(inner: Disk): Disk;
  /** A cloud with points before and after each request and each answer. */
  cloud(inner: Cloud): Cloud;
}

/** One thing that KEYFORM_FAULT asks for. */
type Order =
  | { readonly kind: 'trace'; readonly file: string }
  /** `name` null: whatever the point is called. */
  | { readonly kind: 'kill'; readonly name: RegExp | null; readonly nth: number }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly name: RegExp;
      readonly nth: number;
      readonly on: boolean;
    };

/**
 * Reads KEYFORM_FAULT: one or more of these, with `;` between them.
 *
 * - `trace:FILE`: appends a line with the name of each point that is passed.
 * - `kill:N`: the process kills itself (SIGKILL) at the Nth point it comes to, from 1.
 * - `kill:POINT` or `kill:POINT#N`: at the first, or Nth, point of that name.
 * - `CODE:POINT`, `CODE:POINT#N`, `CODE:POINT#N+`: the disk operation that follows the first, the Nth, or the Nth and every later
 *   point of that name is not done, and fails with that error of the operating system.
 *
 * A POINT is `<before|after> <verb> <what>`; a `*` stands for any verb or any what. Returns an `invalid-usage` error, which
 * says what is wrong, for anything else.
 */
export function readFaults(text: string): Faults | KeyformError {
  const orders: Order[] = [];
  for (const part of text.split(';')) {
    const order = readOrder(part.trim());
    if (typeof order === 'string') {
      return new KeyformError('invalid-usage', `KEYFORM_FAULT is not understood: ${order}`, {
        detail: `It is ${JSON.stringify(part.slice(0, 80))}. Forms: trace:FILE, kill:N, kill:POINT[#N], and CODE:POINT[#N|#N+] with an error of the operating system, such as "ENOSPC:before write journal#2+". See docs/durability.md. Nothing was done.`,
      });
    }
    orders.push(order);
  }
  return faultsOf(orders);
}

function readOrder(text: string): Order | string {
  const colon = text.indexOf(':');
  const head = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (colon < 1 || rest === '') return 'it has no form that is known';
  if (head === 'trace') return { kind: 'trace', file: rest };
  if (head === 'kill' && /^[1-9][0-9]*$/.test(rest)) return { kind: 'kill', name: null, nth: Number(rest) };
  if (head !== 'kill' && !Object.hasOwn(constants.errno, head))
    return `${JSON.stringify(head)} is no error of this system`;

  const parsed = /^(\S+) (\S+) (.+?)(?:#([1-9][0-9]*)(\+?))?$/.exec(rest);
  if (parsed === null) return 'a point is "<before|after> <verb> <what>", with #N after it for the Nth';
  const [, when = '', verb = '', what = '', nth, plus] = parsed;
  if (when !== 'before' && when !== 'after') return `a point is before or after something, not ${JSON.stringify(when)}`;
  const verbs: readonly string[] = [...DISK_VERBS, ...(head === 'kill' ? HTTP_VERBS : [])];
  if (verb !== '*' && !verbs.includes(verb)) {
    return `${JSON.stringify(verb)} is none of ${verbs.join(', ')}${head === 'kill' ? '' : ': an error is one of the disk'}`;
  }
  if (what.includes('#')) return 'what follows # is a number from 1';
  const name = new RegExp(`^${when} ${verb === '*' ? '\\S+' : verb} ${what === '*' ? '.+' : escaped(what)}$`);
  if (head === 'kill') {
    return plus === '+' ? 'a process dies once' : { kind: 'kill', name, nth: Number(nth ?? 1) };
  }
  if (when !== 'before') return 'an error stands before what it makes fail';
  return { kind: 'error', code: head, name, nth: Number(nth ?? 1), on: plus === '+' };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function faultsOf(orders: readonly Order[]): Faults {
  const seen = orders.map(() => 0);

  /** A point: returns the code of the error that must befall what follows, or null. */
  function pass(point: string, mayFail: boolean): string | null {
    let code: string | null = null;
    for (const [index, order] of orders.entries()) {
      if (order.kind === 'trace') {
        appendFileSync(order.file, `${point}\n`);
        continue;
      }
      if (order.name !== null && !order.name.test(point)) continue;
      const count = (seen[index] ?? 0) + 1;
      seen[index] = count;
      if (order.kind === 'kill') {
        // kill(2): a signal to oneself is delivered before the call returns.
        if (count === order.nth) process.kill(process.pid, 'SIGKILL');
      } else if (mayFail && (count === order.nth || (order.on && count > order.nth))) code ??= order.code;
    }
    return code;
  }

  async function around<T>(verb: DiskVerb, path: string, operation: () => Promise<T>, what = roleOf(path)): Promise<T> {
    const code = pass(`before ${verb} ${what}`, true);
    if (code !== null) throw systemError(code, verb, path);
    const result = await operation();
    pass(`after ${verb} ${what}`, false);
    return result;
  }

  function file(inner: DiskFile, path: string): DiskFile {
    return {
      readAt: (offset, length) => inner.readAt(offset, length),
      writeAt: (offset, bytes) => around('write', path, () => inner.writeAt(offset, bytes)),
      sync: () => around('sync', path, () => inner.sync()),
      syncData: () => around('sync', path, () => inner.syncData()),
      truncate: (length) => around('truncate', path, () => inner.truncate(length)),
      stat: () => inner.stat(),
      close: () => inner.close(),
    };
  }

  const sent = watchRequests((name) => pass(`after request ${name}`, false));

  function http(inner: HttpPort, cloud: string): HttpPort {
    return {
      async send(call) {
        const name = `${cloud} ${call.action}`;
        const response = await inner.send({
          ...call,
          async build(attempt) {
            const request = await call.build(attempt);
            pass(`before request ${name}`, false);
            sent.expect(request, name);
            return request;
          },
          judge(response) {
            // The whole answer is in this process, and nothing was done with it yet.
            pass(`before answer ${name}`, false);
            return call.judge(response);
          },
        });
        pass(`after answer ${name}`, false);
        return response;
      },
    };
  }

  return {
    disk: (inner) => ({
      open: (path, which, mode) => around('open', path, async () => file(await inner.open(path, which, mode), path)),
      rename: (from, to) => around('rename', to, () => inner.rename(from, to)),
      link: (from, to) => around('link', to, () => inner.link(from, to)),
      unlink: (path) => around('unlink', path, () => inner.unlink(path)),
      async mkdir(path, mode) {
        // Asked for at every write, and a folder that is there is no change: only making one is a point.
        if (await exists(inner, path)) return inner.mkdir(path, mode);
        return around('mkdir', path, () => inner.mkdir(path, mode), 'folder');
      },
      syncFolder: (path) => around('sync', path, () => inner.syncFolder(path), 'folder'),
      read: (path, limit) => inner.read(path, limit),
      list: (path) => inner.list(path),
      stat: (path) => inner.stat(path),
      lstat: (path) => inner.lstat(path),
    }),
    cloud: (inner) => ({
      ...inner,
      connect: (settings, ports) => inner.connect(settings, { ...ports, http: http(ports.http, inner.name) }),
    }),
  };
}

/** Endings of the files of a stack's state, as docs/state-format.md names them, and what each is called in a point. */
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/\.keyform\.age(\.\d+)?$/, 'snapshot'],
  [/\.keyform\.age\.backup$/, 'backup'],
  [/\.keyform\.age\.conflict-/, 'conflict'],
  [/\.keyform\.journal(\.next)?$/, 'journal'],
  [/\.keyform\.journal\.backup$/, 'journal-backup'],
  [/\.keyform\.lock$/, 'lock'],
  [/\.keyform\.lock\./, 'claim'],
  [/\.keyform\.history$/, 'history'],
  [/\.keyform\.inventory\.json$/, 'inventory'],
  [/\.rescue-[^/]*\.age$/, 'rescue'],
];

/** What a point calls the file: its role in the state, else its name. A temporary file is the one that it will become. */
function roleOf(path: string): string {
  const name = basename(path).replace(/^\.(.+)\.[0-9a-f]{16}\.tmp$/, '$1');
  if (/[/\\]seen[/\\][^/\\]+$/.test(path)) return 'seen';
  return ROLES.find(([ending]) => ending.test(name))?.[1] ?? name;
}

async function exists(disk: Disk, path: string): Promise<boolean> {
  return disk.stat(path).then(
    () => true,
    () => false,
  );
}

/** As Node would throw it. */
function systemError(code: string, verb: string, path: string): NodeJS.ErrnoException {
  const number = (constants.errno as Readonly<Record<string, number>>)[code] ?? 0;
  return Object.assign(new Error(`${code}: KEYFORM_FAULT, ${verb}`), { code, errno: -number, syscall: verb, path });
}

/** What undici tells of a request, of all that its type holds. */
interface SentRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: unknown;
}

/**
 * Tells when a request has left this process whole. The HTTP port has no such moment, since nothing but a fault point cares for it;
 * undici publishes it (https://undici.nodejs.org/#/docs/api/DiagnosticsChannel), for a request without a body too.
 */
function watchRequests(onSent: (name: string) => void): { expect(request: HttpRequest, name: string): void } {
  const waiting: { readonly key: string; readonly authorization: string | undefined; readonly name: string }[] = [];
  subscribe('undici:request:bodySent', (message) => {
    const { request } = message as { readonly request: SentRequest };
    const key = `${request.method} ${request.path}`;
    const headers = Array.isArray(request.headers) ? request.headers : [];
    // Two actions of an API may share method and path; a signature tells them apart.
    const at = waiting.findIndex(
      (one) => one.key === key && (one.authorization === undefined || headers.includes(one.authorization)),
    );
    if (at < 0) return;
    const [found] = waiting.splice(at, 1);
    if (found !== undefined) onSent(found.name);
  });
  return {
    expect(request, name) {
      // A URL that HTTP cannot carry is refused before anything is sent.
      if (!URL.canParse(request.url)) return;
      const { pathname, search } = new URL(request.url);
      const entry = Object.entries(request.headers).find(([header]) => header.toLowerCase() === 'authorization');
      waiting.push({ key: `${request.method} ${pathname}${search}`, authorization: entry?.[1], name });
    },
  };
}
