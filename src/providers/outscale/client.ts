import { z } from 'zod';
import { type AnsweredCall, type Precious, readAnswer } from '../../core/answer.ts';
import type { HttpPort, HttpRequest, HttpResponse, RateLimit } from '../../core/http.ts';
import { plainMoment } from '../../core/moment.ts';
import type { Clock } from '../../core/port.ts';
import { Secret } from '../../core/secret.ts';
import { basicAuthorization, formatDateTime, OSC4, SIGNED_SERVICE, type SigningCredential, sign } from './auth.ts';
import { failure, isSuccess, judge, requestIdIn, SERVICE } from './failure.ts';
import { CredentialGuard } from './guard.ts';

/** What a connection authenticates with. */
export type Credential =
  | ({ readonly kind: 'key' } & SigningCredential)
  | { readonly kind: 'password'; readonly login: string; readonly password: Secret };

/** What a client needs to make calls. */
export interface ClientOptions {
  readonly http: HttpPort;
  readonly clock: Clock;
  /** Absolute URL without query and without a slash at its end, such as `https://api.eu-west-2.outscale.com/api/v1`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credential: Credential;
  readonly limits: readonly RateLimit[];
  /** `Owner.label` for the keys of an EIM user; null for those of the credential's own identity. */
  readonly label: (user: string | null) => string;
}

const optionalMoment = plainMoment()
  .nullish()
  .transform((value) => value ?? null);

const wireKey = z.object({
  AccessKeyId: z.string().min(1),
  State: z.enum(['ACTIVE', 'INACTIVE']),
  CreationDate: optionalMoment,
  ExpirationDate: optionalMoment,
  LastModificationDate: optionalMoment,
  // A tag of no characters is none: a stack cannot say it either.
  Tag: z
    .string()
    .nullish()
    .transform((tag) => (tag === undefined || tag === '' ? null : tag)),
});

/** One access key as the API shows it, times in RFC 3339 UTC, null for what it does not have. */
export type WireKey = z.output<typeof wireKey>;

const createAnswer = z.object({
  AccessKey: wireKey.extend({
    SecretKey: z
      .string()
      .min(1)
      .transform((value) => new Secret(value)),
  }),
});
/** Where a created key's secret and id stand, should the rest not be as documented. */
const PRECIOUS: Precious = { secret: ['AccessKey', 'SecretKey'], id: ['AccessKey', 'AccessKeyId'] };
const readAnswers = z.object({ AccessKeys: z.array(wireKey) });
const updateAnswer = z.object({ AccessKey: wireKey });
const deleteAnswer = z.object({});

/** Body of CreateAccessKey. */
export interface CreateRequest {
  readonly ExpirationDate?: string;
  readonly Tag?: string;
  readonly UserName?: string;
}

/** Body of ReadAccessKeys. */
export interface ReadRequest {
  readonly Filters?: { readonly AccessKeyIds?: readonly string[] };
  readonly UserName?: string;
}

/** Body of UpdateAccessKey. */
export interface UpdateRequest {
  readonly AccessKeyId: string;
  readonly State: 'ACTIVE' | 'INACTIVE';
  readonly ExpirationDate?: string;
  readonly ClearExpirationDate?: true;
  readonly Tag?: string;
  readonly ClearTag?: true;
  readonly UserName?: string;
}

/** Body of DeleteAccessKey. */
export interface DeleteRequest {
  readonly AccessKeyId: string;
  readonly UserName?: string;
}

/** The four access key calls. Each throws KeyformErrors as {@link failure} makes them, and those of the HTTP port. */
export interface OutscaleClient {
  /** Never repeated once it may have been sent. */
  create(body: CreateRequest, signal?: AbortSignal): Promise<{ readonly key: WireKey; readonly secret: Secret }>;
  /** All keys of one identity; the API has no pages (10 keys at most). */
  read(body: ReadRequest, signal?: AbortSignal): Promise<readonly WireKey[]>;
  /** A single attempt at {@link OutscaleClient.read}, repeated only when throttled: for a credential that may be wrong. */
  readOnce(body: ReadRequest, signal?: AbortSignal): Promise<readonly WireKey[]>;
  update(body: UpdateRequest, signal?: AbortSignal): Promise<WireKey>;
  delete(body: DeleteRequest, signal?: AbortSignal): Promise<void>;
}

