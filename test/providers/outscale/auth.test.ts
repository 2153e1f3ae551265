import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import {
  AWS4,
  authorizationHeader,
  basicAuthorization,
  canonicalRequest,
  credentialScope,
  formatDateTime,
  OSC4,
  parseAuthorization,
  parseDateTime,
  SIGNED_SERVICE,
  type SignatureFamily,
  type SignedRequest,
  sha256Hex,
  sign,
  signature,
  signedHeaderList,
  signingKey,
  stringToSign,
} from '../../../src/providers/outscale/auth.ts';

// Fake credentials of the published vectors. A to C were produced by the vendor's Python SDK (osc_sdk_python 0.41.0), D
// and E by aws4fetch 1.0.20, the signer inside the vendor's JavaScript SDK.
const ID = 'EXAMPLEACCESSKEY0001';
const SECRET = 'EXAMPLESECRETKEY00000000000000000000FAKE';
const REGION = 'eu-west-2';
const TIME = '20260101T000000Z';
const PYTHON_BODY = '{"ExpirationDate": "2027-01-01", "UserName": "example-user"}';
const JAVASCRIPT_BODY = '{"ExpirationDate":"2027-01-01","UserName":"example-user"}';

function osc4(action: string, host: string, body: string): SignedRequest {
  return {
    method: 'POST',
    path: `/api/v1/${action}`,
    query: '',
    headers: [
      ['content-type', 'application/json; charset=utf-8'],
      ['host', host],
      ['x-osc-date', TIME],
    ],
    body,
  };
}

function aws4(host: string): SignedRequest {
  return {
    method: 'POST',
    path: '/api/v1/CreateAccessKey',
    query: '',
    headers: [
      ['host', host],
      ['x-amz-date', TIME],
    ],
    body: JAVASCRIPT_BODY,
  };
}

const VECTORS: readonly [name: string, family: SignatureFamily, request: SignedRequest, signature: string][] = [
  [
    'A',
    OSC4,
    osc4('CreateAccessKey', 'api.eu-west-2.outscale.com', PYTHON_BODY),
    '18b2274855d2bd1562c18d1f546d377469e6260257e27e7f53fb5d9c0ef9bf02',
  ],
  [
    'B',
    OSC4,
    osc4('ReadAccessKeys', 'api.eu-west-2.outscale.com', '{}'),
    'd371444c9ab245acc0f2ca5819debba29c362d31c1e738a4aae141d15d00ad1c',
  ],
  [
    'C',
    OSC4,
    osc4('CreateAccessKey', '127.0.0.1', '{}'),
    'ae0c8230591d0701b71abe741f50bb6e10e42f8a1f32aecb671a8793d2f6bb72',
  ],
  ['D', AWS4, aws4('api.eu-west-2.outscale.com'), '82d3baedd4e6afae327a643c9d37683a0e1c1a99d213b736ef959b780f1b32eb'],
  ['E', AWS4, aws4('127.0.0.1:8804'), 'f94e635e3f0b5b24d5c78b73c3ad51052d20a470f38be18f5a47175cd5793f66'],
];

