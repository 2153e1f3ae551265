import { z } from 'zod';
import { outcomeUnknown, readAnswer } from '../../core/answer.ts';
import { KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse } from '../../core/http.ts';
import { Secret } from '../../core/secret.ts';
import { type Authorizer, judge, SERVICE, toVendorError } from './auth.ts';
import { explain, isNotFound, type Reason, readRefusal } from './refusal.ts';
import { isPathSegment } from './schema.ts';

/** The API's five actions, named as the operation ids of the vendor's description (`AccessKeyService_…`) end. */
export type Action = 'ListAccessKeys' | 'CreateAccessKey' | 'GetAccessKey' | 'UpdateAccessKey' | 'DeleteAccessKey';

/** An access key as the API tells it. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly displayName: string;
  /** RFC 3339 UTC; null when the API left it out. */
  readonly createTime: string | null;
  /** RFC 3339 UTC; null when the API left it out. */
  readonly updateTime: string | null;
}

/** RFC 3339 with any offset, brought to UTC; a time that is in UTC already keeps all its digits. */
const time = z.iso
  .datetime({ offset: true })
  .transform((text) => (text.endsWith('Z') ? text : new Date(text).toISOString()))
  .nullish()
  .transform((text) => text ?? null);

// Every field is optional in the vendor's schema. A key without id or name could not be told from another, so these two are
// demanded; unknown fields are let pass. `projectId` is not read: the path that found the key says which project it is in.
const accessKey: z.ZodType<AccessKey> = z.object({
  accessKeyId: z.string().refine(isPathSegment),
  displayName: z.string(),
  createTime: time,
  updateTime: time,
});

// `accessKeys` is demanded too, although the schema makes it optional: the vendor's examples write empty fields out
// (`"details": []`, `"scope": ""`), and an answer that says nothing must not be read as "this project has no keys".
const listAnswer = z.object({
  accessKeys: z.array(accessKey),
  nextPageToken: z
    .string()
    .nullish()
    .transform((token) => token ?? ''),
});

const createAnswer = z.object({
  accessKey,
  secret: z
    .string()
    .min(1)
    .transform((value) => new Secret(value)),
});

/** More pages than any project can fill; a server that never ends its list is stopped here. */
const MAX_PAGES = 10_000;

interface Call {
  readonly action: Action;
  readonly safe: boolean;
  readonly method: HttpRequest['method'];
  /** Path and query below `/v1`. */
  readonly path: string;
  readonly body?: { readonly displayName: string };
  /** For messages: what the action is done to. */
  readonly subject: string;
  readonly projectId: string;
}

interface Answer {
  readonly response: HttpResponse;
  /** The `Authorization` header that was sent, to be kept out of errors. */
  readonly header: Secret;
}

export interface ClientOptions {
  readonly http: HttpPort;
  /** Base URL without a trailing slash, a path prefix included. */
  readonly baseUrl: string;
  readonly auth: Authorizer;
  /** Keys per page, 1 to 1000. Default 1000, the vendor's most, so that any project's list is one call. */
  readonly pageSize?: number;
}

/**
 * The calls of the Sinch Access Keys Management API v1. Every function throws KeyformErrors only: those of the HTTP port, and
 * one for each error answer, chosen by HTTP status and `error.status`, never by the message, with `vendor` filled.
 */
export class Client {
  readonly #http: HttpPort;
  readonly #baseUrl: string;
  readonly #auth: Authorizer;
  readonly #pageSize: number;

  constructor(options: ClientOptions) {
    this.#http = options.http;
    this.#baseUrl = options.baseUrl;
    this.#auth = options.auth;
    this.#pageSize = options.pageSize ?? 1000;
  }

