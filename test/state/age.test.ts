import { spawnSync } from 'node:child_process';
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import {
  Decrypter,
  Encrypter,
  generateX25519Identity,
  identityToRecipient as libraryRecipient,
  Stanza,
} from 'age-encryption';
import * as vectors from 'cctv-age';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { openX25519, recipientOf, sealX25519 } from '../../src/state/age.ts';
import { generateIdentity, identityToRecipient } from '../../src/state/keys.ts';
import { open, seal as sealFor } from '../../src/state/seal.ts';
import { IDENTITY } from './fixture.ts';

const OWN = [new Secret(IDENTITY)];
const RECIPIENT = await identityToRecipient(new Secret(IDENTITY));
const STRANGER = await generateIdentity('x25519');
const QUANTUM = await generateIdentity('post-quantum');
const CHUNK = 64 * 1024;

async function seal(bytes: Uint8Array, ...recipients: readonly string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients.length > 0 ? recipients : [RECIPIENT]) encrypter.addRecipient(recipient);
  return encrypter.encrypt(bytes);
}

/** What the library says: the plaintext, or the message of its error. */
async function byLibrary(file: Uint8Array, identities: readonly Secret[]): Promise<Uint8Array | string> {
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity.reveal());
    return await decrypter.decrypt(file);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const NO_MATCH = "no identity matched any of the file's recipients";

/** The opener's answer, held against the library's: the same plaintext, or no match where it says so, or undecided. */
async function kindOf(file: Uint8Array, identities: readonly Secret[] = OWN): Promise<string> {
  const result = openX25519(file, identities);
  if (result.kind === 'undecided') return result.kind;
  const expected = await byLibrary(file, identities);
  if (result.kind === 'not-mine') expect(expected).toBe(NO_MATCH);
  else expect(Buffer.compare(result.bytes, expected as Uint8Array)).toBe(0);
  return result.kind;
}

interface Vector {
  readonly name: string;
  readonly expect: string;
  readonly payload: string | null;
  readonly identities: readonly Secret[];
  readonly armored: boolean;
  readonly file: Buffer;
}

/** The format of a vector: https://github.com/C2SP/CCTV/tree/main/age */
function parseVector([name, content]: readonly [string, Uint8Array]): Vector {
  const bytes = Buffer.from(content);
  const end = bytes.indexOf('\n\n');
  const fields = bytes
    .toString('latin1', 0, end)
    .split('\n')
    .map((line) => line.split(/: (.*)/s, 2) as [string, string]);
  const all = (key: string) => fields.filter((field) => field[0] === key).map((field) => field[1]);
  const body = bytes.subarray(end + 2);
  return {
    name,
    expect: all('expect')[0] ?? '',
    payload: all('payload')[0] ?? null,
    identities: all('identity').map((identity) => new Secret(identity)),
    armored: all('armored').length > 0,
    file: all('compressed')[0] === 'zlib' ? inflateSync(body) : body,
  };
}

describe('the CCTV age vectors', () => {
  const all = Object.entries(vectors).map(parseVector);
  const plain = (v: Vector) => !v.armored && v.identities.length > 0 && v.identities.every(isX25519);
  const isX25519 = (identity: Secret) => identity.reveal().startsWith('AGE-SECRET-KEY-1');

  it('are all here, of every outcome', () => {
    const outcomes = new Set(all.map((v) => v.expect));
    expect([...outcomes].sort()).toEqual([
      'HMAC failure',
      'armor failure',
      'header failure',
      'no match',
      'payload failure',
      'success',
    ]);
    expect(all.length).toBe(143);
    expect(all.filter((v) => plain(v) && v.expect === 'success').length).toBe(14);
  });

  it.each(all)('$name', async (v) => {
    const result = openX25519(v.file, v.identities);
    if (v.expect !== 'success') {
      expect(result.kind).not.toBe('opened');
      if (result.kind === 'not-mine') expect(v.expect).toBe('no match');
      return;
    }
    expect(result.kind).toBe(plain(v) ? 'opened' : 'undecided');
    if (result.kind === 'opened') {
      expect(createHash('sha256').update(result.bytes).digest('hex')).toBe(v.payload);
    }
  });
});

