import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conceal, Lines } from '../../src/core/line.ts';
import { Secret } from '../../src/core/secret.ts';

/** The lines that come out when the pieces have gone in, and how many had come after each piece. */
function heard(secrets: readonly string[], pieces: readonly string[]): { lines: string[]; after: number[] } {
  const lines: string[] = [];
  const out = new Lines(
    secrets.map((text) => new Secret(text)),
    (line) => lines.push(line),
  );
  const after = pieces.map((piece) => {
    out.push(piece);
    return lines.length;
  });
  out.end();
  return { lines, after };
}

const SECRET = 'aQ3/zz+Kp9';
const PEM = `-----BEGIN KEY-----\n${'Ab1/'.repeat(16)}\n${'Zy9+'.repeat(16)}\nend\n-----END KEY-----\n`;

describe('lines', () => {
  it('come as soon as they end, without white space behind them, and never empty', () => {
    expect(heard([], ['on', 'e\ntwo \t\r\n\n', ' three\r', 'four'])).toEqual({
      lines: ['one', 'two', ' three', 'four'],
      after: [0, 2, 2, 2],
    });
    // An end of line that comes in two pieces.
    expect(heard([], ['a\r', '\nb']).lines).toEqual(['a', 'b']);
  });

  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['in one piece', [SECRET], [`a ${SECRET} b\n`], ['a (sensitive) b']],
    ['split between pieces', [SECRET], ['a aQ3/', 'zz+Kp9 b\n'], ['a (sensitive) b']],
    ['character by character', [SECRET], [...`a ${SECRET}`], ['a (sensitive)']],
    ['twice, and beside another', [SECRET, 'p9x'], [`${SECRET}x${SECRET}\n`], ['(sensitive)(sensitive)']],
    ['over several lines', [PEM], [`key:\n${PEM}done\n`], ['key:', '(sensitive)', 'done']],
    ['over several lines, with other ends', [PEM], [PEM.replaceAll('\n', '\r\n')], ['(sensitive)']],
    ['over lines too short to tell', ['a\nb\nc'], ['x a\n', 'b\n', 'c y\n'], ['x (sensitive) y']],
    ['without its last line break', [PEM], [`<${PEM.trimEnd()}>\n`], ['<(sensitive)>']],
    ['on one line, as an unquoted $NAME prints it', ['ab\ncd  ef'], ['<ab cd ef>\n'], ['<(sensitive)>']],
    ['one line at a time', [PEM], [`> ${'Ab1/'.repeat(16)}\n`, 'hm\n'], ['> (sensitive)', 'hm']],
    ['begun, but something else', ['a\nb\nc'], ['x a\n', 'b\n', 'd\n'], ['x a', 'b', 'd']],
    ['begun when nothing more comes', ['a\nb\nc'], ['x a\nb\n'], ['x a', 'b']],
    ['that overlaps another', ['abcdefgh', 'efghijkl'], ['<abcdefghijkl>'], ['<(sensitive)>']],
    ['that is a part of what stands for one', ['s', SECRET], [`${SECRET} yes`], ['(sensitive) ye(sensitive)']],
    ['of white space, which nobody could hide', ['\n', ' '], ['a b\nc'], ['a b', 'c']],
  ])('have no secret %s', (_, secrets, pieces, lines) => {
    expect(heard(secrets, pieces).lines).toEqual(lines);
  });

  it('are held back only while a secret may go on', () => {
    expect(heard(['a\nb\nc'], ['x\n', 'a\n', 'b\n', 'd\n']).after).toEqual([1, 1, 1, 4]);
    expect(heard([SECRET], ['done: aQ3/\n', 'next\n']).after).toEqual([1, 2]);
  });

  it('have no secret that a program wraps', () => {
    const long = `key=${'s3Cr/'.repeat(30)}`;
    for (const [text, width] of [
      [Buffer.from(`id:${long}`).toString('base64'), 76],
      [Buffer.from(long).toString('base64'), 64],
      [Buffer.from(long).toString('hex'), 60],
      [long, 50],
    ] as const) {
      const wrapped = text.replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n');
      const { lines } = heard([long], [...`before\n${wrapped}\nafter\n`]);
      expect(lines[0]).toBe('before');
      expect(lines.at(-1)).toBe('after');
      // What is left are the ends, which belong to others.
      expect(lines.slice(1, -1).join('').replace('(sensitive)', '').length).toBeLessThan(12);
    }
  });

  it('without an end do not fill the memory, and are broken where no secret is', () => {
    const filler = '.'.repeat(1000);
    const pieces = Array.from({ length: 1000 }, (_, i) =>
      i % 100 === 7 ? SECRET.slice(0, 4) : i % 100 === 8 ? SECRET.slice(4) : filler,
    );
    const { lines, after } = heard([SECRET], pieces);
    expect(after.at(-1)).toBeGreaterThan(1);
    expect(lines.join('')).toBe(pieces.join('').replaceAll(SECRET, '(sensitive)'));
  });

  it('are the same however the pieces come, and never hold a secret', () => {
    const alphabet = fc.constantFrom('a', 'b', 'c', '\n', ' ', '\r\n');
    const texts = fc.array(alphabet, { minLength: 2, maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(alphabet, fc.nat(2)), { maxLength: 60 }),
        fc.array(fc.nat(80), { maxLength: 12 }),
        (secrets, parts, cuts) => {
          const text = parts.map((part) => (typeof part === 'number' ? (secrets[part] ?? 'x') : part)).join('');
          const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
          const pieces = places.slice(1).map((place, i) => text.slice(places[i], place));
          const whole = heard(secrets, [text]).lines;
          expect(heard(secrets, pieces).lines).toEqual(whole);
          const normal = text.replaceAll('\r\n', '\n');
          const hidden = conceal(
            normal,
            secrets.map((one) => new Secret(one)),
          );
          // Looked for among what is left, without what stands for a secret, which has letters of its own.
          for (const secret of secrets.map((one) => one.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '')))
            if (secret.trim() !== '')
              for (const left of hidden.split('(sensitive)')) expect(left).not.toContain(secret);
          // Longer lines may be parts of one.
          if (!/.{40}/.test(normal))
            expect(whole).toEqual(
              hidden
                .split('\n')
                .map((line) => line.trimEnd())
                .filter((line) => line !== ''),
            );
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('a whole text loses secrets and keeps its lines', () => {
  expect(conceal(`one\n\n  ${PEM}two ${SECRET}`, [new Secret(PEM), new Secret(SECRET)])).toBe(
    'one\n\n  (sensitive)\ntwo (sensitive)',
  );
});
