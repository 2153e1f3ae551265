import { execFile, spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import { AwsV4Signer } from 'aws4fetch';
import { describe, expect, test } from 'vitest';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Secret } from '../../src/core/secret.ts';
import { openStage, type Stage } from './stage.ts';

// The vendor's JavaScript SDK (`outscale-api`) cannot be had from the npm registry, so its calls are signed here by the very
// signer that it contains (aws4fetch), by two others that know nothing of us, and, for the vendor's own OSC4 family, by curl,
// whose --aws-sigv4 option is the vendor's documented way to call the API from a shell.

const TYPE = 'keyform_outscale_access_key';
const REGION = 'eu-west-2';

interface Credential {
  readonly id: string;
  readonly secret: string;
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Calls `action` as `credential`. */
type Call = (credential: Credential, action: string, body: JsonObject) => Promise<Answer>;

/** A client, and what it signs as the host when it is called at 127.0.0.1:PORT. */
interface Client {
  readonly name: string;
  readonly connect: (stage: Stage) => Call;
}

/** Sends what was signed, with the Host header of the real request. */
function post(stage: Stage, action: string, headers: Record<string, string>, body: string): Promise<Answer> {
  const plain = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'host'));
  const url = `${stage.origin}/api/v1/${action}`;
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers: plain }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
    });
    sending.once('error', reject).end(body);
  });
}

function parse(text: string): JsonObject {
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) throw new Error(`an answer is no object: ${text}`);
  return body as JsonObject;
}

/** The form of node:crypto that @smithy/signature-v4 wants. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new Error('a hash is used once');
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Signers by the header list that they sign: the emulator must take any that holds host and date. */
const SIGNERS: Readonly<Record<string, (stage: Stage, host: string) => Call>> = {
  'aws4fetch (host;x-amz-date)': (stage, host) => async (credential, action, body) => {
    // As the vendor's SDK does: no body bytes for a call without arguments.
    const text = Object.keys(body).length === 0 ? '' : JSON.stringify(body);
    const { headers } = await new AwsV4Signer({
      method: 'POST',
      url: `http://${host}/api/v1/${action}`,
      headers: JSON_TYPE,
      body: text,
      accessKeyId: credential.id,
      secretAccessKey: credential.secret,
      service: 'api',
      region: REGION,
    }).sign();
    return post(stage, action, Object.fromEntries(headers), text);
  },
  'aws4 (content-length;content-type;host;x-amz-date)': (stage, host) => (credential, action, body) => {
    const text = JSON.stringify(body);
    const options = { host, path: `/api/v1/${action}`, service: 'api', region: REGION, headers: JSON_TYPE, body: text };
    const signed = aws4.sign(options, { accessKeyId: credential.id, secretAccessKey: credential.secret });
    const headers = Object.entries(signed.headers).map(([name, value]) => [name, String(value)]);
    return post(stage, action, Object.fromEntries(headers), text);
  },
  '@smithy/signature-v4 (content-type;host;x-amz-content-sha256;x-amz-date)':
    (stage, host) => async (credential, action, body) => {
      const text = JSON.stringify(body);
      const signer = new SignatureV4({
        credentials: { accessKeyId: credential.id, secretAccessKey: credential.secret },
        region: REGION,
        service: 'api',
        sha256: Sha256,
      });
      const signed = await signer.sign({
        method: 'POST',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: `/api/v1/${action}`,
        headers: { ...JSON_TYPE, host },
        body: text,
      });
      return post(stage, action, signed.headers, text);
    },
};

const curlVersion = spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '';
// --aws-sigv4 came with 7.75; since 7.86 it signs content type and query as it should.
const hasCurl = /^curl (7\.(8[6-9]|9\d)|[89]|\d\d)/.test(curlVersion);
if (!hasCurl) process.stderr.write('curl tests skipped: no curl 7.86 or newer on PATH\n');

