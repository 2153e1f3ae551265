import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import type { Caller, Now } from './issuer.ts';
import { camelCase, type Message, pageOf, pageSizeOf, textOf } from './message.ts';
import type { Options } from './option.ts';
import { CODES, Refusal } from './refusal.ts';
import { FAMILY, type Kind, type Patch, patch, type StoredKey, storedKey, type Vault } from './vault.ts';

/** Operations that are remembered; older ones are forgotten, as a real API forgets them some day. */
const MOST = 1000;

export const storedOperation = z.strictObject({
  id: z.string(),
  number: z.int(),
  kind: z.enum(['api', 'static']),
  keyId: z.string(),
  /** What it sets; null for a delete. */
  patch: patch.nullable(),
  by: z.string(),
  created: z.string(),
  modified: z.string(),
  /** Times that it is still to be asked after; 0 when it is done. */
  polls: z.int(),
  /** The effect is there already. */
  applied: z.boolean(),
  error: z.strictObject({ code: z.int(), message: z.string() }).nullable(),
  /** The key as an update left it. */
  result: storedKey.nullable(),
  /** Caller and Idempotency-Key of the request; null where it had none. */
  idempotency: z.string().nullable(),
});
type StoredOperation = z.infer<typeof storedOperation>;

/** What a change or a delete asks for. */
export interface Wish {
  readonly kind: Kind;
  readonly keyId: string;
  readonly patch: Patch | null;
  readonly caller: Caller;
  readonly idempotency: string | null;
}

/** The emulated cloud's operations: begun by a change or a delete, done at once or after some polls. */
export class Ledger {
  readonly #options: Options;
  readonly #clock: Now;
  readonly #vault: Vault;
  readonly #operations = new Map<string, StoredOperation>();
  #counter: number;

  constructor(options: Options, clock: Now, vault: Vault, operations: readonly StoredOperation[], counter: number) {
    this.#options = options;
    this.#clock = clock;
    this.#vault = vault;
    this.#counter = counter;
    for (const operation of operations) this.#operations.set(operation.id, operation);
  }

  save(): { readonly operations: readonly StoredOperation[]; readonly counter: number } {
    return { operations: [...this.#operations.values()], counter: this.#counter };
  }

  /** The operation that an earlier request with the same Idempotency-Key began; null when there is none. */
  repeated(idempotency: string | null): JsonObject | null {
    if (idempotency === null) return null;
    const first = [...this.#operations.values()].find((operation) => operation.idempotency === idempotency);
    return first === undefined ? null : this.#wire(first);
  }

  begin(wish: Wish): JsonObject {
    const { operations, pending_polls, pending_effect, operation_error } = this.#options;
    this.#counter += 1;
    const id = `aje${this.#vault.characters(`operation ${this.#counter}`, 17, 'abcdefghijklmnopqrstuv0123456789')}`;
    const time = this.#vault.timestamp(this.#clock.now(), id);
    const operation: StoredOperation = {
      id,
      number: this.#counter,
      kind: wish.kind,
      keyId: wish.keyId,
      patch: wish.patch,
      by: wish.caller.subject,
      created: time,
      modified: time,
      polls: operations === 'done' ? 0 : pending_polls,
      applied: false,
      error: operation_error === null ? null : { code: operation_error, message: 'The operation failed' },
      result: null,
      idempotency: wish.idempotency,
    };
    this.#operations.set(id, operation);
    for (const oldest of this.#operations.keys()) {
      if (this.#operations.size <= MOST) break;
      this.#operations.delete(oldest);
    }
    if (operation.polls === 0 || pending_effect === 'at_once') this.#apply(operation);
    return this.#wire(operation);
  }

  /** How it stands, which brings a pending one nearer to its end. */
  poll(id: string): JsonObject {
    const operation = this.#find(id);
    if (operation.polls > 0) {
      operation.polls -= 1;
      operation.modified = this.#vault.timestamp(this.#clock.now(), `${id} ${operation.polls}`);
      if (operation.polls === 0) this.#apply(operation);
    }
    return this.#wire(operation);
  }

  /** Ends a pending operation that has had no effect yet. As the vendor says, cancelling is a matter of best effort. */
  cancel(id: string): JsonObject {
    const operation = this.#find(id);
    if (operation.polls > 0 && !operation.applied) {
      operation.polls = 0;
      operation.error = { code: 1, message: 'The operation was cancelled' };
      operation.modified = this.#vault.timestamp(this.#clock.now(), `${id} cancelled`);
    }
    return this.#wire(operation);
  }

  list(kind: Kind, keyId: string, message: Message): JsonObject {
    const all = [...this.#operations.values()].filter(
      (operation) => operation.kind === kind && operation.keyId === keyId,
    );
    const size = pageSizeOf(message, this.#options.page_size_zero);
    const { page, next } = pageOf(all, `operations ${keyId}`, size, textOf(message, 'page_token', 2000));
    return { operations: page.map((operation) => this.#wire(operation)), nextPageToken: next };
  }

  #find(id: string): StoredOperation {
    const operation = this.#operations.get(id);
    if (operation === undefined) throw new Refusal(CODES.notFound, `Operation ${id} not found`);
    return operation;
  }

  #apply(operation: StoredOperation): void {
    if (operation.applied || operation.error !== null) return;
    const key = this.#vault.find(operation.kind, operation.keyId);
    if (key === null) {
      operation.error = { code: CODES.notFound, message: `Key ${operation.keyId} not found` };
      return;
    }
    operation.applied = true;
    if (operation.patch === null) {
      this.#vault.remove(key.id);
      return;
    }
    const { description = key.description, scopes = key.scopes, expires = key.expires } = operation.patch;
    const changed: StoredKey = { ...key, description, scopes, expires };
    this.#vault.put(changed);
    operation.result = changed;
  }

  #wire(operation: StoredOperation): JsonObject {
    const { kind, patch: change, error, result } = operation;
    const noun = kind === 'api' ? 'ApiKey' : 'AccessKey';
    const verb = change === null ? 'Delete' : 'Update';
    const types = `type.googleapis.com/yandex.cloud.iam.v1${kind === 'api' ? '' : '.awscompatibility'}`;
    const done = operation.polls === 0;
    const empty = { '@type': 'type.googleapis.com/google.protobuf.Empty' };
    const response =
      result !== null
        ? { '@type': `${types}.${noun}`, ...this.#vault.wire(result) }
        : this.#options.empty_response === 'value'
          ? { ...empty, value: {} }
          : empty;
    return {
      id: operation.id,
      description: `${verb} ${kind === 'api' ? 'API' : 'access'} key`,
      createdAt: operation.created,
      createdBy: operation.by,
      modifiedAt: operation.modified,
      done,
      metadata: { '@type': `${types}.${verb}${noun}Metadata`, [camelCase(FAMILY[kind].id)]: operation.keyId },
      ...(error !== null ? { error: { ...error, details: [] } } : done ? { response } : {}),
    };
  }
}
