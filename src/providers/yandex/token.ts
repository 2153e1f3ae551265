import type { HttpPort } from '../../core/http.ts';
import type { Clock } from '../../core/port.ts';
import type { CloudPorts } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { fixedSource, type TokenSource } from '../../core/token.ts';
import { audienceFor, readToken, replaceAt, signingInput, signJwt, TOKEN_ACTION, tokenRequest } from './auth.ts';
import { type Credential, readTokenFile } from './credential.ts';
import { type FailedCall, failure, requestIdIn, SERVICE } from './failure.ts';
import { judge } from './status.ts';

/** A token file that still holds a token that should have been replaced is looked at again after this long. */
const FILE_PAUSE_MS = 10_000;

export interface TokenPorts extends Pick<CloudPorts, 'readText'> {
  readonly http: HttpPort;
  readonly clock: Clock;
}

/** The source for a credential; `endpoint` is the IAM API's, without a trailing slash. */
export function sourceOf(credential: Credential, endpoint: string, ports: TokenPorts): TokenSource {
  switch (credential.kind) {
    case 'token':
      return fixedSource(SERVICE, TOKEN_ACTION, credential.token);
    case 'file':
      return fileSource(credential.path, ports);
    case 'oauth': {
      const yandexPassportOauthToken = credential.token.reveal();
      const call = { subject: 'an OAuth token', exchange: 'OAuth token in "token" (YC_TOKEN)' };
      const build = () => ({ yandexPassportOauthToken });
      return exchangeSource(endpoint, ports, call, build, [credential.token]);
    }
    case 'key': {
      const { key } = credential;
      const subject = `authorized key ${key.id} of service account ${key.serviceAccountId}`;
      // A new one for each attempt: its times must be those of the attempt.
      const build = () => {
        const input = signingInput(key, audienceFor(endpoint), Math.floor(ports.clock.now() / 1000));
        return { jwt: signJwt(input, key.privateKey) };
      };
      return exchangeSource(endpoint, ports, { subject, exchange: subject }, build, []);
    }
  }
}

function exchangeSource(
  endpoint: string,
  ports: TokenPorts,
  words: Pick<FailedCall, 'subject' | 'exchange'>,
  build: () => Parameters<typeof tokenRequest>[1],
  secrets: readonly Secret[],
): TokenSource {
  const { http, clock } = ports;
  return {
    service: SERVICE,
    action: TOKEN_ACTION,
    changing: false,
    secrets,
    async obtain(signal) {
      let sentAt = clock.now();
      let sent: readonly Secret[] = [];
      const response = await http.send({
        action: TOKEN_ACTION,
        // It makes nothing but one token more.
        safe: true,
        reads: true,
        build: () => {
          sentAt = clock.now();
          const identity = build();
          sent = Object.values(identity).map((value) => new Secret(value));
          return tokenRequest(endpoint, identity);
        },
        judge,
        requestId: (answer) => requestIdIn(answer, [...secrets, ...sent]),
        signal,
      });
      if (response.status >= 200 && response.status < 300) return readToken(response, sentAt, [...secrets, ...sent]);
      const call = { action: TOKEN_ACTION, safe: true, ...words };
      throw failure(call, response, { now: clock.now(), secrets: [...secrets, ...sent] });
    },
  };
}

function fileSource(path: string, ports: TokenPorts): TokenSource {
  const { clock, readText } = ports;
  let last: string | null = null;
  return {
    service: SERVICE,
    action: TOKEN_ACTION,
    changing: true,
    secrets: [],
    async obtain() {
      const { token, expiresIn } = readTokenFile(await readText(path), path);
      const now = clock.now();
      const same = last === token.reveal();
      last = token.reveal();
      // `expires_in` counts from when the file was written, so it tells the end of a token at its first reading only.
      if (same) return { value: token, staleAt: now + FILE_PAUSE_MS };
      return {
        value: token,
        staleAt: expiresIn === null ? Number.POSITIVE_INFINITY : replaceAt(now, now + expiresIn * 1000),
      };
    },
  };
}
