import { type ErrorCode, KeyformError } from '../core/error.ts';

/** Why an attempt brought no whole answer. */
export interface Failure {
  /** Whether bytes of the request may have left this machine. */
  readonly sent: boolean;
  /** In a few words, for people. Holds no header, body, query or credential. */
  readonly reason: string;
  /** Node's or undici's code, such as `ECONNREFUSED`. */
  readonly code: string;
  readonly kind: 'network' | 'tls' | 'broken' | 'malformed' | 'request';
  /** Whether another attempt may fare better. */
  readonly passing: boolean;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was cut off',
  EPIPE: 'the connection was closed by the other side',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EADDRNOTAVAIL: 'this machine has no address or port left to call from',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_SOCKET: 'the connection was closed by the other side',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was cut off',
  KEYFORM_CUT_OFF: 'the answer was cut off',
  KEYFORM_NOT_HTTP: 'the answer is not HTTP',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'the answer is larger than any key API sends',
  UND_ERR_HEADERS_OVERFLOW: 'the answer has larger headers than any key API sends',
  KEYFORM_HEADERS_TIMEOUT: 'no answer in time',
  KEYFORM_BODY_TIMEOUT: 'the answer did not end in time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS on this port',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host name',
  // Our own words: from version 24 on, Node's end with advice of its own.
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in the chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an authority that is not known here',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
};

/** Codes of Node's certificate check (X509_V_ERR_…), which another attempt does not change. */
const CERTIFICATE =
  /CERT|^UNABLE_TO_|^DEPTH_ZERO|^SELF_SIGNED|^HOSTNAME_MISMATCH$|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH|^CRL_/;

/** Makes a {@link Failure} of what Node or undici threw. */
export function failureOf(error: Error, sent: boolean): Failure {
  const { message } = error;
  const code = codeOf(error);
  if (code.startsWith('KEYFORM_PROXY_')) {
    const passing = /_(429|5\d\d)$/.test(code);
    return { sent, code, reason: message, kind: 'network', passing };
  }
  // The proxy's name is in the message, which is the whole point of it.
  const reason = message.startsWith('proxy ') ? message : (REASONS[code] ?? message);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED' || code === 'ERR_INVALID_ARG_VALUE') {
    return { sent, code, reason, kind: 'request', passing: false };
  }
  if (!sent) {
    if (CERTIFICATE.test(code)) return { sent, code, reason, kind: 'tls', passing: false };
    if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
      return { sent, code, reason, kind: 'tls', passing: code !== 'ERR_SSL_WRONG_VERSION_NUMBER' };
    }
    return { sent, code, reason, kind: 'network', passing: code !== 'ENOTFOUND' };
  }
  const malformed =
    code === 'KEYFORM_NOT_HTTP' || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code === 'UND_ERR_HEADERS_OVERFLOW';
  return { sent, code, reason, kind: malformed ? 'malformed' : 'broken', passing: !malformed };
}

function codeOf(error: Error): string {
  // undici 7 means to give a parser's error the code HPE_<name>, and gives none: its table is the other way round.
  if (error.name === 'HTTPParserError') {
    return error.message.includes('Invalid EOF state') ? 'KEYFORM_CUT_OFF' : 'KEYFORM_NOT_HTTP';
  }
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}

/** The error that ends a call, by the contract of `HttpPort.send`. */
export function errorOf(
  failure: Failure,
  call: { readonly action: string; readonly safe: boolean },
  origin: string,
  attempts: number,
): KeyformError {
  const { action, safe } = call;
  // undici's own error is not passed on: a parser error holds a piece of the answer.
  const cause = Object.assign(new Error(failure.reason), { code: failure.code });
  const make = (code: ErrorCode, message: string, detail: string) =>
    new KeyformError(code, `${action}: ${message}: ${failure.reason}`, { detail, cause });
  const tried = attempts === 1 ? '' : ` Tried ${attempts} times.`;
  if (failure.sent && !safe) {
    return make(
      'outcome-unknown',
      `the request went to ${origin}, but no whole answer came back`,
      'Whether the call took effect is not known, so it was not repeated. The next plan compares what the API holds with what was known before.',
    );
  }
  switch (failure.kind) {
    case 'request':
      return make(
        'invalid-configuration',
        `the request to ${origin} cannot be put on the wire`,
        'Nothing was sent. A credential or an id holds a character that HTTP does not allow there, such as a line break.',
      );
    case 'tls':
      return make(
        'tls-failure',
        `no trusted TLS connection to ${origin}`,
        `Nothing was sent.${tried} Check the endpoint's address. If a private authority issued the server's (or an inspecting proxy's) certificate, name the authority's file in NODE_EXTRA_CA_CERTS. Verification cannot be turned off.`,
      );
    case 'malformed':
      return make(
        'malformed-answer',
        `${origin} did not answer as a key API does`,
        'Check that the endpoint is that of the API, and that no proxy answers in its place.',
      );
    case 'broken':
      return make(
        'timeout',
        `no whole answer from ${origin}`,
        `The call is safe to repeat.${tried} Check the network and the vendor's status page, then run the command again.`,
      );
    case 'network':
      return make(
        'unreachable',
        `cannot reach ${origin}`,
        `Nothing was sent.${tried} Check the endpoint's address, this machine's network, and the variables HTTPS_PROXY and NO_PROXY.`,
      );
  }
}
