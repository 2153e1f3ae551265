import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { parse as parseDotenv } from 'dotenv';
import fc from 'fast-check';
import ini from 'ini';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { isKeyformError } from '../../../src/core/error.ts';
import type { Credential } from '../../../src/core/export/credential.ts';
import { exportText, formatsOf, requireFormat } from '../../../src/core/export/format.ts';
import { assigned, parseAssignment, refuseDouble, variablesOf } from '../../../src/core/export/variable.ts';
import { Secret } from '../../../src/core/secret.ts';
import { clouds } from '../../../src/providers/index.ts';

const forms = new Map(clouds.flatMap((cloud) => cloud.resources.map((one) => [one.type, one.credential ?? null])));

function credential(
  address: string,
  secret = 'S3cr3t/Value+40==',
  more: Partial<Credential['generation']> = {},
): Credential {
  const type = address.split('.').at(-2) as string;
  return {
    address,
    type,
    secret: new Secret(secret),
    form: forms.get(type) ?? null,
    generation: {
      number: 2,
      id: 'path-id',
      accessKeyId: 'AKID1',
      secret: new Secret(secret),
      createdAt: '2026-11-01T00:00:00Z',
      expiresAt: null,
      enabled: true,
      args: {},
      sensitiveArgs: [],
      attributes: {},
      scope: '',
      ...more,
    },
  };
}

const STATIC = 'keyform_yandex_static_access_key.backup';
const OPTIONS = { name: null, namespace: null, delimiter: 'keyform_0123' };

function write(format: string, credentials: readonly Credential[], options: Partial<typeof OPTIONS> | object = {}) {
  return exportText(format, credentials, variablesOf(credentials, null), { ...OPTIONS, ...options });
}

/** What the secret is in a text of `format`; null where the format refuses it. */
function through(format: string, secret: string, read: (text: string) => unknown): unknown {
  try {
    return read(write(format, [credential(STATIC, secret)], { name: 'one' }));
  } catch (error) {
    if (isKeyformError(error, 'refused')) return null;
    throw error;
  }
}

