import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import type { Derive, Now } from './issuer.ts';
import { camelCase, type FieldKind, type Message, pageOf, pageSizeOf, textOf } from './message.ts';
import { DEFAULT_SCOPES, type Options, OTHER_SCOPES } from './option.ts';
import { badField, CODES, quotaFull, Refusal } from './refusal.ts';

/** A family of keys at the emulated API. */
export type Kind = 'api' | 'static';

export const storedKey = z.strictObject({
  kind: z.enum(['api', 'static']),
  id: z.string(),
  /** Counts keys in the order of their creation; page tokens point at it. */
  number: z.int(),
  account: z.string(),
  description: z.string(),
  /** As told, and in milliseconds. */
  created: z.string(),
  createdMs: z.number(),
  scopes: z.array(z.string()),
  expires: z.string().nullable(),
  /** Caller and Idempotency-Key of the create; null where it had none. */
  idempotency: z.string().nullable(),
  /** Milliseconds since 1970 of the last use; null for never. Absent where nothing was said of it, so that the switch decides. */
  usedMs: z.number().nullable().optional(),
});
export type StoredKey = z.infer<typeof storedKey>;

/** What an update sets. */
export const patch = z.strictObject({
  description: z.string().optional(),
  scopes: z.array(z.string()).optional(),
  expires: z.string().nullable().optional(),
});
export type Patch = z.infer<typeof patch>;

/** Names that differ between the families, by the API's description. */
export const FAMILY = {
  api: { item: 'apiKey', items: 'apiKeys', id: 'api_key_id', metric: 'iam.apiKeys.count' },
  static: { item: 'accessKey', items: 'accessKeys', id: 'access_key_id', metric: 'iam.accessKeys.count' },
} as const;

/** Fields of the requests, by the API's description. */
export const CREATE_FIELDS: Readonly<Record<Kind, Readonly<Record<string, FieldKind>>>> = {
  api: { service_account_id: 'text', description: 'text', scope: 'text', scopes: 'texts', expires_at: 'time' },
  static: { service_account_id: 'text', description: 'text' },
};
export const UPDATE_FIELDS: Readonly<Record<Kind, Readonly<Record<string, FieldKind>>>> = {
  api: { update_mask: 'text', description: 'text', scopes: 'texts', expires_at: 'time' },
  static: { update_mask: 'text', description: 'text' },
};

const SCOPES = new Set([...DEFAULT_SCOPES, ...OTHER_SCOPES]);

/** The emulated cloud's keys. Secrets and key ids are derived from the key's id, and not stored. */
export class Vault {
  readonly #options: Options;
  readonly #clock: Now;
  readonly #derive: Derive;
  readonly #keys = new Map<string, StoredKey>();
  #counter: number;

  constructor(options: Options, clock: Now, derive: Derive, keys: readonly StoredKey[], counter: number) {
    this.#options = options;
    this.#clock = clock;
    this.#derive = derive;
    this.#counter = counter;
    for (const key of keys) this.#keys.set(key.id, key);
  }