/** A client with its own memory of whether its credential was refused: see {@link CredentialGuard}. */
export function createClient(options: ClientOptions): OutscaleClient {
  const { http, clock, credential } = options;
  const guard = new CredentialGuard(clock);
  const secrets = [credential.kind === 'key' ? credential.secret : credential.password];

  const ownerOf = (body: { readonly UserName?: string }) => options.label(body.UserName ?? null);

  async function send<T>(
    action: string,
    safe: boolean,
    subject: string,
    body: { readonly UserName?: string },
    schema: z.ZodType<T>,
    signal: AbortSignal | undefined,
    precious?: Precious,
  ): Promise<T> {
    const text = JSON.stringify(body);
    const requestId = (response: HttpResponse) => requestIdIn(response, secrets);
    const call: AnsweredCall = { service: SERVICE, action: `${action} of ${subject}`, safe, requestId };
    const attempt = async () => {
      const response = await http.send({
        action,
        owner: ownerOf(body),
        safe,
        reads: action === 'ReadAccessKeys',
        limits: options.limits,
        build: () => buildRequest(options, action, text),
        judge,
        requestId,
        ...(signal === undefined ? {} : { signal }),
      });
      if (isSuccess(response)) return readAnswer(schema, response, call, precious);
      throw failure(call, response, clock.now(), secrets);
    };
    return await guard.run(call.action, attempt, signal);
  }

  const read = async (safe: boolean, body: ReadRequest, signal: AbortSignal | undefined) => {
    const [id] = body.Filters?.AccessKeyIds ?? [];
    const subject = id === undefined ? ownerOf(body) : `key ${id}`;
    return (await send('ReadAccessKeys', safe, subject, body, readAnswers, signal)).AccessKeys;
  };

  return {
    async create(body, signal) {
      const subject = `a key of ${ownerOf(body)}`;
      const answer = await send('CreateAccessKey', false, subject, body, createAnswer, signal, PRECIOUS);
      const { SecretKey: secret, ...key } = answer.AccessKey;
      return { key, secret };
    },
    read: (body, signal) => read(true, body, signal),
    readOnce: (body, signal) => read(false, body, signal),
    // Both say what shall be, not what shall change, so doing them twice has the effect of doing them once.
    async update(body, signal) {
      return (await send('UpdateAccessKey', true, `key ${body.AccessKeyId}`, body, updateAnswer, signal)).AccessKey;
    },
    async delete(body, signal) {
      await send('DeleteAccessKey', true, `key ${body.AccessKeyId}`, body, deleteAnswer, signal);
    },
  };
}

/** One signed request; `body` is sent, and hashed, exactly as it stands. */
export function buildRequest(
  options: Pick<ClientOptions, 'clock' | 'endpoint' | 'region' | 'credential'>,
  action: string,
  body: string,
): HttpRequest {
  const url = new URL(`${options.endpoint}/${action}`);
  const dateTime = formatDateTime(options.clock.now());
  const contentType = 'application/json; charset=utf-8';
  const { credential } = options;
  const authorization =
    credential.kind === 'password'
      ? basicAuthorization(credential.login, credential.password)
      : sign(OSC4, credential, { region: options.region, service: SIGNED_SERVICE }, dateTime, {
          method: 'POST',
          path: url.pathname,
          query: '',
          headers: [
            ['content-type', contentType],
            // With its port, as the Host header carries it.
            ['host', url.host],
            [OSC4.dateHeader, dateTime],
          ],
          body,
        });
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': contentType, [OSC4.dateHeader]: dateTime, authorization },
    body,
  };
}
