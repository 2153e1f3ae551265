import { Num } from '../typed/number.ts';
import type { Expression, ExpressionOf, Step } from './expression.ts';
import { BINDING } from './parse.ts';
import { NAME } from './token.ts';

const WHOLE_NAME = new RegExp(`^${NAME}$`, 'u');

/** A reference as it is written: `keyform_sinch_access_key.ci.id`, `var.list[0]`. */
export function formatReference(reference: { readonly root: string; readonly steps: readonly Step[] }): string {
  return reference.root + reference.steps.map(formatStep).join('');
}

function formatStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  return WHOLE_NAME.test(step) ? `.${step}` : `[${quote(step)}]`;
}

/**
 * An expression in native syntax, on one line. Parsed again it is the same but for columns; only a negative number, which JSON can hold, is
 * an operator and its operand then.
 */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression.value);
    case 'template':
    case 'template-if':
    case 'template-for':
      return `"${printParts(expression)}"`;
    case 'reference':
      return formatReference(expression);
    case 'attribute':
    case 'index':
    case 'splat':
    case 'splat-element':
      return printSteps(expression);
    case 'unary':
      return `${expression.operator}${printOperand(expression.operand)}`;
    case 'binary':
      return printBinary(expression);
    case 'conditional': {
      const { condition, then, otherwise } = expression;
      const before = condition.kind === 'conditional' ? parenthesised(condition) : printExpression(condition);
      return `${before} ? ${printExpression(then)} : ${printExpression(otherwise)}`;
    }
    case 'call':
      return `${expression.name}(${expression.args.map(printExpression).join(', ')}${expression.expand ? '...' : ''})`;
    case 'tuple': {
      const items = expression.items.map(printExpression);
      // What begins with the name "for" would be taken for a loop.
      if (LOOP.test(items[0] ?? '')) items[0] = `(${items[0]})`;
      return `[${items.join(', ')}]`;
    }
    case 'object':
      return `{${expression.entries.map(({ key, value }) => ` ${printKey(key)} = ${printExpression(value)}`).join(',')} }`;
    case 'for': {
      const { keyed, result, condition, group } = expression;
      const head = `for ${printLoop(expression)} : `;
      const tail = condition === null ? '' : ` if ${printExpression(condition)}`;
      return keyed === null
        ? `[${head}${printExpression(result)}${tail}]`
        : `{${head}${printExpression(keyed)} => ${printExpression(result)}${group ? '...' : ''}${tail}}`;
    }
  }
}

const LOOP = /^for(?![\p{ID_Continue}-])/u;

function parenthesised(expression: Expression): string {
  return `(${printExpression(expression)})`;
}

function printLiteral(value: null | boolean | string | Num): string {
  if (typeof value === 'string') return quote(value);
  return value instanceof Num ? value.toString() : String(value);
}

function printKey(key: Expression): string {
  return key.kind === 'literal' && typeof key.value === 'string' ? quote(key.value) : parenthesised(key);
}

function printLoop({ key, value, collection }: ExpressionOf<'for' | 'template-for'>): string {
  return `${key === null ? '' : `${key}, `}${value} in ${printExpression(collection)}`;
}

/** A chain that leans to the left is printed in a loop: it may be longer than the stack is deep. */
function printBinary(expression: ExpressionOf<'binary'>): string {
  const right: string[] = [];
  let rest: Expression = expression;
  for (let binding = 0; rest.kind === 'binary' && bindingOf(rest) >= binding; rest = rest.left) {
    binding = bindingOf(rest);
    right.push(` ${rest.operator} ${printSide(rest.right, binding + 1)}`);
  }
  return printSide(rest, Number.POSITIVE_INFINITY) + right.reverse().join('');
}

/** An operand of an operator: in parentheses when it binds less tightly than `least`. */
function printSide(expression: Expression, least: number): string {
  const loose = expression.kind === 'conditional' || (expression.kind === 'binary' && bindingOf(expression) < least);
  return loose ? parenthesised(expression) : printExpression(expression);
}

function bindingOf({ operator }: ExpressionOf<'binary'>): number {
  return BINDING.get(operator) ?? 0;
}

