import { Num } from '../typed/number.ts';
import { partsOf, type Typed } from '../typed/typed.ts';

// Terraform writes YAML with a port of libyaml. No other library quotes, folds and indents as that does, so this follows its rules:
// strings in double quotes, or literal blocks where they have line breaks; everything else plain. Names are those of libyaml.

/** Spaces of a level. */
const INDENT = 2;
/** Double-quoted text is folded at the first space beyond this column. */
const WIDTH = 80;
/** A longer key, in bytes, stands behind a question mark. */
const MAX_SIMPLE_KEY = 128;

const BREAK = /[\r\n\u0085\u2028\u2029]/;

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

/** libyaml takes no character beyond the first 65536 for printable. */
function isPrintable(code: number): boolean {
  return code === 0x0a || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code < 0xfffe && code !== 0xfeff);
}

/** Whether the text can be a literal block: no space at the end of a line, nothing that needs an escape. */
function fitsBlock(text: string): boolean {
  return !/ (?:[\r\n\u0085\u2028\u2029]|$)/.test(text) && Array.from(text).every((one) => isPrintable(codeOf(one)));
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

/** The value as a YAML document, in Terraform's spelling. It has to be known, with all of its parts. */
export function yamlText(value: Typed): string {
  const printer = new Printer();
  printer.document(value);
  return printer.text;
}

class Printer {
  text = '';
  private indent = -1;
  private column = 0;
  /** The last thing was white space, or the line has just begun. */
  private whitespace = true;
  /** Nothing but indentation and indicators stand in this line. */
  private indention = true;

  document(value: Typed): void {
    const open = this.node(value, 'root');
    this.writeIndent();
    // A plain scalar could go on in the next line: the end is marked.
    if (open) this.text += '...\n';
  }

  /** Whether it was a plain scalar at the root. */
  private node(value: Typed, context: 'root' | 'item' | 'value'): boolean {
    const { content } = value;
    if (typeof content === 'string') {
      this.string(content, false);
      return false;
    }
    if (content === null || typeof content === 'boolean' || content instanceof Num) {
      this.indicator(String(content), true);
      return context === 'root';
    }
    const parts = partsOf(value);
    if (content instanceof Map) {
      const entries = [...(content as ReadonlyMap<string, Typed>)];
      if (entries.length === 0) this.indicator('{}', true);
      else
        this.within(false, () => {
          for (const [name, part] of entries) this.entry(name, part);
        });
    } else if (parts.length === 0) {
      this.indicator('[]', true);
    } else {
      this.within(context === 'value' && !this.indention, () => {
        for (const part of parts) this.item(part);
      });
    }
    return false;
  }

  /** One level further in; a list right behind its key is not. */
  private within(indentless: boolean, action: () => void): void {
    const before = this.indent;
    if (before < 0) this.indent = 0;
    else if (!indentless) this.indent += INDENT;
    action();
    this.indent = before;
  }

  private item(value: Typed): void {
    this.writeIndent();
    this.indicator('-', true, true);
    this.node(value, 'item');
  }

  private entry(name: string, value: Typed): void {
    this.writeIndent();
    if (!BREAK.test(name) && Buffer.byteLength(name) <= MAX_SIMPLE_KEY) {
      this.string(name, true);
      this.indicator(':', false);
    } else {
      this.indicator('?', true, true);
      this.string(name, false);
      this.writeIndent();
      this.indicator(':', true, true);
    }
    this.node(value, 'value');
  }

  private string(text: string, simpleKey: boolean): void {
    const before = this.indent;
    this.indent = before < 0 ? INDENT : before + INDENT;
    if (text.includes('\n') && !simpleKey && fitsBlock(text)) this.literal(text);
    else this.quoted(text, !simpleKey);
    this.indent = before;
  }

  private literal(text: string): void {
    const lines = text.split(/(?<=[\r\n\u0085\u2028\u2029])/);
    let hints = '|';
    if (text.startsWith(' ') || BREAK.test(text.charAt(0))) hints += INDENT;
    if (!BREAK.test(text.slice(-1))) hints += '-';
    else if (text.length === 1 || BREAK.test(text.slice(-2, -1))) hints += '+';
    this.indicator(hints, true);
    this.break();
    this.whitespace = true;
    for (const line of lines) {
      const end = BREAK.test(line.slice(-1)) ? line.slice(-1) : '';
      const body = line.slice(0, line.length - end.length);
      this.indention = true;
      if (body !== '') {
        this.writeIndent();
        this.write(body);
        this.indention = false;
      }
      if (end !== '') {
        this.text += end;
        this.column = 0;
        this.indention = true;
      }
    }
  }

  private quoted(text: string, folds: boolean): void {
    this.indicator('"', true);
    // With a byte order mark in front, libyaml takes every character for one.
    const escapeAll = text.startsWith('\ufeff');
    const characters = Array.from(text);
    let spaces = false;
    for (const [index, character] of characters.entries()) {
      const code = codeOf(character);
      if (escapeAll || !isPrintable(code) || BREAK.test(character) || character === '"' || character === '\\') {
        this.write(escaped(code));
        spaces = false;
      } else if (character === ' ') {
        const inner = index > 0 && index < characters.length - 1;
        if (folds && !spaces && this.column > WIDTH && inner) {
          this.writeIndent();
          if (characters[index + 1] === ' ') this.write('\\');
        } else {
          this.write(' ');
        }
        spaces = true;
      } else {
        this.write(character);
        spaces = false;
      }
    }
    this.indicator('"', false);
  }

  private write(text: string): void {
    this.text += text;
    this.column += Array.from(text).length;
  }

  private break(): void {
    this.text += '\n';
    this.column = 0;
    this.indention = true;
  }

  private writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) {
      this.text += '\n';
      this.column = 0;
    }
    if (this.column < indent) this.write(' '.repeat(indent - this.column));
    this.whitespace = true;
    this.indention = true;
  }

  /** A mark of YAML's, or a whole scalar that is written as it is. `inIndent`: what follows may stand in the same line and go on there. */
  private indicator(text: string, spaced: boolean, inIndent = false): void {
    if (spaced && !this.whitespace) this.write(' ');
    this.write(text);
    this.whitespace = false;
    this.indention = this.indention && inIndent;
  }
}

function escaped(code: number): string {
  const short = ESCAPES.get(code);
  if (short !== undefined) return `\\${short}`;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}
