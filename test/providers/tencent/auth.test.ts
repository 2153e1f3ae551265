import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import {
  authorizationHeader,
  canonicalRequest,
  credentialScope,
  dateOf,
  parseAuthorization,
  type SignedRequest,
  sha256Hex,
  sign,
  signature,
  signatureV1,
  signedHeaderList,
  signingKey,
  stringToSign,
  stringToSignV1,
  timestampOf,
} from '../../../src/providers/tencent/auth.ts';
import { buildRequest } from '../../../src/providers/tencent/client.ts';

// Made by the vendor's own Node packages, tencentcloud-sdk-nodejs 4.1.313 and tencentcloud-sdk-nodejs-intl-en 3.0.1335
// (`Sign.sign3`, `Sign.sign`), which agree; both Apache-2.0.
const SECRET_ID = 'AKIDEXAMPLE0000000000000000000000000';
const SECRET_KEY = 'ExampleSecretKey0000000000000000';
const TIMESTAMP = 1767225600;
const credential = { secretId: SECRET_ID, secretKey: new Secret(SECRET_KEY), token: null };

const GATEWAY_CREATE = '{"SecretName":"demo-key"}';
const CAM_CREATE = '{"TargetUin":100013065917,"Description":"demo-key"}';

const VECTORS: readonly [name: string, host: string, service: string, body: string, signature: string][] = [
  [
    'API Gateway A, create',
    'apigateway.tencentcloudapi.com',
    'apigateway',
    GATEWAY_CREATE,
    'c0bb7e64670b67c1c525d12897f4124b72b5a3299ea68bdbe227b0e27a92315b',
  ],
  [
    'API Gateway B, list',
    'apigateway.tencentcloudapi.com',
    'apigateway',
    '{"Limit":20,"Offset":0,"Filters":[{"Name":"Status","Values":["1"]}]}',
    'af592dc9c6e8b68bfce834ec7991c81c6b1885115feb1ee5d2c045fbfef39f87',
  ],
  [
    'API Gateway C, create on a loopback port',
    '127.0.0.1',
    '127',
    GATEWAY_CREATE,
    '4a6e8464664981b9f415dac653defe8dccbc2a58d825c5774204d1acc3d02e57',
  ],
  [
    'CAM A, create',
    'cam.tencentcloudapi.com',
    'cam',
    CAM_CREATE,
    '303626cb56a9315e8056473b53c77265d7ab2c7de74a4c7abd9ef736c5f9fb44',
  ],
  [
    'CAM B, list',
    'cam.tencentcloudapi.com',
    'cam',
    '{}',
    'f7847f723b139d75122c33ebb66a011b0872594ff4eddcf244c8842f520c4198',
  ],
  [
    'CAM C, create at the international site',
    'cam.intl.tencentcloudapi.com',
    'cam',
    CAM_CREATE,
    '5d9b44636aac23daa703ae434c39e45b82987b89fdfc6ab85d26ba06f3fc64cf',
  ],
  [
    'CAM D, create on a loopback port',
    '127.0.0.1',
    '127',
    CAM_CREATE,
    '7e4f397d1c77a1484107c1ec6f7e0f5b1d9a5ec584b96317701a40998c747e24',
  ],
];

const requestTo = (host: string, body: string): SignedRequest => ({
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['content-type', 'application/json'],
    ['host', host],
  ],
  body,
});

