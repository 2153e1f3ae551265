import { z } from 'zod';
import type { KeyDesk } from './console.ts';
import { formatPath } from './diagnostic.ts';
import type { Json, JsonObject } from './json.ts';
import type { Clock } from './port.ts';
import type { Settings } from './provider.ts';

/** A request as an emulator sees it: a plain value, so that a cloud's behaviour is a function. */
export interface EmulatorRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exact bytes received, as UTF-8 text. */
  readonly body: string;
}

export interface EmulatorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The vendor's name of the action that was asked for (`CreateAccessKey`, `token`), for counts and fault rules; null when there is no such action. */
  readonly action: string | null;
}

/** One cloud's behaviour. Synchronous: one request is one step, no interleaving. */
export interface CloudEmulator {
  readonly cloud: string;
  /** Whether the request is for this cloud; no two clouds claim the same request. */
  claims(request: EmulatorRequest): boolean;
  /** The action that a request asks for, without performing it; null when there is no such action. */
  action(request: EmulatorRequest): string | null;
  handle(request: EmulatorRequest): EmulatorResponse;
  /** What a person can do to its keys in the vendor's console: one desk for each resource type. */
  readonly desks: readonly KeyDesk[];
  /** All data, to be given back as `data` of the next start. Holds no plaintext secret. */
  save(): Json;
  /** Provider settings (endpoint, bootstrap credential) that make Keyform talk to this emulator at `origin`. */
  settings(origin: string): Settings;
  /** Environment variables that make Keyform and the vendor's tools talk to this emulator at `origin`. */
  environment(origin: string): Readonly<Record<string, string>>;
}

export interface CloudEmulatorOptions {
  /** What {@link CloudEmulator.save} gave, or null for a new cloud. */
  readonly data: Json;
  readonly clock: Clock;
  /**
   * 32 bytes from which ids and secrets are derived (HMAC over a name and a counter), so that the data file need not
   * hold a secret and a test is repeatable.
   */
  readonly seed: Uint8Array;
  /** The cloud's named switches, such as quotas and `[assumed]` behaviours; unknown names are an error. */
  readonly options: JsonObject;
}

export type CloudEmulatorFactory = (options: CloudEmulatorOptions) => CloudEmulator;

/** What a cloud's `emulator.ts` exports. */
export interface EmulatorModule {
  readonly start: CloudEmulatorFactory;
  /**
   * The named switches that {@link CloudEmulatorOptions.options} may hold: every one with a default and a `.describe()` text,
   * which begins with `[assumed]` where the default stands for behaviour of the live API that nobody has verified.
   */
  readonly options: z.ZodObject;
}

/** An emulator's switches from {@link CloudEmulatorOptions.options}. Throws an Error that names the option at fault. */
export function readSwitches<T>(title: string, options: z.ZodType<T>, given: JsonObject): T {
  const result = options.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new Error(`The emulator of ${title} has no option "${issue.keys.join('", "')}"`);
  }
  const path = formatPath((issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part))));
  throw new Error(
    `The emulator of ${title} does not take the option "${path}": ${issue?.message ?? 'it does not fit'}`,
  );
}

/** An emulator's data from {@link CloudEmulatorOptions.data}. Throws an Error on data that it did not save: never an empty cloud. */
export function readSaved<T>(title: string, schema: z.ZodType<T>, data: Json): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new Error(`The data of the emulator of ${title} have another form: ${z.prettifyError(result.error)}`);
}
