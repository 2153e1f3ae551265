import type { z } from 'zod';
import type { HttpPort, RateLimit } from './http.ts';
import type { Json, JsonObject } from './json.ts';
import type { Clock, Random } from './port.ts';
import type { Secret } from './secret.ts';

/**
 * The provider contract. Shared code never asks which cloud it has before it: whatever differs between clouds is a
 * field of one of the values below.
 */

/** One argument of a resource type that is particular to its cloud. */
export interface ArgumentSpec {
  /** What a set value must be. Its `.describe()` text is the documentation: meaning, units, limits, source. */
  readonly schema: z.ZodType;
  readonly required: boolean;
  /** A changed value cannot be applied to the living key: a new key replaces it. */
  readonly forcesNew: boolean;
  readonly sensitive: boolean;
  /**
   * Where the value in force is learnt: `reported` by the API's list (drift is visible), or only `remembered` in state
   * because the API does not tell it.
   */
  readonly source: 'reported' | 'remembered';
  /** What leaving the argument out means: `clear`, the key shall have none; `keep`, whatever it has is right. */
  readonly unset: 'clear' | 'keep';
  /** The value when left out; null for none. */
  readonly default: Json;
  /** Whether two set values mean the same, where equal JSON is too strict (times, sets). */
  readonly same?: (a: Json, b: Json) => boolean;
}

/** One attribute beyond the common ones that a resource type offers to references. Never a secret. */
export interface AttributeSpec {
  readonly schema: z.ZodType;
}

/** What a cloud's keys can do, as data. Printed by `keyform schema -json`. */
export interface Capabilities {
  /** A key can be made unusable and usable again without deleting it. */
  readonly disable: boolean;
  /** A key may carry an end of life that the API enforces. */
  readonly expiry: 'none' | 'optional';
  /** The API tells a secret again after creation. */
  readonly secretReadable: boolean;
  /** The argument that names a key, if there is one. */
  readonly name: {
    readonly argument: string;
    /** Two keys of one owner cannot share a value. */
    readonly uniquePerOwner: boolean;
    /** The value of a living key can be changed. */
    readonly renameable: boolean;
  } | null;
  /** How many keys an owner can hold; null when the vendor states no number. */
  readonly quotaPerOwner: number | null;
  /** A harmless call tells whether a secret works. */
  readonly verify: boolean;
  /** The API tells when a key was last used. */
  readonly lastUsed: boolean;
  /** Creation or deletion ends later than the call that asks for it. */
  readonly asynchronous: boolean;
  /** The caller may choose the key's id. */
  readonly customIds: boolean;
}

/** What a step may ask of a key API. */
export type Operation = 'list' | 'create' | 'update' | 'enable' | 'disable' | 'delete' | 'verify';

/** A key as its API shows it now. */
export interface ActualKey {
  /** The id that the API's paths use. */
  readonly id: string;
  /** The id that a client sends when it uses the key; often the same as `id`. */
  readonly accessKeyId: string;
  /** Values of the `reported` arguments, by argument name; null for one that the key does not have. */
  readonly args: JsonObject;
  /** Values of the resource type's own attributes, by attribute name; null where the API is silent. */
  readonly attributes: JsonObject;
  /** RFC 3339, UTC, or null where the API is silent. */
  readonly createdAt: string | null;
  /** RFC 3339, UTC, or null for a key that does not expire. */
  readonly expiresAt: string | null;
  readonly enabled: boolean;
}

/** A key at the only moment when its secret exists. */
export interface CreatedKey {
  readonly key: ActualKey;
  readonly secret: Secret;
}

/** Whose keys: the unit that `list` and quotas count by. */
export interface Owner {
  /** Equal for two owners exactly when one list call answers for both: endpoint, credential and region included. */
  readonly id: string;
  /** For people: `project 6f1c…`, `user ci-bot`. */
  readonly label: string;
  /**
   * Where the owner is, in words: endpoint, region, and the credential's identity where the owner has no name of its own. A
   * key that was seen under one scope and is missing under another is not gone: somebody else was asked.
   */
  readonly scope: string;
}

/** A living key, enough to address it, with the values that an update must repeat so as not to lose them. */
export interface KeyReference {
  readonly id: string;
  readonly accessKeyId: string;
  /** All arguments in force, by name; they name the owner too. */
  readonly args: JsonObject;
  readonly expiresAt: string | null;
  readonly enabled: boolean;
}

/** One API call that an operation makes, for the forecast of calls and time. */
export interface ForecastCall {
  /** The vendor's name of the action. */
  readonly action: string;
  readonly limits: readonly RateLimit[];
}

