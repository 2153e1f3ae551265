import { z } from 'zod';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Random } from '../core/port.ts';

/** Which requests a rule is for, and how often it strikes. */
const matching = {
  cloud: z
    .string()
    .min(1)
    .optional()
    .describe('Only requests to this cloud, by its name in the provider block; all when left out.'),
  action: z
    .string()
    .min(1)
    .optional()
    .describe("Only requests of this action, by the vendor's name, such as `CreateAccessKey`; all when left out."),
  after: z.int().min(0).default(0).describe('How many matching requests pass unharmed first.'),
  times: z.int().min(1).optional().describe('How many requests the rule strikes; without end when left out.'),
  probability: z.number().min(0).max(1).default(1).describe('Chance that the rule strikes a request that it could.'),
};

/** A long latency is a way to test timeouts; a longer one is a mistyped unit. */
const milliseconds = z.int().min(0).max(600_000);

/** Names that the server sets itself, and on which the framing of the answer depends. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection']);

const headers = z
  .record(z.string(), z.string().regex(/^[\t\x20-\x7e]*$/, 'a header value is printable ASCII'))
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (!/^[A-Za-z0-9-]+$/.test(name)) {
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'a header name has letters, digits and hyphens only',
        });
      } else if (FRAMING.has(name.toLowerCase())) {
        context.addIssue({ code: 'custom', path: [name], message: 'this header is set by the server' });
      }
    }
  })
  .default({});

const object: z.ZodType<JsonObject, JsonObject> = z.record(z.string(), z.json());
const body = z.union([z.string(), object]).describe('Text as it is, or an object sent as JSON.');

/** One rule: what goes wrong, for which requests, how often. Unknown fields are refused. */
export const faultRule = z.discriminatedUnion(
  'kind',
  [
    z
      .strictObject({ kind: z.literal('latency'), ms: milliseconds, ...matching })
      .describe('The request waits before it is looked at. Adds up with other rules.'),
    z
      .strictObject({
        kind: z.literal('status'),
        status: z.int().min(200).max(599),
        headers,
        body: body.default({}),
        ...matching,
      })
      .describe('This answer in place of the cloud’s; nothing is done. Some APIs say their errors with status 200.'),
    z
      .strictObject({
        kind: z.literal('throttle'),
        status: z.union([z.literal(429), z.literal(503)]).default(429),
        retryAfterSeconds: z.int().min(0).max(3600).default(1),
        headers,
        body: body.default({}),
        ...matching,
      })
      .describe('A rate limit was met: an error answer with Retry-After; nothing is done.'),
    z
      .strictObject({ kind: z.literal('drop-before'), ...matching })
      .describe('The connection is destroyed; nothing is done.'),
    z
      .strictObject({ kind: z.literal('drop-after'), ...matching })
      .describe('What was asked for is done, then the connection is destroyed without an answer.'),
    z
      .strictObject({ kind: z.literal('cut'), ...matching })
      .describe('What was asked for is done, and the connection is destroyed in the middle of the answer.'),
    z
      .strictObject({
        kind: z.literal('edit'),
        at: z
          .array(z.union([z.string(), z.int().min(0)]))
          .describe(
            'Where in the JSON of the answer: member names and indexes from its root, none for the root itself.',
          ),
        to: z.json().optional().describe('What shall stand there; left out: nothing, the member is taken away.'),
        ...matching,
      })
      .describe('What was asked for is done, and one place of the answer is changed. Other answers stay as they are.'),
    z
      .strictObject({ kind: z.literal('garbage'), ...matching })
      .describe('Status 200 with a page of HTML, as a proxy in between sends; nothing is done.'),
    z
      .strictObject({ kind: z.literal('hide'), field: z.string().min(1), ms: milliseconds, ...matching })
      .describe(
        'Late visibility: from answers of the action (give that of a list), items are left out whose `field` (the id in an item, such as `AccessKeyId`) was first seen in an answer less than `ms` ago.',
      ),
  ],
  { error: 'must be latency, status, throttle, drop-before, drop-after, cut, edit, garbage or hide' },
);

export type FaultRule = z.infer<typeof faultRule>;
/** A rule as it is written, defaults left out. */
export type FaultRuleInput = z.input<typeof faultRule>;

/** A fault that takes the place of the whole exchange; the other kinds go beside one. */
export type Strike = Exclude<FaultRule, { kind: 'latency' | 'hide' }>;

/** What befalls one request. */
export interface Draw {
  readonly latencyMs: number;
  readonly strike: Strike | null;
  /** Applied to the answer, if there is one. */
  readonly veils: readonly Veil[];
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly veil: Veil | null;
  seen: number;
  struck: number;
}

