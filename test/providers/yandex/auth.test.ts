import { constants, generateKeyPairSync, verify, webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  audienceFor,
  operationEndpointFor,
  readAuthorizedKey,
  readToken,
  replaceAt,
  signingInput,
  signJwt,
  tokenRequest,
} from '../../../src/providers/yandex/auth.ts';
import { kindOfToken, readCredential, readTokenFile } from '../../../src/providers/yandex/credential.ts';
import { answer, authorizedKey, failure, NOW } from './script.ts';

const key = authorizedKey();

// Produced by IamTokenService.getJwtRequest() of the vendor's SDK (@yandex-cloud/nodejs-sdk 3.2.0), its clock at 2026-01-01.
const VECTOR =
  'eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImFqZWV4YW1wbGVrZXlpZDAwMDAwIn0.eyJpc3MiOiJhamVleGFtcGxlc2FpZDAwMDAwMCIsImF1ZCI6Imh0dHBzOi8vaWFtLmFwaS5jbG91ZC55YW5kZXgubmV0L2lhbS92MS90b2tlbnMiLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMH0';
const PUBLIC = 'https://iam.api.cloud.yandex.net';

describe('the JWT of a service account', () => {
  it('is signed over the bytes that the vendor’s SDK signs', () => {
    expect(signingInput(readAuthorizedKey(key.text), audienceFor(PUBLIC), NOW / 1000)).toBe(VECTOR);
  });

  it('has a PS256 signature: verified by two interfaces, with a salt of 32 bytes and no other', async () => {
    const jwt = signJwt(VECTOR, readAuthorizedKey(key.text).privateKey);
    const [head, claims, signature = ''] = jwt.split('.');
    expect(`${head}.${claims}`).toBe(VECTOR);
    expect(signature).toMatch(/^[A-Za-z0-9_-]{342}$/);
    const bytes = Buffer.from(signature, 'base64url');
    const check = (saltLength: number, text = VECTOR) =>
      verify(
        'sha256',
        Buffer.from(text),
        { key: key.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
        bytes,
      );
    expect([check(32), check(20), check(222), check(32, `${VECTOR}x`)]).toEqual([true, false, false, false]);
    const spki = key.publicKey.export({ type: 'spki', format: 'der' });
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-256' };
    const imported = await webcrypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
    const subtle = { name: 'RSA-PSS', saltLength: 32 };
    expect(await webcrypto.subtle.verify(subtle, imported, bytes, Buffer.from(VECTOR))).toBe(true);
    // PSS is randomised.
    expect(signJwt(VECTOR, readAuthorizedKey(key.text).privateKey)).not.toBe(jwt);
  });

  it.each([
    [PUBLIC, `${PUBLIC}/iam/v1/tokens`, 'https://operation.api.cloud.yandex.net'],
    [
      'https://iam.api.yandexcloud.kz',
      'https://iam.api.yandexcloud.kz/iam/v1/tokens',
      'https://operation.api.yandexcloud.kz',
    ],
    ['https://gateway.example/yc', `${PUBLIC}/iam/v1/tokens`, 'https://gateway.example/yc'],
    ['https://iam.example/yc', `${PUBLIC}/iam/v1/tokens`, 'https://iam.example/yc'],
    ['http://127.0.0.1:8787', `${PUBLIC}/iam/v1/tokens`, 'http://127.0.0.1:8787'],
  ])('for the endpoint %s is meant for %s, and operations are asked after at %s', (endpoint, audience, operations) => {
    expect(audienceFor(endpoint)).toBe(audience);
    expect(operationEndpointFor(endpoint)).toBe(operations);
  });
});

describe('an authorized key', () => {
  it('is read as the vendor’s tools write it, with a line of warning before the PEM text', () => {
    const read = readAuthorizedKey(key.text);
    expect(read).toMatchObject({ id: 'ajeexamplekeyid00000', serviceAccountId: 'ajeexamplesaid000000' });
    expect(read.privateKey.asymmetricKeyType).toBe('rsa');
    const bare = JSON.parse(key.text) as { private_key: string };
    const pem = bare.private_key.slice(bare.private_key.indexOf('\n') + 1);
    expect(readAuthorizedKey(JSON.stringify({ ...bare, private_key: pem })).id).toBe(read.id);
  });

  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  it.each([
    ['not JSON', 'hunter2-hunter2', 'is not JSON'],
    ['an API key', '{"id":"a","service_account_id":"b","secret":"hunter2-hunter2"}', 'lacks "private_key"'],
    ['no PEM', '{"id":"a","service_account_id":"b","private_key":"hunter2-hunter2"}', 'no PEM private key'],
    [
      'a key of another kind',
      JSON.stringify({ id: 'a', service_account_id: 'b', private_key: elliptic }),
      'not an RSA key',
    ],
  ])('is refused when it is %s', async (_, text, words) => {
    const error = await failure(
      Promise.resolve().then(() => readAuthorizedKey(text)),
      ['hunter2', String(elliptic).slice(40, 60)],
    );
    expect(error.code).toBe('invalid-configuration');
    expect(error.message).toContain(words);
  });
});

describe('the exchange', () => {
  it('sends exactly one identity, and no Authorization header', () => {
    expect(tokenRequest(PUBLIC, { jwt: 'a.b.c' })).toEqual({
      method: 'POST',
      url: 'https://iam.api.cloud.yandex.net/iam/v1/tokens',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: '{"jwt":"a.b.c"}',
    });
    expect(tokenRequest(PUBLIC, { yandexPassportOauthToken: 'y0_x' }).body).toBe('{"yandexPassportOauthToken":"y0_x"}');
  });

  it('reads the token with its end, whatever the digits of the fraction', () => {
    const body = { iamToken: 't1.abc.def', expiresAt: '2026-01-01T12:00:00.123456789Z', other: 1 };
    const token = readToken(answer(200, body), NOW);
    expect([String(token.value), token.value.reveal()]).toEqual(['(sensitive)', 't1.abc.def']);
    expect(token.staleAt).toBe(NOW + 12 * 3_600_000 + 123 - 300_000);
  });

  it.each([
    ['twelve hours', 43_200_000, 43_200_000 - 300_000],
    ['ten seconds', 10_000, 9_000],
    ['an end that a wrong clock calls past', -5_000, 60_000],
  ])('a token with %s to live is used for a while', (_, life, used) => {
    expect(replaceAt(NOW, NOW + life) - NOW).toBe(used);
  });

  it.each([
    ['no token', { expiresAt: '2026-01-01T12:00:00Z' }],
    ['no end', { iamToken: 't1.s3cr3t.x' }],
    ['an end that is no time', { iamToken: 't1.s3cr3t.x', expiresAt: 'soon' }],
    ['a line break', { iamToken: 't1.s3cr3t\n.x', expiresAt: '2026-01-01T12:00:00Z' }],
    ['a page', '<html>t1.s3cr3t.x'],
  ])('is malformed with %s', async (_, body) => {
    const error = await failure(
      Promise.resolve().then(() => readToken(answer(200, body), NOW)),
      ['s3cr3t'],
    );
    expect(error.code).toBe('malformed-answer');
  });
});

describe('the way to authenticate', () => {
  const files = { readText: async (path: string) => (path === 'key.json' ? key.text : expect.fail(`read ${path}`)) };
  it.each([
    [{ token: 't1.abc.def' }, 'token'],
    [{ token: 'some-other-shape' }, 'token'],
    [{ token: 'y0_AgAAAA' }, 'oauth'],
    [{ token: 'AQAAAAAabc' }, 'oauth'],
    [{ token_file: '/run/token' }, 'file'],
    [{ service_account_key_file: 'key.json' }, 'key'],
    [{ service_account_key_file: ` ${key.text}`, token: '', token_file: null }, 'key'],
  ])('%j: %s', async (settings, kind) => {
    expect((await readCredential(settings, files)).kind).toBe(kind);
  });

  it('missing is said with every name it could have', async () => {
    const error = await failure(readCredential({}, files));
    expect(error.code).toBe('missing-credential');
    for (const word of [
      'service_account_key_file',
      'YC_SERVICE_ACCOUNT_KEY_FILE',
      'YC_TOKEN',
      'YC_IAM_TOKEN',
      'token_file',
    ])
      expect(error.detail).toContain(word);
  });

  it('is never guessed when two are set', async () => {
    const settings = { token: 't1.hunter2.x', service_account_key_file: key.text };
    const error = await failure(readCredential(settings, files), ['hunter2', key.secret]);
    expect(error).toMatchObject({
      code: 'invalid-configuration',
      message: 'Yandex Cloud: "service_account_key_file" and "token" are both set',
      detail: expect.stringContaining('YC_TOKEN'),
    });
  });

  it('is not an API key', async () => {
    const error = await failure(readCredential({ token: 'AQVNhunter2' }, files), ['hunter2']);
    expect(error.message).toBe('Yandex Cloud: "token" holds an API key');
    expect(kindOfToken('AQVNhunter2')).toBe('api-key');
  });

  it('by file takes plain text, and what the metadata service answers', () => {
    const plain = readTokenFile('t1.abc.def\n', 'f');
    expect([plain.token.reveal(), plain.expiresIn]).toEqual(['t1.abc.def', null]);
    const json = readTokenFile('{"access_token":"t1.abc.def","expires_in":42000,"token_type":"Bearer"}', 'f');
    expect([json.token.reveal(), json.expiresIn]).toEqual(['t1.abc.def', 42_000]);
  });

  it.each([
    ['', 'holds no token'],
    ['t1.hunter2 x', 'holds no token'],
    ['{"access_token":', 'is not JSON'],
    ['{"token":"t1.hunter2.x"}', 'holds no token'],
    ['y0_hunter2', 'something else than an IAM token'],
  ])('by file refuses %j', async (contents, words) => {
    const error = await failure(
      Promise.resolve().then(() => readTokenFile(contents, '/run/token')),
      ['hunter2'],
    );
    expect(error.code).toBe('invalid-configuration');
    expect(error.message).toContain('/run/token');
    expect(error.message).toContain(words);
  });
});