/**
 * The calls for one resource type, bound to one set of credentials. All functions throw KeyformErrors only; a `signal`
 * that is aborted before anything was sent makes them throw `cancelled`.
 */
export interface KeyHandler {
  owner(args: JsonObject): Owner;
  /** The calls that `operation` makes for a key with `args`; list: the calls of a single page. */
  forecast(
    operation: Operation,
    key: { readonly args: JsonObject; readonly enabled: boolean },
  ): readonly ForecastCall[];
  /** Every key of the owner that `args` name, all pages. Throws when it cannot know; never a part as the whole. */
  list(args: JsonObject, signal?: AbortSignal): Promise<readonly ActualKey[]>;
  /** The key with this id, or null only when the API says that there is none. `args` name the owner. */
  read(id: string, args: JsonObject, signal?: AbortSignal): Promise<ActualKey | null>;
  /**
   * Makes a key from `args` (all known). The only moment a secret exists. Never repeated after it may have been sent:
   * throws `outcome-unknown` when the key may exist although no secret arrived.
   */
  create(args: JsonObject, signal?: AbortSignal): Promise<CreatedKey>;
  /** Changes the arguments named in `changed` to their values in `args` (null: cleared). Never among them: `forcesNew` ones and `enabled`. */
  update(key: KeyReference, args: JsonObject, changed: readonly string[], signal?: AbortSignal): Promise<ActualKey>;
  /** Only where `capabilities.disable`. Keeps everything else of the key as it is. */
  setEnabled(key: KeyReference, enabled: boolean, signal?: AbortSignal): Promise<ActualKey>;
  /** Retires the key for good, disabling it first where the API wants that. Already gone is success. */
  delete(key: KeyReference, signal?: AbortSignal): Promise<void>;
  /**
   * Whether the secret works, found out by a harmless call: true, false, or null when the API's answer proves neither.
   * Only where `capabilities.verify`. Asked once, because wrong tries can lock an account.
   */
  verify(key: KeyReference, secret: Secret, signal?: AbortSignal): Promise<boolean | null>;
}

/** A cloud with credentials. */
export interface Connection {
  /** Public id of the credential in use, or null when it is not an access key (a login and password). */
  readonly credentialId: string | null;
  /** Throws when `type` is not one of the cloud's. */
  handler(type: string): KeyHandler;
}

/** One setting of the provider block's object for a cloud. */
export interface SettingSpec {
  readonly schema: z.ZodType;
  readonly sensitive: boolean;
  /** Environment variables to read when the block leaves it out, first one set wins; the vendor's own names. */
  readonly environment: readonly string[];
  readonly default: string | number | boolean | null;
}

/** Resolved settings: block, else environment, else default; null where there is none. */
export type Settings = Readonly<Record<string, string | number | boolean | null>>;

export interface ResourceType {
  /** Terraform's name: `keyform_sinch_access_key`. */
  readonly type: string;
  /** What it is, in one sentence, with its vendor's name for it. */
  readonly description: string;
  readonly arguments: Readonly<Record<string, ArgumentSpec>>;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly capabilities: Capabilities;
  /**
   * Fills in arguments that follow from others, such as an end of life from a lifetime. `prior` is the living key's
   * arguments, null for a key to be made. `now` is null while planning: a value that depends on the moment of creation is
   * then left out of the result and named in `unknown`. Also returns what is wrong with the combination.
   */
  readonly complete?: (
    args: JsonObject,
    prior: JsonObject | null,
    now: number | null,
  ) => { readonly args: JsonObject; readonly unknown: readonly string[] };
  /** Refusals that one argument's schema cannot express; each names the argument. Unknown values are absent from `args`. */
  readonly check?: (args: JsonObject) => readonly { readonly argument: string; readonly message: string }[];
}

/** A cloud: what `providers/<cloud>/index.ts` exports. Data first; code is loaded only by {@link Cloud.connect}. */
export interface Cloud {
  /** The object's name in the provider block: `sinch`. */
  readonly name: string;
  /** The vendor's name, for people. */
  readonly title: string;
  readonly settings: Readonly<Record<string, SettingSpec>>;
  readonly resources: readonly ResourceType[];
  /** Throws `missing-credential` (naming settings and environment variables) or `invalid-configuration`. Sends nothing. */
  connect(
    settings: Settings,
    ports: { readonly http: HttpPort; readonly clock: Clock; readonly random: Random },
  ): Promise<Connection>;
  /** Loads the cloud's emulator. */
  emulator(): Promise<import('./emulator.ts').CloudEmulatorFactory>;
}
