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
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { desks } from './desk.ts';
import { type Caller, type Derive, Issuer, type Now, revokedToken } from './issuer.ts';
import { Ledger, storedOperation } from './ledger.ts';
import { pageOf, pageSizeOf, readBody, readQuery, textOf } from './message.ts';
import { DEFAULT_SCOPES, type Options, OTHER_SCOPES, options } from './option.ts';
import { badField, CODES, Refusal } from './refusal.ts';
import { CREATE_FIELDS, type Kind, keyAt, storedKey, UPDATE_FIELDS, Vault } from './vault.ts';

const dataSchema = z.strictObject({
  version: z.literal(1),
  keys: z.array(storedKey),
  keyCounter: z.int(),
  operations: z.array(storedOperation),
  operationCounter: z.int(),
  revoked: z.array(revokedToken),
});

/** A call, and where it is made. */
interface Route {
  readonly action: string;
  readonly method: string | readonly string[];
  /** Its group is the id in the path. */
  readonly path: RegExp;
  /** The family of keys that it is about; absent for other calls. */
  readonly kind?: Kind;
}

const PATHS: Readonly<Record<Kind, string>> = {
  api: '/iam/v1/apiKeys',
  static: '/iam/aws-compatibility/v1/accessKeys',
};
const NOUNS: Readonly<Record<Kind, string>> = { api: 'ApiKey', static: 'AccessKey' };

/** The calls, named after the vendor's request messages, at the paths of its API description. */
const ROUTES: readonly Route[] = [
  ...(['api', 'static'] as const).flatMap((kind) => {
    const [path, noun] = [PATHS[kind], NOUNS[kind]];
    const whole = new RegExp(`^${path}$`);
    const one = new RegExp(`^${path}/([^/:]+)$`);
    return [
      { action: `List${noun}s`, method: 'GET', path: whole, kind },
      { action: `Create${noun}`, method: 'POST', path: whole, kind },
      { action: `Get${noun}`, method: 'GET', path: one, kind },
      { action: `Update${noun}`, method: 'PATCH', path: one, kind },
      { action: `Delete${noun}`, method: 'DELETE', path: one, kind },
      { action: `List${noun}Operations`, method: 'GET', path: new RegExp(`^${path}/([^/:]+)/operations$`), kind },
    ];
  }),
  { action: 'ListApiKeyScopes', method: 'GET', path: /^\/iam\/v1\/apiKeyScopes$/ },
  { action: 'CreateIamToken', method: 'POST', path: /^\/iam\/v1\/tokens$/ },
  { action: 'CreateIamTokenForServiceAccount', method: 'POST', path: /^\/iam\/v1\/tokens:createForServiceAccount$/ },
  { action: 'RevokeIamToken', method: 'POST', path: /^\/iam\/v1\/tokens:revoke$/ },
  { action: 'GetOperation', method: 'GET', path: /^\/operations\/([^/:]+)$/ },
  // The API description says GET, the design guide POST.
  { action: 'CancelOperation', method: ['GET', 'POST'], path: /^\/operations\/([^/:]+):cancel$/ },
];

const CLAIMED = /^\/iam\/(?:v1|aws-compatibility\/v1)\/|^\/operations\//;
const PAGE_FIELDS = { page_size: 'number', page_token: 'text' } as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Yandex Cloud's IAM API and its operations, on one origin: their paths do not collide. */
export const emulator: CloudEmulatorFactory = (given) => new YandexEmulator(given);

class YandexEmulator implements CloudEmulator {
  readonly cloud = 'yandex';
  readonly desks: readonly KeyDesk[];
  readonly #options: Options;
  readonly #clock: Now;
  readonly #derive: Derive;
  readonly #issuer: Issuer;
  readonly #vault: Vault;
  readonly #ledger: Ledger;
  #requests = 0;
  #second = { at: 0, calls: 0 };

