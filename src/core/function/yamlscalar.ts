import { Num } from '../typed/number.ts';
import { boolValue, nullValue, numberValue, type Typed } from '../typed/typed.ts';
import { decodeBase64 } from './bytes.ts';
import { formatTimestamp } from './rfc3339.ts';
import { text } from './signature.ts';
import { FunctionProblem } from './spec.ts';

/** How the tags of YAML's own types begin: `!!str` is `tag:yaml.org,2002:str`. */
export const TAG = 'tag:yaml.org,2002:';

const PLAIN_WORDS: ReadonlyMap<string, () => Typed> = new Map([
  ...words(() => boolValue(true), 'y', 'yes', 'true', 'on'),
  ...words(() => boolValue(false), 'n', 'no', 'false', 'off'),
  ...words(() => nullValue(), 'null'),
  ...words(infinity(1), '.inf', '+.inf'),
  ...words(infinity(-1), '-.inf'),
  ['', () => nullValue()] as const,
  ['~', () => nullValue()] as const,
]);

/** Each word in small letters, with a capital first, and in capitals. */
function words(value: () => Typed, ...all: readonly string[]): (readonly [string, () => Typed])[] {
  return all.flatMap((word) =>
    [word, word.replace(/[a-z]/, (letter) => letter.toUpperCase()), word.toUpperCase()].map(
      (spelled) => [spelled, value] as const,
    ),
  );
}

function infinity(sign: 1 | -1): () => Typed {
  return () => numberValue(Num.of(sign * Number.POSITIVE_INFINITY));
}

const INTEGER = /^(?:[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const PREFIXED = /^([-+]?)(0(?:x[0-9a-f]+|o[0-7]+|b[01]+))$/i;
const MOMENT =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d))| +(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?$/;

/**
 * The value of a scalar by go-cty-yaml's rules, which are those of YAML 1.1 for words and of 1.2 for numbers. `tag` is in full, '' for
 * none; `quoted` means by quotation marks, not as a block. Throws {@link FunctionProblem}.
 */
export function scalarValue(tag: string, source: string, quoted: boolean): Typed {
  const kind = tag === '' ? '' : tag.startsWith(TAG) ? tag.slice(TAG.length) : null;
  if (kind === null || !['', 'str', 'bool', 'int', 'float', 'null', 'timestamp', 'binary'].includes(kind))
    throw new FunctionProblem(`unsupported tag ${JSON.stringify(tag)}`);
  let type = kind;
  if (kind !== 'str' && kind !== 'binary' && /^(?:$|[-+.\d~yYnNtTfFoO])/.test(source)) {
    if (quoted) return text(source);
    const word = PLAIN_WORDS.get(source);
    if (word !== undefined) return word();
    if (kind === '' && /^\.(?:nan|NaN|NAN)$/.test(source))
      throw new FunctionProblem('floating point NaN is not supported');
    if (source.startsWith('.')) {
      const number = parseNumber(source);
      if (number !== null) return numberValue(number);
    } else if (/^[-+\d]/.test(source)) {
      const moment = kind === '' || kind === 'timestamp' ? momentOf(source) : null;
      if (moment !== null) return moment;
      if (INTEGER.test(source) || FLOAT.test(source)) type = 'float';
    }
  }
  switch (type) {
    case '':
    case 'str':
      return text(source);
    case 'binary':
      if (decodeBase64(source) === null) throw unusable(source, tag, 'not valid base64');
      return text(source);
    case 'null':
      return nullValue();
    case 'int':
    case 'float': {
      const plain = source.replaceAll('_', '');
      const number = parseNumber(plain) ?? parsePrefixed(plain);
      if (number === null) throw unusable(source, tag);
      return numberValue(number);
    }
    default:
      throw unusable(source, tag);
  }
}

function unusable(source: string, tag: string, reason = ''): FunctionProblem {
  return new FunctionProblem(`cannot parse ${JSON.stringify(source)} as ${tag}${reason === '' ? '' : `: ${reason}`}`);
}

function parseNumber(source: string): Num | null {
  try {
    return Num.parse(source);
  } catch (error) {
    if (error instanceof RangeError) throw new FunctionProblem(error.message);
    throw error;
  }
}

/** Hexadecimal, octal and binary integers of 64 bits. */
function parsePrefixed(source: string): Num | null {
  const found = PREFIXED.exec(source);
  if (found === null) return null;
  const [, sign = '', digits = ''] = found;
  const value = BigInt(digits.toLowerCase());
  const limit = sign === '' ? 1n << 64n : sign === '+' ? 1n << 63n : (1n << 63n) + 1n;
  return value < limit ? Num.of(sign === '-' ? -value : value) : null;
}

/** A date, perhaps with a time, as a string in RFC 3339; null when it is none. */
function momentOf(source: string): Typed | null {
  const found = MOMENT.exec(source);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0] = found.slice(1, 4).map(Number);
  const [hour = 0, minute = 0, second = 0] = [4, 5, 6].map((index) => Number(found[index] ?? found[index + 4] ?? 0));
  const zone = /^([+-])(\d\d):(\d\d)$/.exec(found[7] ?? '');
  const [east, hours, minutes] = [zone?.[1] === '-' ? -1 : 1, Number(zone?.[2] ?? 0), Number(zone?.[3] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = month >= 1 && month <= 12 && day >= 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59 || hours > 24 || minutes > 60) return null;
  const offset = east * (hours * 60 + minutes);
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset * 60);
  return text(formatTimestamp({ nanoseconds: seconds * 1_000_000_000n, offset }));
}
