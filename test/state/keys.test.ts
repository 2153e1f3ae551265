import { describe, expect, it } from 'vitest';
import { isKeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import {
  generateIdentity,
  identityFile,
  identityToRecipient,
  parseIdentities,
  parseRecipients,
  refuseWeak,
  sealingFor,
  shortly,
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

describe('a new passphrase', () => {
  it.each([
    ['', 'is empty'],
    ['            ', 'is empty'],
    ['elevenchars', 'is shorter than 12 letters'],
    ['aaaaaaaaaaaaaaaa', 'is one letter or two, repeated'],
    ['abababababababab', 'is one letter or two, repeated'],
  ])('is refused when it can be guessed at once: "%s"', (text, why) => {
    const { code, text: said } = failure(() => refuseWeak(new Secret(text), 'The passphrase'));
    expect(code).toBe('invalid-usage');
    expect(said.split('\n')[0]).toBe(`The passphrase ${why}`);
    if (text.trim() !== '') expect(said).not.toContain(text);
  });

  it.each(['twelve chars', 'five random words it is', `${'ä'.repeat(10)}öü`])('is taken: "%s"', (text) => {
    expect(() => refuseWeak(new Secret(text), 'The passphrase')).not.toThrow();
  });
});

describe('a recipient in a sentence', () => {
  it.each(['x25519', 'post-quantum'] as const)('is told by its ends: %s', async (kind) => {
    const { recipient } = await generateIdentity(kind);
    const short = shortly(recipient);
    expect(short.length).toBeLessThan(25);
    const [start = '', end = ''] = short.split('…');
    expect(recipient.startsWith(start) && recipient.endsWith(end)).toBe(true);
    // The rest of it would be the same for all of its kind.
    expect(start.replace(/^age1(pq1)?/, '').length).toBeGreaterThanOrEqual(8);
  });
});

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

  it('derives the recipients of the examples in the specification', async () => {
    // https://github.com/C2SP/C2SP/blob/main/age.md, sections on the two recipient types; the longer one by its ends and its hash.
    const classic = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX';
    expect(await identityToRecipient(new Secret(classic))).toBe(
      'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
    );
    const hybrid = 'AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR';
    const recipient = await identityToRecipient(new Secret(hybrid));
    expect(recipient).toHaveLength(1959);
    expect(recipient).toMatch(/^age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235jzxshfg87pzf5zrqtzdxz95paef6/);
    expect(recipient).toMatch(
      /5awe9j99ly5hkntzz9fe5zatgjvzdd0kgtxs25njnajyf6ssekp7gelxquusn4pt25czh3scj68kq79wdn5tgm6yvm9nzavrg043x3msnygf8dweknw5jmqd0uvny6ttsn09508k0c55zfnegrm9efhxpfqdkmhh6gjtqmwze9pyyzk3tlhl53k2ykx3qheyty7saeq0d3fzv49zc0k$/,
    );
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

  it('are never of the two kinds that age does not mix', async () => {
    const strong = await generateIdentity('post-quantum');
    const both = [RECIPIENT, strong.recipient];
    const { code, text } = failure(() => parseRecipients(both, 'context.keyform.recipients in cdktf.json'));
    expect(code).toBe('invalid-configuration');
    expect(text).toContain('context.keyform.recipients in cdktf.json: post-quantum and other recipients are mixed');
    expect(text).toContain(`Take ${RECIPIENT} away, or ${strong.recipient.slice(0, 20)}…`);
    expect(text).not.toContain(strong.recipient);
    const more = await generateIdentity('post-quantum');
    expect(parseRecipients([strong.recipient, more.recipient], 'x')).toHaveLength(2);

    // Somebody with identities of both kinds at hand: the stronger, and what is sealed already stays as it is.
    const own = { identities: [...identities, strong.identity], passphrase: null, recipients: [] };
    expect(await sealingFor(own, [])).toEqual({ recipients: [strong.recipient] });
    expect(await sealingFor(own, [RECIPIENT])).toEqual({ recipients: [RECIPIENT] });
    expect(await sealingFor({ ...own, recipients: [RECIPIENT] }, [])).toEqual({ recipients: [RECIPIENT] });
    const foreign = sealingFor({ ...own, identities: [strong.identity] }, [RECIPIENT]);
    await expect(foreign).rejects.toThrow('post-quantum and other recipients are mixed');
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
