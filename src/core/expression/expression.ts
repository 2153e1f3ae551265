import type { Num } from '../typed/number.ts';

/** Where in its string a part of an expression begins, 1-based, in characters. 1 for parts that JSON itself makes. */
export type Column = number;

/** One literal step of a traversal: `.name` and `["name"]` are text, `[0]` and `.0` a number. */
export type Step = string | number;

export type UnaryOperator = '-' | '!';
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||';

/** A parsed expression of Terraform's language. JSON arrays and objects are `tuple` and `object`, strings are templates. */
export type Expression = { readonly column: Column } & (
  | { readonly kind: 'literal'; readonly value: null | boolean | string | Num }
  /** Literal text, `${…}` and directives joined to one string. A string that is one `${…}` alone is that expression instead. */
  | { readonly kind: 'template'; readonly parts: readonly Expression[] }
  /** `%{ if }`: a part of a template. */
  | {
      readonly kind: 'template-if';
      readonly condition: Expression;
      readonly then: Expression;
      /** Null where there is no `%{ else }`. */
      readonly otherwise: Expression | null;
    }
  /** `%{ for }`: a part of a template. */
  | {
      readonly kind: 'template-for';
      /** Name of the key or index; null where none is given. */
      readonly key: string | null;
      readonly value: string;
      readonly collection: Expression;
      readonly body: Expression;
    }
  /** `root.step…` with literal steps: a name, a `for` variable, or what the scope knows. */
  | { readonly kind: 'reference'; readonly root: string; readonly steps: readonly Step[] }
  /** `of.name` where `of` is no plain reference. */
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  /** `of[key]` where the key is no literal, or `of` is no plain reference. */
  | { readonly kind: 'index'; readonly of: Expression; readonly key: Expression }
  /** `of.*.…` (`full` false) or `of[*].…` (`full` true); `each` is applied to each element, which it refers to as a `splat-element`. */
  | { readonly kind: 'splat'; readonly of: Expression; readonly full: boolean; readonly each: Expression }
  | { readonly kind: 'splat-element' }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      /** Whether the last argument is followed by `...`. */
      readonly expand: boolean;
    }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[] }
  /** Keys that are bare names are literals; in the order as written. */
  | { readonly kind: 'object'; readonly entries: readonly { readonly key: Expression; readonly value: Expression }[] }
  | {
      readonly kind: 'for';
      /** Name of the key or index; null where none is given. */
      readonly key: string | null;
      readonly value: string;
      readonly collection: Expression;
      /** Null for `[for …]`; the key expression of `{for … : k => v}`. */
      readonly keyed: Expression | null;
      readonly result: Expression;
      /** After `if`; null for none. */
      readonly condition: Expression | null;
      /** Whether `...` groups values by key. */
      readonly group: boolean;
    }
);

export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>;
export type Reference = ExpressionOf<'reference'>;
