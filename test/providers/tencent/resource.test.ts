import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import type { HttpPort } from '../../../src/core/http.ts';
import type { Settings } from '../../../src/core/provider.ts';
import { tencentEmulator } from '../../../src/providers/tencent/emulator.ts';
import { tencent } from '../../../src/providers/tencent/index.ts';
import { readText } from '../loopback.ts';
import { failureOf, TYPE } from './accounts.ts';

const clock = { now: () => Date.parse('2026-01-01T00:00:00Z'), sleep: async () => {} };
const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };
const PAIR = { secret_id: 'AKIDEXAMPLE', secret_key: 'k' };

/** Connects, with the URLs and headers of what is sent. Nothing of it is answered. */
async function connect(settings: Settings) {
  const sent: { url: string; headers: Readonly<Record<string, string>> }[] = [];
  const http: HttpPort = {
    async send(call) {
      const { url, headers } = await call.build(0);
      sent.push({ url, headers });
      throw new KeyformError('unreachable', 'x');
    },
  };
  const connection = await tencent.connect(settings, { http, clock, random, readText });
  return { connection, sent };
}

describe('the credential', () => {
  it.each<[Settings, RegExp, RegExp]>([
    [{}, /no credential/, /"secret_id" and "secret_key".*TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY/],
    [{ secret_id: 'A' }, /"secret_id" is set but "secret_key" is not/, /TENCENTCLOUD_SECRET_KEY/],
    [{ secret_key: 'hush' }, /"secret_key" is set but "secret_id" is not/, /TENCENTCLOUD_SECRET_ID/],
    [{ secret_id: '', secret_key: 'hush' }, /"secret_id" is not/, /TENCENTCLOUD_SECRET_ID/],
    [{ token: 'hush' }, /no credential/, /"secret_id" and "secret_key".*"token" is set/],
  ])('is missed where it is missing: %j', async (settings, message, detail) => {
    const error = await failureOf(connect(settings));
    expect(error).toMatchObject({
      code: 'missing-credential',
      message: expect.stringMatching(message),
      detail: expect.stringMatching(detail),
    });
    expect(inspect(error)).not.toContain('hush');
  });

  it('is named, so that it can be spared; a temporary one is none of the account’s keys', async () => {
    expect((await connect(PAIR)).connection.credentialId).toBe('AKIDEXAMPLE');
    const { connection, sent } = await connect({ ...PAIR, token: 'the-token' });
    expect(connection.credentialId).toBeNull();
    await failureOf(connection.handler(TYPE).list({}));
    expect(sent[0]?.headers['x-tc-token']).toBe('the-token');
  });
});

describe('the endpoint', () => {
  it.each<[Settings, string, string]>([
    [{}, 'https://cam.tencentcloudapi.com/', 'https://apigateway.tencentcloudapi.com/'],
    [
      { domain: 'intl.tencentcloudapi.com' },
      'https://cam.intl.tencentcloudapi.com/',
      'https://apigateway.intl.tencentcloudapi.com/',
    ],
    [
      { cam_endpoint: 'http://127.0.0.1:8804/', domain: 'intl.tencentcloudapi.com' },
      'http://127.0.0.1:8804/',
      'https://apigateway.intl.tencentcloudapi.com/',
    ],
    [
      { apigateway_endpoint: 'https://proxy.example/gateway' },
      'https://cam.tencentcloudapi.com/',
      'https://proxy.example/gateway/',
    ],
  ])('of %j', async (settings, cam, gateway) => {
    const { connection, sent } = await connect({ ...PAIR, ...settings });
    await failureOf(connection.handler(TYPE).list({}));
    await failureOf(connection.handler('keyform_tencent_api_key').list({ secret_name: 'x' }));
    expect(sent.map(({ url }) => url)).toEqual([cam, gateway]);
    // The service of the signature is the API’s own, whatever the host is.
    expect(sent[0]?.headers.authorization).toContain('/cam/tc3_request');
    expect(sent[1]?.headers.authorization).toContain('/apigateway/tc3_request');
  });

  it.each<[string, Settings]>(
    ['127.0.0.1:8804', 'http://cam.tencentcloudapi.com', 'https://u:hush@x/', 'https://x/?hush=1', 'ftp://x'].flatMap(
      (url): [string, Settings][] => [
        ['"cam_endpoint"', { cam_endpoint: url }],
        ['"apigateway_endpoint"', { apigateway_endpoint: url }],
      ],
    ),
  )('that cannot be used is refused without quoting it: %s %j', async (name, settings) => {
    const error = await failureOf(connect({ ...PAIR, ...settings }));
    expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringContaining(name) });
    expect(inspect(error)).not.toContain('hush');
  });

  it.each(['https://tencentcloudapi.com', 'u:hush@x.com', 'tencentcloudapi.com/x', 'com', 'a b.com'])(
    'of a domain that is none is refused: %s',
    async (domain) => {
      const error = await failureOf(connect({ ...PAIR, domain }));
      expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringContaining('"domain"') });
      expect(tencent.settings.domain?.schema.safeParse(domain).success).toBe(false);
      expect(inspect(error)).not.toContain('hush');
    },
  );
});

describe('the region', () => {
  it('goes with calls of API Gateway, not of CAM', async () => {
    const { connection, sent } = await connect({ ...PAIR, region: 'ap-singapore' });
    await failureOf(connection.handler(TYPE).list({}));
    await failureOf(connection.handler('keyform_tencent_api_key').list({ secret_name: 'x' }));
    expect(sent.map(({ headers }) => headers['x-tc-region'])).toEqual([undefined, 'ap-singapore']);
  });
});

describe('the cloud', () => {
  it('knows its own resource types only', async () => {
    const { connection } = await connect(PAIR);
    for (const { type } of tencent.resources) expect(connection.handler(type)).toBeTruthy();
    for (const type of ['keyform_sinch_access_key', 'toString']) {
      expect(() => connection.handler(type)).toThrow(KeyformError);
    }
  });

  it('reads the variables of the vendor’s own tools', () => {
    const variables = Object.fromEntries(
      Object.entries(tencent.settings).map(([name, { environment }]) => [name, environment]),
    );
    expect(variables).toEqual({
      secret_id: ['TENCENTCLOUD_SECRET_ID'],
      secret_key: ['TENCENTCLOUD_SECRET_KEY'],
      token: ['TENCENTCLOUD_SECURITY_TOKEN', 'TENCENTCLOUD_TOKEN', 'TENCENTCLOUD_SESSION_TOKEN'],
      region: ['TENCENTCLOUD_REGION'],
      domain: ['TENCENTCLOUD_DOMAIN'],
      cam_endpoint: ['KEYFORM_TENCENT_ENDPOINT'],
      apigateway_endpoint: ['KEYFORM_TENCENT_ENDPOINT'],
    });
    const sensitive = Object.entries(tencent.settings).filter(([, spec]) => spec.sensitive);
    expect(sensitive.map(([name]) => name)).toEqual(['secret_key', 'token']);
  });

  it('loads the emulator', async () => {
    expect((await tencent.emulator()).start).toBe(tencentEmulator);
  });
});
