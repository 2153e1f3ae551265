import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { KeyDesk } from '../../core/console.ts';
import {
  type CloudEmulator,
  type CloudEmulatorFactory,
  type CloudEmulatorOptions,
  type EmulatorRequest,
  type EmulatorResponse,
  readSaved,
  readSwitches,
} from '../../core/emulator.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { TOKEN_ACTION } from './auth.ts';
import type { Action } from './client.ts';
import { desk } from './desk.ts';

/**
 * The emulator's switches. Those marked [assumed] stand for behaviour that the vendor does not publish; they are no claim
 * about the real service. Unknown names are an error.
 */
export const options = z.strictObject({
  quota: z.int().min(1).default(10).describe('Keys a project can hold. Documented: 10.'),
  parent_project: z
    .string()
    .min(1)
    .default('sandbox-parent')
    .describe(
      "Project in which a new emulator's first key lives; that key reaches every project, as a key of a parent project does.",
    ),
  forbidden_projects: z.array(z.string()).default([]).describe('Projects that even the first key does not reach.'),
  token_lifetime_seconds: z
    .int()
    .min(1)
    .default(3599)
    .describe('`expires_in` of a token. Documented: 3599 on one page, 3600 on another.'),
  deleted_key_grace_seconds: z
    .int()
    .min(0)
    .default(60)
    .describe('How long tokens of a deleted key go on working. Documented: up to one minute.'),
  display_name_max: z
    .int()
    .min(1)
    .default(255)
    .describe('[assumed] The longest display name, in characters; a missing, empty or longer one is INVALID_ARGUMENT.'),
  display_name_case_sensitive: z
    .boolean()
    .default(true)
    .describe('[assumed] Whether names that differ in letter case only are two names.'),
  page_size_out_of_range: z
    .enum(['refuse', 'clamp'])
    .default('refuse')
    .describe('[assumed] A `pageSize` outside 1 to 1000: INVALID_ARGUMENT, or brought into the range.'),
  list_order: z
    .enum(['oldest_first', 'newest_first'])
    .default('oldest_first')
    .describe('[assumed] The order of lists.'),
  update_moves_time: z.boolean().default(true).describe('[assumed] Whether a change moves `updateTime`.'),
  key_id_format: z
    .enum(['uuid', 'letters'])
    .default('uuid')
    .describe('[assumed] What key ids look like: UUIDs, or 26 letters and digits.'),
  token_errors: z
    .enum(['rfc6749', 'empty'])
    .default('rfc6749')
    .describe('[assumed] Errors of the token endpoint: as in RFC 6749, or without a body.'),
  unauthorized_body: z
    .enum(['none', 'registry'])
    .default('none')
    .describe(
      "[assumed] Body of the API's 401: none, as its description declares, or the form of the vendor-wide error registry.",
    ),
  outage: z
    .enum(['none', 'internal', 'unavailable'])
    .default('none')
    .describe('Answers every API call (not the token endpoint) with the documented 500 or 503.'),
});

const storedKey = z.strictObject({
  id: z.string(),
  project: z.string(),
  name: z.string(),
  created: z.string(),
  updated: z.string(),
  /** Counts keys in the order of their creation; page tokens point at it. */
  number: z.int(),
});
export type StoredKey = z.infer<typeof storedKey>;

const deletedKey = z.strictObject({ id: z.string(), project: z.string(), at: z.number() });

const dataSchema = z.strictObject({
  version: z.literal(1),
  /** Keys ever made. */
  counter: z.int(),
  /** Id of the first key. */
  bootstrap: z.string(),
  keys: z.array(storedKey),
  /** Keys whose tokens may still work. */
  deleted: z.array(deletedKey),
});

const tokenPayload = z.strictObject({ key: z.string(), issued: z.number(), number: z.int() });

/** Who sends a request. */
interface Caller {
  readonly keyId: string;
  readonly project: string;
}

const API_PATH = /^\/v1\/projects\/([^/]+)\/accessKeys(?:\/([^/]+))?$/;
const CLAIMED = /^\/v1\/projects\/[^/]+\/accessKeys(?:\/.*)?$|^\/oauth2\/token$/;

/** Sinch's token endpoint and access keys API, on one origin: their paths do not collide. */
export const emulator: CloudEmulatorFactory = (options) => new SinchEmulator(options);

