import { z } from 'zod';
import { type AnsweredCall, outcomeUnknown, readAnswer } from '../../core/answer.ts';
import { KeyformError, type VendorError } from '../../core/error.ts';
import type { HttpPort, HttpRequest, HttpResponse, Verdict } from '../../core/http.ts';
import { exactMoment } from '../../core/moment.ts';
import { redactedVendorError } from '../../core/redaction.ts';
import { Secret } from '../../core/secret.ts';
import { isPathSegment, pathSegment } from '../../core/segment.ts';
import type { TokenKeeper } from '../../core/token.ts';
import { bearerAuthorization, SERVICE } from './auth.ts';
import { explain, isNotFound, type Reason, readRefusal } from './refusal.ts';

/** The API's four calls for keys. Its description has no operation ids, so they are named after the summaries. */
export type Action = 'ListAccessKeys' | 'CreateAccessKey' | 'GetAccessKey' | 'DeleteAccessKey';

/** An access key as the API tells it. The endpoint that it belongs to is not part of it: only the path says that. */
export interface AccessKey {
  /** `metadata.id`, which the API's paths use. */
  readonly id: string;
  /** `spec.accessKeyId`, which S3 clients send; null where the API does not tell it (yet). */
  readonly accessKeyId: string | null;
  readonly name: string;
  /** Null for none. */
  readonly description: string | null;
  /** Null for none. */
  readonly tags: Readonly<Record<string, string>> | null;
  readonly identityPolicy: string;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  /** RFC 3339 UTC; null for a key that nobody has deleted. */
  readonly deletedAt: string | null;
  readonly provisioningStatus: string;
  readonly healthStatus: string;
  readonly organizationId: string;
  readonly projectId: string;
  /** Null where the API does not tell; so too the next two. */
  readonly createdBy: string | null;
  /** RFC 3339 UTC. */
  readonly modifiedAt: string | null;
  readonly modifiedBy: string | null;
}

/** What a key is made from. */
export interface NewKey {
  readonly name: string;
  readonly description: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly identityPolicy: string;
}

const metadata = z.object({
  id: z.string().refine(isPathSegment),
  name: z.string(),
  description: z.string().nullish(),
  tags: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  creationTime: exactMoment,
  deletionTime: exactMoment.nullish(),
  // Any word: the vendor's lists of them differ from one edition to the next, and a new one must not make every plan fail.
  provisioningStatus: z.string().min(1),
  healthStatus: z.string().min(1),
  organizationId: z.string(),
  projectId: z.string(),
  createdBy: z.string().nullish(),
  modifiedTime: exactMoment.nullish(),
  modifiedBy: z.string().nullish(),
});

// Of the documented form of `accessKeyId` (20 letters and digits) nothing is demanded: the vendor's own examples break it.
const readSpec = z.object({ identityPolicy: z.string(), accessKeyId: z.string().nullish() });

const accessKey = z.object({ metadata, spec: readSpec }).transform(toAccessKey);

/** A bare array: null, or an object around it, is not "no keys". */
const listAnswer = z.array(accessKey);

const createAnswer = z
  .object({
    metadata,
    spec: readSpec.extend({
      accessKeyId: z.string().min(1),
      secret: z
        .string()
        .min(1)
        .transform((value) => new Secret(value)),
    }),
  })
  .transform((answer) => ({ key: toAccessKey(answer), secret: answer.spec.secret }));

/** Where a create's answer holds what must not be lost. */
const PRECIOUS = { secret: ['spec', 'secret'], id: ['metadata', 'id'] } as const;

function toAccessKey(wire: { metadata: z.output<typeof metadata>; spec: z.output<typeof readSpec> }): AccessKey {
  const { metadata: meta, spec } = wire;
  const tags = meta.tags ?? [];
  return {
    id: meta.id,
    accessKeyId: spec.accessKeyId || null,
    name: meta.name,
    description: meta.description || null,
    tags: tags.length === 0 ? null : Object.fromEntries(tags.map(({ name, value }) => [name, value])),
    identityPolicy: spec.identityPolicy,
    createdAt: meta.creationTime,
    deletedAt: meta.deletionTime ?? null,
    provisioningStatus: meta.provisioningStatus,
    healthStatus: meta.healthStatus,
    organizationId: meta.organizationId,
    projectId: meta.projectId,
    createdBy: meta.createdBy ?? null,
    modifiedAt: meta.modifiedTime ?? null,
    modifiedBy: meta.modifiedBy ?? null,
  };
}

interface Call {
  readonly action: Action;
  readonly safe: boolean;
  readonly method: HttpRequest['method'];
  /** Path below the base URL. */
  readonly path: string;
  readonly body?: string;
  /** For messages: what the action is done to. */
  readonly subject: string;
  readonly endpointId: string;
}

export interface ClientOptions {
  readonly http: HttpPort;
  /** Base URL without a trailing slash, a path prefix included. */
  readonly baseUrl: string;
  /** Gives the service token. */
  readonly tokens: TokenKeeper;
}

