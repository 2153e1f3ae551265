import { EvaluationProblem } from '../expression/problem.ts';
import { decodeUtf8 } from './bytes.ts';
import { FunctionProblem } from './spec.ts';

/** A character encoding, as Terraform's functions use them. */
export interface Charset {
  /** IANA's preferred name. */
  readonly name: string;
  /** Null when the text has characters that the encoding lacks. */
  readonly encode: (text: string) => Uint8Array | null;
  /** What is not defined in the encoding is null, or the replacement character. */
  readonly decode: (bytes: Uint8Array) => string | null;
}

/** Bytes 0x80 to 0x9f of windows-1252: Node 20 decodes them as ISO-8859-1. A blank is not defined. */
const WINDOWS_1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/** Where ISO-8859-9 is not ISO-8859-1. */
const TURKISH: ReadonlyMap<number, string> = new Map([
  [0xd0, 'Ğ'],
  [0xdd, 'İ'],
  [0xde, 'Ş'],
  [0xf0, 'ğ'],
  [0xfd, 'ı'],
  [0xfe, 'ş'],
]);

const latin1 = (byte: number): string => String.fromCharCode(byte);

/**
 * The characters of one byte each, null where a byte has none. The rest are Node's own tables, but for the control characters that those
 * put where an encoding defines nothing.
 */
const OWN: Readonly<Record<string, (byte: number) => string | null>> = {
  'US-ASCII': (byte) => (byte < 0x80 ? latin1(byte) : null),
  'ISO-8859-1': latin1,
  'ISO-8859-9': (byte) => TURKISH.get(byte) ?? latin1(byte),
  'windows-1252': (byte) => {
    if (byte < 0x80 || byte > 0x9f) return latin1(byte);
    const character = WINDOWS_1252[byte - 0x80] ?? ' ';
    return character === ' ' ? null : character;
  },
};

/** The encodings of one byte a character: preferred name and IANA's other names for it. */
const SINGLE: Readonly<Record<string, readonly string[]>> = {
  'US-ASCII': 'iso-ir-6 ANSI_X3.4-1968 ANSI_X3.4-1986 ISO_646.irv:1991 ISO646-US us IBM367 cp367 csASCII'.split(' '),
  'ISO-8859-1': 'iso-ir-100 ISO_8859-1 ISO_8859-1:1987 latin1 l1 IBM819 CP819 csISOLatin1'.split(' '),
  'ISO-8859-2': 'iso-ir-101 ISO_8859-2 ISO_8859-2:1987 latin2 l2 csISOLatin2'.split(' '),
  'ISO-8859-3': 'iso-ir-109 ISO_8859-3 ISO_8859-3:1988 latin3 l3 csISOLatin3'.split(' '),
  'ISO-8859-4': 'iso-ir-110 ISO_8859-4 ISO_8859-4:1988 latin4 l4 csISOLatin4'.split(' '),
  'ISO-8859-5': 'iso-ir-144 ISO_8859-5 ISO_8859-5:1988 cyrillic csISOLatinCyrillic'.split(' '),
  'ISO-8859-6': 'iso-ir-127 ISO_8859-6 ISO_8859-6:1987 ECMA-114 ASMO-708 arabic csISOLatinArabic'.split(' '),
  'ISO-8859-7': 'iso-ir-126 ISO_8859-7 ISO_8859-7:1987 ELOT_928 ECMA-118 greek greek8 csISOLatinGreek'.split(' '),
  'ISO-8859-8': 'iso-ir-138 ISO_8859-8 ISO_8859-8:1988 hebrew csISOLatinHebrew'.split(' '),
  'ISO-8859-9': 'iso-ir-148 ISO_8859-9 ISO_8859-9:1989 latin5 l5 csISOLatin5'.split(' '),
  'ISO-8859-10': 'iso-ir-157 ISO_8859-10:1992 latin6 l6 csISOLatin6'.split(' '),
  'ISO-8859-13': ['csISO885913'],
  'ISO-8859-14': 'iso-ir-199 ISO_8859-14 ISO_8859-14:1998 latin8 iso-celtic l8 csISO885914'.split(' '),
  'ISO-8859-15': 'ISO_8859-15 Latin-9 csISO885915'.split(' '),
  'windows-874': ['cswindows874'],
  'windows-1250': ['cswindows1250'],
  'windows-1251': ['cswindows1251'],
  'windows-1252': ['cswindows1252'],
  'windows-1253': ['cswindows1253'],
  'windows-1254': ['cswindows1254'],
  'windows-1255': ['cswindows1255'],
  'windows-1256': ['cswindows1256'],
  'windows-1257': ['cswindows1257'],
  'windows-1258': ['cswindows1258'],
  'KOI8-R': ['csKOI8R'],
  macintosh: ['mac', 'csMacintosh'],
};