class SinchEmulator implements CloudEmulator {
  readonly cloud = 'sinch';
  readonly desks: readonly KeyDesk[];
  readonly #options: z.infer<typeof options>;
  readonly #clock: CloudEmulatorOptions['clock'];
  readonly #seed: Uint8Array;
  readonly #bootstrap: string;
  /** By project, then by id, in the order of creation. */
  readonly #projects = new Map<string, Map<string, StoredKey>>();
  readonly #projectOf = new Map<string, string>();
  #deleted: z.infer<typeof deletedKey>[] = [];
  #counter = 0;
  #tokens = 0;

  constructor({ data, clock, seed, options: given }: CloudEmulatorOptions) {
    this.#options = readSwitches('Sinch', options, given);
    this.#clock = clock;
    this.#seed = seed;
    const now = () => this.#clock.now();
    this.desks = [
      desk({
        now,
        quota: this.#options.quota,
        longestName: this.#options.display_name_max,
        keys: () => [...this.#projects.values()].flatMap((keys) => [...keys.values()]),
        isTaken: (project, name, except) => this.#isTaken(project, name, except),
        add: (project, name) => this.#add(project, name),
        put: (key) => this.#store(key),
        remove: (key) => void this.#delete(key),
        secret: (id) => this.#secret(id),
      }),
    ];
    if (data === null) {
      this.#bootstrap = this.#add(this.#options.parent_project, 'Keyform bootstrap').id;
      return;
    }
    const stored = readSaved('Sinch', dataSchema, data);
    this.#bootstrap = stored.bootstrap;
    this.#counter = stored.counter;
    this.#deleted = stored.deleted;
    for (const key of stored.keys) this.#store(key);
  }

  claims(request: EmulatorRequest): boolean {
    return CLAIMED.test(request.path);
  }

  action(request: EmulatorRequest): Action | typeof TOKEN_ACTION | null {
    if (request.path === '/oauth2/token') return request.method === 'POST' ? TOKEN_ACTION : null;
    const match = API_PATH.exec(request.path);
    if (match === null) return null;
    const actions: Readonly<Record<string, Action>> =
      match[2] === undefined
        ? { GET: 'ListAccessKeys', POST: 'CreateAccessKey' }
        : { GET: 'GetAccessKey', PATCH: 'UpdateAccessKey', DELETE: 'DeleteAccessKey' };
    return actions[request.method] ?? null;
  }

  handle(request: EmulatorRequest): EmulatorResponse {
    const action = this.action(request);
    const answer = request.path === '/oauth2/token' ? this.#token(request) : this.#api(request, action);
    return { ...answer, action };
  }

  save(): Json {
    this.#forgetDeleted();
    return {
      version: 1,
      counter: this.#counter,
      bootstrap: this.#bootstrap,
      keys: [...this.#projects.values()].flatMap((keys) => [...keys.values()]),
      deleted: this.#deleted,
    };
  }

  settings(origin: string): Readonly<Record<string, string>> {
    const keySecret = this.#secret(this.#bootstrap);
    return { endpoint: origin, auth_endpoint: origin, key_id: this.#bootstrap, key_secret: keySecret, auth: 'oauth2' };
  }

  environment(origin: string): Readonly<Record<string, string>> {
    return {
      SINCH_KEY_ID: this.#bootstrap,
      SINCH_KEY_SECRET: this.#secret(this.#bootstrap),
      KEYFORM_SINCH_ENDPOINT: origin,
      KEYFORM_SINCH_AUTH_ENDPOINT: origin,
    };
  }

  // Tokens. Nothing is stored for one: it carries its key and time of issue under a HMAC, so any number are valid at a time.

  #token(request: EmulatorRequest): Answer {
    const refuse = (status: number, error: string): Answer => {
      const headers = status === 401 ? { 'www-authenticate': 'Basic realm="sinch"' } : {};
      return this.#options.token_errors === 'empty' ? { status, headers, body: '' } : json(status, { error }, headers);
    };
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
    const caller = this.#basicCaller(request);
    if (caller === null) return refuse(401, 'invalid_client');
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    const grants = new URLSearchParams(request.body).getAll('grant_type');
    if (type !== 'application/x-www-form-urlencoded' || grants.length !== 1) return refuse(400, 'invalid_request');
    if (grants[0] !== 'client_credentials') return refuse(400, 'unsupported_grant_type');
    this.#tokens += 1;
    const payload = { key: caller.keyId, issued: this.#clock.now(), number: this.#tokens };
    const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
    return json(
      200,
      {
        access_token: `${text}.${this.#derive(`token ${text}`)}`,
        expires_in: this.#options.token_lifetime_seconds,
        scope: '',
        token_type: 'bearer',
      },
      { 'cache-control': 'no-store' },
    );
  }

  #basicCaller(request: EmulatorRequest): Caller | null {
    const match = /^basic +(\S+)$/i.exec(request.headers.authorization ?? '');
    if (match === null) return null;
    const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
    const colon = text.indexOf(':');
    const keyId = text.slice(0, Math.max(colon, 0));
    const project = this.#projectOf.get(keyId);
    return project !== undefined && text.slice(colon + 1) === this.#secret(keyId) ? { keyId, project } : null;
  }

  /** Null for a token that is not ours or whose key is gone; `expired` for one that was good once. */
  #tokenCaller(request: EmulatorRequest): Caller | 'expired' | null {
    const match = /^bearer +([^.\s]+)\.([^.\s]+)$/i.exec(request.headers.authorization ?? '');
    const text = match?.[1] ?? '';
    if (match === null || match[2] !== this.#derive(`token ${text}`)) return null;
    const { key, issued } = tokenPayload.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    const now = this.#clock.now();
    if (now >= issued + this.#options.token_lifetime_seconds * 1000) return 'expired';
    const project = this.#projectOf.get(key);
    if (project !== undefined) return { keyId: key, project };
    const gone = this.#deleted.find(({ id }) => id === key);
    const works = gone !== undefined && now < gone.at + this.#options.deleted_key_grace_seconds * 1000;
    return works ? { keyId: key, project: gone.project } : null;
  }

  // The API.

  #api(request: EmulatorRequest, action: string | null): Answer {
    const caller = this.#basicCaller(request) ?? this.#tokenCaller(request);
    if (caller === null || caller === 'expired') return this.#unauthorized(caller === 'expired');
    if (this.#options.outage === 'internal') return ERRORS.internal;
    if (this.#options.outage === 'unavailable') return ERRORS.unavailable;
    const match = API_PATH.exec(request.path);
    if (match === null || action === null) return ERRORS.notFound;
    const project = decode(match[1] ?? '');
    const keyId = match[2] === undefined ? '' : decode(match[2]);
    if (project === null || keyId === null) return ERRORS.invalidArgument;
    if (!this.#mayReach(caller, project)) return { status: 403, headers: {}, body: '' };
    if (action === 'ListAccessKeys') return this.#list(project, request.query);
    if (action === 'CreateAccessKey') return this.#create(project, request.body);
    const key = this.#projects.get(project)?.get(keyId);
    if (key === undefined) return ERRORS.notFound;
    if (action === 'UpdateAccessKey') return this.#update(key, request.body);
    if (action === 'DeleteAccessKey') return this.#delete(key);
    return json(200, toWire(key));
  }

  #mayReach(caller: Caller, project: string): boolean {
    if (caller.keyId !== this.#bootstrap) return caller.project === project;
    return !this.#options.forbidden_projects.includes(project);
  }

  #unauthorized(expired: boolean): Answer {
    // The challenge's words are those of RFC 6750 section 3; the vendor's SDK renews a token only on the word "expired".
    const why = expired ? 'The access token expired' : 'The credentials are not valid';
    const headers = { 'www-authenticate': `Bearer error="invalid_token", error_description="${why}"` };
    if (this.#options.unauthorized_body === 'none') return { status: 401, headers, body: '' };
    return json(401, { type: 'access-token-expired', title: 'Unauthorized', detail: why }, headers);
  }

  #list(project: string, query: URLSearchParams): Answer {
    const given = query.get('pageSize') ?? '';
    let size = given === '' ? 100 : /^-?\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (this.#options.page_size_out_of_range === 'clamp') size = Math.min(Math.max(size, 1), 1000);
    const after = pageStart(query.get('pageToken') ?? '', project);
    if (!(size >= 1 && size <= 1000) || after === null) return ERRORS.invalidArgument;
    const keys = [...(this.#projects.get(project)?.values() ?? [])];
    const newest = this.#options.list_order === 'newest_first';
    if (newest) keys.reverse();
    const rest = after === 0 ? keys : keys.filter(({ number }) => (newest ? number < after : number > after));
    const page = rest.slice(0, size);
    const last = page.at(-1);
    const nextPageToken = last === undefined || rest.length === page.length ? '' : pageToken(project, last.number);
    return json(200, { accessKeys: page.map(toWire), nextPageToken });
  }

  #create(project: string, body: string): Answer {
    const name = this.#readName(body);
    if (name === null) return ERRORS.invalidArgument;
    if (this.#isTaken(project, name, null)) return ERRORS.alreadyExists;
    const { quota } = this.#options;
    if ((this.#projects.get(project)?.size ?? 0) >= quota) {
      return fault(400, 'FAILED_PRECONDITION', `Limit of ${quota} Access Keys reached`);
    }
    const key = this.#add(project, name);
    return json(200, { accessKey: toWire(key), secret: this.#secret(key.id) });
  }

  #update(key: StoredKey, body: string): Answer {
    const name = this.#readName(body);
    if (name === null) return ERRORS.invalidArgument;
    if (this.#isTaken(key.project, name, key.id)) return ERRORS.alreadyExists;
    const changed = { ...key, name, updated: this.#options.update_moves_time ? this.#time() : key.updated };
    this.#store(changed);
    return json(200, toWire(changed));
  }

  /** The key that the request authenticates with, and the last key, can be deleted too: the vendor says so. */
  #delete(key: StoredKey): Answer {
    this.#projects.get(key.project)?.delete(key.id);
    this.#projectOf.delete(key.id);
    this.#forgetDeleted();
    this.#deleted.push({ id: key.id, project: key.project, at: this.#clock.now() });
    return { status: 200, headers: {}, body: '' };
  }

  #readName(body: string): string | null {
    const { display_name_max: max } = this.#options;
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return null;
    }
    const name = z.object({ displayName: z.string().min(1) }).safeParse(value).data?.displayName;
    return name === undefined || [...name].length > max ? null : name;
  }

  #isTaken(project: string, name: string, except: string | null): boolean {
    const fold = (text: string): string => (this.#options.display_name_case_sensitive ? text : text.toLowerCase());
    return [...(this.#projects.get(project)?.values() ?? [])].some(
      (key) => key.id !== except && fold(key.name) === fold(name),
    );
  }

  // Keys.

  #add(project: string, name: string): StoredKey {
    this.#counter += 1;
    const time = this.#time();
    const id = this.#id(this.#counter);
    const key = { id, project, name, created: time, updated: time, number: this.#counter };
    this.#store(key);
    return key;
  }

  #store(key: StoredKey): void {
    const keys = this.#projects.get(key.project) ?? new Map<string, StoredKey>();
    this.#projects.set(key.project, keys.set(key.id, key));
    this.#projectOf.set(key.id, key.project);
  }

  #forgetDeleted(): void {
    const grace = this.#options.deleted_key_grace_seconds * 1000;
    this.#deleted = this.#deleted.filter(({ at }) => this.#clock.now() < at + grace);
  }

  #time(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #id(counter: number): string {
    const hex = createHmac('sha256', this.#seed).update(`sinch id ${counter}`).digest('hex');
    if (this.#options.key_id_format === 'letters') return BigInt(`0x${hex}`).toString(36).slice(-26);
    // The shape of a random UUID: version 4, variant 8 to b.
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  #secret(keyId: string): string {
    return this.#derive(`secret ${keyId}`);
  }

  #derive(name: string): string {
    return createHmac('sha256', this.#seed).update(`sinch ${name}`).digest('base64url');
  }
}

type Answer = Omit<EmulatorResponse, 'action'>;

function json(status: number, value: JsonObject, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** The error form of the vendor's description; `code` is the HTTP status, but for its 503. */
function fault(status: number, name: string, message: string, code = status): Answer {
  return json(status, { error: { code, message, status: name, details: [] } });
}

/** The description's own examples, its slips kept: the 409 says "Not found", the 503 has code 501. */
const ERRORS = {
  invalidArgument: fault(400, 'INVALID_ARGUMENT', 'Malformed request'),
  notFound: fault(404, 'NOT_FOUND', 'Not found'),
  alreadyExists: fault(409, 'ALREADY_EXISTS', 'Not found'),
  internal: fault(500, 'INTERNAL_ERROR', 'There was an internal server error.'),
  unavailable: fault(503, 'UNAVAILABLE', 'There was an internal server error.', 501),
} as const;

function toWire(key: StoredKey): JsonObject {
  return {
    accessKeyId: key.id,
    displayName: key.name,
    projectId: key.project,
    createTime: key.created,
    updateTime: key.updated,
  };
}

function pageToken(project: string, number: number): string {
  return Buffer.from(JSON.stringify([project, number])).toString('base64url');
}

/** The number of the key that the page begins behind, 0 for the first page, null for a token that is not one of this project's. */
function pageStart(token: string, project: string): number | null {
  if (token === '') return 0;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return z.tuple([z.literal(project), z.int().min(1)]).safeParse(value).data?.[1] ?? null;
  } catch {
    return null;
  }
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
