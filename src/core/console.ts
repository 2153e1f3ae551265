import { z } from 'zod';
import { formatPath } from './diagnostic.ts';
import { parseDuration } from './duration.ts';
import { isKeyformError } from './error.ts';
import type { JsonObject } from './json.ts';
import { formatMoment, parseMoment } from './moment.ts';

/**
 * What a person does to keys in a vendor's console, behind Keyform's back: for tests of drift, and for trying things out. It
 * goes past the key API's authentication and rate limits, and past nothing else: a name that is taken stays taken.
 */

/** A key as an emulator holds it. Never with its secret. */
export interface HeldKey {
  /** The resource type: `keyform_sinch_access_key`. */
  readonly type: string;
  /** The id in the API's paths. */
  readonly id: string;
  /** The id that a client sends; often the same. */
  readonly accessKeyId: string;
  /** Values that a stack could ask for, by argument name; null for one that the key does not have. Those that name the owner are among them. */
  readonly args: JsonObject;
  readonly enabled: boolean;
  /** Whether it is set up, and not on its way out. True where that takes no time. */
  readonly ready: boolean;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** RFC 3339, UTC; null for a key that does not expire. */
  readonly expiresAt: string | null;
  /** RFC 3339, UTC; null for never, or where the vendor tells no last use. */
  readonly lastUsedAt: string | null;
}

/** What is wrong with something that was asked of a console. */
export class ConsoleRefusal extends Error {
  /** `unknown`: there is no such key; `wrong`: it was asked in a wrong way; `refused`: the cloud does not do that. */
  readonly kind: 'unknown' | 'wrong' | 'refused';

  constructor(kind: ConsoleRefusal['kind'], message: string) {
    super(message);
    this.name = 'ConsoleRefusal';
    this.kind = kind;
  }
}

/** The keys of one resource type in an emulator, open to changes. */
export interface KeyDesk {
  readonly type: string;
  /** What {@link KeyDesk.create} and {@link KeyDesk.change} take: a description of each field, by name. */
  readonly fields: { readonly create: FieldTexts; readonly change: FieldTexts };
  keys(): readonly HeldKey[];
  /** Makes a key that no stack knows of; gives its id. Throws {@link ConsoleRefusal}. */
  create(values: JsonObject): string;
  /** Changes what `values` name of the key with this id, which is there. Throws {@link ConsoleRefusal}, and changes nothing then. */
  change(id: string, values: JsonObject): void;
  /** Takes the key with this id away, whatever its state. */
  remove(id: string): void;
  /** The secret that the key has now. */
  secret(id: string): string;
  /** Notes that a service of the vendor's has just accepted the key; nothing where the vendor tells no last use. */
  noteUse(id: string): void;
}

/** What each field means, by name. */
export type FieldTexts = Readonly<Record<string, string>>;

/** {@link KeyDesk} with its fields as schemas: what an emulator writes. */
export interface DeskPlan<Created extends z.ZodObject, Changed extends z.ZodObject>
  extends Omit<KeyDesk, 'fields' | 'create' | 'change' | 'noteUse'> {
  readonly created: Created;
  readonly changed: Changed;
  create(values: z.output<Created>): string;
  change(id: string, values: z.output<Changed>): void;
  /** Left out where the vendor tells no last use. */
  noteUse?(id: string): void;
}

/** Puts the checks of the fields before an emulator's own part. */
export function keyDesk<Created extends z.ZodObject, Changed extends z.ZodObject>(
  plan: DeskPlan<Created, Changed>,
): KeyDesk {
  const { type, created, changed } = plan;
  return {
    type,
    fields: { create: textsOf(created), change: textsOf(changed) },
    keys: () => plan.keys(),
    create: (values) => plan.create(readFields(created, values, `a new ${type}`)),
    change: (id, values) => plan.change(id, readFields(changed, values, `a change of a ${type}`)),
    remove: (id) => plan.remove(id),
    secret: (id) => plan.secret(id),
    noteUse: (id) => plan.noteUse?.(id),
  };
}

function textsOf(schema: z.ZodObject): FieldTexts {
  return Object.fromEntries(Object.entries(schema.shape).map(([name, field]) => [name, textOf(field)]));
}

function textOf(field: unknown): string {
  if (!(field instanceof z.ZodType)) return '';
  // What is described and then made optional is described inside.
  return field.description ?? (field instanceof z.ZodOptional ? textOf(field.unwrap()) : '');
}

function readFields<T extends z.ZodObject>(schema: T, values: JsonObject, what: string): z.output<T> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const known = Object.keys(schema.shape).join(', ');
  const problems = result.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `there is no "${issue.keys.join('", "')}" in it, only ${known}`;
    const path = formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))));
    const meaning = textOf(schema.shape[String(issue.path[0] ?? '')]);
    return `"${path}": ${issue.message}${meaning === '' ? '' : ` (${meaning.replace(/\.$/, '')})`}`;
  });
  throw new ConsoleRefusal('wrong', `${what}: ${problems.join('; ')}`);
}

/**
 * A field that holds a moment from 1970 on, given as a time (`2026-01-31T00:00:00Z`) or by how long ago or ahead it is (`-100d`,
 * `+1h`); read as whole milliseconds since 1970.
 */
export function momentField(now: () => number) {
  return z.string().transform((text, context) => {
    const ms = momentOf(text, now());
    if (ms !== null && ms >= 0) return ms;
    context.addIssue({
      code: 'custom',
      message:
        'must be a time from 1970 on such as "2026-01-31T00:00:00Z", or a distance from now such as "-100d" or "+1h"',
    });
    return z.NEVER;
  });
}

function momentOf(text: string, now: number): number | null {
  const distance = /^([+-])(.+)$/.exec(text);
  if (distance === null) return parseMoment(text);
  const length = lengthOf(distance[2] ?? '');
  if (length === null) return null;
  return Math.floor(distance[1] === '-' ? now - length : now + length);
}

/** Null when `text` is no length of time. */
function lengthOf(text: string): number | null {
  try {
    return parseDuration(text);
  } catch (error) {
    if (isKeyformError(error, 'invalid-configuration')) return null;
    throw error;
  }
}

/** RFC 3339 of milliseconds since 1970; null for null. */
export function told(ms: number | null): string | null {
  return ms === null ? null : formatMoment(ms);
}

/** A key, and the desk that it lies on. */
export interface Found {
  readonly desk: KeyDesk;
  readonly key: HeldKey;
}

/** The key with this id or access key id. Throws {@link ConsoleRefusal} when there is none. */
export function findKey(desks: readonly KeyDesk[], id: string): Found {
  for (const desk of desks) {
    const key = desk.keys().find((one) => one.id === id || one.accessKeyId === id);
    if (key !== undefined) return { desk, key };
  }
  throw new ConsoleRefusal('unknown', 'there is no key with this id or access key id');
}

/** Why a service of the vendor's turns a key away. */
export type Rejection = 'wrong-secret' | 'disabled' | 'expired' | 'not-ready';

/**
 * Whether a service of the vendor's would take the key with this secret at `now` (milliseconds since 1970): null for yes, which then
 * counts as a use of the key; else why not.
 */
export function useKey({ desk, key }: Found, secret: string, now: number): Rejection | null {
  if (desk.secret(key.id) !== secret) return 'wrong-secret';
  if (!key.ready) return 'not-ready';
  if (!key.enabled) return 'disabled';
  if (key.expiresAt !== null && (parseMoment(key.expiresAt) ?? 0) <= now) return 'expired';
  desk.noteUse(key.id);
  return null;
}
