import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { generateIdentity, identityToRecipient } from '../../src/state/keys.ts';
import { open, seal } from '../../src/state/seal.ts';
import { IDENTITY, KEYS } from './fixture.ts';

const text = Buffer.from('{"secret":"canary"}');
const recipients = [await identityToRecipient(new Secret(IDENTITY))];
const passphrase = new Secret('pässphrase');
/** 2^10 rounds of scrypt instead of 2^18: the test is of the format. */
const FAST = 10;

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => 'opened',
    (e: unknown) => e,
  );
  if (error === 'opened') return error;
  if (!isKeyformError(error)) throw error;
  expect(error.message).toContain('state/prod');
  return error.code;
}

const tryOpen = (bytes: Uint8Array, keys: Parameters<typeof open>[1] = KEYS) => open(bytes, keys, 'state/prod');

describe('seal and open', () => {
  it('holds for identities of both kinds and several recipients', async () => {
    const other = await generateIdentity('x25519');
    const quantum = await generateIdentity('post-quantum');
    const sealed = await seal(text, { recipients: [...recipients, other.recipient, quantum.recipient] });
    for (const identity of [KEYS.identities[0] as Secret, other.identity, quantum.identity]) {
      const opened = await tryOpen(sealed, { identities: [identity], passphrase: null });
      expect(Buffer.from(opened)).toEqual(text);
    }
    const stranger = await generateIdentity('x25519');
    const keys = { identities: [stranger.identity], passphrase: null };
    expect(await codeOf(tryOpen(sealed, keys))).toBe('wrong-identity');
  });

  it('seals under a passphrase as the library does, both ways', async () => {
    const decrypter = new Decrypter();
    decrypter.addPassphrase(passphrase.reveal());
    expect(Buffer.from(await decrypter.decrypt(await seal(text, { passphrase }, FAST)))).toEqual(text);
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase.reveal());
    encrypter.setScryptWorkFactor(FAST);
    const sealed = await encrypter.encrypt(new Uint8Array(text));
    expect(Buffer.from(await tryOpen(sealed, { identities: [], passphrase }))).toEqual(text);
    const wrong = { identities: [], passphrase: new Secret('other') };
    expect(await codeOf(tryOpen(sealed, wrong))).toBe('wrong-identity');
    expect(await codeOf(tryOpen(sealed, KEYS))).toBe('wrong-identity');
    const forKey = await seal(text, { recipients });
    expect(await codeOf(tryOpen(forKey, { identities: [], passphrase }))).toBe('wrong-identity');
  });

  it('tells apart no identity, wrong identity, damage and nothing', async () => {
    const sealed = await seal(text, { recipients });
    expect(await codeOf(tryOpen(sealed, null))).toBe('no-identity');
    expect(await codeOf(tryOpen(new Uint8Array(0), null))).toBe('empty-state');
    expect(await codeOf(tryOpen(new Uint8Array(0)))).toBe('empty-state');
    expect(await codeOf(tryOpen(new Uint8Array(sealed.length)))).toBe('damaged-state');
    expect(await codeOf(tryOpen(Buffer.from('{"version":4,"terraform_version":"1.11.4"}')))).toBe('damaged-state');
    expect(await codeOf(tryOpen(Buffer.concat([sealed, Buffer.from([0])])))).toBe('damaged-state');
    const slip = { identities: [new Secret(IDENTITY.replace(/.$/, 'Z'))], passphrase: null };
    const error = await tryOpen(sealed, slip).catch((e: unknown) => e);
    expect(isKeyformError(error, 'no-identity')).toBe(true);
  });

  it.each<[string, () => Promise<Uint8Array>, Parameters<typeof open>[1]]>([
    ['for a recipient', () => seal(text, { recipients }), KEYS],
    ['under a passphrase', () => seal(text, { passphrase }, FAST), { identities: [], passphrase }],
  ])('names every flipped byte and every truncation of a file sealed %s', async (_name, make, keys) => {
    const sealed = await make();
    const codes = new Map<string, number>();
    const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1);
    for (let at = 0; at < sealed.length; at++) {
      for (const flip of [0x01, 0x80]) {
        const bytes = Uint8Array.from(sealed);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        count(await codeOf(tryOpen(bytes, keys)));
      }
      if (at > 0) expect(await codeOf(tryOpen(sealed.subarray(0, at), keys))).toBe('damaged-state');
    }
    // A flipped stanza is one that this identity does not match: age cannot know more.
    expect([...codes.keys()].sort()).toEqual(['damaged-state', 'wrong-identity']);
    const body = sealed.length - Buffer.from(sealed).toString('latin1').indexOf('\n---');
    expect(codes.get('damaged-state')).toBeGreaterThan(2 * body - 2);
  });

  it('names a recipient that is not valid', async () => {
    const error = await seal(text, { recipients: ['age1qqqqqqqqqqqqqqqqqqqqqqq'] }).catch((e: unknown) => e);
    expect(isKeyformError(error, 'invalid-configuration')).toBe(true);
  });
});

const age = spawnSync('age', ['--version'], { encoding: 'utf8' });
const missing = age.error !== undefined;
if (missing) process.stderr.write('skipped: the program "age" is not installed, so files are not exchanged with it\n');

describe.skipIf(missing)('exchange with the program age', () => {
  function inFolder(run: (folder: string) => Promise<void>): () => Promise<void> {
    return async () => {
      const folder = mkdtempSync(join(tmpdir(), 'keyform-age-'));
      try {
        writeFileSync(join(folder, 'key.txt'), `# test\n${IDENTITY}\n`, { mode: 0o600 });
        await run(folder);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    };
  }

  it(
    'age opens what is sealed here',
    inFolder(async (folder) => {
      const big = Buffer.alloc(200_000, 'a canary ');
      writeFileSync(join(folder, 'sealed'), await seal(big, { recipients }));
      const { stdout, status } = spawnSync('age', ['-d', '-i', join(folder, 'key.txt'), join(folder, 'sealed')]);
      expect(status).toBe(0);
      expect(stdout.equals(big)).toBe(true);
    }),
  );

  it(
    'what age seals opens here',
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'plain'), text);
      const args = ['-r', recipients[0] ?? '', '-o', join(folder, 'sealed'), join(folder, 'plain')];
      expect(spawnSync('age', args).status).toBe(0);
      expect(Buffer.from(await tryOpen(readFileSync(join(folder, 'sealed'))))).toEqual(text);
    }),
  );
});