/** The rules in force. */
export class Faults {
  readonly #random: Random;
  #active: ActiveRule[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Adds rules after those in force. `saved` gives a cloud's data as JSON text: ids in it are old, so never hidden. */
  add(rules: readonly FaultRule[], saved: (cloud: string | null) => string): void {
    for (const rule of rules) {
      const veil = rule.kind === 'hide' ? new Veil(rule, saved(rule.cloud ?? null)) : null;
      this.#active.push({ rule, veil, seen: 0, struck: 0 });
    }
  }

  clear(): void {
    this.#active = [];
  }

  /** The rules in force, each with how many requests it matched (`seen`) and struck. */
  report(): readonly JsonObject[] {
    // A rule came from JSON; the cast only forgets that fields left out are typed as undefined.
    return this.#active.map(({ rule, seen, struck }) => ({ rule: rule as unknown as JsonObject, seen, struck }));
  }

  /**
   * Decides what befalls a request, counting it. Rules are looked at in their order; the first that takes the place of
   * the exchange ends the search, so later ones neither strike nor count.
   */
  draw(cloud: string, action: string | null): Draw {
    let latencyMs = 0;
    const veils: Veil[] = [];
    for (const active of this.#active) {
      const { rule } = active;
      if (rule.cloud !== undefined && rule.cloud !== cloud) continue;
      if (rule.action !== undefined && rule.action !== action) continue;
      active.seen += 1;
      if (active.seen <= rule.after || active.struck >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (rule.probability < 1 && this.#random.fraction() >= rule.probability) continue;
      active.struck += 1;
      if (rule.kind === 'latency') latencyMs += rule.ms;
      else if (rule.kind !== 'hide') return { latencyMs, strike: rule, veils };
      else if (active.veil !== null) veils.push(active.veil);
    }
    return { latencyMs, strike: null, veils };
  }

  /** Shows an answer of `cloud` to the rules that must know when an id was first seen. */
  observe(cloud: string, body: string, now: number): void {
    for (const { rule, veil } of this.#active) {
      if (veil !== null && (rule.cloud === undefined || rule.cloud === cloud)) veil.observe(body, now);
    }
  }
}

/**
 * Late visibility for any JSON API: an id is born when an answer first names it, and a list leaves out what is younger
 * than the delay. It needs no knowledge of a cloud but the name of the id's field.
 */
export class Veil {
  readonly #field: string;
  readonly #ms: number;
  readonly #before: string;
  readonly #born = new Map<string, number>();

  constructor(rule: { readonly field: string; readonly ms: number }, before: string) {
    this.#field = rule.field;
    this.#ms = rule.ms;
    this.#before = before;
  }

  observe(body: string, now: number): void {
    walk(parse(body), (item) => {
      const id = item[this.#field];
      if (typeof id !== 'string' || this.#born.has(id) || this.#before.includes(JSON.stringify(id))) return;
      this.#born.set(id, now);
    });
  }

  /** `body` without the items that are too young; as it was when none is, or when it is not JSON. */
  hide(body: string, now: number): string {
    const parsed = parse(body);
    let hidden = 0;
    const young = (item: unknown): boolean => {
      const id = isObject(item) ? item[this.#field] : undefined;
      const born = typeof id === 'string' ? this.#born.get(id) : undefined;
      return born !== undefined && now - born < this.#ms;
    };
    walk(parsed, (item) => {
      for (const [key, value] of Object.entries(item)) {
        if (!Array.isArray(value)) continue;
        const left = value.filter((entry) => !young(entry));
        hidden += value.length - left.length;
        item[key] = left;
      }
    });
    return hidden === 0 ? body : JSON.stringify(parsed);
  }
}

/** `body` with the value at `at` replaced by `to`, or taken away; as it was when it has no such place. */
export function edit(body: string, { at, to }: Pick<Extract<FaultRule, { kind: 'edit' }>, 'at' | 'to'>): string {
  const root: Record<string, unknown> = { '': parse(body) };
  const path = ['', ...at];
  const last = path.pop() ?? '';
  let parent: unknown = root;
  for (const part of path) parent = memberOf(parent, part);
  if (memberOf(parent, last) === undefined) return body;
  if (Array.isArray(parent)) parent.splice(Number(last), 1, ...(to === undefined ? [] : [to]));
  else if (isObject(parent) && to === undefined) delete (parent as Record<string, unknown>)[last];
  else if (isObject(parent)) (parent as Record<string, unknown>)[last] = to;
  return root[''] === undefined ? '' : JSON.stringify(root['']);
}

function memberOf(value: unknown, part: string | number): unknown {
  if (Array.isArray(value)) return typeof part === 'number' ? value[part] : undefined;
  return isObject(value) && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON, so it holds no items; that is an answer, not a failure.
    return null;
  }
}

/** Visits every object in `value`, outer ones first. */
function walk(value: unknown, visit: (item: Record<string, unknown>) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (isObject(value)) {
    visit(value);
    for (const item of Object.values(value)) walk(item, visit);
  }
}