  /** Every key of the project, all pages, in the API's order. */
  async list(projectId: string, signal?: AbortSignal): Promise<readonly AccessKey[]> {
    const subject = `project ${projectId}`;
    const keys = new Map<string, AccessKey>();
    const seen = new Set<string>();
    let pageToken = '';
    do {
      const query = new URLSearchParams({
        pageSize: String(this.#pageSize),
        ...(pageToken === '' ? {} : { pageToken }),
      });
      const call: Call = {
        action: 'ListAccessKeys',
        safe: true,
        method: 'GET',
        path: `${keysPath(projectId)}?${query}`,
        subject,
        projectId,
      };
      const { response, header } = await this.#send(call, signal);
      this.#expectSuccess(call, response, header);
      const page = readAnswer(listAnswer, response, answered(call));
      // By id: a key made between two pages may push another one onto both.
      for (const key of page.accessKeys) keys.set(key.accessKeyId, key);
      pageToken = page.nextPageToken;
      if (pageToken !== '' && (seen.has(pageToken) || seen.size >= MAX_PAGES)) {
        throw this.#error(call, response, header, {
          code: 'malformed-answer',
          what: 'the list does not end, its pages lead back',
          detail:
            'Nothing was concluded from it, since keys may be missing. Try again; if it stays, tell Sinch support.',
        });
      }
      seen.add(pageToken);
    } while (pageToken !== '');
    return [...keys.values()];
  }

  /** Makes a key; never repeated after it may have been sent. Throws `outcome-unknown` when it may exist although no secret arrived. */
  async create(
    projectId: string,
    displayName: string,
    signal?: AbortSignal,
  ): Promise<{ readonly key: AccessKey; readonly secret: Secret }> {
    const call: Call = {
      action: 'CreateAccessKey',
      safe: false,
      method: 'POST',
      path: keysPath(projectId),
      body: { displayName },
      subject: `${JSON.stringify(displayName)} in project ${projectId}`,
      projectId,
    };
    const { response, header } = await this.#send(call, signal);
    this.#expectSuccess(call, response, header);
    const answer = readAnswer(createAnswer, response, answered(call));
    return { key: answer.accessKey, secret: answer.secret };
  }

  /** The key, or null only when the API itself answers `NOT_FOUND`. */
  async get(projectId: string, accessKeyId: string, signal?: AbortSignal): Promise<AccessKey | null> {
    const call = keyCall('GetAccessKey', 'GET', projectId, accessKeyId);
    const { response, header } = await this.#send(call, signal);
    if (isNotFound(response)) return null;
    this.#expectSuccess(call, response, header);
    return readAnswer(accessKey, response, answered(call));
  }

  /** Renames the key. Throws `conflict` when another key of the project has the name, `not-found` when there is no such key. */
  async update(projectId: string, accessKeyId: string, displayName: string, signal?: AbortSignal): Promise<AccessKey> {
    const call: Call = { ...keyCall('UpdateAccessKey', 'PATCH', projectId, accessKeyId), body: { displayName } };
    const { response, header } = await this.#send(call, signal);
    this.#expectSuccess(call, response, header);
    return readAnswer(accessKey, response, answered(call));
  }

  /** Deletes the key. Success when the API itself answers `NOT_FOUND`, too. */
  async delete(projectId: string, accessKeyId: string, signal?: AbortSignal): Promise<void> {
    const call = keyCall('DeleteAccessKey', 'DELETE', projectId, accessKeyId);
    const { response, header } = await this.#send(call, signal);
    if (isNotFound(response)) return;
    this.#expectSuccess(call, response, header);
    // No content is documented, and `{}` would do; a login page with status 200 would not.
    if (response.body.trim() !== '') readAnswer(z.object({}), response, answered(call));
  }

  /** Sends the call, and once more with a new token when the first one was refused: a 401 did nothing, even to a create. */
  async #send(call: Call, signal: AbortSignal | undefined): Promise<Answer> {
    const header = await this.#auth.authorization(signal);
    const first = await this.#attempt(call, header, signal);
    if (first.response.status !== 401) return first;
    return this.#attempt(call, await this.#auth.renew(header, first.response, signal), signal);
  }

  async #attempt(call: Call, header: Secret, signal: AbortSignal | undefined): Promise<Answer> {
    const request: HttpRequest = {
      method: call.method,
      url: `${this.#baseUrl}/v1${call.path}`,
      headers: {
        authorization: header.reveal(),
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    };
    const { action, safe } = call;
    const response = await this.#http.send({
      action,
      safe,
      build: () => request,
      judge,
      ...(signal === undefined ? {} : { signal }),
    });
    return { response, header };
  }

  /** Throws the error that an answer outside 2xx stands for. */
  #expectSuccess(call: Call, response: HttpResponse, header: Secret): void {
    const { status } = response;
    if (status >= 200 && status < 300) return;
    const { action, safe, projectId } = call;
    const reason = explain(response, { action, safe, projectId, credentialId: this.#auth.credential.keyId });
    if (reason !== null) throw this.#error(call, response, header, reason);
    throw outcomeUnknown(answered(call), `HTTP ${status} came back`, this.#vendor(response, header));
  }

  #error(call: Call, response: HttpResponse, header: Secret, { code, what, detail }: Reason): KeyformError {
    const vendor = this.#vendor(response, header);
    return new KeyformError(code, `${SERVICE} ${call.action} of ${call.subject}: ${what}`, { detail, vendor });
  }

  #vendor(response: HttpResponse, header: Secret): VendorError {
    const said = response.status < 300 ? null : readRefusal(response);
    return toVendorError(response, said?.status ?? null, said?.message ?? null, this.#auth.credential, header);
  }
}

function answered(call: Call): { service: string; action: string; safe: boolean } {
  return { service: SERVICE, action: `${call.action} of ${call.subject}`, safe: call.safe };
}

function keyCall(action: Action, method: HttpRequest['method'], projectId: string, accessKeyId: string): Call {
  return {
    action,
    safe: true,
    method,
    path: `${keysPath(projectId)}/${segment(accessKeyId, 'access key id')}`,
    subject: `key ${accessKeyId} in project ${projectId}`,
    projectId,
  };
}

function keysPath(projectId: string): string {
  return `/projects/${segment(projectId, 'project id')}/accessKeys`;
}

/** `value` as one path segment. Throws `invalid-argument` for what would name another resource, or cannot be encoded. */
function segment(value: string, what: string): string {
  if (isPathSegment(value)) {
    try {
      return encodeURIComponent(value);
    } catch {
      // A lone surrogate: refused below, as any other value that is no id.
    }
  }
  throw new KeyformError('invalid-argument', `${SERVICE}: ${JSON.stringify(value)} cannot be a ${what}`, {
    detail: `Nothing was sent. Check the ${what}.`,
  });
}
