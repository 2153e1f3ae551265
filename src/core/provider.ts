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
  /** What leaving the argument out means: `clear`, the key shall have the default, which may be none; `keep`, whatever it has is right. */
  readonly unset: 'clear' | 'keep';
  /** The value when left out; null for none. */
  readonly default: Json;
  /** Whether two set values mean the same, where equal JSON is too strict (times, sets). */
  readonly same?: (a: Json, b: Json) => boolean;
}

/** One attribute beyond the common ones that a resource type offers to references. Never a secret. */
export interface AttributeSpec {
  readonly schema: z.ZodType;
  /** Stays as it is for the life of a key, so that an update in place leaves it known. */
  readonly fixed?: true;
  /** The argument whose value it takes on with each apply: null while that is null, and as sensitive. */
  readonly follows?: string;
}

/** A limit on how often an API may be called. */
export interface RateCapability {
  /** The vendor's names of the actions concerned; empty for all. */
  readonly actions: readonly string[];
  readonly perSecond: number;
  /** Counts the named actions together; otherwise each for itself. */
  readonly together: boolean;
  /** The vendor states the number; otherwise it is a cautious default that a setting changes. */
  readonly published: boolean;
}

/** What a cloud's keys can do, as data. Printed by `keyform schema -json`. */
export interface Capabilities {
  /** A key can be made unusable and usable again without deleting it. */
  readonly disable: boolean;
  /** A living key can be given a new secret under the same id ({@link KeyHandler.regenerate}). */
  readonly regenerate: boolean;
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
  /** How many keys there can be; null when the vendor states no number. */
  readonly quota: {
    readonly keys: number;
    /** What holds so many, in words: `project`, `cloud`. */
    readonly per: string;
    /** One owner's list shows everything that the quota counts, so that a plan can be held to it. */
    readonly perOwner: boolean;
  } | null;
  readonly rateLimits: readonly RateCapability[];
  /** Most keys that one answer to a list holds, as Keyform asks for it; null where lists have no pages. */
  readonly pageSize: number | null;
  /** A harmless call tells whether a secret works. */
  readonly verify: boolean;
  /** The API tells when a key was last used: with each list (attribute `last_used_at`), or when asked ({@link KeyHandler.lastUsed}). */
  readonly lastUsed: 'none' | 'listed' | 'asked';
  /** A key may become usable later than the call that creates it answers ({@link KeyHandler.ready}). */
  readonly asynchronous: boolean;
  /** The argument by which the caller may choose a key's id, which no two keys can share; null where the API alone gives ids. */
  readonly customId: string | null;
}

/** What a step may ask of a key API. */
export type Operation =
  | 'list'
  | 'create'
  | 'update'
  | 'enable'
  | 'disable'
  | 'delete'
  | 'verify'
  | 'regenerate'
  | 'ready';

/** A key as its API shows it now. */
export interface ActualKey {
  /** The id that the API's paths use. */
  readonly id: string;
  /** The id that a client sends when it uses the key; often the same as `id`. Empty where the API does not tell it (yet): then what is known of it stays. */
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
  /** The secret, where {@link Capabilities.secretReadable} and this answer told it; else null. */
  readonly secret: Secret | null;
  /**
   * How far the key is: `ready` for use; `pending`, being set up; `failed`, the API gave up on it; `leaving`, being deleted.
   * Always `ready` where creation is not {@link Capabilities.asynchronous}.
   */
  readonly readiness: 'ready' | 'pending' | 'failed' | 'leaving';
}

/** A key at the moment when its secret comes into being. */
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
   * Makes a key from `args` (all known), and returns as soon as the secret is here, whatever the key's readiness. Never
   * repeated after it may have been sent: throws `outcome-unknown` when the key may exist although no secret arrived, and
   * {@link SecretArrivedError} when a secret came in an answer that is otherwise not as documented.
   */
  create(args: JsonObject, signal?: AbortSignal): Promise<CreatedKey>;
  /** Changes the arguments named in `changed` to their values in `args` (null: cleared). Never among them: `forcesNew` ones and `enabled`. */
  update(key: KeyReference, args: JsonObject, changed: readonly string[], signal?: AbortSignal): Promise<ActualKey>;
  /** Only where `capabilities.disable`. Keeps everything else of the key as it is. */
  setEnabled(key: KeyReference, enabled: boolean, signal?: AbortSignal): Promise<ActualKey>;
  /** Retires the key for good, disabling it first where the API wants that. Already gone is success. */
  delete(key: KeyReference, signal?: AbortSignal): Promise<void>;
  /**
   * Whether the secret works, found out by a harmless call: true, false, or null when the API's answer proves neither. False says
   * that the key was turned away, which an API may also do to a key that is disabled, expired or gone. True may count as a use of
   * the key where the vendor tells its last use. Only where `capabilities.verify`. Asked once, because wrong tries can lock an account.
   */
  verify(key: KeyReference, secret: Secret, signal?: AbortSignal): Promise<boolean | null>;
  /**
   * Gives the key a new secret under the same id; the old one stops working at once. There exactly where `capabilities.regenerate`.
   * Never repeated after it may have been sent: throws `outcome-unknown` when it may have been done and the secret was not seen.
   * Where `capabilities.secretReadable`, the key is looked at first, and a later read tells what came of it.
   */
  regenerate?(key: KeyReference, signal?: AbortSignal): Promise<CreatedKey>;
  /**
   * Waits until a key that was made is `ready`, up to the cloud's own time limit. There exactly where
   * `capabilities.asynchronous`. `onProgress` gets the vendor's word for where it stands, each time it was asked. Throws
   * `invalid-state` when the API gave up on the key or is deleting it, `timeout` when the limit is over, `cancelled` on abort.
   */
  ready?(key: KeyReference, wait: ReadyWait): Promise<ActualKey>;
  /**
   * When each of the keys was last used: RFC 3339 UTC, null for never; a key of which the API says nothing is absent. There
   * exactly where `capabilities.lastUsed` is `asked`.
   */
  lastUsed?(keys: readonly KeyReference[], signal?: AbortSignal): Promise<ReadonlyMap<string, string | null>>;
}

