import { KeyformError } from '../error.ts';
import type { HttpCall, HttpPort } from '../http.ts';
import type { Connection, KeyHandler } from '../provider.ts';

/**
 * What looks at clouds and cannot change them, twice over: handlers without a function that changes a key, and a door to the network that
 * lets no call through that might change one.
 */

/** What of a handler changes no key. */
export type KeyReader = Pick<KeyHandler, 'owner' | 'forecast' | 'list' | 'read' | 'lastUsed' | 'verify'>;

/**
 * The handler with every function that changes a key replaced by one that throws `refused`. It is a new object: what it was made from is not
 * reachable through it. Of the type of a handler, so that what compares keys takes it.
 */
export function readOnlyHandler(handler: KeyHandler): KeyReader & KeyHandler {
  const { lastUsed } = handler;
  return {
    owner: (args) => handler.owner(args),
    forecast: (operation, key) => handler.forecast(operation, key),
    list: (args, signal) => handler.list(args, signal),
    read: (id, args, signal) => handler.read(id, args, signal),
    verify: (key, secret, signal) => handler.verify(key, secret, signal),
    ...(lastUsed === undefined ? {} : { lastUsed: (keys, signal) => lastUsed.call(handler, keys, signal) }),
    create: () => refuse('create'),
    update: () => refuse('update'),
    setEnabled: () => refuse('setEnabled'),
    delete: () => refuse('delete'),
    regenerate: () => refuse('regenerate'),
  };
}

/** The connection, with handlers as {@link readOnlyHandler} makes them. */
export function readOnlyConnection(connection: Connection): Connection {
  // Asked for with every key.
  const handlers = new Map<string, KeyHandler>();
  return {
    credentialId: connection.credentialId,
    handler(type) {
      const known = handlers.get(type);
      if (known !== undefined) return known;
      const made = readOnlyHandler(connection.handler(type));
      handlers.set(type, made);
      return made;
    },
  };
}

/** A door to the network for reading. */
export interface ReadingHttp extends HttpPort {
  /** Calls that were asked for so far; repetitions within a call are not counted. */
  readonly calls: number;
}

/**
 * Lets through what changes nothing: calls that say so ({@link HttpCall.reads}), and those whose requests are GET. Any other throws
 * `refused`, before anything is sent.
 */
export function readOnlyHttp(http: HttpPort): ReadingHttp {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    async send(call) {
      calls += 1;
      return http.send(call.reads === true ? call : onlyGet(call));
    },
  };
}

/** The call, whose building throws `refused` when it comes to anything but a GET. */
function onlyGet(call: HttpCall): HttpCall {
  return {
    ...call,
    async build(attempt) {
      const request = await call.build(attempt);
      if (request.method !== 'GET') return refuse(call.action);
      return request;
    },
  };
}

async function refuse(what: string): Promise<never> {
  throw new KeyformError('refused', `A command that only looks was about to change something (${what})`, {
    detail: 'Nothing was sent. This is a defect in Keyform: please report it.',
  });
}