describe('signing', () => {
  it('goes through the intermediate values of vector A', () => {
    const request = osc4('CreateAccessKey', 'api.eu-west-2.outscale.com', PYTHON_BODY);
    expect(sha256Hex(PYTHON_BODY)).toBe('dbbfdf6539e36a720e4257da3bba2b144d768eb60df24f8091be02d6e0520571');
    const canonical = canonicalRequest(request);
    expect(canonical).toBe(
      [
        'POST',
        '/api/v1/CreateAccessKey',
        '',
        'content-type:application/json; charset=utf-8',
        'host:api.eu-west-2.outscale.com',
        'x-osc-date:20260101T000000Z',
        '',
        'content-type;host;x-osc-date',
        'dbbfdf6539e36a720e4257da3bba2b144d768eb60df24f8091be02d6e0520571',
      ].join('\n'),
    );
    expect(sha256Hex(canonical)).toBe('dfd131bc6de0aa949d6426614ce8ca12202a7161fd01436031afd924680599fa');
    const scope = credentialScope(OSC4, TIME, REGION, SIGNED_SERVICE);
    expect(scope).toBe('20260101/eu-west-2/api/osc4_request');
    const toSign = stringToSign(OSC4, TIME, scope, canonical);
    expect(toSign).toBe(
      `OSC4-HMAC-SHA256\n${TIME}\n${scope}\ndfd131bc6de0aa949d6426614ce8ca12202a7161fd01436031afd924680599fa`,
    );
    const key = signingKey(OSC4, SECRET, '20260101', REGION, SIGNED_SERVICE);
    expect(Buffer.from(key).toString('hex')).toBe('7fc6ce9b46fbd7beb181a1bf85bef6b32fef01f15cfcd69939c1d6c05b1c9aa2');
    const hex = signature(key, toSign);
    expect(authorizationHeader(OSC4, ID, scope, signedHeaderList(request), hex)).toBe(
      `OSC4-HMAC-SHA256 Credential=${ID}/20260101/eu-west-2/api/osc4_request, SignedHeaders=content-type;host;x-osc-date, Signature=18b2274855d2bd1562c18d1f546d377469e6260257e27e7f53fb5d9c0ef9bf02`,
    );
  });

  it.each(VECTORS)('gives the signature of vector %s', (_name, family, request, expected) => {
    const credential = { accessKeyId: ID, secret: new Secret(SECRET) };
    const header = sign(family, credential, { region: REGION, service: SIGNED_SERVICE }, TIME, request);
    expect(parseAuthorization(header)).toEqual({
      family,
      accessKeyId: ID,
      date: '20260101',
      region: REGION,
      service: 'api',
      terminator: family.terminator,
      signedHeaders: request.headers.map(([name]) => name),
      signature: expected,
    });
  });

  it('agrees with an independent AWS4 signer, stage by stage, whatever is signed', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,20}$/).filter((w) => w !== '.' && w !== '..');
    const header = fc.tuple(
      fc.stringMatching(/^x-k[a-z0-9]{0,10}$/),
      fc.stringMatching(/^[!-~]{1,10}( {1,3}[!-~]{1,10})?$/),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          host: fc.stringMatching(/^[a-z][a-z0-9]{0,10}(\.[a-z][a-z0-9]{0,8})?(:8[0-9]{3})?$/),
          path: fc.array(word, { minLength: 1, maxLength: 4 }),
          headers: fc.uniqueArray(header, { maxLength: 3, selector: ([name]) => name }),
          body: fc.string({ unit: 'grapheme', minLength: 1 }),
          accessKeyId: fc.stringMatching(/^[A-Z0-9]{20}$/),
          secret: fc.string({ minLength: 1, maxLength: 60 }),
          region: fc.stringMatching(/^[a-z0-9-]{1,20}$/),
          ms: fc.integer({ min: 0, max: 4_000_000_000_000 }),
        }),
        async ({ host, path, headers, body, accessKeyId, secret, region, ms }) => {
          const datetime = formatDateTime(ms);
          const url = `https://${host}/${path.join('/')}`;
          const signer = new AwsV4Signer({
            method: 'POST',
            url,
            headers: Object.fromEntries(headers),
            body,
            accessKeyId,
            secretAccessKey: secret,
            service: SIGNED_SERVICE,
            region,
            datetime,
          });
          const signed = [['host', host], ['x-amz-date', datetime], ...headers] as [string, string][];
          const request: SignedRequest = {
            method: 'POST',
            path: `/${path.join('/')}`,
            query: '',
            headers: signed.sort(([a], [b]) => (a < b ? -1 : 1)),
            body,
          };
          expect(canonicalRequest(request)).toBe(await signer.canonicalString());
          const scope = credentialScope(AWS4, datetime, region, SIGNED_SERVICE);
          expect(stringToSign(AWS4, datetime, scope, canonicalRequest(request))).toBe(await signer.stringToSign());
          expect(
            sign(
              AWS4,
              { accessKeyId, secret: new Secret(secret) },
              { region, service: SIGNED_SERVICE },
              datetime,
              request,
            ),
          ).toBe(await signer.authHeader());
        },
      ),
      { numRuns: 200 },
    );
  });

  it('changes with every byte that it covers', () => {
    const base = osc4('CreateAccessKey', 'api.eu-west-2.outscale.com', '{}');
    const canonical = canonicalRequest(base);
    for (const other of [
      { ...base, method: 'GET' },
      { ...base, path: '/api/v1/DeleteAccessKey' },
      { ...base, query: 'a=b' },
      { ...base, body: '{ }' },
      { ...base, headers: base.headers.slice(1) },
    ]) {
      expect(canonicalRequest(other)).not.toBe(canonical);
    }
  });
});

describe('dates and other headers', () => {
  it('writes and reads times, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(parseDateTime(formatDateTime(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
    expect(parseDateTime('2026-01-01T00:00:00Z')).toBeNull();
    expect(parseDateTime('20261399T000000Z')).toBeNull();
  });

  it.each([
    '',
    'Basic YTpi',
    'OSC4-HMAC-SHA256 Credential=A',
    'GOOG4-HMAC-SHA256 Credential=A/20260101/r/api/x, SignedHeaders=host, Signature=00',
  ])('reads no signature in %j', (header) => {
    expect(parseAuthorization(header)).toBeNull();
  });

  it('writes a login and password as RFC 7617 has it, in UTF-8', () => {
    expect(basicAuthorization('test', new Secret('123£'))).toBe('Basic dGVzdDoxMjPCow==');
  });
});
