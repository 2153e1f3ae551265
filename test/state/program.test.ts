import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { generateIdentity, identityFile } from '../../src/state/keys.ts';
import { open, seal } from '../../src/state/seal.ts';
import { START } from './fixture.ts';

/* What Keyform seals opens with the program age, as it is packaged, and the other way round; and, for the post-quantum kind, which
 * packaged programs may be too old for, the vectors that age itself is tested with. */

const folder = mkdtempSync(join(tmpdir(), 'keyform-age-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[], input = ''): { code: number | null; out: Buffer; err: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, timeout: 30_000 });
  if (error !== undefined) throw error;
  return { code: status, out: stdout, err: stderr.toString('utf8') };
}

/** Why a program cannot be the witness; null when it can. */
function lacking(program: string, args: readonly string[], wanted: (text: string) => boolean): string | null {
  const { stdout, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return `the program "${program}" is not installed`;
  return wanted(stdout) ? null : `"${program}" is ${stdout.trim()}, which is too old`;
}

const noAge = lacking('age', ['--version'], () => true);
const noPostQuantum = lacking('age', ['--version'], (text) => {
  const [, major = '0', minor = '0'] = /v?(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) > 1 || Number(minor) >= 3;
});
/** age asks for a passphrase on a terminal only; script, of util-linux, gives it one. */
const noTerminal = noAge ?? lacking('script', ['--version'], (text) => text.includes('util-linux'));

function witness(name: string, missing: string | null, test: () => Promise<void>): void {
  it(name, { timeout: 60_000 }, async ({ skip }) => {
    if (missing !== null) {
      process.stderr.write(`skipped: ${name}: ${missing}\n`);
      skip(missing);
    }
    await test();
  });
}

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

// More than one chunk of 64 KiB.
const TEXT = Buffer.from(`state ${'of keys '.repeat(20_000)}`);

describe('the program age', () => {
  for (const [kind, missing] of [
    ['x25519', noAge],
    ['post-quantum', noPostQuantum],
  ] as const) {
    witness(
      `opens what is sealed for several recipients with each of them, and with nobody else (${kind})`,
      missing,
      async () => {
        const made = await Promise.all(Array.from({ length: 4 }, () => generateIdentity(kind)));
        const recipients = made.slice(0, 3).map(({ recipient }) => recipient);
        const sealed = put(`${kind}.age`, await seal(TEXT, { recipients }));
        for (const [index, one] of made.entries()) {
          const key = put(`${kind}-${index}.txt`, identityFile(one, START).reveal());
          const opened = run('age', ['-d', '-i', key, sealed]);
          expect(opened.code).toBe(index < 3 ? 0 : 1);
          if (index < 3) expect(opened.out.equals(TEXT)).toBe(true);
          else expect(opened.err).toContain('no identity matched');
        }
      },
    );

    witness(
      `seals what opens here, for recipients that it takes from our identity file (${kind})`,
      missing,
      async () => {
        const one = await generateIdentity(kind);
        const key = put(`own-${kind}.txt`, identityFile(one, START).reveal());
        expect(run('age-keygen', ['-y', key]).out.toString()).toBe(`${one.recipient}\n`);
        const plain = put('plain.txt', TEXT);
        const sealed = run('age', ['-r', one.recipient, plain]).out;
        const opened = await open(sealed, { identities: [one.identity], passphrase: null }, 'a file of age');
        expect(Buffer.from(opened).equals(TEXT)).toBe(true);
      },
    );
  }

  witness('refuses the mixture of kinds that we refuse', noPostQuantum, async () => {
    const made = [await generateIdentity('x25519'), await generateIdentity('post-quantum')];
    const mixed = run('age', [...made.flatMap(({ recipient }) => ['-r', recipient]), put('mixed.txt', TEXT)]);
    expect(mixed.code).toBe(1);
    expect(mixed.err).toContain('incompatible recipients');
  });

  witness('opens what is sealed under a passphrase, and nothing with another one', noTerminal, async () => {
    const passphrase = new Secret('five random words and more');
    const sealed = put('passphrase.age', await seal(TEXT, { passphrase }));
    const plain = join(folder, 'opened.txt');
    const tryWith = (text: string) => run('script', ['-qec', `age -d -o ${plain} ${sealed}`, '/dev/null'], `${text}\n`);
    const wrong = tryWith('five random words');
    expect(wrong.code).toBe(1);
    expect(wrong.out.toString()).toContain('incorrect passphrase');
    const right = tryWith(passphrase.reveal());
    expect({ code: right.code, said: right.out.toString().includes('error') }).toEqual({ code: 0, said: false });
    expect(readFileSync(plain).equals(TEXT)).toBe(true);
  });
});

describe('the CCTV age vectors of the post-quantum kind', () => {
  const all = Object.entries(vectors).flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    const end = bytes.indexOf('\n\n');
    const head = bytes.toString('latin1', 0, end);
    const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(head)?.[1] ?? '';
    const hybrid = field('identity').startsWith('AGE-SECRET-KEY-PQ-1') && field('armored') === '';
    const body = bytes.subarray(end + 2);
    const file = field('compressed') === 'zlib' ? inflateSync(body) : body;
    const vector = { name, expect: field('expect'), payload: field('payload'), file };
    return hybrid ? [{ ...vector, identity: new Secret(field('identity')) }] : [];
  });

  it('are here', () => {
    expect(all.filter((one) => one.expect === 'success').length).toBeGreaterThan(0);
    expect(all.filter((one) => one.expect !== 'success').length).toBeGreaterThan(0);
  });

  it.each(all)('$name: $expect', async ({ name, expect: outcome, payload, file, identity }) => {
    const pending = open(file, { identities: [identity], passphrase: null }, name);
    if (outcome === 'success') {
      expect(
        createHash('sha256')
          .update(await pending)
          .digest('hex'),
      ).toBe(payload);
    } else {
      await expect(pending).rejects.toMatchObject({
        code: outcome === 'no match' ? 'wrong-identity' : 'damaged-state',
      });
    }
  });
});