describe('TC3-HMAC-SHA256', () => {
  it.each(VECTORS)('signs as the vendor’s SDKs do: %s', (_name, host, service, body, hex) => {
    expect(sign(credential, service, TIMESTAMP, requestTo(host, body))).toBe(
      `TC3-HMAC-SHA256 Credential=${SECRET_ID}/2026-01-01/${service}/tc3_request, SignedHeaders=content-type;host, Signature=${hex}`,
    );
  });

  it.each([
    {
      service: 'apigateway',
      host: 'apigateway.tencentcloudapi.com',
      body: GATEWAY_CREATE,
      bodyHash: 'bfdbe53ec6e9b2617f574ffbfdbd4e8db047dc8751ea2b3436df6a88102b5685',
      canonicalHash: '0a0060ee666094f8758f95797c42fd7c20babe8a95b81f0831745d00d582bebc',
      key: '7742c89ebef36bef0dbbd7b5d66efcbe21f191600db21e74d8b73f2482c77897',
      hex: 'c0bb7e64670b67c1c525d12897f4124b72b5a3299ea68bdbe227b0e27a92315b',
    },
    {
      service: 'cam',
      host: 'cam.tencentcloudapi.com',
      body: CAM_CREATE,
      bodyHash: '2de18cb4aa2d6454f09c6c3188bff1269b80341b857be7f1a3fae881716aa6d3',
      canonicalHash: '6ab4e466070d84109cf687be11640ff3c45232999a897c4260eb06f34ead3754',
      key: 'a6e20e5a529c55cad3c3981db3d4cfb25cc1fd23433f8754a8b0e71442250e5d',
      hex: '303626cb56a9315e8056473b53c77265d7ab2c7de74a4c7abd9ef736c5f9fb44',
    },
  ])('goes through the vendor’s stages: $service', ({ service, host, body, bodyHash, canonicalHash, key, hex }) => {
    const request = requestTo(host, body);
    expect(sha256Hex(body)).toBe(bodyHash);
    const canonical = canonicalRequest(request);
    expect(canonical).toBe(`POST\n/\n\ncontent-type:application/json\nhost:${host}\n\ncontent-type;host\n${bodyHash}`);
    expect(sha256Hex(canonical)).toBe(canonicalHash);
    const date = dateOf(TIMESTAMP);
    expect(date).toBe('2026-01-01');
    const scope = credentialScope(date, service);
    expect(scope).toBe(`2026-01-01/${service}/tc3_request`);
    const toSign = stringToSign(TIMESTAMP, scope, canonical);
    expect(toSign).toBe(`TC3-HMAC-SHA256\n1767225600\n${scope}\n${canonicalHash}`);
    const signing = signingKey(SECRET_KEY, date, service);
    expect(Buffer.from(signing).toString('hex')).toBe(key);
    expect(signature(signing, toSign)).toBe(hex);
    expect(authorizationHeader(SECRET_ID, scope, signedHeaderList(request), hex)).toBe(
      sign(credential, service, TIMESTAMP, request),
    );
  });

  it('lower-cases and trims what it signs of headers, and keeps query and body as they are', () => {
    const request: SignedRequest = {
      method: 'GET',
      path: '/',
      query: 'SecretIdList.0=A%20b',
      headers: [
        ['Content-Type', ' application/JSON; charset=utf-8 '],
        ['Host', 'CAM.example:80'],
        ['X-TC-Action', 'ListAccessKeys'],
      ],
      body: '',
    };
    expect(canonicalRequest(request)).toBe(
      [
        'GET\n/\nSecretIdList.0=A%20b',
        'content-type:application/json; charset=utf-8\nhost:cam.example:80\nx-tc-action:listaccesskeys\n',
        'content-type;host;x-tc-action',
        // SHA-256 of nothing.
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ].join('\n'),
    );
  });

  it('is of the UTC day, and of whole seconds that are over', () => {
    expect(dateOf(TIMESTAMP - 1)).toBe('2025-12-31');
    expect(timestampOf(1767225600_999)).toBe(TIMESTAMP);
  });

  it('reads back every header that it writes, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.stringMatching(/^[a-z0-9]{1,12}$/),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (secretId, timestamp, service, bytes) => {
          const hex = Buffer.from(bytes).toString('hex');
          const date = dateOf(timestamp);
          const header = authorizationHeader(secretId, credentialScope(date, service), 'content-type;host', hex);
          expect(parseAuthorization(header)).toEqual({
            secretId,
            date,
            service,
            signedHeaders: ['content-type', 'host'],
            signature: hex,
          });
          expect(parseAuthorization(header.slice(0, -1))).toBeNull();
          expect(parseAuthorization(header.replace('TC3', 'TC4'))).toBeNull();
          expect(parseAuthorization(header.replace('tc3_request', 'aws4_request'))).toBeNull();
        },
      ),
    );
  });

  it('is what the client sends, with the service’s own name whatever the host is', () => {
    const clock = { now: () => TIMESTAMP * 1000 + 250, sleep: async () => {} };
    const place = { clock, credential, service: 'cam', version: '2019-01-16', region: null } as const;
    const request = buildRequest(
      { ...place, endpoint: 'https://cam.tencentcloudapi.com' },
      'CreateAccessKey',
      CAM_CREATE,
    );
    expect(request).toEqual({
      method: 'POST',
      url: 'https://cam.tencentcloudapi.com/',
      body: CAM_CREATE,
      headers: {
        'content-type': 'application/json',
        'x-tc-action': 'CreateAccessKey',
        'x-tc-version': '2019-01-16',
        'x-tc-timestamp': '1767225600',
        authorization: `TC3-HMAC-SHA256 Credential=${SECRET_ID}/2026-01-01/cam/tc3_request, SignedHeaders=content-type;host, Signature=303626cb56a9315e8056473b53c77265d7ab2c7de74a4c7abd9ef736c5f9fb44`,
      },
    });
    const local = buildRequest({ ...place, endpoint: 'http://127.0.0.1:8804' }, 'CreateAccessKey', CAM_CREATE);
    expect(local.headers.authorization).toBe(
      sign(credential, 'cam', TIMESTAMP, requestTo('127.0.0.1:8804', CAM_CREATE)),
    );
    const elsewhere = buildRequest(
      {
        ...place,
        endpoint: 'https://proxy.example/tencent',
        region: 'ap-singapore',
        credential: { ...credential, token: new Secret('the-token') },
      },
      'ListAccessKeys',
      '{}',
    );
    expect(elsewhere.url).toBe('https://proxy.example/tencent/');
    expect(elsewhere.headers).toMatchObject({ 'x-tc-region': 'ap-singapore', 'x-tc-token': 'the-token' });
    expect(elsewhere.headers.authorization).toBe(sign(credential, 'cam', TIMESTAMP, requestTo('proxy.example', '{}')));
  });
});