/** Secrets of every kind of trouble: quotes, blanks, comments, expansions, line ends, other alphabets. */
const SECRET = fc.oneof(
  fc.string({ unit: fc.constantFrom(...`aB1/+=_-.'"\`\\$#;{}!%& \t\n\r`), maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** The documented rules of `docker run --env-file`: lines, outer blanks on the left, `#`, the first `=`, and nothing else. */
function dockerFile(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trimStart();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const at = trimmed.indexOf('=');
    found[trimmed.slice(0, at)] = trimmed.slice(at + 1);
  }
  return found;
}

/** The rules of the runner's environment files (actions/runner, FileCommandManager: EnvFileKeyValuePairs). */
function githubFile(text: string): Record<string, string> {
  const lines = text.split('\n');
  const found: Record<string, string> = {};
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    if (line === '') continue;
    const [name = '', delimiter = ''] = line.split('<<');
    const value: string[] = [];
    for (index++; lines[index] !== delimiter; index++) {
      if (index >= lines.length) throw new Error('the delimiter does not come');
      value.push(lines[index] as string);
    }
    found[name] = value.join('\n');
  }
  return found;
}

describe('what a reader of the format gets is the secret, or the format refuses it', () => {
  it('dotenv: npm dotenv, and Node itself where it has the rule', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        const read = through('dotenv', secret, (text) =>
          [parseDotenv(text), parseEnv(text)].map((env) => env.AWS_SECRET_ACCESS_KEY),
        );
        if (read !== null) expect(read).toEqual([secret, secret]);
      }),
      { numRuns: 500 },
    );
  });

  it('dotenv: bash', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        const read = through('dotenv', secret, (text) => shellRead(text, 'AWS_SECRET_ACCESS_KEY'));
        if (read !== null) expect(read).toBe(secret);
      }),
      { numRuns: 60 },
    );
  });

  it.each([`it's`, 'a b', 'a#b', '$HOME', '`id`', 'say "no"', 'one\ntwo', ' outer ', "it's\ntwo"])(
    'dotenv holds %j',
    (secret) => {
      expect(through('dotenv', secret, (text) => parseDotenv(text).AWS_SECRET_ACCESS_KEY)).toBe(secret);
    },
  );

  it('a plain dotenv file is a docker-env file and a shell script as well', () => {
    const text = write('dotenv', [credential(STATIC)]);
    expect(dockerFile(text)).toEqual(parseDotenv(text));
    expect(shellRead(text, 'AWS_SECRET_ACCESS_KEY')).toBe('S3cr3t/Value+40==');
  });

  it('docker-env', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        const read = through('docker-env', secret, (text) => dockerFile(text).AWS_SECRET_ACCESS_KEY);
        expect(read).toBe(/[\0\r\n]/.test(secret) ? null : secret);
      }),
    );
  });

  it('shell: bash', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        expect(through('shell', secret, (text) => shellRead(text, 'AWS_SECRET_ACCESS_KEY'))).toBe(
          secret.includes('\0') ? null : secret,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('k8s-secret: YAML, then base64', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        const read = through('k8s-secret', secret, (text) => {
          const data = (parseYaml(text) as { data: Record<string, string> }).data;
          return Buffer.from(data.AWS_SECRET_ACCESS_KEY as string, 'base64').toString('utf8');
        });
        expect(read).toBe(secret);
      }),
    );
  });

  it('github-env', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        const read = through('github-env', secret, (text) => githubFile(text).AWS_SECRET_ACCESS_KEY);
        expect(read).toBe(/[\0\r]/.test(secret) ? null : secret);
      }),
    );
  });

  it('json', () => {
    fc.assert(
      fc.property(SECRET, (secret) => {
        expect(through('json', secret, (text) => JSON.parse(text)[STATIC].secret)).toBe(secret);
      }),
    );
  });

  it('aws-credentials: ini of npm for what such keys consist of, and Python for one', () => {
    const secret = fc.string({ unit: fc.constantFrom(...'abzABZ019/+=_-.%'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(secret, (text) => {
        const read = through('aws-credentials', text, (file) => ini.parse(file).one.aws_secret_access_key);
        expect(read).toBe(text);
      }),
    );
    expect(through('aws-credentials', 'a\nb', (text) => text)).toBeNull();
    expect(through('aws-credentials', 'a #b', (text) => text)).toBeNull();
  });
});

function shellRead(text: string, name: string): string {
  const script = `${text}\nprintf '%s.' "$${name}"`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: {} }).slice(0, -1);
}

