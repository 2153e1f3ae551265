import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmulatorRequest, EmulatorResponse } from '../core/emulator.ts';
import type { Json } from '../core/json.ts';

/** Largest request body that is read, in bytes. The emulated calls send some hundred. */
export const MAX_BODY = 1 << 20;

/** An answer as the server sends it. */
export type Answer = Pick<EmulatorResponse, 'status' | 'headers' | 'body'>;

/** Why a request could not be read, with the answer to give; null where there is nobody left to answer. */
export class UnreadableRequest extends Error {
  readonly answer: Answer | null;

  constructor(message: string, answer: Answer | null) {
    super(message);
    this.name = 'UnreadableRequest';
    this.answer = answer;
  }
}

/** An answer of the server's own. */
export function jsonAnswer(status: number, value: Json, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** An error of the server's own, told apart from a cloud's by its form. */
export function refusal(status: number, message: string): Answer {
  return jsonAnswer(status, { keyform: { error: message } });
}

/** Reads the whole request. Throws {@link UnreadableRequest}. */
export async function readRequest(message: IncomingMessage): Promise<EmulatorRequest> {
  const url = message.url ?? '';
  // The absolute form is what a client sends to a proxy; taking it would let a client reach a cloud that it did not mean.
  if (!url.startsWith('/')) throw unreadable(400, 'only a path is accepted as the target of a request');
  const mark = url.indexOf('?');
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Left open when the loop is left, or there would be no connection to refuse on.
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY) throw unreadable(413, `the body is longer than ${MAX_BODY} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UnreadableRequest) throw error;
    throw new UnreadableRequest('the client went away before its request was whole', null);
  }
  let body: string;
  try {
    body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw unreadable(400, 'the body is not UTF-8');
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: message.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers,
    body,
  };
}

function unreadable(status: number, message: string): UnreadableRequest {
  return new UnreadableRequest(message, refusal(status, message));
}

/** Sends `answer` whole. `now` becomes the Date header, so that clients see the emulator's clock and not the machine's. */
export function sendAnswer(response: ServerResponse, answer: Answer, now: number): void {
  const bytes = Buffer.from(answer.body);
  const bodiless = answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, {
    date: new Date(now).toUTCString(),
    ...answer.headers,
    ...(bodiless ? {} : { 'content-length': String(bytes.length) }),
  });
  response.end(bodiless ? undefined : bytes);
}

/** Sends the head and the first half of `answer`, then destroys the connection; an empty body is announced as longer. */
export function sendCut(response: ServerResponse, answer: Answer, now: number): void {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    date: new Date(now).toUTCString(),
    ...answer.headers,
    'content-length': String(Math.max(bytes.length, 1)),
  });
  response.flushHeaders();
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}
