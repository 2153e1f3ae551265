/**
 * Terraform changes the case of each code point by itself, and only where another single one stands for it: `ß` has no capital, and a final sigma
 * is no other than a medial one. https://www.unicode.org/reports/tr44/#UnicodeData.txt
 */

/** Letters that got a partner in another case after Unicode 15.0, which Terraform goes by. */
const UNPAIRED =
  /[\u019b\u0264\u1c89\u1c8a\ua7cb-\ua7cf\ua7d2-\ua7d5\ua7da-\ua7dc\u{10d50}-\u{10d85}\u{16ea0}-\u{16ed3}]/u;

const LETTER_OR_DIGIT = /[\p{L}\p{Nd}]/u;
const SPACE = /[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Digraphs whose first letter alone is a capital in a title, by the three forms that they have. */
const DIGRAPHS: readonly string[] = [
  '\u01c4\u01c5\u01c6',
  '\u01c7\u01c8\u01c9',
  '\u01ca\u01cb\u01cc',
  '\u01f1\u01f2\u01f3',
];

/** The text in capitals. */
export function upper(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text.toUpperCase() : [...text].map(upperOf).join('');
}

/** The text in small letters. */
export function lower(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : [...text].map(lowerOf).join('');
}

/** The text with each first letter of a word in its title form. An ASCII sign other than the underscore ends a word, others do not. */
export function title(text: string): string {
  let before = ' ';
  let result = '';
  for (const character of text) {
    result += separates(before) ? titleOf(character) : character;
    before = character;
  }
  return result;
}

function upperOf(character: string): string {
  if (UNPAIRED.test(character)) return character;
  const mapped = character.toUpperCase();
  return isOne(mapped) ? mapped : withIota(character);
}

function lowerOf(character: string): string {
  if (UNPAIRED.test(character)) return character;
  const mapped = character.toLowerCase();
  // The only letter whose small form is two code points, beside its simple one.
  return isOne(mapped) ? mapped : 'i';
}

function titleOf(character: string): string {
  for (const forms of DIGRAPHS) if (forms.includes(character)) return forms.charAt(1);
  // Georgian has capitals for whole words only.
  if (/[\u10d0-\u10fa\u10fd-\u10ff]/.test(character)) return character;
  return upperOf(character);
}

function isOne(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);
}

/** The capital of a Greek letter with an iota below, which has one; any other letter without a capital of its own is left. */
function withIota(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  return character;
}

function separates(character: string): boolean {
  if (character <= '\x7f') return !/[0-9A-Za-z_]/.test(character);
  return !LETTER_OR_DIGIT.test(character) && SPACE.test(character);
}
