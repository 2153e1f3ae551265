import { type AnsweredCall, type Precious, readAnswer } from '../../core/answer.ts';
import { KeyformError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse } from '../../core/http.ts';
import type { Clock, Random } from '../../core/port.ts';
import type { Secret } from '../../core/secret.ts';
import type { TokenKeeper } from '../../core/token.ts';
import { answered, type FailedCall, failure, requestIdIn, SERVICE, vendorError } from './failure.ts';
import { type Family, segment, type WireKey } from './key.ts';
import { type Operation, operationSchema } from './operation.ts';
import { isNotFound, isUnauthenticated, judge } from './status.ts';

/** More pages than a cloud's quota can fill; a server that never ends its list is stopped here. */
const MAX_PAGES = 10_000;

/** The vendor's name of the call that asks how an operation stands. */
export const OPERATION_ACTION = 'GetOperation';

export interface ClientOptions {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly random: Random;
  /** Base URLs without a trailing slash, path prefixes included. */
  readonly endpoint: string;
  readonly operationEndpoint: string;
  readonly tokens: TokenKeeper;
  /** Keys per page, 1 to 1000. */
  readonly pageSize: number;
}

/** Fields of a create's body, as the API names them. */
export interface CreateBody {
  readonly serviceAccountId: string;
  readonly description?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
}

/** What an update sets; a field that is present changes, and null clears it. */
export interface Change {
  readonly description?: string | null;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string | null;
}

interface Call extends FailedCall {
  readonly method: HttpRequest['method'];
  readonly url: string;
  readonly body?: object;
  /** For logs and counts: the owner's label. */
  readonly owner: string;
}

/**
 * The calls of one family of keys (API keys, static access keys) of the IAM API. Every function throws KeyformErrors only:
 * those of the HTTP port, and one for each error answer, chosen by the gRPC code in it, never by its words, with `vendor` filled.
 */
export class Client {
  readonly #family: Family;
  readonly #options: ClientOptions;
  readonly #base: string;

  constructor(family: Family, options: ClientOptions) {
    this.#family = family;
    this.#options = options;
    this.#base = `${options.endpoint}${family.path}`;
  }

