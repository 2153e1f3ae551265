import { constants, generateKeyPairSync, type KeyObject, publicEncrypt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import { EvaluationProblem } from '../../../src/core/expression/problem.ts';
import { callFunction } from '../../../src/core/function/call.ts';
import { findFunction, WITHHELD } from '../../../src/core/function/index.ts';
import { type FunctionContext, FunctionProblem } from '../../../src/core/function/spec.ts';
import type { Json } from '../../../src/core/json.ts';
import { fromJson, toJsonValue } from '../../../src/core/typed/json.ts';
import {
  isKnownWithin,
  marked,
  objectValue,
  stringValue,
  type Typed,
  unknownValue,
} from '../../../src/core/typed/typed.ts';

const context: FunctionContext = {
  planTime: '2026-01-02T03:04:05Z',
  now: '2026-01-02T04:00:00Z',
  readFile: (path) => (path === 'there.txt' ? Buffer.from('content') : null),
  yaml: () => yaml,
  renderTemplate: (text, _name, variables) =>
    stringValue(`${text}: ${[...variables].map(([name, { content }]) => `${name}=${content}`)}`),
};

function call(name: string, ...args: (Typed | string)[]): Typed {
  const spec = findFunction(name);
  if (spec === undefined) throw new Error(`no function ${name}`);
  return callFunction(
    spec,
    args.map((one) => (typeof one === 'string' ? stringValue(one) : one)),
    context,
  );
}

const contentOf = (name: string, ...args: (Typed | string)[]) => call(name, ...args).content;

describe('published vectors', () => {
  // RFC 4648, section 10.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('base64 of %j', (text, encoded) => {
    expect(contentOf('base64encode', text)).toBe(encoded);
    expect(contentOf('base64decode', encoded)).toBe(text);
  });

  // FIPS 180-4's examples, RFC 1321, appendix A.5, and FIPS 180-2's million letters.
  const long = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
  it.each([
    ['md5', 'message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha1', long, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
    ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha256', 'a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
    [
      'sha512',
      'abc',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
  ])('%s of %.20j', (name, text, hash) => {
    expect(contentOf(name, text)).toBe(hash);
    const form = { sha256: 'base64sha256', sha512: 'base64sha512' }[name];
    if (form !== undefined) expect(contentOf(form, text)).toBe(Buffer.from(hash, 'hex').toString('base64'));
  });

  it('version 5 UUID of RFC 9562, appendix A.4', () => {
    expect(contentOf('uuidv5', 'dns', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  // RFC 5952, section 4.2.
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
  ])('the address %s', (written, canonical) => {
    const { content } = call('cidrhost', stringValue(`${written}/128`), fromJson(0));
    expect(content).toBe(canonical);
  });
});

describe('round trips', () => {
  const texts = fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text).toString().normalize('NFC'));
  const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, true, false, 'yes', '0x10', '2001-01-01', '~', 'a\nb', 'a \n', '- x', 'a: b'),
      texts,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((number) => number + 0),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(texts, tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  it('of bytes in base64', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(contentOf('base64decode', call('base64encode', text))).toBe(text);
        for (const charset of ['UTF-8', 'UTF-16', 'UTF-16LE', 'UTF-16BE'])
          expect(contentOf('textdecodebase64', call('textencodebase64', text, charset), charset)).toBe(text);
      }),
    );
  });

  it('of values in JSON, which other parsers read alike', () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = call('jsonencode', fromJson(value));
        expect(JSON.parse(encoded.content as string)).toEqual(value);
        const decoded = call('jsondecode', encoded);
        expect(decoded).toEqual(fromJson(value));
        expect(contentOf('jsonencode', decoded)).toBe(encoded.content);
      }),
    );
  });

  it('of values in YAML, which other parsers read alike', () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = call('yamlencode', fromJson(value));
        expect(yaml.parse(encoded.content as string, { logLevel: 'error' })).toEqual(value);
        expect(toJsonValue(call('yamldecode', encoded))).toEqual(value);
      }),
    );
  });

  it('of any text through the readers: a value or a problem, and no other error', () => {
    const noise = fc.oneof(
      texts,
      fc
        .array(
          fc.constantFrom(
            '{',
            '}',
            '[',
            ']',
            '"',
            ':',
            ',',
            '\n',
            ' ',
            'a',
            '1',
            '-',
            '&a',
            '*a',
            '|',
            '\\',
            '#',
            '\t',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom('jsondecode', 'yamldecode', 'csvdecode', 'base64decode'), noise, (name, text) => {
        try {
          expect(isKnownWithin(call(name, text))).toBe(true);
        } catch (error) {
          if (!(error instanceof FunctionProblem)) throw error;
          expect(error.message).not.toBe('');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of numbers with all of their digits', () => {
    const digits = '123456789012345678901234567890.123456789012345678901234567891';
    expect(contentOf('jsonencode', call('jsondecode', digits))).toBe(digits);
    expect(contentOf('yamlencode', call('yamldecode', digits))).toBe(`${digits}\n...\n`);
  });
});

describe('what is not known and what is secret', () => {
  it('makes an encoded value unknown, or sensitive, as a whole', () => {
    for (const name of ['jsonencode', 'yamlencode']) {
      const { content: unknown } = call(name, objectValue([['a', unknownValue()]]));
      expect(isKnownWithin(call(name, objectValue([['a', unknownValue()]])))).toBe(false);
      expect(unknown).not.toBeNull();
      expect(call(name, objectValue([['a', marked(stringValue('x'), true)]])).sensitive).toBe(true);
    }
  });

  it('is never quoted', () => {
    for (const name of [
      'jsondecode',
      'yamldecode',
      'csvdecode',
      'base64decode',
      'file',
      'filesha256',
      'templatefile',
    ]) {
      const secret = marked(stringValue('"hush{: *'), true);
      const rest = name === 'templatefile' ? [objectValue([])] : [];
      expect(() => call(name, secret, ...rest)).toThrow(FunctionProblem);
      expect(() => call(name, secret, ...rest)).toThrow(/^(?!.*hush)/s);
    }
  });
});

describe('moments of the run', () => {
  it('are those of the context, and unknown where it has none', () => {
    expect(contentOf('plantimestamp')).toBe('2026-01-02T03:04:05Z');
    expect(contentOf('timestamp')).toBe('2026-01-02T04:00:00Z');
    const spec = findFunction('timestamp');
    if (spec === undefined) throw new Error('no timestamp');
    expect(isKnownWithin(callFunction(spec, [], { ...context, now: null }))).toBe(false);
  });
});

describe('files', () => {
  it('are read through the context', () => {
    expect(contentOf('file', './x/../there.txt')).toBe('content');
    expect(contentOf('fileexists', 'away.txt')).toBe(false);
    const variables = objectValue([['a', marked(stringValue('x'), true)]]);
    expect(call('templatefile', 'there.txt', variables)).toEqual(marked(stringValue('content: a=x'), true));
  });

  it.each([
    ['file', '~/x'],
    ['pathexpand', '~'],
    ['abspath', 'x'],
  ])('that differ from user to user are refused past try: %s(%j)', (name, path) => {
    expect(() => call(name, path)).toThrow(EvaluationProblem);
  });
});

describe('encodings', () => {
  it('that Keyform lacks are refused by name, past try', () => {
    for (const name of ['Shift_JIS', 'GB18030', 'IBM037', 'csBig5'])
      expect(() => call('textencodebase64', 'x', name)).toThrow(EvaluationProblem);
    expect(() => call('textencodebase64', 'x', 'UTF-9')).toThrow(FunctionProblem);
  });
});

describe('rsadecrypt', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const encrypted = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from('a secret: é'),
  ).toString('base64');

  it.each([
    ['PKCS #1', privateKey.export({ type: 'pkcs1', format: 'pem' }) as string],
    ['PKCS #8', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['OpenSSH', openSsh(privateKey)],
  ])('with a key in %s', (_, key) => {
    expect(contentOf('rsadecrypt', encrypted, key)).toBe('a secret: é');
  });

  it('refuses keys and texts that do not go together, with the argument at fault', () => {
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const other = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const problems: readonly [string, string, number | null, RegExp][] = [
      ['!', key, 0, /base64/],
      [encrypted, 'x', 1, /PEM/],
      [encrypted, key.replace(/\n.{20}/, '\n'), 1, /cannot be read/],
      [encrypted, elliptic.export({ type: 'pkcs8', format: 'pem' }) as string, 1, /no RSA key/],
      [encrypted, other.export({ type: 'pkcs8', format: 'pem' }) as string, null, /failed to decrypt/],
      ['AAAA', key, null, /failed to decrypt/],
    ];
    for (const [text, pem, argument, reason] of problems) {
      try {
        call('rsadecrypt', text, pem);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(FunctionProblem);
        expect((error as FunctionProblem).message).toMatch(reason);
        expect((error as FunctionProblem).argument).toBe(argument);
      }
    }
  });
});

/** As `ssh-keygen` writes an RSA key without passphrase. */
function openSsh(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const text = (value: string) => field(Buffer.from(value));
  const integer = (name: 'n' | 'e' | 'd' | 'qi' | 'p' | 'q') => {
    const bytes = Buffer.from(jwk[name] as string, 'base64url');
    return field((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
  };
  const numbers = (['n', 'e', 'd', 'qi', 'p', 'q'] as const).map(integer);
  const inner = Buffer.concat([Buffer.alloc(8), text('ssh-rsa'), ...numbers, text('comment')]);
  const outer = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([text('ssh-rsa'), integer('e'), integer('n')])),
    field(inner),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${outer.toString('base64').replace(/(.{70})/g, '$1\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

it('every function withheld has a reason and a remedy, and is not there', () => {
  for (const name of ['base64gzip', 'bcrypt', 'uuid', 'fileset', 'templatestring']) {
    expect(WITHHELD[name]).toMatch(/\. [A-Z].{20,}\.$/);
    expect(findFunction(name)).toBeUndefined();
  }
});
