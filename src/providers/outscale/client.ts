import { z } from 'zod';
import { readAnswer } from '../../core/answer.ts';
import type { HttpPort, HttpRequest, RateLimit } from '../../core/http.ts';
import type { Clock } from '../../core/port.ts';
import { Secret } from '../../core/secret.ts';
import { basicAuthorization, formatDateTime, OSC4, SERVICE, type SigningCredential, sign } from './auth.ts';
import { failure, judge } from './failure.ts';
import { CredentialGuard } from './guard.ts';
import { formatMoment, parseMoment } from './schema.ts';

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
}

const moment = z.string().transform((text, context) => {
  const ms = parseMoment(text);
  if (ms !== null) return formatMoment(ms);
  context.addIssue({ code: 'custom', message: 'not a time' });
  return z.NEVER;
});
const optionalMoment = moment.nullish().transform((value) => value ?? null);

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

  async function send<T>(
    action: string,
    safe: boolean,
    body: object,
    schema: z.ZodType<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const text = JSON.stringify(body);
    const call = { service: 'Outscale', action, safe };
    const attempt = async () => {
      const response = await http.send({
        action,
        safe,
        limits: options.limits,
        build: () => buildRequest(options, action, text),
        judge,
        ...(signal === undefined ? {} : { signal }),
      });
      if (response.status === 200) return readAnswer(schema, response, call);
      throw failure(call, response, clock.now(), secrets);
    };
    return await guard.run(action, attempt, signal);
  }

  return {
    async create(body, signal) {
      const { SecretKey: secret, ...key } = (await send('CreateAccessKey', false, body, createAnswer, signal))
        .AccessKey;
      return { key, secret };
    },
    async read(body, signal) {
      return (await send('ReadAccessKeys', true, body, readAnswers, signal)).AccessKeys;
    },
    async readOnce(body, signal) {
      return (await send('ReadAccessKeys', false, body, readAnswers, signal)).AccessKeys;
    },
    // Both say what shall be, not what shall change, so doing them twice has the effect of doing them once.
    async update(body, signal) {
      return (await send('UpdateAccessKey', true, body, updateAnswer, signal)).AccessKey;
    },
    async delete(body, signal) {
      await send('DeleteAccessKey', true, body, deleteAnswer, signal);
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
      : sign(OSC4, credential, { region: options.region, service: SERVICE }, dateTime, {
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