/** How {@link KeyHandler.ready} waits. */
export interface ReadyWait {
  readonly signal?: AbortSignal;
  readonly onProgress?: (status: string) => void;
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

/** What a vendor's own file about a key is written from. */
export interface CredentialFacts {
  /** The id that the API's paths use. */
  readonly id: string;
  /** The id that a client sends. */
  readonly accessKeyId: string;
  /** In plain: what is written from it is as secret as it. */
  readonly secret: string;
  /** Arguments in force, by name. */
  readonly args: JsonObject;
  /** RFC 3339 UTC; null where the API is silent. */
  readonly createdAt: string | null;
  /** RFC 3339 UTC; null for a key that does not expire. */
  readonly expiresAt: string | null;
}

/** A JSON file in a vendor's own form that hands a key to programs. */
export interface CredentialDocument {
  /** What the file is and who reads it, for the documentation. */
  readonly describe: string;
  /** The file holds several keys, each under the name of a profile; otherwise one key is the whole file. */
  readonly profiles: boolean;
  readonly write: (key: CredentialFacts) => JsonObject;
}

/** How programs that use a key take it: the names are those of the vendor's own tools. */
export interface CredentialForm {
  /** Environment variables for the two halves; `id` null where a client sends the secret alone. */
  readonly environment: { readonly id: string | null; readonly secret: string };
  /** Variables that the same tools want beside them: the variable's name, by the argument that it takes its value from. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Variables of the same tools that would win over the key, or be mixed with it: a command that is given the key does not get them. */
  readonly clears?: readonly string[];
  /** The key signs requests as an access key of AWS does, so that tools made for AWS take it from their own credentials file. */
  readonly aws?: true;
  /** Files in a form of the vendor's own, by the name of the form: `secret export -format=NAME`. */
  readonly documents?: Readonly<Record<string, CredentialDocument>>;
}

export interface ResourceType {
  /** Terraform's name: `keyform_sinch_access_key`. */
  readonly type: string;
  /** What it is, in one sentence, with its vendor's name for it. */
  readonly description: string;
  readonly arguments: Readonly<Record<string, ArgumentSpec>>;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** What keys are listed and counted by. */
  readonly owner: {
    /** The vendor's word for it, for people: `project`, `service account`. */
    readonly word: string;
    /** The arguments that name it, all of them `forcesNew`; an optional one that is left out means the caller itself. */
    readonly arguments: readonly string[];
  };
  readonly capabilities: Capabilities;
  /**
   * Lives in state alone: there is no API that could tell anything of it, so it is never listed, never gone, and has no owner, secret or
   * other attributes of a key. Terraform's rules hold for it where those of keys differ (destroyed before its replacement is made).
   */
  readonly local?: true;
  /** How the vendor's own Terraform provider holds such a key in its state; absent where it has no such resource. */
  readonly terraform?: TerraformForm;
  /** Arguments of a typical key, for the documentation: what a reader would copy. The clouds of the list all have one. */
  readonly example?: JsonObject;
  /** How programs take the key; absent where the vendor's tools have no names for it. */
  readonly credential?: CredentialForm;
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
  /**
   * Whether what the API shows of a key goes with a secret; null when that does not tell. For APIs that show a part of the
   * secret.
   */
  readonly shows?: (attributes: JsonObject, secret: Secret) => boolean | null;
  /**
   * Which attributes tell who had a hand in a key, Keyform or not: when it was last changed (RFC 3339, UTC), by whom, and who made
   * it, in the vendor's words for people and programs. One that lists do not tell is left out; the whole is, where they tell
   * nothing of it. An attribute may still be null, such as for a key that nobody has changed.
   */
  readonly told?: { readonly changedAt?: string; readonly changedBy?: string; readonly createdBy?: string };
  /** Refusals that one argument's schema cannot express; each names the argument. Unknown values are absent from `args`. */
  readonly check?: (args: JsonObject) => readonly { readonly argument: string; readonly message: string }[];
}

/** A key as another Terraform provider's state holds it. All functions take the instance's `attributes`, of whatever form. */
export interface TerraformForm {
  /** The resource type there: `outscale_access_key`. */
  readonly type: string;
  /** The id in the API's paths; null when the attributes do not tell it. */
  readonly id: (attributes: JsonObject) => string | null;
  /** The attribute that holds the secret in plain text. */
  readonly secret: string;
  /** The attribute that holds it encrypted for somebody else, where it can be. */
  readonly encrypted: string | null;
  /** Arguments of Keyform's resource, by name; null for none. */
  readonly arguments: (attributes: JsonObject) => JsonObject;
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
  connect(settings: Settings, ports: CloudPorts): Promise<Connection>;
  /** Loads the cloud's emulator. */
  emulator(): Promise<import('./emulator.ts').EmulatorModule>;
}

/** What a connection reaches the world through. */
export interface CloudPorts {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * The text of a credentials file that a setting names; a relative path is taken from the project's folder, and `~/` from
   * the user's home. Throws `missing-credential` when there is no such file or it cannot be read.
   */
  readonly readText: (path: string) => Promise<string>;
}
