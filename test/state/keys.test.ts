import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import {
  generateIdentity,
  identityFile,
  identityToRecipient,
  parseIdentities,
  parseRecipients,
  sealingFor,
  stateKeys,
} from '../../src/state/keys.ts';
import { IDENTITY, START } from './fixture.ts';

const RECIPIENT = await identityToRecipient(new Secret(IDENTITY));

function failure(action: () => unknown): { code: string; text: string } {
  try {
    action();
  } catch (error) {
    if (isKeyformError(error)) return { code: error.code, text: `${error.message}\n${error.detail}` };
    throw error;
  }
  throw new Error('it did not fail');
}

describe('identities', () => {
  it.each(['x25519', 'post-quantum'] as const)('generates and reads back %s', async (kind) => {
    const made = await generateIdentity(kind);
    expect(await identityToRecipient(made.identity)).toBe(made.recipient);
    expect(parseRecipients([made.recipient, made.recipient], 'here')).toEqual([made.recipient]);
    const text = identityFile(made, START).reveal();
    expect(text).toBe(`# created: 2026-03-04T05:06:07Z\n# public key: ${made.recipient}\n${made.identity.reveal()}\n`);
    expect(parseIdentities(text, 'key.txt').map((s) => s.reveal())).toEqual([made.identity.reveal()]);
  });

  it('reads several, with comments, blank lines and Windows line ends', () => {
    const text = `# mine\r\n${IDENTITY}\r\n\r\n  # other\n ${IDENTITY} \n`;
    expect(parseIdentities(text, 'key.txt')).toHaveLength(2);
  });

  it.each([
    ['nothing', '', 'holds no age identity'],
    ['comments only', '# x\n', 'holds no age identity'],
    ['a recipient', 'age1qqqqqqqq', 'line 1: not an age identity (this is a recipient'],
    ['a short one', `# x\n${IDENTITY.slice(0, -1)}`, 'line 2: not an age identity (wrong length'],
    ['lower case', IDENTITY.toLowerCase(), 'not upper case'],
    ['a plugin', 'AGE-PLUGIN-YUBIKEY-1QQQ', 'plugin identities are not supported'],
    ['SSH', '-----BEGIN OPENSSH PRIVATE KEY-----', 'SSH keys are not supported'],
    ['an encrypted file', '-----BEGIN AGE ENCRYPTED FILE-----\nabc', 'is itself encrypted'],
    ['a password', 'hunter2hunter2', 'unknown form'],
  ])('refuses %s without quoting it', (_name, text, words) => {
    const { code, text: said } = failure(() => parseIdentities(text, 'key.txt'));
    expect(code).toBe('no-identity');
    expect(said).toContain(words);
    const line = text.split('\n').at(-1) ?? '';
    if (line.length > 10 && !words.includes('comments')) expect(said.includes(line)).toBe(false);
  });

  it('tells a slip in an identity when it is used', async () => {
    const slip = IDENTITY.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'));
    const error = await identityToRecipient(new Secret(slip)).catch((e: unknown) => e);
    expect(isKeyformError(error, 'no-identity')).toBe(true);
    expect(String(error).includes(slip)).toBe(false);
  });
});

describe('keys put together', () => {
  const identities = [new Secret(IDENTITY)];
  const passphrase = new Secret('five random words');

  it('are null when nothing is given', () => {
    expect(stateKeys({ identities: [], passphrase: null, recipients: [] })).toBeNull();
    expect(stateKeys({ identities: [], passphrase: null, recipients: [RECIPIENT] })).toBeNull();
  });

  it('refuse what age cannot do, and what would lock the user out', async () => {
    const both = failure(() => stateKeys({ identities: [], passphrase, recipients: [RECIPIENT] }));
    expect(both.code).toBe('invalid-configuration');
    expect(failure(() => stateKeys({ identities, passphrase, recipients: [] })).code).toBe('invalid-configuration');
    const empty = { identities: [], passphrase: new Secret(''), recipients: [] };
    expect(failure(() => stateKeys(empty)).code).toBe('invalid-configuration');
    const { recipient } = await generateIdentity();
    const others = { identities, passphrase: null, recipients: [recipient] };
    const error = await sealingFor(others, []).catch((e: unknown) => e);
    expect(isKeyformError(error, 'invalid-configuration') && error.detail.includes(RECIPIENT)).toBe(true);
  });

  it('refuse a secret or nonsense among the recipients', () => {
    const leak = failure(() => parseRecipients([IDENTITY], 'cdktf.json'));
    expect(leak.code).toBe('invalid-configuration');
    expect(leak.text.includes(IDENTITY)).toBe(false);
    expect(failure(() => parseRecipients(['AGE1ABC'], 'cdktf.json')).text).toContain('"AGE1ABC"');
  });

  it('seal for the named, else for whoever it is sealed for, and never leave oneself out', async () => {
    const { recipient: other } = await generateIdentity();
    const own = { identities, passphrase: null, recipients: [] };
    expect(await sealingFor(own, [])).toEqual({ recipients: [RECIPIENT] });
    expect(await sealingFor(own, [other, RECIPIENT])).toEqual({ recipients: [other, RECIPIENT] });
    expect(await sealingFor(own, [other])).toEqual({ recipients: [other, RECIPIENT] });
    const named = { ...own, recipients: [RECIPIENT, other] };
    expect(await sealingFor(named, [RECIPIENT])).toEqual({ recipients: [RECIPIENT, other] });
    expect(await sealingFor({ identities: [], passphrase, recipients: [] }, [])).toEqual({ passphrase });
  });
});