/** curl, with everything that is secret on its standard input. */
function curl(stage: Stage, family: string): Call {
  return async (credential, action, body) => {
    const lines = {
      url: `${stage.origin}/api/v1/${action}`,
      user: `${credential.id}:${credential.secret}`,
      'aws-sigv4': `${family}:${REGION}:api`,
      header: 'content-type: application/json',
      'data-binary': JSON.stringify(body),
      'write-out': '\n%{http_code}',
      noproxy: '*',
    };
    const config = Object.entries(lines).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
    const output = await new Promise<string>((resolve, reject) => {
      const child = execFile('curl', ['-q', '--silent', '--show-error', '--config', '-'], (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr)),
      );
      child.stdin?.end(config.join(''));
    });
    const end = output.lastIndexOf('\n');
    return { status: Number(output.slice(end)), body: parse(output.slice(0, end)) };
  };
}

const CLIENTS: readonly Client[] = [
  ...Object.entries(SIGNERS).flatMap(([name, connect]) => [
    { name: `${name}, host with its port`, connect: (stage: Stage) => connect(stage, stage.host) },
    { name: `${name}, host without its port`, connect: (stage: Stage) => connect(stage, '127.0.0.1') },
  ]),
  ...(hasCurl
    ? [
        { name: 'curl with OSC4', connect: (stage: Stage) => curl(stage, 'osc:osc') },
        { name: 'curl with AWS4', connect: (stage: Stage) => curl(stage, 'aws:amz') },
      ]
    : []),
];

function rootOf(stage: Stage): Credential {
  return { id: stage.setting('access_key_id'), secret: stage.setting('secret_key') };
}

const REQUEST_ID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** An answer that refuses, with the vendor's code. */
function refusal(status: number, code: string) {
  return {
    status,
    body: {
      Errors: [{ Code: code, Type: expect.any(String), Details: expect.any(String) }],
      ResponseContext: { RequestId: REQUEST_ID },
    },
  };
}

/** The key in an answer that holds one. */
function keyOf(answer: Answer): Credential & { readonly shown: JsonObject } {
  expect(answer).toMatchObject({ status: 200, body: { ResponseContext: { RequestId: REQUEST_ID } } });
  const shown = answer.body.AccessKey as JsonObject;
  return { id: String(shown.AccessKeyId), secret: String(shown.SecretKey), shown };
}

