import type { Document, Scalar } from 'yaml';
import { EvaluationProblem } from '../expression/problem.ts';
import { FunctionProblem, type YamlLibrary } from './spec.ts';

/** All but the characters that YAML 1.1 has: https://yaml.org/spec/1.1/#c-printable */
const CONTROL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Throws {@link FunctionProblem} for characters that no YAML may hold as they are. */
export function refuseControl(source: string): void {
  if (CONTROL.test(source))
    throw new FunctionProblem('control characters are not allowed: write them as escapes within double quotes');
}

/**
 * Refuses, in a way that `try` does not catch, what the library reads by other rules than Terraform's reader: punctuation beside a text
 * within brackets, and white space at the end of a block.
 */
export function refuseForeign(document: Document.Parsed, source: string, library: YamlLibrary): void {
  library.visit(document, {
    Scalar(_key, node, path) {
      const [start, end] = node.range ?? [0, 0];
      if (node.type === 'PLAIN') {
        const written = source.slice(start, end);
        const flow = path.some((one) => library.isCollection(one) && one.flow === true);
        if (flow && written !== '' && (/^:|\?/.test(written) || /^\s*:[,[\]{}]/.test(source.slice(end, end + 200))))
          throw refusal(
            `In YAML within brackets, Terraform takes a question mark, or a colon right before a bracket or comma, by rules of its own; ${JSON.stringify(written)} has one. Write quotes around texts, and a space after the colon.`,
          );
      } else if (isBlock(node) && endsInSpaces(source, start, end)) {
        throw refusal(
          'Keyform does not read the spaces in the last lines of this block of YAML as Terraform does. Take them away, or write the text in quotes.',
        );
      }
    },
  });
}

function refusal(detail: string): EvaluationProblem {
  return new EvaluationProblem('Unusual YAML', null, detail);
}

function isBlock({ type }: Scalar): boolean {
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
}

/**
 * Whether a block ends in lines of spaces that may be part of its text: any where its indentation is written down, and one that is longer
 * than the indentation where the document ends in it. The library may leave such lines out of the block's range.
 */
function endsInSpaces(source: string, start: number, end: number): boolean {
  const after = /^(?: *\r?\n)*(?: +$)?/.exec(source.slice(end))?.[0] ?? '';
  const [header = '', ...lines] = (source.slice(start, end) + after).split('\n');
  const blank = lines.slice(lines.findLastIndex(isFilled) + 1);
  if (/^[|>][-+]?[1-9]/.test(header)) return blank.some((line) => line.startsWith(' '));
  const indent = /^ */.exec(lines.find(isFilled) ?? '')?.[0].length ?? 0;
  return end + after.length === source.length && blank.length < lines.length && (blank.at(-1)?.length ?? 0) > indent;
}

function isFilled(line: string): boolean {
  return /[^ \r]/.test(line);
}