  /** Every key of the service account, all pages, in the API's order. */
  async list(serviceAccountId: string, signal?: AbortSignal): Promise<readonly WireKey[]> {
    const keys = new Map<string, WireKey>();
    const seen = new Set<string>();
    let pageToken = '';
    do {
      const query = new URLSearchParams({
        serviceAccountId,
        pageSize: String(this.#options.pageSize),
        ...(pageToken === '' ? {} : { pageToken }),
      });
      const call: Call = {
        action: this.#family.actions.list,
        safe: true,
        method: 'GET',
        url: `${this.#base}?${query}`,
        subject: `service account ${serviceAccountId}`,
        owner: `service account ${serviceAccountId}`,
      };
      const response = await this.#succeed(call, signal);
      const page = readAnswer(this.#family.listAnswer, response, this.#answered(call));
      // By id: a key made between two pages may push another one onto both.
      for (const key of page.keys) keys.set(key.id, key);
      pageToken = page.nextPageToken;
      if (pageToken !== '' && (seen.has(pageToken) || seen.size >= MAX_PAGES)) {
        throw new KeyformError(
          'malformed-answer',
          `${SERVICE} ${call.action} of ${call.subject}: the list does not end, its pages lead back`,
          {
            detail: 'Nothing was concluded from it, since keys may be missing. Try again.',
            vendor: vendorError(response, null, this.#options.tokens.secrets),
          },
        );
      }
      seen.add(pageToken);
    } while (pageToken !== '');
    return [...keys.values()];
  }

  /** The key, or null only when the API itself answers NOT_FOUND. */
  async get(id: string, owner: string, signal?: AbortSignal): Promise<WireKey | null> {
    const call = this.#keyCall(this.#family.actions.get, 'GET', id, owner);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return null;
    return readAnswer(this.#family.keySchema, this.#checked(call, response), this.#answered(call));
  }

  /**
   * Makes a key; never repeated after it may have been done. Throws `outcome-unknown` when it may exist although no secret
   * arrived, `SecretArrivedError` when one came in an answer that is otherwise not as documented.
   */
  async create(body: CreateBody, signal?: AbortSignal): Promise<{ readonly key: WireKey; readonly secret: Secret }> {
    const owner = `service account ${body.serviceAccountId}`;
    const call: Call = {
      action: this.#family.actions.create,
      safe: false,
      method: 'POST',
      url: this.#base,
      body,
      subject: `${this.#family.noun} for ${owner}`,
      owner,
    };
    const precious: Precious = { secret: ['secret'], id: [this.#family.item, 'id'] };
    return readAnswer(this.#family.createAnswer, await this.#succeed(call, signal), this.#answered(call), precious);
  }

  /** Begins a change. The mask is always sent: without one the API resets every field that the body leaves out. */
  async update(id: string, change: Change, owner: string, signal?: AbortSignal): Promise<Operation> {
    const { description, scopes, expiresAt } = change;
    const body = {
      updateMask: Object.keys(change).join(','),
      ...(description === undefined ? {} : { description: description ?? '' }),
      ...(scopes === undefined ? {} : { scopes }),
      // In the mask and not in the body: the key shall not expire.
      ...(typeof expiresAt === 'string' ? { expiresAt } : {}),
    };
    const call: Call = { ...this.#keyCall(this.#family.actions.update, 'PATCH', id, owner), body };
    return readAnswer(operationSchema, await this.#succeed(call, signal), this.#answered(call));
  }

  /** Begins a delete; null when the API itself answers that there is no such key. */
  async delete(id: string, owner: string, signal?: AbortSignal): Promise<Operation | null> {
    const call = this.#keyCall(this.#family.actions.delete, 'DELETE', id, owner);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return null;
    return readAnswer(operationSchema, this.#checked(call, response), this.#answered(call));
  }

  /** How an operation stands. */
  async operation(id: string, owner: string, signal?: AbortSignal): Promise<Operation> {
    const call: Call = {
      action: OPERATION_ACTION,
      safe: true,
      method: 'GET',
      url: `${this.#options.operationEndpoint}/operations/${segment(id, 'operation')}`,
      subject: `operation ${id}`,
      owner,
    };
    return readAnswer(operationSchema, await this.#succeed(call, signal), this.#answered(call));
  }

  #keyCall(action: string, method: HttpRequest['method'], id: string, owner: string): Call {
    const url = `${this.#base}/${segment(id, 'key')}`;
    return { action, safe: true, method, url, subject: `${this.#family.noun} ${id}`, owner };
  }

  async #succeed(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return this.#checked(call, await this.#send(call, signal));
  }

  #checked(call: Call, response: HttpResponse): HttpResponse {
    if (response.status >= 200 && response.status < 300) return response;
    throw this.#failure(call, response);
  }

  #answered(call: Call): AnsweredCall {
    return answered(call, this.#options.tokens.secrets);
  }

  #failure(call: Call, response: HttpResponse): KeyformError {
    const { clock, tokens } = this.#options;
    return failure(call, response, { now: clock.now(), secrets: tokens.secrets });
  }

  /** Sends the call, and once more with a new token when the first one was refused: that did nothing, even to a create. */
  async #send(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { tokens } = this.#options;
    // One for the call and all its attempts: the API answers a repeated change with the operation of the first. For a create it
    // promises nothing, so a create is not repeated all the same.
    const idempotencyKey = call.method === 'GET' ? null : uuid(this.#options.random);
    const token = await tokens.token(signal);
    const first = await this.#attempt(call, token, idempotencyKey, signal);
    if (!isUnauthenticated(first)) return first;
    const other = await tokens.renew(token, this.#failure(call, first), signal);
    const second = await this.#attempt(call, other, idempotencyKey, signal);
    if (isUnauthenticated(second)) tokens.giveUp(other, this.#failure(call, second));
    return second;
  }

  async #attempt(
    call: Call,
    token: Secret,
    idempotencyKey: string | null,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    const request: HttpRequest = {
      method: call.method,
      url: call.url,
      headers: {
        authorization: `Bearer ${token.reveal()}`,
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    };
    const { action, safe, owner } = call;
    return this.#options.http.send({
      action,
      safe,
      owner,
      build: () => request,
      judge,
      requestId: (answer) => requestIdIn(answer, this.#options.tokens.secrets),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** A random UUID (version 4), as the API wants an Idempotency-Key to be. */
function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
