import { z } from 'zod';
import { parseDuration } from '../duration.ts';
import { isKeyformError } from '../error.ts';
import type { JsonObject } from '../json.ts';
import type { ArgumentSpec, ResourceType } from '../provider.ts';
import { parseWindow, type Window } from './window.ts';

/** How a new secret comes about. */
export const STRATEGIES = ['replace', 'regenerate', 'delete_first'] as const;

export type Strategy = (typeof STRATEGIES)[number];

/** What a `rotation` argument says, in milliseconds. */
export interface Policy {
  /** A key is due at this age; null: age makes none due. */
  readonly every: number | null;
  /** A key is due when its end of life is nearer than this; null: it never makes one due. */
  readonly beforeExpiry: number | null;
  /** How long a replaced key stays valid. */
  readonly overlap: number;
  /** How long a retired key is disabled before it is deleted; 0: it is deleted at once. */
  readonly disableFor: number;
  /** A replaced key is retired only once it was not used for so long, or `deadline` after the overlap; null: the overlap alone counts. */
  readonly retireWhen: { readonly unusedFor: number; readonly deadline: number } | null;
  /** When scheduled rotations and retirements may happen; null: always. */
  readonly window: Window | null;
  /** Keys are due up to so much earlier, each by a part of it that its id gives. */
  readonly jitter: number;
  readonly strategy: Strategy;
  /** Whether a new key is tried before the old one is retired, where the API allows that. */
  readonly verify: boolean;
}

/** The policy of a key without a `rotation` argument: replaced when something asks for it, and retired at once. */
export const NO_ROTATION: Policy = {
  every: null,
  beforeExpiry: null,
  overlap: 0,
  disableFor: 0,
  retireWhen: null,
  window: null,
  jitter: 0,
  strategy: 'replace',
  verify: true,
};

/** How long after the overlap a key that is still used is retired all the same, unless `retire_when` says otherwise. */
const DEADLINE = 30 * 24 * 3_600_000;

const length = (words: string) => z.string().min(1).nullish().describe(words);

/** The argument `rotation`, which every key resource has. */
export const ROTATION: ArgumentSpec = {
  schema: z
    .object({
      every: length(
        'Age at which a key is replaced, such as "90d" (units w, d, h, m, s, or ISO 8601). Counted from its creation.',
      ),
      before_expiry: length(
        'Replace the key when its end of life (`expires_at`) is nearer than this. Only where keys can expire.',
      ),
      overlap: length(
        'How long the replaced key stays valid after the new one was made, tried out and delivered: as long as every consumer needs to take the new one. Default "0s": it is retired in the same apply.',
      ),
      disable_for: length(
        'How long the replaced key is disabled before it is deleted, so that it can be brought back when something still needs it. Only where the API can disable a key. Default "0s": deleted at once.',
      ),
      retire_when: length(
        '"unused_for 24h": beside the overlap, wait until the replaced key has not been used for so long. It is retired all the same 30 days after its overlap; "unused_for 24h, deadline 7d" says otherwise. Only where the API tells when a key was last used.',
      ),
      window: length(
        'When rotations and retirements that the schedule asks for may happen: "Mon-Thu 09:00-16:00 Europe/Paris", several with ";" between them. UTC when no time zone is named. A key that would expire before the window opens is replaced all the same.',
      ),
      jitter: length(
        'Spread the rotations of keys of one age: each is due up to so much earlier, by a part that its id gives and that stays. Default "0s".',
      ),
      strategy: z
        .enum(STRATEGIES)
        .nullish()
        .describe(
          '"replace" (default): a new key beside the old one, no downtime. "regenerate": a new secret under the same id, where the API can; the old secret ends at once. "delete_first": the old key is deleted before the new one is made, for owners whose quota leaves no room; nothing works in between.',
        ),
      verify: z
        .boolean()
        .nullish()
        .describe(
          'Whether the new key is tried by a harmless call before the old one is retired. Default: true where the API allows it.',
        ),
    })
    .transform(withoutNulls)
    .describe(
      'When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply" act on it.',
    ),
  required: false,
  forcesNew: false,
  sensitive: false,
  source: 'remembered',
  unset: 'clear',
  default: null,
};

function withoutNulls(value: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== null && item !== undefined),
  ) as JsonObject;
}

const known = new Map<string, Policy>();

/**
 * The policy that a key's arguments hold: {@link NO_ROTATION} without one. A part that cannot be read, which
 * {@link checkRotation} refuses in a stack, counts as left out.
 */
export function policyOf(args: JsonObject): Policy {
  const value = args.rotation ?? null;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return NO_ROTATION;
  const text = JSON.stringify(value);
  const before = known.get(text);
  if (before !== undefined) return before;
  const policy = readPolicy(value as JsonObject);
  known.set(text, policy);
  return policy;
}

