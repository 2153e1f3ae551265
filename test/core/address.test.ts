import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, isName, parseAddress } from '../../src/core/address.ts';

describe('addresses', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,12}$/);

  it('are read back as they are printed', () => {
    const key = fc.oneof(fc.constant(null), fc.nat(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(name, name, key, (type, label, each) => {
        const address = { module: [], type, name: label, key: each };
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  it.each([
    '',
    'a',
    'a.',
    '.b',
    'a.b.c',
    'a.b[',
    'a.b[]',
    'a.b[-1]',
    'a.b[x]',
    "a.b['x']",
    'a.b["\\q"]',
    'a.b[0]x',
    '1a.b',
    ' a.b',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('knows a name', () => {
    expect(['a', '_', 'a-b', 'A9'].every(isName)).toBe(true);
    expect(['', '9a', '-a', 'a b', 'a.b', 'é', 'a\n'].some(isName)).toBe(false);
  });
});