describe.each(CLIENTS)('$name', ({ connect }) => {
  const UserName = 'ci-bot';

  test('creates, lists, disables, enables and deletes keys', async () => {
    const stage = await openStage('outscale');
    const call = connect(stage);
    const root = rootOf(stage);
    const list = async (filters: JsonObject = {}) => {
      const { status, body } = await call(root, 'ReadAccessKeys', { UserName, ...filters });
      expect(status).toBe(200);
      return body.AccessKeys;
    };
    expect(await list()).toEqual([]);

    const made = keyOf(await call(root, 'CreateAccessKey', { UserName, Tag: 'ci', ExpirationDate: '2031-01-01' }));
    expect(made.id).toMatch(/^[A-Z0-9]{20}$/);
    expect(made.secret).toMatch(/^[A-Z0-9]{40}$/);
    expect(made.shown).toMatchObject({
      State: 'ACTIVE',
      Tag: 'ci',
      ExpirationDate: expect.stringMatching(/^2031-01-01T/),
    });
    const { SecretKey: _, ...listed } = made.shown;
    expect(await list()).toEqual([listed]);
    const second = keyOf(await call(root, 'CreateAccessKey', { UserName }));
    expect(await list({ Filters: { AccessKeyIds: [second.id] } })).toMatchObject([{ AccessKeyId: second.id }]);

    // A user's ACTIVE key cannot be deleted.
    const AccessKeyId = made.id;
    expect(await call(root, 'DeleteAccessKey', { AccessKeyId, UserName })).toMatchObject(refusal(409, '6003'));
    const update = (State: string) =>
      call(root, 'UpdateAccessKey', { AccessKeyId, UserName, State, ExpirationDate: '2031-01-01' });
    expect(keyOf(await update('INACTIVE')).shown).toMatchObject({ State: 'INACTIVE', Tag: 'ci' });
    expect(await call(made, 'ReadAccessKeys', {})).toMatchObject(refusal(401, '1'));
    expect(keyOf(await update('ACTIVE')).shown).toMatchObject({ State: 'ACTIVE' });
    // The new key signs too, for its own user.
    expect(await call(made, 'ReadAccessKeys', {})).toMatchObject({ status: 200, body: { AccessKeys: [{}, {}] } });

    for (const { id } of [made, second]) {
      await call(root, 'UpdateAccessKey', { AccessKeyId: id, UserName, State: 'INACTIVE' });
      const deleted = await call(root, 'DeleteAccessKey', { AccessKeyId: id, UserName });
      expect(deleted).toEqual({ status: 200, body: { ResponseContext: { RequestId: REQUEST_ID } } });
    }
    expect(await list()).toEqual([]);
    expect(await call(root, 'DeleteAccessKey', { AccessKeyId, UserName })).toMatchObject(refusal(400, '5027'));
  });

  test('is refused with a wrong secret, and locked out after four tries', async () => {
    const stage = await openStage('outscale');
    const call = connect(stage);
    const root = rootOf(stage);
    const wrong = { ...root, secret: root.secret.toLowerCase() };
    for (let tries = 0; tries < 4; tries++) {
      expect(await call(wrong, 'ReadAccessKeys', { UserName })).toMatchObject(refusal(401, '1'));
    }
    expect(await call(root, 'ReadAccessKeys', { UserName })).toMatchObject(refusal(401, '13'));
    // Time does not pass for the client, so this stays within the five minutes that a signature is good for.
    stage.advance(61_000);
    expect(await call(root, 'ReadAccessKeys', { UserName })).toMatchObject({ status: 200 });
  });

  test('and Keyform see each other’s keys', async () => {
    const stage = await openStage('outscale');
    const call = connect(stage);
    const root = rootOf(stage);
    const handler = await stage.handler(TYPE);
    const args = { user_name: UserName, tag: 'by Keyform' };

    const theirs = keyOf(await call(root, 'CreateAccessKey', { UserName, Tag: 'by the client' }));
    const ours = await handler.create(args);
    const seen = await handler.list({ user_name: UserName });
    expect(seen.map((key) => [key.id, key.args.tag])).toEqual([
      [theirs.id, 'by the client'],
      [ours.key.id, 'by Keyform'],
    ]);
    const { body } = await call(root, 'ReadAccessKeys', { UserName, Filters: { AccessKeyIds: [ours.key.id] } });
    expect(body.AccessKeys).toMatchObject([{ Tag: 'by Keyform', State: 'ACTIVE' }]);

    // Each secret works on the other side.
    const own = { id: ours.key.id, secret: ours.secret.reveal() };
    expect(await call(own, 'ReadAccessKeys', {})).toMatchObject({ status: 200 });
    const theirReference = { id: theirs.id, accessKeyId: theirs.id, args, expiresAt: null, enabled: true };
    expect(await handler.verify(theirReference, new Secret(theirs.secret))).toBe(true);

    expect(await handler.setEnabled(theirReference, false)).toMatchObject({ id: theirs.id, enabled: false });
    expect(await call(theirs, 'ReadAccessKeys', {})).toMatchObject(refusal(401, '1'));
    await handler.delete({ ...theirReference, enabled: false });
    await call(root, 'UpdateAccessKey', { AccessKeyId: own.id, UserName, State: 'INACTIVE' });
    expect(await call(root, 'DeleteAccessKey', { AccessKeyId: own.id, UserName })).toMatchObject({ status: 200 });
    expect(await handler.list({ user_name: UserName })).toEqual([]);
  });
});