describe('beside age-encryption', () => {
  it('opens what it seals, of every size around the borders of chunks', async () => {
    const near = (border: number) => fc.integer({ min: Math.max(0, border - 20), max: border + 20 });
    const size = fc.oneof(
      near(0),
      near(CHUNK),
      near(2 * CHUNK),
      near(3 * CHUNK),
      fc.integer({ min: 0, max: 4 * CHUNK }),
    );
    await fc.assert(
      fc.asyncProperty(size, async (length) => {
        const bytes = new Uint8Array(randomBytes(length));
        const result = openX25519(await seal(bytes), OWN);
        expect(result.kind).toBe('opened');
        if (result.kind === 'opened') expect(Buffer.compare(result.bytes, bytes)).toBe(0);
      }),
      {
        numRuns: 40,
        examples: [[0], [1], [CHUNK - 1], [CHUNK], [CHUNK + 1], [2 * CHUNK - 1], [2 * CHUNK], [2 * CHUNK + 1]],
      },
    );
  });

  it('opens with the identities that the library makes', async () => {
    for (let round = 0; round < 30; round++) {
      const made = await generateIdentity('x25519');
      expect(await kindOf(await seal(randomBytes(10), made.recipient), [made.identity])).toBe('opened');
    }
  });

  it('takes a view into a larger buffer', async () => {
    const sealed = await seal(randomBytes(100));
    const around = new Uint8Array(sealed.length + 20);
    around.set(sealed, 7);
    expect(await kindOf(around.subarray(7, 7 + sealed.length))).toBe('opened');
  });

  it.each<[string, string, () => Promise<Uint8Array>, readonly Secret[]]>([
    ['the second of the recipients', 'opened', () => seal(randomBytes(9), STRANGER.recipient, RECIPIENT), OWN],
    ['the second of the identities', 'opened', () => seal(randomBytes(9)), [STRANGER.identity, ...OWN]],
    ['a file for others', 'not-mine', () => seal(randomBytes(9), STRANGER.recipient), OWN],
    [
      'several identities, none of them right',
      'not-mine',
      () => seal(randomBytes(9), STRANGER.recipient),
      [...OWN, ...OWN],
    ],
    ['no identity', 'undecided', () => seal(randomBytes(9)), []],
    ['a post-quantum identity', 'undecided', () => seal(randomBytes(9)), [...OWN, QUANTUM.identity]],
    ['a post-quantum recipient', 'undecided', () => seal(randomBytes(9), RECIPIENT, QUANTUM.recipient), OWN],
    ['an empty file', 'undecided', async () => new Uint8Array(0), OWN],
  ])('%s: %s', async (_name, kind, make, identities) => {
    expect(await kindOf(await make(), identities)).toBe(kind);
  });

  it('opens nothing with an identity that has a slip in it, even beside one that is right', async () => {
    const sealed = await seal(randomBytes(9));
    const slips = [...IDENTITY].map((letter, at) => {
      const other = letter === 'Q' ? 'P' : 'Q';
      return IDENTITY.slice(0, at) + other + IDENTITY.slice(at + 1);
    });
    const forms = [
      IDENTITY.toLowerCase(),
      IDENTITY.replace(/E(\d*)$/, 'e$1'),
      IDENTITY.replace('AGE-', 'age-'),
      `${IDENTITY}Q`,
      IDENTITY.slice(0, -1),
      ` ${IDENTITY}`,
      `${IDENTITY}\n`,
      RECIPIENT,
      // Made with a Bech32 encoder: the checksum fits, but one of the last letter's spare bits is set.
      'AGE-SECRET-KEY-1QQRSU9GUYV4RZWPLGEX4GKMZD9C8WL593JFE4GDG47MTM3XT6TV3PLAS3K',
      '',
    ];
    for (const text of [...slips, ...forms]) {
      expect(text).not.toBe(IDENTITY);
      expect(openX25519(sealed, [...OWN, new Secret(text)]).kind).toBe('undecided');
      expect(await byLibrary(sealed, [new Secret(text)])).toBeTypeOf('string');
    }
  });
});