  constructor({ data, clock: given, seed, options: switches }: CloudEmulatorOptions) {
    this.#options = readSwitches('Yandex Cloud', options, switches);
    // A clock may have parts of milliseconds, a Timestamp that is written from it must not.
    const clock = { now: () => Math.floor(given.now()) };
    this.#clock = clock;
    this.#derive = (name) => createHmac('sha512', seed).update(`yandex ${name}`).digest();
    const stored = data === null ? NOTHING : readSaved('Yandex Cloud', dataSchema, data);
    const { keys, keyCounter, operations, operationCounter, revoked } = stored;
    this.#issuer = new Issuer(this.#options, clock, this.#derive, revoked);
    this.#vault = new Vault(this.#options, clock, this.#derive, keys, keyCounter);
    this.desks = desks(this.#vault, clock);
    this.#ledger = new Ledger(this.#options, clock, this.#vault, operations, operationCounter);
  }

  claims(request: EmulatorRequest): boolean {
    return CLAIMED.test(request.path);
  }

  action(request: EmulatorRequest): string | null {
    return this.#route(request)?.action ?? null;
  }

  handle(request: EmulatorRequest): EmulatorResponse {
    this.#requests += 1;
    const requestId = uuidOf(this.#derive(`request ${this.#clock.now()} ${this.#requests}`));
    const route = this.#route(request);
    const answer = (status: number, body: JsonObject): EmulatorResponse => ({
      status,
      headers: {
        'content-type': 'application/json',
        date: new Date(this.#clock.now()).toUTCString(),
        'x-request-id': requestId,
      },
      body: JSON.stringify(body),
      action: route?.action ?? null,
    });
    try {
      const body = this.#perform(request, route);
      return answer(200, this.#options.empty_fields === 'empty' ? body : withoutEmpty(body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return answer(error.httpStatus, error.status(requestId));
    }
  }

  save(): Json {
    const { keys, counter: keyCounter } = this.#vault.save();
    const { operations, counter: operationCounter } = this.#ledger.save();
    const data: z.infer<typeof dataSchema> = {
      version: 1,
      keys: [...keys],
      keyCounter,
      operations: [...operations],
      operationCounter,
      revoked: [...this.#issuer.save()],
    };
    // The cast only forgets that fields left out are typed as undefined.
    return data as unknown as Json;
  }

  settings(origin: string): Readonly<Record<string, string>> {
    return { endpoint: origin, operation_endpoint: origin, token: this.#issuer.firstToken };
  }

  environment(origin: string): Readonly<Record<string, string>> {
    return {
      KEYFORM_YANDEX_ENDPOINT: origin,
      KEYFORM_YANDEX_OPERATION_ENDPOINT: origin,
      YC_TOKEN: this.#issuer.firstToken,
    };
  }

  #route(request: EmulatorRequest): Route | null {
    const path = pathOf(request);
    return ROUTES.find((route) => [route.method].flat().includes(request.method) && route.path.test(path)) ?? null;
  }

  #perform(request: EmulatorRequest, route: Route | null): JsonObject {
    this.#countRate();
    const { unknown_fields: unknown } = this.#options;
    if (route?.action === 'CreateIamToken') {
      return this.#issuer.exchange(
        readBody(request.body, { jwt: 'text', yandex_passport_oauth_token: 'text' }, unknown),
      );
    }
    const caller = this.#issuer.caller(request.headers.authorization);
    const path = pathOf(request);
    if (route === null) {
      throw ROUTES.some((other) => other.path.test(path))
        ? new Refusal(CODES.notImplemented, 'Method Not Allowed')
        : new Refusal(CODES.notFound, 'Not Found');
    }
    const id = route.path.exec(path)?.[1] ?? '';
    switch (route.action) {
      case 'CreateIamTokenForServiceAccount': {
        const account = textOf(
          readBody(request.body, { service_account_id: 'text' }, unknown),
          'service_account_id',
          50,
        );
        if (account === '') throw badField('service_account_id', 'is required');
        return this.#issuer.mint({ subject: this.#account(account), isUser: false });
      }
      case 'RevokeIamToken':
        return this.#issuer.revoke(textOf(readBody(request.body, { iam_token: 'text' }, unknown), 'iam_token', 4096));
      case 'ListApiKeyScopes':
        return this.#listScopes(request.query);
      case 'GetOperation':
        return this.#ledger.poll(id);
      case 'CancelOperation':
        return this.#ledger.cancel(id);
    }
    return this.#performOnKeys(route.action, route.kind ?? 'api', id, caller, request);
  }

  #performOnKeys(action: string, kind: Kind, id: string, caller: Caller, request: EmulatorRequest): JsonObject {
    const { unknown_fields: unknown, missing_key } = this.#options;
    const noun = NOUNS[kind];
    if (action === `List${noun}s`) {
      const message = readQuery(request.query, { service_account_id: 'text', ...PAGE_FIELDS }, unknown);
      return this.#vault.list(kind, this.#accountOf(textOf(message, 'service_account_id', 50), caller), message);
    }
    const idempotency = this.#idempotencyOf(request, caller);
    if (action === `Create${noun}`) {
      const message = readBody(request.body, CREATE_FIELDS[kind], unknown);
      const account = this.#accountOf(textOf(message, 'service_account_id', 50), caller);
      return this.#vault.create(kind, account, message, idempotency);
    }
    const repeated =
      action === `Update${noun}` || action === `Delete${noun}` ? this.#ledger.repeated(idempotency) : null;
    if (repeated !== null) return repeated;
    const change = action === `Update${noun}`;
    const remove = action === `Delete${noun}`;
    const missing = this.#vault.find(kind, id) === null && missing_key === 'in_operation' && id.length <= 50;
    if (missing && (change || remove)) {
      return this.#ledger.begin({ kind, keyId: id, patch: change ? {} : null, caller, idempotency });
    }
    const key = keyAt(this.#vault, kind, id);
    this.#account(key.account);
    if (change) {
      const patch = this.#vault.readPatch(key, readBody(request.body, UPDATE_FIELDS[kind], unknown));
      return this.#ledger.begin({ kind, keyId: id, patch, caller, idempotency });
    }
    if (remove) return this.#ledger.begin({ kind, keyId: id, patch: null, caller, idempotency });
    if (action === `Get${noun}`) return this.#vault.wire(key);
    return this.#ledger.list(kind, id, readQuery(request.query, PAGE_FIELDS, unknown));
  }

  /** The service account that a request is about: the caller itself where it names none. */
  #accountOf(named: string, caller: Caller): string {
    if (named !== '') return this.#account(named);
    if (caller.isUser) throw badField('service_account_id', 'is required for a user');
    return this.#account(caller.subject);
  }

  /** The id, where the account exists and keys of it may be managed. Throws a Refusal. */
  #account(id: string): string {
    const { service_accounts, forbidden_service_accounts, unknown_service_account } = this.#options;
    const denied = new Refusal(CODES.permissionDenied, 'Permission denied');
    if (forbidden_service_accounts.includes(id)) throw denied;
    if (service_accounts === 'any' || service_accounts.includes(id) || this.#issuer.knows(id)) return id;
    throw unknown_service_account === 'permission_denied'
      ? denied
      : new Refusal(CODES.notFound, `Service account ${id} not found`);
  }

  #idempotencyOf(request: EmulatorRequest, caller: Caller): string | null {
    const key = request.headers['idempotency-key'];
    if (key === undefined) return null;
    if (!UUID.test(key)) throw new Refusal(CODES.invalidArgument, 'Idempotency-Key must be a UUID');
    return `${caller.subject} ${key.toLowerCase()}`;
  }

  #listScopes(query: URLSearchParams): JsonObject {
    const message = readQuery(query, PAGE_FIELDS, this.#options.unknown_fields);
    const all = [...DEFAULT_SCOPES, ...OTHER_SCOPES].sort().map((scope, index) => ({ scope, number: index + 1 }));
    const size = pageSizeOf(message, this.#options.page_size_zero);
    const { page, next } = pageOf(all, 'scopes', size, textOf(message, 'page_token', 2000));
    return { scopes: page.map(({ scope }) => scope), nextPageToken: next };
  }

  #countRate(): void {
    const limit = this.#options.requests_per_second;
    if (limit === null) return;
    const at = Math.floor(this.#clock.now() / 1000);
    this.#second = this.#second.at === at ? { at, calls: this.#second.calls + 1 } : { at, calls: 1 };
    if (this.#second.calls > limit) throw new Refusal(CODES.resourceExhausted, 'The request rate limit is exceeded');
  }
}

const NOTHING = { keys: [], keyCounter: 0, operations: [], operationCounter: 0, revoked: [] } as const;

/** The path with what clients may encode, such as the colon of a custom method, decoded; as it is where that does not work. */
function pathOf(request: EmulatorRequest): string {
  try {
    return decodeURIComponent(request.path);
  } catch {
    return request.path;
  }
}

/** Without empty texts and lists and without `false`, at every depth, as proto3 JSON leaves them out. */
function withoutEmpty(value: JsonObject): JsonObject {
  const isEmpty = (item: Json) => item === '' || item === false || (Array.isArray(item) && item.length === 0);
  const strip = (item: Json): Json => {
    if (Array.isArray(item)) return item.map(strip);
    return isObject(item) ? withoutEmpty(item as JsonObject) : item;
  };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => !isEmpty(item))
      .map(([name, item]) => [name, strip(item)]),
  );
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