  save(): { readonly keys: readonly StoredKey[]; readonly counter: number } {
    return { keys: [...this.#keys.values()], counter: this.#counter };
  }

  /** Every key, in the order of creation. */
  all(): readonly StoredKey[] {
    return [...this.#keys.values()];
  }

  find(kind: Kind, id: string): StoredKey | null {
    const key = this.#keys.get(id);
    return key?.kind === kind ? key : null;
  }

  put(key: StoredKey): void {
    this.#keys.set(key.id, key);
  }

  remove(id: string): void {
    this.#keys.delete(id);
  }

  list(kind: Kind, account: string, message: Message): JsonObject {
    const keys = [...this.#keys.values()].filter((key) => key.kind === kind && key.account === account);
    if (this.#options.list_order === 'newest_first') keys.reverse();
    const size = pageSizeOf(message, this.#options.page_size_zero);
    const { page, next } = pageOf(keys, `${kind} ${account}`, size, textOf(message, 'page_token', 2000));
    return { [FAMILY[kind].items]: page.map((key) => this.wire(key)), nextPageToken: next };
  }

  create(kind: Kind, account: string, message: Message, idempotency: string | null): JsonObject {
    const description = textOf(message, 'description', 256);
    const scopes = kind === 'api' ? this.#readScopes(message) : [];
    const expires = typeof message.expires_at === 'string' ? this.#checkEnd(message.expires_at) : null;
    const first = [...this.#keys.values()].find(
      (key) => key.kind === kind && idempotency !== null && key.idempotency === idempotency,
    );
    if (first !== undefined && this.#options.create_idempotency === 'same_key') return this.#created(first);
    const limit = kind === 'api' ? this.#options.api_key_quota : this.#options.access_key_quota;
    if ([...this.#keys.values()].filter((key) => key.kind === kind).length >= limit) {
      throw quotaFull(this.#options.quota_error, FAMILY[kind].metric, limit);
    }
    this.#counter += 1;
    const id = `aje${this.characters(`id ${this.#counter}`, 17, LOWER)}`;
    const createdMs = this.#clock.now();
    const key: StoredKey = {
      kind,
      id,
      number: this.#counter,
      account,
      description,
      created: this.timestamp(createdMs, id),
      createdMs,
      scopes,
      expires,
      idempotency,
    };
    this.#keys.set(id, key);
    return this.#created(key);
  }

  /** What an update of `key` comes to. A bare one, without a mask, resets what it does not set, as the vendor's guide says. */
  readPatch(key: StoredKey, message: Message): Patch {
    const known = Object.keys(UPDATE_FIELDS[key.kind]).filter((name) => name !== 'update_mask');
    const mask = textOf(message, 'update_mask', 10_000);
    const masked = mask !== '';
    const names = masked ? mask.split(',').map((path) => this.#maskName(path.trim(), known)) : known;
    const result: Patch = {};
    if (names.includes('description')) result.description = textOf(message, 'description', 256);
    if (names.includes('scopes')) {
      const given = message.scopes;
      if (Array.isArray(given) && given.length > 0) result.scopes = this.#checkScopes(given);
      else if (masked || this.#options.unmasked_scopes === 'refuse') throw badField('scopes', 'must have 1-100 items');
      else if (this.#options.unmasked_scopes === 'default') result.scopes = this.#options.default_scopes;
    }
    if (names.includes('expires_at')) {
      const end = message.expires_at;
      if (typeof end === 'string') result.expires = this.#checkEnd(end);
      else if (masked && this.#options.masked_expiry === 'refuse') throw badField('expires_at', 'is missing');
      else result.expires = null;
    }
    return result;
  }

  /** The key as the API tells it. */
  wire(key: StoredKey): JsonObject {
    const usedMs = this.lastUse(key);
    return {
      id: key.id,
      serviceAccountId: key.account,
      createdAt: key.created,
      description: key.description,
      ...(usedMs === null ? {} : { lastUsedAt: this.timestamp(usedMs, `used ${key.id}`) }),
      ...(key.kind === 'static' ? { keyId: this.keyId(key) } : {}),
      ...(key.kind === 'api' ? { scope: '', scopes: this.#ordered(key.scopes) } : {}),
      ...(key.expires === null ? {} : { expiresAt: key.expires }),
      ...(key.kind === 'api' && this.#options.masked_secret
        ? { maskedSecret: `****${this.secret(key).slice(-6)}` }
        : {}),
    };
  }

  /** Milliseconds since 1970 of the key's last use as far as it is over; null for never. */
  lastUse(key: StoredKey): number | null {
    const { used_after_seconds: after } = this.#options;
    const used = key.usedMs === undefined ? (after === null ? null : key.createdMs + after * 1000) : key.usedMs;
    return used !== null && used <= this.#clock.now() ? used : null;
  }

  /** `ms` as a Timestamp, with as many digits as the switch says; digits beyond milliseconds are made up from `name`. */
  timestamp(ms: number, name: string): string {
    const digits = this.#options.fraction_digits;
    const made = (this.#derive(`nanoseconds ${name}`).readUInt32BE() % 999_999) + 1;
    const fraction = `${String(ms % 1000).padStart(3, '0')}${String(made).padStart(6, '0')}`.slice(0, digits);
    return `${new Date(ms).toISOString().slice(0, 19)}${digits === 0 ? '' : `.${fraction}`}Z`;
  }

  /** `length` characters of `alphabet`, derived from `name`. */
  characters(name: string, length: number, alphabet: string): string {
    return [...this.#derive(name).subarray(0, length)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
  }

  #created(key: StoredKey): JsonObject {
    return { [FAMILY[key.kind].item]: this.wire(key), secret: this.secret(key) };
  }

  secret(key: StoredKey): string {
    // The tail is shown masked, and the API's description gives it no hyphen.
    const tail = this.characters(`tail ${key.id}`, 6, WORD);
    const body = key.kind === 'api' ? 30 : 32;
    return `${key.kind === 'api' ? 'AQVN' : 'YC'}${this.characters(`secret ${key.id}`, body, URL_SAFE)}${tail}`;
  }

  /** What a client of the key sends; the id itself for API keys, of which only the secret is sent. */
  keyId(key: StoredKey): string {
    if (key.kind === 'api') return key.id;
    return `YC${this.characters(`key id ${key.id}`, 23, URL_SAFE)}`;
  }

  #ordered(scopes: readonly string[]): readonly string[] {
    return this.#options.scope_order === 'sorted' ? [...scopes].sort() : scopes;
  }

  #readScopes(message: Message): string[] {
    const scope = textOf(message, 'scope', 256);
    const scopes = Array.isArray(message.scopes) ? message.scopes : [];
    if (scope !== '' && scopes.length > 0) throw badField('scope', 'cannot be used together with scopes');
    if (scope !== '') return this.#checkScopes([scope]);
    return scopes.length === 0 ? this.#options.default_scopes : this.#checkScopes(scopes);
  }

  #checkScopes(scopes: readonly string[]): string[] {
    if (scopes.length > 100) throw badField('scopes', 'must have 1-100 items');
    if (new Set(scopes).size !== scopes.length) throw badField('scopes', 'must be unique');
    for (const scope of scopes) {
      if ([...scope].length > 256) throw badField('scopes', 'each must be at most 256 characters');
      if (this.#options.unknown_scopes === 'refuse' && !SCOPES.has(scope)) throw badField('scopes', 'unknown scope');
    }
    return [...scopes];
  }

  #checkEnd(end: string): string {
    if (this.#options.past_expiry === 'refuse' && Date.parse(end.replace(/(\.\d{3})\d+/, '$1')) <= this.#clock.now()) {
      throw badField('expires_at', 'must be in the future');
    }
    return end;
  }

  #maskName(path: string, known: readonly string[]): string {
    const name = known.find((field) => camelCase(field) === path || (this.#options.mask_snake_case && field === path));
    if (name === undefined) throw badField('update_mask', `unknown path ${JSON.stringify(path)}`);
    return name;
  }
}

/** INVALID_ARGUMENT, NOT_FOUND or the key: what a path's id comes to. */
export function keyAt(vault: Vault, kind: Kind, id: string): StoredKey {
  if (id.length > 50) throw badField(FAMILY[kind].id, 'must be at most 50 characters');
  const key = vault.find(kind, id);
  if (key === null) throw new Refusal(CODES.notFound, `${kind === 'api' ? 'API' : 'Access'} key ${id} not found`);
  return key;
}

const LOWER = 'abcdefghijklmnopqrstuv0123456789';
const WORD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_';
const URL_SAFE = `${WORD}-`;