describe('sealing', () => {
  const sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK + 7];

  it.each(sizes)('%i bytes: opened by the library and here, for each of several recipients', async (length) => {
    const bytes = new Uint8Array(randomBytes(length));
    const sealed = sealX25519(bytes, [STRANGER.recipient, RECIPIENT]);
    if (sealed === null) throw new Error('not sealed');
    // As long as the library's, stanza for stanza and chunk for chunk.
    expect(sealed.length).toBe((await seal(bytes, STRANGER.recipient, RECIPIENT)).length);
    for (const identity of [...OWN, STRANGER.identity]) {
      expect(Buffer.compare((await byLibrary(sealed, [identity])) as Uint8Array, bytes)).toBe(0);
      expect(await kindOf(sealed, [identity])).toBe('opened');
    }
    const other = await generateIdentity('x25519');
    expect(await kindOf(sealed, [other.identity])).toBe('not-mine');
  });

  it('has the form of the library, and is another each time', async () => {
    const form = (file: Uint8Array) =>
      Buffer.from(file)
        .toString('latin1')
        .split('\n')
        .slice(0, 6)
        .map((line) => line.replaceAll(/[A-Za-z0-9+/]{43}/g, '#'));
    const own = sealX25519(Buffer.from('x'), [RECIPIENT, STRANGER.recipient]) ?? new Uint8Array();
    const wanted = ['age-encryption.org/v1', '-> X25519 #', '#', '-> X25519 #', '#', '--- #'];
    expect(form(own)).toEqual(wanted);
    expect(form(await seal(Buffer.from('x'), RECIPIENT, STRANGER.recipient))).toEqual(wanted);
    const lines = (file: Uint8Array | null) =>
      Buffer.from(file ?? [])
        .toString('latin1')
        .split('\n')
        .slice(1);
    const [first, again] = [1, 2].map(() => lines(sealX25519(Buffer.from('x'), [RECIPIENT, RECIPIENT])));
    // Shares, file keys under them, MACs, and all that follows.
    expect(new Set([...(first ?? []), ...(again ?? [])]).size).toBe((first ?? []).length + (again ?? []).length);
  });

  it.each<[string, readonly string[]]>([
    ['nobody', []],
    ['a post-quantum recipient', [RECIPIENT, QUANTUM.recipient]],
    ['an identity', [IDENTITY.toLowerCase()]],
    ['capitals', [RECIPIENT.toUpperCase()]],
    ['a slip', [RECIPIENT.replace(/.$/, (letter) => (letter === 'q' ? 'p' : 'q'))]],
    ['a letter less', [RECIPIENT.slice(0, -1)]],
    // 32 zeros, with the checksum that they have: a point of low order, whose shared secret everybody knows.
    ['a recipient of low order', ['age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z']],
  ])('leaves %s to the library', (_, recipients) => {
    expect(sealX25519(randomBytes(9), recipients)).toBeNull();
  });

  it.each(sizes)(
    '%i bytes under a passphrase, or for post-quantum recipients, open with the library',
    async (length) => {
      const bytes = new Uint8Array(randomBytes(length));
      const passphrase = new Secret('five random words');
      const locked = await sealFor(bytes, { passphrase }, 10);
      const decrypter = new Decrypter();
      decrypter.addPassphrase(passphrase.reveal());
      expect(Buffer.compare(await decrypter.decrypt(locked), bytes)).toBe(0);
      const sealed = await sealFor(bytes, { recipients: [QUANTUM.recipient] });
      expect(Buffer.compare((await byLibrary(sealed, [QUANTUM.identity])) as Uint8Array, bytes)).toBe(0);
      expect(
        Buffer.compare(await open(sealed, { identities: [QUANTUM.identity], passphrase: null }, 'it'), bytes),
      ).toBe(0);
    },
  );

  it('tells the recipient of an identity as the library does', async () => {
    expect(recipientOf(new Secret(IDENTITY))).toBe(await libraryRecipient(IDENTITY));
    for (let round = 0; round < 50; round++) {
      const text = await generateX25519Identity();
      expect(recipientOf(new Secret(text))).toBe(await libraryRecipient(text));
    }
    for (const text of [QUANTUM.identity.reveal(), IDENTITY.toLowerCase(), IDENTITY.slice(0, -1), '']) {
      expect(recipientOf(new Secret(text))).toBeNull();
    }
  });
});

