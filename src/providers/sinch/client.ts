import { z } from 'zod';
import { type AnsweredCall, outcomeUnknown, type Precious, readAnswer } from '../../core/answer.ts';
import { KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse } from '../../core/http.ts';
import { exactMoment } from '../../core/moment.ts';
import { Secret } from '../../core/secret.ts';
import { isPathSegment, pathSegment } from '../../core/segment.ts';
import type { TokenKeeper } from '../../core/token.ts';
import { type Credential, judge, refusal, SERVICE, toVendorError } from './auth.ts';
import { explain, isNotFound, type Reason, readWords } from './refusal.ts';
import type { AuthMode } from './schema.ts';

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

const time = exactMoment.nullish().transform((text) => text ?? null);

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

/** Where a created key's secret and id stand, should the rest not be as documented. */
const PRECIOUS: Precious = { secret: ['secret'], id: ['accessKey', 'accessKeyId'] };

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

export interface ClientOptions {
  readonly http: HttpPort;
  /** Base URL without a trailing slash, a path prefix included. */
  readonly baseUrl: string;
  /** Gives the `Authorization` header. */
  readonly tokens: TokenKeeper;
  /** What the keeper's tokens are got with; in `basic` mode, what is sent. */
  readonly credential: Credential;
  readonly mode: AuthMode;
  /** Keys per page, 1 to 1000. Default 1000, the vendor's most, so that any project's list is one call. */
  readonly pageSize?: number;
}

/**
 * The calls of the Sinch Access Keys Management API v1. Every function throws KeyformErrors only: those of the HTTP port, and
 * one for each error answer, chosen by HTTP status and `error.status`, never by the message, with `vendor` filled.
 */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Every key of the project, all pages, in the API's order. */
  async list(projectId: string, signal?: AbortSignal): Promise<readonly AccessKey[]> {
    const subject = ownerLabel(projectId);
    const keys = new Map<string, AccessKey>();
    const seen = new Set<string>();
    let pageToken = '';
    do {
      const query = new URLSearchParams({
        pageSize: String(this.#options.pageSize ?? 1000),
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
      const response = await this.#succeed(call, signal);
      const page = readAnswer(listAnswer, response, this.#answered(call));
      // By id: a key made between two pages may push another one onto both.
      for (const key of page.accessKeys) keys.set(key.accessKeyId, key);
      pageToken = page.nextPageToken;
      if (pageToken !== '' && (seen.has(pageToken) || seen.size >= MAX_PAGES)) {
        throw this.#error(call, response, {
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
    const answer = readAnswer(createAnswer, await this.#succeed(call, signal), this.#answered(call), PRECIOUS);
    return { key: answer.accessKey, secret: answer.secret };
  }

  /** The key, or null only when the API itself answers `NOT_FOUND`. */
  async get(projectId: string, accessKeyId: string, signal?: AbortSignal): Promise<AccessKey | null> {
    const call = keyCall('GetAccessKey', 'GET', projectId, accessKeyId);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return null;
    return readAnswer(accessKey, this.#checked(call, response), this.#answered(call));
  }

  /** Renames the key. Throws `conflict` when another key of the project has the name, `not-found` when there is no such key. */
  async update(projectId: string, accessKeyId: string, displayName: string, signal?: AbortSignal): Promise<AccessKey> {
    const call: Call = { ...keyCall('UpdateAccessKey', 'PATCH', projectId, accessKeyId), body: { displayName } };
    return readAnswer(accessKey, await this.#succeed(call, signal), this.#answered(call));
  }

  /** Deletes the key. Success when the API itself answers `NOT_FOUND`, too. */
  async delete(projectId: string, accessKeyId: string, signal?: AbortSignal): Promise<void> {
    const call = keyCall('DeleteAccessKey', 'DELETE', projectId, accessKeyId);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return;
    this.#checked(call, response);
    // No content is documented, and `{}` would do; a login page with status 200 would not.
    if (response.body.trim() !== '') readAnswer(z.object({}), response, this.#answered(call));
  }

  async #succeed(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return this.#checked(call, await this.#send(call, signal));
  }

  /** Sends the call, and once more with a new token when the first one was refused: a 401 did nothing, even to a create. */
  async #send(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { tokens } = this.#options;
    const header = await tokens.token(signal);
    const first = await this.#attempt(call, header, signal);
    if (first.status !== 401) return first;
    const other = await tokens.renew(header, this.#failure(call, first), signal);
    const second = await this.#attempt(call, other, signal);
    if (second.status === 401) tokens.giveUp(other, this.#failure(call, second));
    return second;
  }

  async #attempt(call: Call, header: Secret, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { http, baseUrl } = this.#options;
    const request: HttpRequest = {
      method: call.method,
      url: `${baseUrl}/v1${call.path}`,
      headers: {
        authorization: header.reveal(),
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    };
    const { action, safe, projectId } = call;
    return http.send({
      action,
      owner: ownerLabel(projectId),
      safe,
      build: () => request,
      judge,
      requestId: (answer) => this.#vendor(answer).requestId,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The answer, when it is in 2xx; throws the error that it stands for otherwise. */
  #checked(call: Call, response: HttpResponse): HttpResponse {
    if (response.status >= 200 && response.status < 300) return response;
    throw this.#failure(call, response);
  }

  #failure(call: Call, response: HttpResponse): KeyformError {
    const { credential, mode } = this.#options;
    const { action, safe, projectId } = call;
    if (response.status === 401 && mode === 'basic') return refusal(credential, this.#vendor(response));
    const reason = explain(response, { action, safe, projectId, credentialId: credential.keyId });
    if (reason !== null) return this.#error(call, response, reason);
    return outcomeUnknown(this.#answered(call), `HTTP ${response.status} came back`, this.#vendor(response));
  }

  #error(call: Call, response: HttpResponse, { code, what, detail }: Reason): KeyformError {
    const vendor = this.#vendor(response);
    return new KeyformError(code, `${SERVICE} ${call.action} of ${call.subject}: ${what}`, { detail, vendor });
  }

  #vendor(response: HttpResponse): VendorError {
    const { code, message } = response.status < 300 ? { code: null, message: null } : readWords(response);
    return toVendorError(response, code, message, this.#options.tokens.secrets);
  }

  #answered(call: Call): AnsweredCall {
    return {
      service: SERVICE,
      action: `${call.action} of ${call.subject}`,
      safe: call.safe,
      requestId: (response) => this.#vendor(response).requestId,
    };
  }
}

/** `Owner.label`. */
export function ownerLabel(projectId: string): string {
  return `project ${projectId}`;
}

function keyCall(action: Action, method: HttpRequest['method'], projectId: string, accessKeyId: string): Call {
  return {
    action,
    safe: true,
    method,
    path: `${keysPath(projectId)}/${pathSegment(SERVICE, accessKeyId, 'access key id')}`,
    subject: `key ${accessKeyId} in project ${projectId}`,
    projectId,
  };
}

function keysPath(projectId: string): string {
  return `/projects/${pathSegment(SERVICE, projectId, 'project id')}/accessKeys`;
}