/** IANA's names of the further encodings that Terraform has: refused by Keyform, rather than called unknown. */
const FOREIGN = new RegExp(
  [
    'iso[-_]8859-[68]-[ei]|iso[-_]8859-16(?::2001)?|iso-ir-226|latin10|l10|koi8-u|iso-2022-jp',
    '(?:ibm|cp|ccsid|ms)-?\\d+|windows-936|\\d+|pc-multilingual.*|ebcdic.*',
    'shift_jis|ms_kanji|euc-(?:jp|kr)|extended_unix.*|gbk|gb18030|hz-gb-2312|big5',
    'cs(?:iso88596|iso88598|iso885916|koi8u|iso2022jp|pc|ibm|shiftjis|euc|hz|gb|big5).*',
  ]
    .map((names) => `^(?:${names})$`)
    .join('|'),
  'i',
);

/** The encodings that {@link charsetOf} knows, by IANA's preferred names. */
export const CHARSETS: readonly string[] = ['UTF-8', 'UTF-16', 'UTF-16BE', 'UTF-16LE', ...Object.keys(SINGLE)];

const made = new Map<string, Charset>();

/**
 * The encoding that an IANA name or alias stands for, in any case. Throws {@link FunctionProblem}, of that argument, for a name that is
 * none, and `EvaluationProblem` for one that may be known to Terraform: `try` must not go on without it.
 */
export function charsetOf(name: string, argument: number): Charset {
  const key = name.toLowerCase();
  const known = made.get(key);
  if (known !== undefined) return known;
  const charset = wide(key) ?? single(key);
  if (charset === null) {
    if (FOREIGN.test(name))
      throw new EvaluationProblem(
        'Character encoding not available',
        null,
        `Keyform does not have the encoding ${JSON.stringify(name)}. It has ${CHARSETS.join(', ')}. Encode the text outside and pass it in as a variable.`,
      );
    throw new FunctionProblem(
      `${JSON.stringify(name)} is not a supported IANA encoding name or alias; UTF-16LE and ISO-8859-1 are two of those`,
      argument,
    );
  }
  made.set(key, charset);
  return charset;
}

function wide(key: string): Charset | null {
  switch (key) {
    case 'utf-8':
    case 'csutf8':
      return { name: 'UTF-8', encode: (text) => Buffer.from(text), decode: decodeUtf8 };
    case 'utf-16le':
    case 'csutf16le':
      return { name: 'UTF-16LE', encode: (text) => Buffer.from(text, 'utf16le'), decode: decodeUtf16 };
    case 'utf-16be':
    case 'csutf16be':
      return {
        name: 'UTF-16BE',
        encode: (text) => Buffer.from(text, 'utf16le').swap16(),
        decode: (bytes) => decodeUtf16(swapped(bytes)),
      };
    case 'utf-16':
    case 'csutf16':
      // Big-endian with a byte order mark; one at the beginning decides how the rest is read.
      return {
        name: 'UTF-16',
        encode: (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
        decode: (bytes) => {
          const little = bytes[0] === 0xff && bytes[1] === 0xfe;
          return decodeUtf16(little ? bytes : swapped(bytes))?.replace(/^\ufeff/, '') ?? null;
        },
      };
    default:
      return null;
  }
}

function decodeUtf16(bytes: Uint8Array): string | null {
  return bytes.length % 2 === 1 ? null : Buffer.from(Buffer.from(bytes).toString('utf16le')).toString();
}

function swapped(bytes: Uint8Array): Uint8Array {
  return bytes.length % 2 === 1 ? bytes : Buffer.from(bytes).swap16();
}

function single(key: string): Charset | null {
  const found = Object.entries(SINGLE).find(
    ([name, aliases]) => name.toLowerCase() === key || aliases.some((alias) => alias.toLowerCase() === key),
  );
  if (found === undefined) return null;
  const [name] = found;
  const characters = Array.from({ length: 256 }, (_, byte) => byte).map(OWN[name] ?? nodeTable(name));
  const bytes = new Map(characters.flatMap((character, byte) => (character === null ? [] : [[character, byte]])));
  return {
    name,
    encode(text) {
      const encoded = Array.from(text, (character) => bytes.get(character));
      return encoded.includes(undefined) ? null : Uint8Array.from(encoded as number[]);
    },
    decode(source) {
      const decoded = Array.from(source, (byte) => characters[byte]);
      return decoded.includes(null) ? null : decoded.join('');
    },
  };
}

/** Where Node's tables are not those of the WHATWG, which Terraform goes by. https://encoding.spec.whatwg.org/#legacy-single-byte-encodings */
const MENDED: ReadonlyMap<string, string | null> = new Map([
  ['windows-1253 170', null],
  ['windows-1255 202', '\u05ba'],
]);

function nodeTable(name: string): (byte: number) => string | null {
  const decoder = new TextDecoder(name, { fatal: true });
  return (byte) => {
    const mended = MENDED.get(`${name} ${byte}`);
    if (mended !== undefined) return mended;
    try {
      const character = decoder.decode(Uint8Array.of(byte));
      // Node fills gaps with control characters, or with such for private use, which only Apple has.
      const filled =
        (byte >= 0x80 && byte <= 0x9f && character === latin1(byte)) || /^[\ue000-\uf8ff]$/.test(character);
      return filled && name !== 'macintosh' ? null : character;
    } catch {
      return null;
    }
  };
}