describe('stanzas beside the one that matches', () => {
  async function withStanza(recipient: string, ...args: string[]): Promise<Uint8Array> {
    const encrypter = new Encrypter();
    encrypter.addRecipient({ wrapFileKey: () => [new Stanza(args, randomBytes(70))] });
    encrypter.addRecipient(recipient);
    encrypter.addRecipient({ wrapFileKey: () => [new Stanza(args, randomBytes(48))] });
    return encrypter.encrypt(randomBytes(9));
  }

  it.each(['b0-grease', 'x25519', 'example.com/plugin', '-->'])('type %s: opened where one matches', async (type) => {
    expect(await kindOf(await withStanza(RECIPIENT, type, '!"#', '~'))).toBe('opened');
    // Without one that matches, who could open it is not decided here.
    expect(await kindOf(await withStanza(STRANGER.recipient, type))).toBe('undecided');
  });

  it.each(['scrypt', 'ssh-rsa', 'ssh-ed25519', 'mlkem768x25519', 'p256tag', 'mlkem768p256tag', 'X25519'])(
    'type %s: undecided',
    async (type) => {
      expect(await kindOf(await withStanza(RECIPIENT, type, 'aaaa'))).toBe('undecided');
    },
  );
});

describe('a header with the right MAC', () => {
  const canary = Buffer.from('canary');

  /** A file whose header `change` rewrote before its MAC was made, by somebody who holds the file key. */
  async function forged(change: (header: string) => string): Promise<Uint8Array> {
    let fileKey = new Uint8Array(0);
    const encrypter = new Encrypter();
    encrypter.addRecipient({
      wrapFileKey: (key) => {
        fileKey = Uint8Array.from(key);
        return [new Stanza(['other'], randomBytes(60))];
      },
    });
    encrypter.addRecipient(RECIPIENT);
    const sealed = Buffer.from(await encrypter.encrypt(canary));
    const end = sealed.indexOf('\n---') + 4;
    const header = Buffer.from(change(sealed.toString('latin1', 0, end)), 'latin1');
    const key = Buffer.from(hkdfSync('sha256', fileKey, '', 'header', 32));
    const mac = createHmac('sha256', key).update(header).digest('base64').replace('=', '');
    return Buffer.concat([header, Buffer.from(` ${mac}\n`), sealed.subarray(end + 45)]);
  }

  const otherBody = /-> other\n(.{64})\n(.{16})\n/;

  it.each<[string, string, (header: string) => string]>([
    ['as it was', 'opened', (h) => h],
    ['another version', 'undecided', (h) => h.replace('v1', 'v2')],
    ['a body line of more than 48 bytes', 'undecided', (h) => h.replace(otherBody, '-> other\n$1$2\n')],
    ['a body without its last, shorter line', 'undecided', (h) => h.replace(otherBody, '-> other\n$1\n')],
    ['a body that is padded', 'undecided', (h) => h.replace(otherBody, '-> other\nAA==\n')],
    ['a body in the URL alphabet', 'undecided', (h) => h.replace(otherBody, '-> other\n____\n')],
    ['a body with bits left over', 'undecided', (h) => h.replace(otherBody, '-> other\nAB\n')],
    ['an empty body', 'opened', (h) => h.replace(otherBody, '-> other\n\n')],
    ['two spaces', 'undecided', (h) => h.replace('-> other', '->  other')],
    ['a space at the end', 'undecided', (h) => h.replace('-> other', '-> other ')],
    ['a tab', 'undecided', (h) => h.replace('-> other', '-> ot\ther')],
    ['a letter that is not ASCII', 'undecided', (h) => h.replace('-> other', '-> öther')],
    ['a carriage return', 'undecided', (h) => h.replace('-> other\n', '-> other\r\n')],
    ['an argument more', 'undecided', (h) => h.replace(/-> X25519 .*/, '$& more')],
    ['an argument less', 'undecided', (h) => h.replace(/-> X25519 .*/, '-> X25519')],
    ['a share of one byte less', 'undecided', (h) => h.replace(/-> X25519 .{43}/, `-> X25519 ${'A'.repeat(42)}`)],
    ['a share of low order', 'undecided', (h) => h.replace(/-> X25519 .{43}/, `-> X25519 ${'A'.repeat(43)}`)],
    ['a file key that is too long', 'undecided', (h) => h.replace(/(-> X25519 .*\n)(.*\n)/, '$1AAAA$2')],
    ['an empty body of X25519', 'undecided', (h) => h.replace(/(-> X25519 .*\n)(.*\n)/, '$1\n')],
    ['an scrypt stanza too', 'undecided', (h) => h.replace('-> other', `-> scrypt ${'A'.repeat(22)} 10`)],
    ['no stanza', 'undecided', () => 'age-encryption.org/v1\n---'],
  ])('%s: %s', async (_name, kind, change) => {
    const file = await forged(change);
    expect(await kindOf(file)).toBe(kind);
    const result = openX25519(file, OWN);
    if (result.kind === 'opened') expect(Buffer.from(result.bytes)).toEqual(canary);
  });
});

