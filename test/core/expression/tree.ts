import fc from 'fast-check';
import type { Expression, ExpressionOf } from '../../../src/core/expression/expression.ts';
import { BINDING } from '../../../src/core/expression/parse.ts';
import { Num } from '../../../src/core/typed/number.ts';

/** The tree without columns, and with numbers as text: what two texts of the same expression have in common. */
export function shape(expression: Expression): unknown {
  return JSON.parse(
    JSON.stringify(expression, (key, value: unknown) =>
      key === 'column' ? undefined : value instanceof Num ? `number ${value}` : value,
    ),
  );
}

const column = 1;
const word = fc.constantFrom('a', 'b-c', 'for', 'in', 'if', 'e5', 'E1x', '_', 'é', 'local', 'endif');
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc
    .array(fc.constantFrom('$', '%', '{', '}', '~', '"', '\\', '\n', '\r', '\t', ' ', 'a', '\u0000', '😀'), {
      maxLength: 6,
    })
    .map((signs) => signs.join('')),
);
const number = fc
  .constantFrom('0', '1', '15', '1.5', '0.1', '1e30', '1e-7', '12345678901234567890')
  .map((digits) => Num.parse(digits) ?? Num.of(0));
const index = fc.nat({ max: 20 });

const isDirective = ({ kind }: Expression): boolean => kind === 'template-if' || kind === 'template-for';
const isEmpty = (part: Expression): boolean => part.kind === 'literal' && part.value === '';

/** A template as the parser makes it of such parts: no empty texts but where it would be no template without. */
function template(given: readonly Expression[]): Expression {
  const parts = given.filter((part) => !isEmpty(part));
  const [first] = parts;
  if (first === undefined || (parts.length === 1 && !isDirective(first)))
    return {
      kind: 'template',
      parts: [{ kind: 'literal', value: '', column }, ...parts, ...(first ? [] : [VALUE])],
      column,
    };
  return { kind: 'template', parts, column };
}

const VALUE: Expression = { kind: 'reference', root: 'a', steps: [], column };

/** The parts of a directive's body. */
function body(given: readonly Expression[]): Expression {
  return { kind: 'template', parts: given.filter((part) => !isEmpty(part)), column };
}

type Each = (each: Expression) => Expression;

/** Every kind of tree that the parser makes. */
export const tree: fc.Arbitrary<Expression> = fc.letrec<{ tree: Expression; part: Expression; each: Expression }>(
  (tie) => {
    const inner = tie('tree');
    const parts = fc.array(tie('part'), { maxLength: 4 });
    const key = fc.option(word);
    /** What follows `.*`. */
    const attributes = fc
      .array(
        fc.oneof(
          word.map(
            (name): Each =>
              (of) => ({ kind: 'attribute', of, name, column }),
          ),
          fc
            .oneof(
              index.map((value) => Num.of(value)),
              number,
            )
            .map(
              (value): Each =>
                (of) => ({ kind: 'index', of, key: { kind: 'literal', value, column }, column }),
            ),
        ),
        { maxLength: 3 },
      )
      .map((steps) => steps.reduce<Expression>((of, step) => step(of), { kind: 'splat-element', column }));
    const attributeSplat = (of: Expression, each: Expression): ExpressionOf<'splat'> => ({
      kind: 'splat',
      of,
      full: false,
      each,
      column,
    });
    return {
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(
          fc.record({
            kind: fc.constant('literal' as const),
            value: fc.oneof(fc.constantFrom(null, true, false), text, number),
            column: fc.constant(column),
          }),
          fc.record({
            kind: fc.constant('reference' as const),
            root: word,
            steps: fc.array(fc.oneof(word, text, index), { maxLength: 3 }),
            column: fc.constant(column),
          }),
        ),
        parts.map(template),
        fc.record({ kind: fc.constant('attribute' as const), of: inner, name: word, column: fc.constant(column) }),
        fc.record({ kind: fc.constant('index' as const), of: inner, key: inner, column: fc.constant(column) }),
        fc.tuple(inner, attributes).map(([of, each]) => attributeSplat(of, each)),
        fc.record({
          kind: fc.constant('splat' as const),
          of: inner,
          full: fc.constant(true),
          each: tie('each'),
          column: fc.constant(column),
        }),
        fc.record({
          kind: fc.constant('unary' as const),
          operator: fc.constantFrom('-' as const, '!' as const),
          operand: inner,
          column: fc.constant(column),
        }),
        fc.record({
          kind: fc.constant('binary' as const),
          operator: fc.constantFrom(...([...BINDING.keys()] as ExpressionOf<'binary'>['operator'][])),
          left: inner,
          right: inner,
          column: fc.constant(column),
        }),
        fc
          .tuple(inner, inner, inner)
          .map(
            ([condition, then, otherwise]): Expression => ({ kind: 'conditional', condition, then, otherwise, column }),
          ),
        fc
          .tuple(
            fc.constantFrom('f', 'for', 'true', 'provider::x::y-z'),
            fc.array(inner, { maxLength: 3 }),
            fc.boolean(),
          )
          .map(
            ([name, args, expand]): Expression => ({
              kind: 'call',
              name,
              args,
              expand: expand && args.length > 0,
              column,
            }),
          ),
        fc.record({
          kind: fc.constant('tuple' as const),
          items: fc.array(inner, { maxLength: 3 }),
          column: fc.constant(column),
        }),
        fc.record({
          kind: fc.constant('object' as const),
          entries: fc.array(fc.record({ key: inner, value: inner }), { maxLength: 3 }),
          column: fc.constant(column),
        }),
        fc
          .record({
            kind: fc.constant('for' as const),
            key,
            value: word,
            collection: inner,
            keyed: fc.option(inner),
            result: inner,
            condition: fc.option(inner),
            group: fc.boolean(),
            column: fc.constant(column),
          })
          .map((loop) => ({ ...loop, group: loop.group && loop.keyed !== null })),
      ),
      part: fc.oneof(
        { depthSize: 'small' },
        text.map((value): Expression => ({ kind: 'literal', value, column })),
        inner,
        fc.tuple(inner, parts, fc.option(parts)).map(([condition, yes, no]): Expression => {
          const then = body(yes);
          return { kind: 'template-if', condition, then, otherwise: no === null ? null : body(no), column };
        }),
        fc.tuple(key, word, inner, parts).map(
          ([key, value, collection, inside]): Expression => ({
            kind: 'template-for',
            key,
            value,
            collection,
            body: body(inside),
            column,
          }),
        ),
      ),
      // What follows `[*]`: steps, the last of which may be a splat in turn.
      each: fc
        .tuple(
          fc.array(
            fc.oneof(
              word.map(
                (name): Each =>
                  (of) => ({ kind: 'attribute', of, name, column }),
              ),
              inner.map(
                (key): Each =>
                  (of) => ({ kind: 'index', of, key, column }),
              ),
            ),
            { maxLength: 2 },
          ),
          fc.option(
            fc.oneof(
              tie('each').map(
                (each): Each =>
                  (of) => ({ kind: 'splat', of, full: true, each, column }),
              ),
              fc.tuple(attributes, fc.option(inner)).map(
                ([each, key]): Each =>
                  (of) => {
                    const splat = attributeSplat(of, each);
                    return key === null ? splat : { kind: 'index', of: splat, key, column };
                  },
              ),
            ),
          ),
        )
        .map(([steps, last]) =>
          (last === null ? steps : [...steps, last]).reduce<Expression>((of, step) => step(of), {
            kind: 'splat-element',
            column,
          }),
        ),
    };
  },
).tree;