function readPolicy(value: JsonObject): Policy {
  const ms = (name: string) => read(value, name, parseDuration);
  return {
    every: ms('every'),
    beforeExpiry: ms('before_expiry'),
    overlap: ms('overlap') ?? 0,
    disableFor: ms('disable_for') ?? 0,
    retireWhen: read(value, 'retire_when', parseCondition),
    window: read(value, 'window', parseWindow),
    jitter: ms('jitter') ?? 0,
    strategy: STRATEGIES.find((one) => one === value.strategy) ?? 'replace',
    verify: value.verify !== false,
  };
}

function read<T>(value: JsonObject, name: string, parse: (text: string) => T): T | null {
  const text = value[name];
  if (typeof text !== 'string') return null;
  try {
    return parse(text);
  } catch (error) {
    if (isKeyformError(error) || error instanceof Refused) return null;
    throw error;
  }
}

const CONDITION = /^unused_for\s+(\S+?)(?:\s*,\s*|\s+)deadline\s+(\S+)$|^unused_for\s+(\S+)$/;

/** Reads `unused_for 24h, deadline 7d`. Throws `invalid-configuration`. */
function parseCondition(text: string): NonNullable<Policy['retireWhen']> {
  const parts = CONDITION.exec(text.trim());
  if (parts === null) throw new Refused('must be "unused_for 24h" or "unused_for 24h, deadline 7d"');
  const [, unused, deadline, alone] = parts;
  return {
    unusedFor: parseDuration(unused ?? alone ?? ''),
    deadline: deadline === undefined ? DEADLINE : parseDuration(deadline),
  };
}

class Refused extends Error {}

/** What is wrong with a `rotation` argument for keys of this type; `member` is the field concerned, null for the whole. */
export function checkRotation(
  type: Pick<ResourceType, 'type' | 'capabilities'>,
  args: JsonObject,
): readonly { readonly member: string | null; readonly message: string }[] {
  const value = args.rotation ?? null;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  const written = value as JsonObject;
  const found: { member: string; message: string }[] = [];
  const say = (member: string, message: string) => void found.push({ member, message });
  const parse = <T>(member: string, reader: (text: string) => T): T | null => {
    const text = written[member];
    if (typeof text !== 'string') return null;
    try {
      return reader(text);
    } catch (error) {
      if (error instanceof Refused) say(member, error.message);
      else if (isKeyformError(error)) say(member, `${error.message}. ${error.detail}`);
      else throw error;
      return null;
    }
  };
  const length = (member: string, least: 'none' | 'some') => {
    const ms = parse(member, parseDuration);
    if (ms === 0 && least === 'some') say(member, 'must be longer than nothing');
    return ms;
  };
  const every = length('every', 'some');
  const beforeExpiry = length('before_expiry', 'some');
  const overlap = length('overlap', 'none') ?? 0;
  const disableFor = length('disable_for', 'none') ?? 0;
  const jitter = length('jitter', 'none');
  const retireWhen = parse('retire_when', parseCondition);
  parse('window', parseWindow);
  const { disable, regenerate, expiry, lastUsed, verify } = type.capabilities;
  const { strategy } = written;
  if (strategy === 'regenerate' && !regenerate)
    say('strategy', `this API cannot give a living key a new secret: use "replace" or "delete_first"`);
  if (strategy === 'regenerate' || strategy === 'delete_first') {
    const why =
      strategy === 'regenerate'
        ? 'the old secret ends when the new one begins'
        : 'the old key is gone before the new one';
    for (const member of ['overlap', 'disable_for', 'retire_when'])
      if (typeof written[member] === 'string') say(member, `has no meaning with strategy "${strategy}": ${why}`);
  }
  if (disableFor > 0 && !disable) say('disable_for', 'this API cannot disable a key: a retired key is deleted at once');
  if (retireWhen !== null && lastUsed === 'none')
    say('retire_when', 'this API does not tell when a key was last used: use "overlap" alone');
  if (beforeExpiry !== null && expiry === 'none') say('before_expiry', 'keys of this API do not expire: use "every"');
  if (written.verify === true && !verify)
    say('verify', 'this API has no harmless call by which a key could be tried: leave it out');
  if (jitter !== null && every === null) say('jitter', 'spreads rotations by age, so it needs "every"');
  if (jitter !== null && every !== null && jitter >= every) say('jitter', 'must be shorter than "every"');
  if (every !== null && every > 0 && overlap + disableFor >= every)
    say('overlap', 'must, with "disable_for", be shorter than "every": replaced keys would pile up');
  const lifetime = typeof args.expires_in === 'string' ? readLength(args.expires_in) : null;
  if (beforeExpiry !== null && lifetime !== null && beforeExpiry >= lifetime)
    say('before_expiry', 'must be shorter than "expires_in": every key would be due as soon as it is made');
  return found;
}

function readLength(text: string): number | null {
  return read({ text }, 'text', parseDuration);
}