describe('signature v1', () => {
  it.each([
    {
      host: 'apigateway.intl.tencentcloudapi.com',
      parameters: {
        Version: '2018-08-08',
        Action: 'CreateApiKey',
        Nonce: '11886',
        Region: 'ap-singapore',
        SecretName: 'demo-key',
      },
      string:
        'POSTapigateway.intl.tencentcloudapi.com/?Action=CreateApiKey&Language=en-US&Nonce=11886&Region=ap-singapore&RequestClient=SDK_NODEJS_INTL_EN3.0.1335&SecretId=AKIDEXAMPLE0000000000000000000000000&SecretName=demo-key&SignatureMethod=HmacSHA256&Timestamp=1767225600&Version=2018-08-08',
      base64: '+y0pzAWNsqMz/ODoF3cZRuuYKDIvg9jnZbuYq6SPbDY=',
    },
    {
      host: 'cam.intl.tencentcloudapi.com',
      parameters: {
        Version: '2019-01-16',
        Action: 'CreateAccessKey',
        Nonce: '11886',
        TargetUin: '100013065917',
      },
      string:
        'POSTcam.intl.tencentcloudapi.com/?Action=CreateAccessKey&Language=en-US&Nonce=11886&RequestClient=SDK_NODEJS_INTL_EN3.0.1335&SecretId=AKIDEXAMPLE0000000000000000000000000&SignatureMethod=HmacSHA256&TargetUin=100013065917&Timestamp=1767225600&Version=2019-01-16',
      base64: 'w+0voZfG12OGqUGKcnX0n5B9EYobzRhwVuc8U7yCdcs=',
    },
  ])('signs as the vendor’s SDKs do: $host', ({ host, parameters, string, base64 }) => {
    const all = {
      ...parameters,
      Timestamp: String(TIMESTAMP),
      SecretId: SECRET_ID,
      SignatureMethod: 'HmacSHA256',
      Language: 'en-US',
      RequestClient: 'SDK_NODEJS_INTL_EN3.0.1335',
    };
    expect(stringToSignV1('POST', host, '/', all)).toBe(string);
    expect(signatureV1(SECRET_KEY, string, 'sha256')).toBe(base64);
  });

  it('signs with SHA-1 as the vendor’s documents do', () => {
    // Source: the example of the vendor's documents of signature v1 (CVM, DescribeInstances), with its published sample pair.
    const string =
      'GETcvm.tencentcloudapi.com/?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0&Region=ap-guangzhou&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1465185768&Version=2017-03-12';
    expect(signatureV1('Gu5t9xGARNpq86cd98joQYCN3EXAMPLE', string, 'sha1')).toBe('EliP9YW3pW28FpsEdkXt/+WcGeI=');
  });
});
