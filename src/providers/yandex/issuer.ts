import { constants, createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import { type Message, textOf } from './message.ts';
import type { Options } from './option.ts';
import { badField, CODES, Refusal } from './refusal.ts';

/** Who sends a request. */
export interface Caller {
  /** Id of a service account or of a user. */
  readonly subject: string;
  readonly isUser: boolean;
}

/** The time in whole milliseconds since 1970. */
export interface Now {
  now(): number;
}

/** HMAC-SHA-512 of a name under the emulator's seed. */
export type Derive = (name: string) => Buffer;

export const revokedToken = z.strictObject({ hash: z.string(), until: z.number().nullable() });

const AUDIENCE = 'https://iam.api.cloud.yandex.net/iam/v1/tokens';
const LONGEST_JWT_LIFE = 3600;

const payload = z.strictObject({
  s: z.string(),
  u: z.boolean(),
  /** Milliseconds since 1970; null for the first token, which does not end. */
  e: z.number().nullable(),
  n: z.string(),
});
const jwtHeader = z.object({ alg: z.string(), kid: z.string() });
const jwtClaims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  iat: z.number(),
  exp: z.number(),
});

/**
 * The emulated cloud's IAM tokens. None is stored: a token carries whom it stands for and its end under a HMAC, in the
 * documented shape `t1.<…>.<86 characters>`. Only hashes of revoked ones are kept.
 */
export class Issuer {
  readonly #options: Options;
  readonly #clock: Now;
  readonly #derive: Derive;
  #revoked: z.infer<typeof revokedToken>[];
  #count = 0;

  constructor(options: Options, clock: Now, derive: Derive, revoked: readonly z.infer<typeof revokedToken>[]) {
    this.#options = options;
    this.#clock = clock;
    this.#derive = derive;
    this.#revoked = [...revoked];
  }

  /** The service account that the first token stands for. */
  get account(): string {
    return `aje${this.#derive('account').toString('hex').slice(0, 17)}`;
  }

  /** The first token: the same at each start, so that settings once told go on working. */
  get firstToken(): string {
    return this.#sign({ s: this.account, u: false, e: null, n: 'first' });
  }

  save(): readonly z.infer<typeof revokedToken>[] {
    this.#revoked = this.#revoked.filter(({ until }) => until === null || until > this.#clock.now());
    return this.#revoked;
  }

  /** Whether a service account with an authorized key, or the first one, has this id. */
  knows(account: string): boolean {
    return account === this.account || this.#options.authorized_keys.some((key) => key.service_account_id === account);
  }

  /** Who the Authorization header stands for. Throws UNAUTHENTICATED. */
  caller(authorization: string | undefined): Caller {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(CODES.unauthenticated, 'The request has no IAM token');
    const read = this.#read(token);
    if (read === null) throw new Refusal(CODES.unauthenticated, 'The token is invalid');
    if (read.e !== null && this.#clock.now() >= read.e) {
      throw new Refusal(CODES.unauthenticated, 'The token has expired');
    }
    const hash = hashOf(token);
    if (this.#revoked.some((revoked) => revoked.hash === hash)) {
      throw new Refusal(CODES.unauthenticated, 'The token has been revoked');
    }
    return { subject: read.s, isUser: read.u };
  }

  /** CreateIamToken. */
  exchange(message: Message): JsonObject {
    const jwt = textOf(message, 'jwt', 8000);
    const oauth = textOf(message, 'yandex_passport_oauth_token', 4000);
    if ((jwt === '') === (oauth === '')) {
      throw new Refusal(CODES.invalidArgument, 'Exactly one of yandex_passport_oauth_token, jwt should be specified');
    }
    if (jwt !== '') return this.mint({ subject: this.#accountOf(jwt), isUser: false });
    if (!this.#options.oauth_tokens.includes(oauth)) throw this.#refuse('The OAuth token is invalid or expired');
    return this.mint({ subject: `aje${hashOf(oauth).slice(0, 17)}`, isUser: true });
  }

  mint({ subject, isUser }: Caller): JsonObject {
    const end = this.#clock.now() + this.#options.token_lifetime_seconds * 1000;
    this.#count += 1;
    const iamToken = this.#sign({ s: subject, u: isUser, e: end, n: `${this.#clock.now()}-${this.#count}` });
    return { iamToken, expiresAt: new Date(end).toISOString() };
  }

  /** RevokeIamToken. */
  revoke(token: string): JsonObject {
    const read = this.#read(token);
    if (read === null) throw badField('iam_token', 'is not an IAM token');
    this.#revoked.push({ hash: hashOf(token), until: read.e });
    return { subjectId: read.s };
  }

  /** The service account whose authorized key signed this JWT. Every rule that the vendor documents is checked. */
  #accountOf(jwt: string): string {
    const parts = jwt.split('.');
    const [head = '', body = '', signature = ''] = parts;
    const header = jwtHeader.safeParse(decode(head)).data;
    const claims = jwtClaims.safeParse(decode(body)).data;
    if (parts.length !== 3 || header === undefined || claims === undefined) throw this.#refuse('JWT is malformed');
    if (header.alg !== 'PS256') throw this.#refuse('JWT algorithm must be PS256');
    const key = this.#options.authorized_keys.find(({ id }) => id === header.kid);
    if (key === undefined) throw this.#refuse('JWT key is not known');
    const valid = verify(
      'sha256',
      Buffer.from(`${head}.${body}`, 'ascii'),
      { key: createPublicKey(key.public_key), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
      Buffer.from(signature, 'base64url'),
    );
    if (!valid) throw this.#refuse('JWT signature is invalid');
    if (claims.iss !== key.service_account_id) throw this.#refuse('JWT issuer is not the service account of its key');
    if (![claims.aud].flat().includes(AUDIENCE)) throw this.#refuse('JWT audience is wrong');
    const now = this.#clock.now() / 1000;
    if (claims.exp - claims.iat > LONGEST_JWT_LIFE) throw this.#refuse('JWT lives longer than an hour');
    if (claims.exp <= now) throw this.#refuse('JWT has expired');
    if (claims.iat > now + this.#options.jwt_clock_leeway_seconds) throw this.#refuse('JWT is issued in the future');
    return claims.iss;
  }

  #refuse(message: string): Refusal {
    const { unauthenticated, invalidArgument } = CODES;
    return new Refusal(this.#options.jwt_refusal === 'unauthenticated' ? unauthenticated : invalidArgument, message);
  }

  #sign(content: z.infer<typeof payload>): string {
    const text = Buffer.from(JSON.stringify(content), 'utf8').toString('base64url');
    // 64 bytes: 86 characters, as the documented shape has them.
    return `t1.${text}.${this.#derive(`token ${text}`).toString('base64url')}`;
  }

  #read(token: string): z.infer<typeof payload> | null {
    const parts = /^t1\.([^.]+)\.([^.]+)$/.exec(token);
    const text = parts?.[1] ?? '';
    if (parts === null || parts[2] !== this.#derive(`token ${text}`).toString('base64url')) return null;
    return payload.parse(decode(text));
  }
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
