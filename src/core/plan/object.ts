import { parseAddress } from '../address.ts';
import type { Json, JsonObject } from '../json.ts';
import { formatMoment, parseMoment } from '../moment.ts';
import type { ActualKey, ResourceType } from '../provider.ts';
import { argumentsOf } from '../resource.ts';
import { policyOf } from '../rotation/policy.ts';
import { dueAt } from '../rotation/schedule.ts';
import type { Generation } from '../state.ts';
import { Sensitive, sensitive, UNKNOWN, type Value } from '../value.ts';

/**
 * A living key as references and plans see it: arguments, then attributes. Where an argument and an attribute share a
 * name (`enabled`, `expires_at`) it is one thing. The secret is marked sensitive. `replaced`: keys of the address that it replaced and that are
 * still alive.
 */
export function livingObject(
  type: ResourceType,
  generation: Generation,
  replaced: readonly Generation[] = [],
): Record<string, Value> {
  const marks = sensitiveNames(type, generation.sensitiveArgs);
  const marked = (name: string, value: Value) => (marks.has(name) && value !== null ? sensitive(value) : value);
  const object: Record<string, Value> = {};
  for (const name of Object.keys(argumentsOf(type))) {
    object[name] = marked(name, generation.args[name] ?? null);
  }
  for (const [name, { follows }] of Object.entries(type.attributes))
    object[name] = marked(follows ?? name, generation.attributes[name] ?? null);
  object.id = generation.id;
  if (type.local === true) return object;
  return Object.assign(object, {
    access_key_id: generation.accessKeyId,
    secret: sensitive(generation.secret === null ? null : generation.secret.reveal()),
    created_at: generation.createdAt,
    generation: generation.number,
    rotate_at: rotateAt(generation),
    previous: replaced.map((key) => previousObject(key, generation)),
    expires_at: marked('expires_at', generation.expiresAt),
    enabled: marked('enabled', generation.enabled),
  });
}

/** When the schedule makes a key due; null: never. */
function rotateAt(key: Generation): string | null {
  const due = dueAt(key, policyOf(key.args));
  return due === null ? null : formatMoment(due.at);
}

function previousObject(key: Generation, current: Generation): Json {
  const begun = key.deposedAt === undefined ? null : parseMoment(key.deposedAt);
  return {
    id: key.id,
    access_key_id: key.accessKeyId,
    generation: key.number,
    retire_at: begun === null ? null : formatMoment(begun + policyOf(current.args).overlap),
  };
}

/** The named arguments, and those that are sensitive whatever the stack says of them. */
export function sensitiveNames(type: Pick<ResourceType, 'arguments'>, names: readonly string[]): Set<string> {
  const all = new Set(names);
  for (const [name, spec] of Object.entries(type.arguments)) if (spec.sensitive) all.add(name);
  return all;
}

/** A key still to be made, as references and plans see it: arguments are planned, most attributes are unknown. */
export function plannedObject(
  type: ResourceType,
  args: Readonly<Record<string, Value>>,
  generation: number,
): Record<string, Value> {
  const object: Record<string, Value> = { ...args };
  for (const [name, spec] of Object.entries(type.arguments)) {
    // Left out where the API fills it in: what it will be shows when the key is there.
    const filledIn = spec.unset === 'keep' && spec.default === null;
    if (filledIn && (args[name] ?? null) === null) object[name] = spec.sensitive ? sensitive(UNKNOWN) : UNKNOWN;
  }
  for (const [name, { follows }] of Object.entries(type.attributes))
    object[name] = follows === undefined ? UNKNOWN : following(args[follows] ?? null);
  object.id = UNKNOWN;
  if (type.local === true) return object;
  const { customId } = type.capabilities;
  return Object.assign(object, {
    access_key_id: (customId === null ? null : args[customId]) ?? UNKNOWN,
    secret: sensitive(UNKNOWN),
    created_at: UNKNOWN,
    generation,
    rotate_at: (args.rotation ?? null) === null ? null : UNKNOWN,
    previous: [],
    expires_at: type.capabilities.expiry === 'none' ? null : (args.expires_at ?? null),
    enabled: args.enabled ?? true,
  });
}

/** A living key after an update in place. Attributes that the API moves along are unknown. */
export function updatedObject(
  type: ResourceType,
  generation: Generation,
  args: Readonly<Record<string, Value>>,
  replaced: readonly Generation[],
): Record<string, Value> {
  const object: Record<string, Value> = { ...livingObject(type, generation, replaced), ...args };
  if (type.local !== true && (args.rotation ?? null) !== null) object.rotate_at = UNKNOWN;
  for (const [name, { fixed, follows }] of Object.entries(type.attributes)) {
    if (follows !== undefined) object[name] = args[follows] instanceof Sensitive ? sensitive(UNKNOWN) : UNKNOWN;
    else if (fixed !== true) object[name] = UNKNOWN;
  }
  return object;
}

/** The planned value of an attribute that takes on an argument's. */
function following(value: Value): Value {
  return value === null ? null : value instanceof Sensitive ? sensitive(UNKNOWN) : UNKNOWN;
}

/** Marks the named members of `object` sensitive, in place, and returns it; nulls stay as they are. */
export function markSensitive(object: Record<string, Value>, names: Iterable<string>): Record<string, Value> {
  for (const name of names) {
    const value = object[name] ?? null;
    if (value !== null && !(value instanceof Sensitive)) object[name] = new Sensitive(value);
  }
  return object;
}

/** The name part of an address, for Terraform's plan JSON. */
export function nameIn(address: string): string {
  return parseAddress(address)?.name ?? address;
}

/** What the API shows of a key, laid over what state remembers of it. */
export function overlay(generation: Generation, key: ActualKey): Generation {
  const args: Record<string, Json> = { ...generation.args };
  for (const [name, value] of Object.entries(key.args)) args[name] = value;
  return {
    ...generation,
    // Empty where the API does not tell it yet.
    accessKeyId: key.accessKeyId === '' ? generation.accessKeyId : key.accessKeyId,
    createdAt: key.createdAt ?? generation.createdAt,
    expiresAt: key.expiresAt,
    enabled: key.enabled,
    secret: key.secret ?? generation.secret,
    args: args satisfies JsonObject,
    attributes: { ...generation.attributes, ...key.attributes },
  };
}
