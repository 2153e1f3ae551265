import { describe, expect, it } from 'vitest';
import { redact, redactedVendorError } from '../../src/core/redaction.ts';
import { Secret } from '../../src/core/secret.ts';

const secrets = ['s3cr', 's3cret-and-more', ''].map((text) => new Secret(text));

describe('the words of a vendor', () => {
  it('lose every secret whole, also one that begins another', () => {
    expect(redact('you sent s3cret-and-more, not s3cr', { secrets }, 500)).toBe(
      'you sent (sensitive), not (sensitive)',
    );
  });

  it('lose what looks like a secret, each time', () => {
    expect(redact('k-12 k-34 k', { secrets, shapes: [/k-\d+/g] }, 500)).toBe('(sensitive) (sensitive) k');
    expect(redact('k-12', { secrets, shapes: [/k-\d+/g] }, 500)).toBe('(sensitive)');
  });

  it.each<[string, (secret: string) => string]>([
    ['JSON', (secret) => JSON.stringify({ said: secret })],
    ['JSON in JSON', (secret) => JSON.stringify(JSON.stringify({ said: secret }))],
    ['an address', (secret) => `?a=${encodeURIComponent(secret)}&b=`],
    [
      'an address in small letters',
      (secret) => `?a=${encodeURIComponent(secret).replaceAll(/%../g, (c) => c.toLowerCase())}`,
    ],
    ['a form', (secret) => new URLSearchParams({ said: secret, next: '' }).toString()],
    ['hexadecimal', (secret) => Buffer.from(secret).toString('hex')],
    ['base64', (secret) => Buffer.from(`a:${secret}:b`).toString('base64')],
    ['base64, elsewhere', (secret) => Buffer.from(`id:${secret}`).toString('base64')],
    ['base64url', (secret) => Buffer.from(`key:${secret}`).toString('base64url')],
  ])('lose a secret in %s too', (_, encode) => {
    const secret = 'k+/ä "se\\cret" ÿÿÿ~~~???';
    const text = encode(secret);
    const clean = redact(text, { secrets: [new Secret(secret)] }, 500);
    expect(clean).toContain('(sensitive)');
    // What is left are the ends that belong to others.
    expect(clean.replace('(sensitive)', '').length).toBeLessThan(text.length / 2);
    expect(clean).not.toContain('cret');
  });

  it('keep what a short secret would look like by chance', () => {
    expect(redact('YWI= 6162 ab', { secrets: [new Secret('ab')] }, 500)).toBe('YWI= 6162 (sensitive)');
    // Half a pair of surrogates, which no encoding of text takes.
    expect(redact('a \ud800 b', { secrets: [new Secret('\ud800')] }, 500)).toBe('a (sensitive) b');
  });

  it('are cut after that, so that no half of a secret is left', () => {
    expect(redact('abc s3cret-and-more', { secrets }, 12)).toBe('abc (sensiti');
    expect(redact(null, { secrets }, 12)).toBeNull();
  });

  it('keep a code that is a word, though it has the length of a secret', () => {
    const shapes = [/\b[A-Za-z]{10}\b/g];
    const said = { code: 'Throttling', message: 'Throttling', requestId: 'Throttling' };
    expect(redactedVendorError(429, said, { secrets, shapes })).toEqual({
      status: 429,
      code: 'Throttling',
      message: '(sensitive)',
      requestId: '(sensitive)',
    });
    const known = { secrets: [new Secret('Throttling')], shapes };
    expect(redactedVendorError(429, said, known).code).toBe('(sensitive)');
    const long = { code: '1'.repeat(101), message: '2'.repeat(501), requestId: '3'.repeat(101) };
    expect(redactedVendorError(400, long, { secrets })).toEqual({
      status: 400,
      code: '1'.repeat(100),
      message: '2'.repeat(500),
      requestId: '3'.repeat(100),
    });
  });
});