describe('names of variables', () => {
  const names = (credentials: readonly Credential[], prefix: string | null = null) =>
    variablesOf(credentials, prefix).map(({ name, value }) => `${name}=${value}`);

  it.each([
    { address: STATIC, wanted: ['AWS_ACCESS_KEY_ID=AKID1', 'AWS_SECRET_ACCESS_KEY=s'] },
    { address: 'keyform_nscale_access_key.a', wanted: ['AWS_ACCESS_KEY_ID=AKID1', 'AWS_SECRET_ACCESS_KEY=s'] },
    { address: 'keyform_outscale_access_key.a', wanted: ['OSC_ACCESS_KEY=AKID1', 'OSC_SECRET_KEY=s'] },
    { address: 'keyform_yandex_api_key.a', wanted: ['YC_API_KEY=s'] },
    {
      address: 'keyform_tencent_cam_access_key.a',
      wanted: ['TENCENTCLOUD_SECRET_ID=AKID1', 'TENCENTCLOUD_SECRET_KEY=s'],
    },
    {
      address: 'keyform_sinch_access_key.a',
      wanted: ['SINCH_KEY_ID=AKID1', 'SINCH_KEY_SECRET=s', 'SINCH_PROJECT_ID=p'],
    },
    // Not the account's variables: a gateway key is none.
    { address: 'keyform_tencent_api_key.web-app', wanted: ['WEB_APP_ACCESS_KEY_ID=AKID1', 'WEB_APP_SECRET=s'] },
  ])('are those of the vendor: $address', ({ address, wanted }) => {
    expect(names([credential(address, 's', { args: { project_id: 'p' } })])).toEqual(wanted);
  });

  it('cover every resource type of every cloud, or are known to be none', () => {
    const without = [...forms].filter(([, form]) => form === null).map(([type]) => type);
    expect(without).toEqual(['keyform_tencent_api_key']);
  });

  it('are those that Keyform itself is given a key of the kind by, where it can be', () => {
    const agreeing = clouds.flatMap((cloud) => {
      const own = Object.values(cloud.settings).flatMap((setting) => setting.environment);
      const given = cloud.resources.flatMap((one) => one.credential?.environment ?? []);
      return given
        .filter(({ id, secret }) => id !== null && own.includes(id) && own.includes(secret))
        .map(({ id }) => id);
    });
    expect(agreeing.sort()).toEqual(['OSC_ACCESS_KEY', 'SINCH_KEY_ID', 'TENCENTCLOUD_SECRET_ID']);
  });

  it('take what stands beside them from arguments that there are', () => {
    for (const one of clouds.flatMap((cloud) => cloud.resources)) {
      for (const argument of Object.keys(one.credential?.beside ?? {})) {
        expect(one.arguments[argument]?.sensitive).toBe(false);
      }
    }
  });

  it('may have a prefix, with the name of the resource in it', () => {
    const one = credential('module.m["x"].keyform_outscale_access_key.back-up["eu west"]', 's');
    expect(names([one], 'TF_')).toEqual(['TF_OSC_ACCESS_KEY=AKID1', 'TF_OSC_SECRET_KEY=s']);
    expect(names([one], '{name}_')).toEqual([
      'BACK_UP_EU_WEST_OSC_ACCESS_KEY=AKID1',
      'BACK_UP_EU_WEST_OSC_SECRET_KEY=s',
    ]);
    for (const prefix of ['1', 'a-', 'a b', 'A=', '\n', 'É'])
      expect(() => names([one], prefix)).toThrow('-prefix makes no name');
  });

  it('are refused when two keys would have one', () => {
    const two = variablesOf([credential(STATIC), credential('keyform_nscale_access_key.b')], null);
    expect(() => refuseDouble(two)).toThrow('There would be two variables AWS_ACCESS_KEY_ID');
    refuseDouble(variablesOf([credential(STATIC), credential('keyform_nscale_access_key.b')], '{name}_'));
  });

  it('may be chosen', () => {
    expect(parseAssignment(`A_1=${STATIC}`)).toEqual({ name: 'A_1', address: STATIC, half: 'secret' });
    const each = 'keyform_sinch_access_key.a["x:id"]';
    expect(parseAssignment(`A=${each}:id`)).toEqual({ name: 'A', address: each, half: 'id' });
    expect(parseAssignment(`A=${each}`)).toEqual({ name: 'A', address: each, half: 'secret' });
    expect(assigned(parseAssignment(`A=${STATIC}:id`), credential(STATIC)).value).toBe('AKID1');
    for (const text of ['', 'A', 'A=', '=x', '1A=x', 'A B=x', 'A-B=x'])
      expect(() => parseAssignment(text)).toThrow('-env is to be');
  });

  it('want an id that is there', () => {
    expect(() => names([credential('keyform_nscale_access_key.a', 's', { accessKeyId: '' })])).toThrow(
      'is not known yet',
    );
  });
});

