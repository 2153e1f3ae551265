import { ConversionProblem, convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { STRING } from '../typed/type.ts';
import { isNull, isUnknown, stringValue, type Typed } from '../typed/typed.ts';
import { textBeginningWith } from './bound.ts';
import { evaluateChoice } from './conditional.ts';
import type { Expression, ExpressionOf } from './expression.ts';
import { evaluateSequence } from './loop.ts';
import { type Run, unknownOf, withMark } from './run.ts';

const INVALID = 'Invalid template interpolation value';

/** The text as Terraform keeps all texts, in Unicode's normal form C. */
export function normalText(text: string): string {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return text.normalize('NFC');
  return text;
}

/** Parts joined to one text. https://developer.hashicorp.com/terraform/language/expressions/strings#string-templates */
export function evaluateTemplate(parts: readonly Expression[], run: Run): Typed {
  const before = run.problems.length;
  let text = '';
  let known = true;
  let sensitive = false;
  for (const part of parts) {
    if (part.kind === 'literal' && typeof part.value === 'string') {
      if (known) text += part.value;
      continue;
    }
    const value = run.value(part);
    const { content } = value;
    if (content === null) {
      run.fail(
        part.column,
        INVALID,
        'The value is null, and null has no place in a text. Use coalesce() or a condition to say what to put instead.',
      );
      continue;
    }
    if (value.sensitive) sensitive = true;
    if (typeof content === 'string') {
      if (known) text += content;
    } else if (isUnknown(value)) known = false;
    else {
      const piece = textOf(value);
      if (piece === null)
        run.fail(
          part.column,
          INVALID,
          `A value of type ${friendlyName(value.type)} has no place in a text. Use ${remedy(value)}.`,
        );
      else if (known) text += piece;
    }
  }
  if (!known)
    return withMark(
      run.problems.length > before ? unknownOf(STRING, true, false) : textBeginningWith(normalText(text)),
      sensitive,
    );
  return withMark(stringValue(normalText(text)), sensitive);
}

function remedy(value: Typed): string {
  const { kind } = value.type;
  return kind === 'list' || kind === 'set' || kind === 'tuple'
    ? 'join() to make one text of its elements, jsonencode(), or a "for" directive'
    : 'jsonencode(), or one of its attributes';
}

/** A known value as text; null for what has none. */
function textOf(value: Typed): string | null {
  if (value.type.kind !== 'number' && value.type.kind !== 'bool') return null;
  try {
    return convert(value, STRING).content as string;
  } catch (error) {
    if (error instanceof ConversionProblem) return null;
    throw error;
  }
}

/** `%{ if }`: each branch is a template of its own, so always a text. */
export function evaluateTemplateIf(expression: ExpressionOf<'template-if'>, run: Run): Typed {
  return evaluateChoice(expression, textOfBranch, run);
}

function textOfBranch(branch: Expression | null, run: Run): Typed {
  return evaluateTemplate(branch === null ? [] : partsOfTemplate(branch), run);
}

/** `%{ for }`: the texts of its rounds, one after another. */
export function evaluateTemplateFor(expression: ExpressionOf<'template-for'>, run: Run): Typed {
  const { column, key, value, collection, body } = expression;
  const parts = partsOfTemplate(body);
  const rounds = evaluateSequence(
    { column, key, value, collection, condition: null },
    (inner) => evaluateTemplate(parts, inner),
    run,
  );
  // Terraform forgets the mark of a collection that is not known, and the marks of rounds beside one that is not known.
  if (isUnknown(rounds)) return unknownOf(STRING, false, false);
  let text = '';
  let sensitive = rounds.sensitive;
  for (const round of rounds.content as readonly Typed[]) {
    if (isNull(round) || isUnknown(round)) return unknownOf(STRING, false, rounds.sensitive);
    sensitive ||= round.sensitive;
    text += round.content as string;
  }
  return withMark(stringValue(normalText(text)), sensitive);
}

function partsOfTemplate(expression: Expression): readonly Expression[] {
  return expression.kind === 'template' ? expression.parts : [expression];
}