/**
 * The access key calls of Nscale's Storage Service API v1. Every function throws KeyformErrors only: those of the HTTP port,
 * and one for each error answer, chosen by HTTP status and the service's word (`error`), with `vendor` filled.
 */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Every key of the endpoint; the API has no pages. Throws `not-found` when there is no such endpoint. */
  async list(endpointId: string, signal?: AbortSignal): Promise<readonly AccessKey[]> {
    const call: Call = {
      action: 'ListAccessKeys',
      safe: true,
      method: 'GET',
      path: keysPath(endpointId),
      subject: ownerLabel(endpointId),
      endpointId,
    };
    return readAnswer(listAnswer, await this.#succeed(call, signal), this.#answered(call));
  }

  /**
   * Makes a key, in whatever provisioning status; never repeated after it may have been sent. Throws `outcome-unknown` when
   * the key may exist although no secret arrived, and SecretArrivedError when a secret came in an answer that is not as documented.
   */
  async create(
    endpointId: string,
    key: NewKey,
    signal?: AbortSignal,
  ): Promise<{ readonly key: AccessKey; readonly secret: Secret }> {
    const call: Call = {
      action: 'CreateAccessKey',
      safe: false,
      method: 'POST',
      path: keysPath(endpointId),
      body: JSON.stringify(createBody(key)),
      subject: `${JSON.stringify(key.name)} in endpoint ${endpointId}`,
      endpointId,
    };
    return readAnswer(createAnswer, await this.#succeed(call, signal), this.#answered(call), PRECIOUS);
  }

  /**
   * The key, or null only when the API itself answers `not_found`: there is no such key or no such endpoint, or the key was
   * made a moment ago and the API's caches do not have it yet.
   */
  async get(endpointId: string, id: string, signal?: AbortSignal): Promise<AccessKey | null> {
    const call = keyCall('GetAccessKey', 'GET', endpointId, id);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return null;
    return readAnswer(accessKey, this.#checked(call, response), this.#answered(call));
  }

  /** Asks for the key's deletion, which takes place later. False when the API itself answers `not_found`, as of {@link Client.get}. */
  async delete(endpointId: string, id: string, signal?: AbortSignal): Promise<boolean> {
    const call = keyCall('DeleteAccessKey', 'DELETE', endpointId, id);
    const response = await this.#send(call, signal);
    if (isNotFound(response)) return false;
    this.#checked(call, response);
    // No content is documented, and an object would do; a login page with status 200 would not.
    if (response.body.trim() !== '') readAnswer(z.object({}), response, this.#answered(call));
    return true;
  }

  async #succeed(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return this.#checked(call, await this.#send(call, signal));
  }

  /** Sends the call, and once more when the token was refused and there is another one: a 401 did nothing, even to a create. */
  async #send(call: Call, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { tokens } = this.#options;
    const token = await tokens.token(signal);
    const first = await this.#attempt(call, token, signal);
    if (first.status !== 401) return first;
    const other = await tokens.renew(token, this.#failure(call, first), signal);
    const second = await this.#attempt(call, other, signal);
    // Refused as well: remembered, so that the next call does not send it again.
    if (second.status === 401) tokens.giveUp(other, this.#failure(call, second));
    return second;
  }

  async #attempt(call: Call, token: Secret, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { http, baseUrl } = this.#options;
    const request: HttpRequest = {
      method: call.method,
      url: `${baseUrl}/api/v1${call.path}`,
      headers: {
        authorization: bearerAuthorization(token),
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: call.body }),
    };
    const { action, safe } = call;
    return http.send({
      action,
      safe,
      owner: ownerLabel(call.endpointId),
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
    const { action, safe, endpointId } = call;
    const reason: Reason | null = explain(response, { action, safe, endpointId });
    const vendor = this.#vendor(response);
    if (reason === null) return outcomeUnknown(this.#answered(call), `HTTP ${response.status} came back`, vendor);
    const { code, what, detail } = reason;
    return new KeyformError(code, `${SERVICE} ${action} of ${call.subject}: ${what}`, { detail, vendor });
  }

  /** What the vendor said, with every token cut out should anything on the way have echoed the request. */
  #vendor(response: HttpResponse): VendorError {
    const said = response.status < 300 ? null : readRefusal(response);
    const requestId = said?.traceId ?? response.headers['x-request-id'] ?? null;
    const words = { code: said?.error ?? null, message: said?.description ?? null, requestId };
    return redactedVendorError(response.status, words, { secrets: this.#options.tokens.secrets });
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

/** A 429 did nothing; a 5xx may pass (the vendor says so), and so may a proxy's 408; the rest stays as it is. */
export function judge(response: HttpResponse): Verdict {
  if (response.status === 429) return 'throttled';
  return response.status >= 500 || response.status === 408 ? 'transient' : 'final';
}

/** The body of a create. Tags by name, so that one map always gives one text. */
export function createBody(key: NewKey): object {
  const tags = Object.entries(key.tags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    metadata: {
      name: key.name,
      ...(key.description === null ? {} : { description: key.description }),
      ...(tags.length === 0 ? {} : { tags: tags.map(([name, value]) => ({ name, value })) }),
    },
    spec: { identityPolicy: key.identityPolicy },
  };
}

/** `Owner.label`. */
export function ownerLabel(endpointId: string): string {
  return `endpoint ${endpointId}`;
}

function keyCall(action: Action, method: HttpRequest['method'], endpointId: string, id: string): Call {
  return {
    action,
    safe: true,
    method,
    path: `${keysPath(endpointId)}/${pathSegment(SERVICE, id, 'access key id')}`,
    subject: `key ${id} in endpoint ${endpointId}`,
    endpointId,
  };
}

function keysPath(endpointId: string): string {
  return `/objectstorageendpoints/${pathSegment(SERVICE, endpointId, 'endpoint id')}/accesskeys`;
}