describe('files', () => {
  it('for Kubernetes, whose names are checked', () => {
    const text = write('k8s-secret', [credential(STATIC, '12')], { name: '1234', namespace: 'true' });
    expect(parseYaml(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: '1234', namespace: 'true' },
      type: 'Opaque',
      data: { AWS_ACCESS_KEY_ID: 'QUtJRDE=', AWS_SECRET_ACCESS_KEY: 'MTI=' },
    });
    expect(() => write('k8s-secret', [credential(STATIC)])).toThrow('needs a name');
    for (const name of ['', 'A', 'a_b', '-a', 'a-', 'a..b', 'x'.repeat(254)]) {
      expect(() => write('k8s-secret', [credential(STATIC)], { name })).toThrow(
        '-name is no name that Kubernetes takes',
      );
    }
    expect(() => write('k8s-secret', [credential(STATIC)], { name: 'a', namespace: 'a.b' })).toThrow('-namespace');
  });

  it('for the tools of 3DS OUTSCALE: profiles', () => {
    const one = credential('keyform_outscale_access_key.ci', 's');
    const other = credential('keyform_outscale_access_key.backup["eu"]', 't');
    const pair = (secret: string) => ({ access_key: 'AKID1', secret_key: secret });
    expect(JSON.parse(write('outscale-config', [one]))).toEqual({ default: pair('s') });
    expect(JSON.parse(write('outscale-config', [one], { name: 'prod' }))).toEqual({ prod: pair('s') });
    expect(JSON.parse(write('outscale-config', [one, other]))).toEqual({ ci: pair('s'), 'backup-eu': pair('t') });
    expect(() => write('outscale-config', [one, other], { name: 'prod' })).toThrow('-name is for one key');
    expect(() => write('outscale-config', [one, { ...one, address: `module.m.${one.address}` }])).toThrow(
      'two profiles',
    );
    expect(() => write('outscale-config', [one], { name: 'a]b' })).toThrow('no name of a profile');
  });

  it('as yc prints them: one key', () => {
    const args = { service_account_id: 'aje1', description: 'd', scopes: ['yc.ai.vision.execute'] };
    const api = credential('keyform_yandex_api_key.a', 's', { args, expiresAt: '2027-01-01T00:00:00Z' });
    expect(JSON.parse(write('yc-key', [api]))).toEqual({
      api_key: {
        id: 'path-id',
        service_account_id: 'aje1',
        created_at: '2026-11-01T00:00:00Z',
        description: 'd',
        scopes: ['yc.ai.vision.execute'],
        expires_at: '2027-01-01T00:00:00Z',
      },
      secret: 's',
    });
    const fixed = credential(STATIC, 's', { args: { service_account_id: 'aje1', description: null } });
    expect(JSON.parse(write('yc-key', [fixed]))).toEqual({
      access_key: { id: 'path-id', service_account_id: 'aje1', created_at: '2026-11-01T00:00:00Z', key_id: 'AKID1' },
      secret: 's',
    });
    expect(() => exportText('yc-key', [api, fixed], [], OPTIONS)).toThrow('The format yc-key holds one key');
  });

  it('for AWS: profiles, and the answer of a credential process', () => {
    const one = credential(STATIC, 'abc', { expiresAt: '2027-01-01T00:00:00Z' });
    const two = credential('keyform_outscale_access_key.ci', 'def');
    expect(ini.parse(exportText('aws-credentials', [one, two], [], OPTIONS))).toEqual({
      backup: { aws_access_key_id: 'AKID1', aws_secret_access_key: 'abc' },
      ci: { aws_access_key_id: 'AKID1', aws_secret_access_key: 'def' },
    });
    expect(JSON.parse(write('aws-process', [one]))).toEqual({
      Version: 1,
      AccessKeyId: 'AKID1',
      SecretAccessKey: 'abc',
      Expiration: '2027-01-01T00:00:00Z',
    });
  });

  it('for GitHub Actions refuse names that the runner keeps', () => {
    const variable = { name: 'GITHUB_TOKEN', value: 'x', address: STATIC };
    expect(() => exportText('github-env', [], [variable], OPTIONS)).toThrow('does not let a step set GITHUB_TOKEN');
  });

  it('do not fit every key, and say which do', () => {
    const sinch = credential('keyform_sinch_access_key.a');
    expect(() => write('aws-credentials', [sinch])).toThrow('does not fit the format aws-credentials');
    expect(() => write('outscale-config', [sinch])).toThrow('does not fit');
    expect(formatsOf(sinch.form)).toEqual(['dotenv', 'docker-env', 'shell', 'github-env', 'k8s-secret', 'json']);
    expect(() => requireFormat('dotenf', [...forms.values()])).toThrow('There is no format "dotenf"');
    expect(() => requireFormat(undefined, [...forms.values()])).toThrow('Which format?');
    expect(requireFormat('yc-key', [...forms.values()])).toBe('yc-key');
  });

  it('quote no secret when they refuse it', () => {
    for (const format of ['dotenv', 'docker-env', 'github-env', 'aws-credentials']) {
      try {
        write(format, [credential(STATIC, `top\r\n'"$secret`)]);
        expect.unreachable();
      } catch (error) {
        expect(isKeyformError(error, 'refused')).toBe(true);
        expect(`${(error as Error).message}${(error as { detail?: string }).detail}`).not.toContain('top');
      }
    }
  });
});