/** What a sign or steps are applied to: in parentheses when they would be applied to a part of it. */
function printOperand(expression: Expression): string {
  switch (expression.kind) {
    case 'unary':
    case 'binary':
    case 'conditional':
      return parenthesised(expression);
    default:
      return printExpression(expression);
  }
}

/** Attributes, indexes and splats behind what they are applied to. Of those of a splat's elements, the steps alone. */
function printSteps(expression: Expression): string {
  const steps: string[] = [];
  for (let rest = expression; ; ) {
    if (rest.kind === 'attribute') steps.push(`.${rest.name}`);
    else if (rest.kind === 'index') steps.push(`[${printExpression(rest.key)}]`);
    else if (rest.kind === 'splat')
      steps.push(rest.full ? `[*]${printSteps(rest.each)}` : `.*${printAttributes(rest.each)}`);
    else return steps.reverse().join('');
    const { of } = rest;
    if (!continues(of, rest)) {
      const before = of.kind === 'splat-element' ? '' : isOperand(of, rest) ? printExpression(of) : parenthesised(of);
      return before + steps.reverse().join('');
    }
    rest = of;
  }
}

/** Whether steps go on behind others without parentheses. Behind a splat most would belong to its elements. */
function continues(of: Expression, step: Expression): boolean {
  if (of.kind === 'splat') return !of.full && (step.kind === 'index' || (step.kind === 'splat' && step.full));
  return of.kind === 'attribute' || of.kind === 'index';
}

/** Whether a step can be put behind a value without parentheses. A literal step would become part of a reference. */
function isOperand(of: Expression, step: Expression): boolean {
  if (of.kind === 'reference') return step.kind === 'splat' || (step.kind === 'index' && step.key.kind !== 'literal');
  return of.kind === 'call' || of.kind === 'tuple' || of.kind === 'object' || of.kind === 'for';
}

/** What follows `.*`: names, and numbers without a decimal point. */
function printAttributes(each: Expression): string {
  const steps: string[] = [];
  for (let rest = each; rest.kind === 'attribute' || rest.kind === 'index'; rest = rest.of)
    steps.push(rest.kind === 'attribute' ? rest.name : withoutPoint(printExpression(rest.key)));
  // A space keeps what follows a number from being taken for its fraction or exponent.
  return steps
    .reverse()
    .map((step, index) => `${/^\d/.test(steps[index - 1] ?? '') && /^[eE]?-?\d/.test(step) ? ' ' : ''}.${step}`)
    .join('');
}

function withoutPoint(number: string): string {
  const [whole, fraction] = number.split('.');
  return fraction === undefined ? number : `${whole}${fraction}e-${fraction.length}`;
}

/** A part of a template, as it stands between the quotes. A text right behind another would be one with it, and is put in quotes. */
function printPart(part: Expression, behindText: boolean): string {
  switch (part.kind) {
    case 'literal':
      if (behindText || typeof part.value !== 'string' || part.value === '') break;
      // What follows may be a brace that a sign right before would escape.
      return quote(part.value)
        .slice(1, -1)
        .replace(/[$%]$/, (sign) => (sign === '$' ? '\\u0024' : '\\u0025'));
    case 'template-if': {
      const otherwise = part.otherwise === null ? '' : `%{ else }${printParts(part.otherwise)}`;
      return `%{ if ${printExpression(part.condition)} }${printParts(part.then)}${otherwise}%{ endif }`;
    }
    case 'template-for':
      return `%{ for ${printLoop(part)} }${printParts(part.body)}%{ endfor }`;
  }
  return `\${${printExpression(part)}}`;
}

function isText(part: Expression | undefined): boolean {
  return part?.kind === 'literal' && typeof part.value === 'string';
}

/** The parts of a template or of a directive's body. */
function printParts(template: Expression): string {
  const parts = template.kind === 'template' ? template.parts : [template];
  return parts.map((part, index) => printPart(part, isText(parts[index - 1]))).join('');
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

function quote(text: string): string {
  const escaped = text.replace(/[\n\r\t"\\]/g, (sign) => ESCAPES.get(sign) ?? sign);
  return `"${escaped.replace(/([$%])\{/g, '$1$1{')}"`;
}
