import { equalTypes } from '../typed/convert.ts';
import { Num } from '../typed/number.ts';
import { DYNAMIC, STRING, type Type } from '../typed/type.ts';
import {
  boolValue,
  isKnownWithin,
  nullValue,
  numberValue,
  objectValue,
  stringValue,
  type Typed,
  tupleValue,
  UnknownContent,
  unknownValue,
} from '../typed/typed.ts';
import { jsonText } from './jsontext.ts';
import { parameter, text, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

const jsonencode: FunctionSpec = {
  name: 'jsonencode',
  parameters: [parameter('val', DYNAMIC, 'null', 'unknown', 'dynamic')],
  variadic: null,
  notNull: true,
  returns: () => STRING,
  call: ([value = nullValue()]) => {
    if (isKnownWithin(value)) return stringValue(jsonText(value));
    const certain = !(value.content instanceof UnknownContent) || value.content.notNull;
    return unknownValue(STRING, certain);
  },
};

/** Values within one another beyond this are refused: Terraform has no limit, and no configuration comes near it. */
const MAX_DEPTH = 1000;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
/** A string up to its closing quote. */
const TEXT = /"(?:[^"\\]+|\\.)*"/sy;

/** Reads JSON as go-cty does: numbers keep all digits, and of names that come twice the last one counts. */
class Reader {
  readonly source: string;
  at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** The one value of the source. A closing bracket after it ends the reading, as it does in Terraform. */
  document(): Typed {
    this.space();
    if (this.at === this.source.length) throw new FunctionProblem('EOF: an empty text is no JSON');
    const value = this.value(0);
    this.space();
    const next = this.source[this.at];
    if (next !== undefined && next !== ']' && next !== '}')
      throw new FunctionProblem('extraneous data after JSON object');
    return value;
  }

  private value(depth: number): Typed {
    if (depth > MAX_DEPTH) throw new FunctionProblem(`values are nested more than ${MAX_DEPTH} deep`);
    this.space();
    switch (this.source[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return text(this.string());
      case 't':
        return this.word('true', boolValue(true));
      case 'f':
        return this.word('false', boolValue(false));
      case 'n':
        return this.word('null', nullValue());
      default:
        return this.number();
    }
  }

  private object(depth: number): Typed {
    this.at++;
    const entries = new Map<string, Typed>();
    const earlier: [string, Typed][] = [];
    if (this.ends('}')) return objectValue([]);
    do {
      this.space();
      if (this.source[this.at] !== '"') throw this.unexpected('looking for an object key string');
      const name = this.string();
      // Terraform fails to find what it has just read there.
      if (name !== name.normalize('NFC'))
        throw new FunctionProblem(
          `unsupported attribute ${JSON.stringify(name)}: names have to be in Unicode's form NFC`,
        );
      this.space();
      if (this.source[this.at] !== ':') throw this.unexpected('after object key');
      this.at++;
      const value = this.value(depth + 1);
      const before = entries.get(name);
      if (before !== undefined && !equalTypes(before.type, value.type)) earlier.push([name, before]);
      entries.set(name, value);
    } while (this.continues('}', 'after object key:value pair'));
    for (const [name, value] of earlier)
      if (!fits(value, (entries.get(name) as Typed).type))
        throw new FunctionProblem(
          `the name ${JSON.stringify(name)} comes twice in an object, with values of different types`,
        );
    return objectValue(entries);
  }

  private array(depth: number): Typed {
    this.at++;
    if (this.ends(']')) return tupleValue([]);
    const items: Typed[] = [];
    do items.push(this.value(depth + 1));
    while (this.continues(']', 'after array element'));
    return tupleValue(items);
  }

  private ends(close: string): boolean {
    this.space();
    if (this.source[this.at] !== close) return false;
    this.at++;
    return true;
  }

  /** Whether a comma follows, rather than the closing bracket. */
  private continues(close: string, where: string): boolean {
    if (this.ends(close)) return false;
    if (this.source[this.at] !== ',') throw this.unexpected(where);
    this.at++;
    return true;
  }

  private space(): void {
    this.match(SPACE);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private string(): string {
    const found = this.match(TEXT);
    if (found === null) throw new FunctionProblem('unexpected EOF: a string has no closing quote');
    try {
      // A surrogate without its other half becomes the replacement character, as in Go.
      return Buffer.from(JSON.parse(found) as string).toString();
    } catch {
      throw new FunctionProblem('invalid character or escape sequence in string literal');
    }
  }

  private word(word: string, value: Typed): Typed {
    if (!this.source.startsWith(word, this.at)) {
      if (word.startsWith(this.source.slice(this.at))) throw new FunctionProblem('unexpected EOF');
      throw this.unexpected(`where "${word}" is expected`);
    }
    this.at += word.length;
    return value;
  }

  private number(): Typed {
    const found = this.match(NUMBER);
    if (found === null) throw this.unexpected('looking for beginning of value');
    let number: Num | null;
    try {
      number = Num.parse(found);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new FunctionProblem(error.message);
    }
    if (number === null) throw new FunctionProblem(`cannot use ${found} as a number`);
    return numberValue(number);
  }

  private unexpected(where: string): FunctionProblem {
    const character = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0);
    if (this.at >= this.source.length) return new FunctionProblem('unexpected EOF: the text ends too early');
    return new FunctionProblem(`invalid character ${JSON.stringify(character)} ${where}`);
  }
}

/**
 * Whether Terraform can read the value as one of a type: it reads every value of a name as one of the last one's type, and drops all but
 * the last.
 */
function fits(value: Typed, type: Type): boolean {
  const { content } = value;
  if (content === null) return true;
  switch (type.kind) {
    case 'string':
      return typeof content !== 'object' || content instanceof Num;
    case 'number':
      return content instanceof Num || (typeof content === 'string' && Num.parse(content) !== null);
    case 'bool':
      return typeof content === 'boolean' || content === 'true' || content === 'false';
    case 'tuple':
      return (
        Array.isArray(content) &&
        content.length === type.elements.length &&
        type.elements.every((element, index) => fits((content as readonly Typed[])[index] as Typed, element))
      );
    case 'object':
      return (
        content instanceof Map &&
        [...(content as ReadonlyMap<string, Typed>)].every(([name, part]) => {
          const attribute = type.attributes.get(name);
          return attribute !== undefined && fits(part, attribute);
        })
      );
    default:
      return false;
  }
}

const jsondecode: FunctionSpec = {
  name: 'jsondecode',
  parameters: [parameter('str', STRING)],
  variadic: null,
  // What the type is is in the text: reading it once, when the call is made, is enough.
  returns: () => DYNAMIC,
  call: (args) => new Reader(textOf(args, 0)).document(),
};

/** https://developer.hashicorp.com/terraform/language/functions/jsonencode and its reverse */
export const JSON_FUNCTIONS: readonly FunctionSpec[] = [jsondecode, jsonencode];