describe('damage', () => {
  async function opens(file: Uint8Array): Promise<boolean> {
    return (await kindOf(file)) === 'opened';
  }

  async function eachFlip(sealed: Uint8Array, end: number): Promise<void> {
    for (let at = 0; at < end; at++) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const bytes = Uint8Array.from(sealed);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        expect(await opens(bytes), `byte ${at} ^ ${flip}`).toBe(false);
      }
    }
  }

  it('no file opens with any byte changed or any end cut off', async () => {
    const sealed = await seal(Buffer.from('{"secret":"canary"}'), RECIPIENT, STRANGER.recipient);
    expect(await opens(sealed)).toBe(true);
    await eachFlip(sealed, sealed.length);
    for (let length = 0; length < sealed.length; length++) {
      expect(openX25519(sealed.subarray(0, length), OWN).kind, `${length} bytes`).toBe('undecided');
    }
    for (let at = 0; at <= sealed.length; at++) {
      const bytes = Buffer.concat([sealed.subarray(0, at), Buffer.from('\n'), sealed.subarray(at)]);
      expect(await opens(bytes), `a byte more at ${at}`).toBe(false);
    }
  });

  it('no file of two chunks opens with its header, its nonce or its borders changed, or cut off there', async () => {
    const sealed = await seal(randomBytes(CHUNK + 10));
    const body = Buffer.from(sealed).toString('latin1').indexOf('\n---') + 4 + 45;
    expect(await opens(sealed)).toBe(true);
    await eachFlip(sealed, body + 16);
    const border = body + 16 + CHUNK + 16;
    for (const length of [...Array(body + 40).keys(), border - 1, border, border + 1, border + 16, sealed.length - 1]) {
      expect(openX25519(sealed.subarray(0, length), OWN).kind, `${length} bytes`).toBe('undecided');
    }
    for (const at of [body + 16, border - 17, border - 1, border, border + 9, border + 10, sealed.length - 1]) {
      const bytes = Uint8Array.from(sealed);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(await opens(bytes), `byte ${at}`).toBe(false);
    }
    const swapped = Buffer.concat([
      sealed.subarray(0, body + 16),
      sealed.subarray(border),
      sealed.subarray(body + 16, border),
    ]);
    expect(await opens(swapped)).toBe(false);
    expect(await opens(Buffer.concat([sealed, sealed.subarray(border)]))).toBe(false);
  });

  it('never throws, whatever it is given', () => {
    const start = 'age-encryption.org/v1\n';
    const piece = fc.constantFrom('->', ' ', 'X25519', 'scrypt', '---', '\n', '\r', 'AAAA', '=', 'é', start, '\0');
    const header = fc
      .array(fc.oneof(piece, fc.string()), { maxLength: 20 })
      .map((parts) => Buffer.from(start + parts.join('')));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), header), fc.array(fc.string(), { maxLength: 2 }), (file, texts) => {
        const identities = texts.map((text) => new Secret(text));
        expect(openX25519(file, [...OWN, ...identities]).kind).toBe('undecided');
      }),
      { numRuns: 2000 },
    );
  });
});

const age = spawnSync('age', ['--version'], { encoding: 'utf8' });
const missing = age.error !== undefined;
if (missing) process.stderr.write('skipped: the program "age" is not installed, so none of its files are opened\n');

describe.skipIf(missing)('files of the program age', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 200_000])('%i bytes', (length) => {
    const bytes = randomBytes(length);
    const { stdout, status } = spawnSync('age', ['-r', STRANGER.recipient, '-r', RECIPIENT], { input: bytes });
    expect(status).toBe(0);
    const result = openX25519(stdout, OWN);
    expect(result.kind).toBe('opened');
    if (result.kind === 'opened') expect(Buffer.compare(result.bytes, bytes)).toBe(0);
  });

  it('armored, under a passphrase or for others are not opened', () => {
    const armored = spawnSync('age', ['-a', '-r', RECIPIENT], { input: 'text' }).stdout;
    expect(openX25519(armored, OWN).kind).toBe('undecided');
    const foreign = spawnSync('age', ['-r', STRANGER.recipient], { input: 'text' }).stdout;
    expect(openX25519(foreign, OWN).kind).toBe('not-mine');
  });
});
