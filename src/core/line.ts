import { formsOf, TELLING } from './redaction.ts';
import { SENSITIVE, type Secret } from './secret.ts';

/** A line this long may have been broken by a program, such as `base64` or `xxd`, and go on in the next. */
const WRAPPED = 40;

/** Characters without a line break that are held back at most, beside what may be the beginning of a secret. */
const MOST = 256 * 1024;

/**
 * Text that comes in pieces, given on line by line without the secrets in it, in whatever encoding, also when one is split between
 * pieces or runs over several lines. A secret that goes over lines is taken out of each of them as well: a command may print
 * one at a time. Lines come without white space at their ends; empty ones do not come. A carriage return ends a line too.
 *
 * What cannot be found: a secret that is printed a few characters a line, backwards, or in an encoding that is none of the usual ones.
 */
export class Lines {
  readonly #forms: readonly string[];
  readonly #emit: (line: string) => void;
  #pending = '';

  constructor(secrets: readonly Secret[], emit: (line: string) => void) {
    this.#forms = formsOfAll(secrets);
    this.#emit = emit;
  }

  push(text: string): void {
    this.#pending += text;
    if (text.includes('\n') || this.#pending.length > MOST) this.#flush(false);
  }

  /** Nothing more comes. */
  end(): void {
    this.#flush(true);
  }

  #flush(final: boolean): void {
    // Perhaps one half of an end of line.
    const half = !final && this.#pending.endsWith('\r') ? '\r' : '';
    const text = this.#pending.slice(0, this.#pending.length - half.length).replaceAll('\r\n', '\n');
    const joined = join(text);
    const found = merge([...spansOf(text, this.#forms), ...spansOf(joined.text, this.#forms).map(joined.original)]);
    let cut = text.length;
    if (!final) {
      const begun = joined.original([joined.text.length - this.#begun(joined.text), joined.text.length])[0];
      cut = Math.min(text.length - this.#begun(text), begun);
      // Too much without a line break: then a line is broken where no secret can be.
      const broken = text.length > MOST && !text.slice(0, cut).includes('\n');
      const whole = (at: number) => (broken ? at : text.lastIndexOf('\n', at - 1) + 1);
      cut = cut === 0 ? 0 : whole(cut);
      for (const [start, end] of [...found].reverse())
        if (start < cut && cut < end) cut = start === 0 ? 0 : whole(start);
    }
    this.#pending = text.slice(cut) + half;
    for (const line of cover(text.slice(0, cut), found).split(/[\r\n]/)) {
      const trimmed = line.trimEnd();
      if (trimmed !== '') this.#emit(trimmed);
    }
  }

  /** How many characters at the end of a text are the beginning of a form that may go on. */
  #begun(text: string): number {
    let most = 0;
    const last = text.at(-1);
    for (const form of this.#forms)
      for (let length = Math.min(form.length - 1, text.length); length > most; length -= 1)
        if (form[length - 1] === last && text.endsWith(form.slice(0, length))) most = length;
    return most;
  }
}

/** A text that is whole without the secrets, as {@link Lines} takes them out. */
export function conceal(text: string, secrets: readonly Secret[]): string {
  return cover(text, merge(spansOf(text, formsOfAll(secrets))));
}

type Span = readonly [start: number, end: number];

function formsOfAll(secrets: readonly Secret[]): readonly string[] {
  const forms = new Set(secrets.flatMap((secret) => printedForms(secret.reveal())));
  return [...forms].filter((form) => form.trim() !== '');
}

/** A secret as a command may print it: whole, in an encoding, on one line, and each of its lines that tells anything. */
function printedForms(secret: string): string[] {
  // What a shell gives a program has no line breaks at its end.
  const bare = secret.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const text = bare.replaceAll('\r\n', '\n');
  const forms = [...formsOf(bare), ...formsOf(text)];
  if (text.includes('\n')) {
    forms.push(text.trim().replaceAll(/\s+/g, ' '));
    for (const line of text.split('\n')) if (line.trim().length >= TELLING) forms.push(...formsOf(line.trim()));
  }
  return forms;
}

/** A text without the line breaks that a program may have put into it, and where a span of it was. */
function join(text: string): { readonly text: string; readonly original: (span: Span) => Span } {
  let joined = '';
  let from = 0;
  /** Places in the joined text at which a line break is left out, ascending. */
  const seams: number[] = [];
  for (let at = text.indexOf('\n'), line = 0; at >= 0; line = at + 1, at = text.indexOf('\n', line)) {
    if (at - line < WRAPPED) continue;
    joined += text.slice(from, at);
    from = at + 1;
    seams.push(joined.length);
  }
  joined += text.slice(from);
  const before = (place: number) => {
    let [low, high] = [0, seams.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((seams[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  // A span begins after a break and ends before one.
  return { text: joined, original: ([start, end]) => [start + before(start), end + before(end - 1)] };
}

function spansOf(text: string, forms: readonly string[]): readonly Span[] {
  const spans: Span[] = [];
  for (const form of forms)
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) spans.push([at, at + form.length]);
  return spans;
}

/** Spans that overlap made one, in order. */
function merge(spans: readonly Span[]): readonly Span[] {
  const merged: [number, number][] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

function cover(text: string, spans: readonly Span[]): string {
  let covered = '';
  let from = 0;
  for (const [start, end] of spans) {
    if (start >= text.length) break;
    covered += text.slice(from, start) + SENSITIVE;
    from = end;
  }
  return covered + text.slice(from);
}
