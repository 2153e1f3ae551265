import type { Json } from '../json.ts';

/** Where in its string a part of an expression begins, 1-based. */
export type Column = number;

/** One step of a traversal: `.name`, `[0]` or `["name"]`. */
export type Step = string | number;

/**
 * A parsed value of a stack: JSON structure with templates for leaves. The parser makes these, the evaluator reads
 * them; a new kind of expression is one more member here and one more case in each.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Json }
  /** `${…}` parts and literal text, joined to one string. */
  | { readonly kind: 'template'; readonly parts: readonly Expression[]; readonly column: Column }
  /** `root.step.step…`: at least one name, then attributes and indexes. */
  | { readonly kind: 'reference'; readonly root: string; readonly steps: readonly Step[]; readonly column: Column }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: ReadonlyMap<string, Expression> };

/** A reference as it is written: `keyform_sinch_access_key.ci.id`, `var.list[0]`. */
export function formatReference(reference: { readonly root: string; readonly steps: readonly Step[] }): string {
  return (
    reference.root +
    reference.steps
      .map((step) =>
        typeof step === 'number'
          ? `[${step}]`
          : /^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)
            ? `.${step}`
            : `[${JSON.stringify(step)}]`,
      )
      .join('')
  );
}

/** Every reference in an expression, in order of appearance. */
export function* references(expression: Expression): Generator<Extract<Expression, { kind: 'reference' }>> {
  switch (expression.kind) {
    case 'literal':
      return;
    case 'reference':
      yield expression;
      return;
    case 'template':
      for (const part of expression.parts) yield* references(part);
      return;
    case 'list':
      for (const item of expression.items) yield* references(item);
      return;
    case 'object':
      for (const item of expression.entries.values()) yield* references(item);
      return;
  }
}
