import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { formatPath } from '../core/diagnostic.ts';
import type { EmulatorRequest } from '../core/emulator.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Settings } from '../core/provider.ts';
import { type Answer, jsonAnswer, refusal } from './exchange.ts';
import { type FaultRule, faultRule } from './fault.ts';

/** All paths of the server's own begin with this; no cloud's do. */
export const ADMIN_PREFIX = '/_keyform/';

/** A request for this path lasts as long as a borrower needs the server. */
export const HOLD_PATH = `${ADMIN_PREFIX}hold`;

/** What a borrower of a server is told, as the only line of `/_keyform/hold`'s answer. */
export const borrowed = z.object({
  id: z.string(),
  settings: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  environment: z.record(z.string(), z.string()),
});

/** What the admin paths show and change. */
export interface Controls {
  readonly id: string;
  /** Names of the clouds served. */
  readonly clouds: readonly string[];
  counts(): Readonly<Record<string, number>>;
  environment(): Readonly<Record<string, string>>;
  settings(cloud: string): Settings;
  faults(): readonly JsonObject[];
  /** Adds rules; all of them, as each is already valid. */
  addFaults(rules: readonly FaultRule[]): void;
  clearFaults(): void;
}

/**
 * Why a request may not use the admin paths, or null when it may.
 *
 * A loopback port is open to every page in this machine's browsers. A page cannot read another origin's answers, unless
 * its own host name is made to point at 127.0.0.1 ("DNS rebinding"): then the browser takes the server for the page's
 * own. It still sends that name as Host, so a Host that is not the server's own address is refused. A page can also send
 * a request without reading the answer: then the browser adds an Origin, and for JSON asks beforehand, so a foreign
 * Origin and any other content type are refused. The clouds' paths need no such guard: they want a credential. Other
 * users of the machine are not kept out; what the paths tell opens nothing but this emulator.
 */
export function guard(request: EmulatorRequest, port: number): string | null {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = request.headers.host ?? '';
  if (!own.includes(host.toLowerCase())) return `the Host header must be ${own[0]}`;
  const origin = request.headers.origin;
  if (origin !== undefined && !own.some((name) => origin.toLowerCase() === `http://${name}`)) {
    return 'requests that another web page makes are refused';
  }
  if (
    (request.method === 'POST' || request.method === 'PATCH') &&
    !/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')
  ) {
    return 'the Content-Type header must be application/json';
  }
  return null;
}

/** Answers a request to an admin path that passed {@link guard}; holding is {@link answerHold}'s, and keys are another file's. */
export function answerAdmin(request: EmulatorRequest, controls: Controls): Answer {
  const route = `${request.method} ${request.path.slice(ADMIN_PREFIX.length)}`;
  switch (route) {
    case 'GET requests':
      return jsonAnswer(200, { requests: { ...controls.counts() } });
    case 'GET environment':
      return jsonAnswer(200, { ...controls.environment() });
    case 'GET faults':
      return jsonAnswer(200, { rules: [...controls.faults()] });
    case 'DELETE faults':
      controls.clearFaults();
      return jsonAnswer(200, { rules: [] });
    case 'POST faults':
      return addFaults(request.body, controls);
    default:
      return refusal(
        404,
        `no such admin call; there are GET ${ADMIN_PREFIX}requests, GET ${ADMIN_PREFIX}environment, GET, POST, DELETE ${ADMIN_PREFIX}faults, and ${ADMIN_PREFIX}keys`,
      );
  }
}

function addFaults(body: string, controls: Controls): Answer {
  let parsed: Json;
  try {
    parsed = JSON.parse(body);
  } catch {
    return refusal(400, 'the body is not JSON; send one rule or an array of rules');
  }
  const read = readRules(parsed, controls.clouds);
  if (typeof read === 'string') return refusal(400, read);
  controls.addFaults(read);
  return jsonAnswer(200, { rules: [...controls.faults()] });
}

/** The rules in `value` (one, or an array), or what is wrong with them, in words. */
export function readRules(value: unknown, clouds: readonly string[]): readonly FaultRule[] | string {
  const entries = Array.isArray(value) ? value : [value];
  const rules: FaultRule[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const name = Array.isArray(value) ? `rule ${index}` : 'the rule';
    const result = faultRule.safeParse(entry);
    if (!result.success) {
      for (const issue of result.error.issues) {
        const path = formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))));
        problems.push(`${name}${path === '' ? '' : `, ${path}`}: ${issue.message}`);
      }
      continue;
    }
    const { cloud } = result.data;
    if (cloud !== undefined && !clouds.includes(cloud)) {
      problems.push(`${name}, cloud: there is no cloud "${cloud}" here, only ${clouds.join(', ')}`);
    }
    rules.push(result.data);
  }
  return problems.length === 0 ? rules : problems.join('; ');
}

/** Opens the answer that lasts as long as a borrower needs the server. */
export function answerHold(response: ServerResponse, controls: Controls): void {
  const settings = Object.fromEntries(controls.clouds.map((name) => [name, controls.settings(name)]));
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(`${JSON.stringify({ id: controls.id, settings, environment: controls.environment() })}\n`);
}
