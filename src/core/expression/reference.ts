import type { Expression, ExpressionOf, Reference } from './expression.ts';

/** The names that loops around an expression bind. */
interface Bound {
  readonly key: string | null;
  readonly value: string;
  readonly outer: Bound | null;
}

/** Every reference in an expression, in order of appearance. Names that a `for` binds are none, where they are bound. */
export function* references(expression: Expression): Generator<Reference> {
  for (const [part, bound] of walk(expression)) if (part.kind === 'reference' && !isBound(part.root, bound)) yield part;
}

/** Every call of a function in an expression, outer ones first. */
export function* calls(expression: Expression): Generator<ExpressionOf<'call'>> {
  for (const [part] of walk(expression)) if (part.kind === 'call') yield part;
}

function isBound(name: string, bound: Bound | null): boolean {
  for (let loop = bound; loop !== null; loop = loop.outer) if (loop.key === name || loop.value === name) return true;
  return false;
}

/** An expression and all within it, outer ones first, in order of appearance. No recursion: long chains of operators are deep trees. */
function* walk(expression: Expression): Generator<readonly [Expression, Bound | null]> {
  const waiting: (readonly [Expression, Bound | null])[] = [[expression, null]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    const [whole, bound] = next;
    const inner =
      whole.kind === 'for' || whole.kind === 'template-for'
        ? { key: whole.key, value: whole.value, outer: bound }
        : bound;
    const parts = partsOf(whole);
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index];
      // A loop's collection, its first part, does not see the loop's names.
      if (part) waiting.push([part, index === 0 ? bound : inner]);
    }
  }
}

/** The expressions that an expression is made of, in order of appearance; null where one is left out. */
function partsOf(expression: Expression): readonly (Expression | null)[] {
  switch (expression.kind) {
    case 'literal':
    case 'reference':
    case 'splat-element':
      return [];
    case 'template':
      return expression.parts;
    case 'template-if':
    case 'conditional':
      return [expression.condition, expression.then, expression.otherwise];
    case 'template-for':
      return [expression.collection, expression.body];
    case 'attribute':
      return [expression.of];
    case 'index':
      return [expression.of, expression.key];
    case 'splat':
      return [expression.of, expression.each];
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'call':
      return expression.args;
    case 'tuple':
      return expression.items;
    case 'object':
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case 'for':
      return [expression.collection, expression.keyed, expression.result, expression.condition];
  }
}
