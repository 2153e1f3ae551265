import type { Scope } from '../../../src/core/expression/evaluate.ts';
import type { Reference } from '../../../src/core/expression/expression.ts';
import { EvaluationProblem } from '../../../src/core/expression/problem.ts';
import type { FunctionContext } from '../../../src/core/function/spec.ts';
import { listValue, mapValue } from '../../../src/core/typed/collection.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { setValue } from '../../../src/core/typed/set.ts';
import {
  BOOL,
  DYNAMIC,
  listType,
  mapType,
  NUMBER,
  objectType,
  STRING,
  setType,
  tupleType,
} from '../../../src/core/typed/type.ts';
import {
  boolValue,
  marked,
  nullValue,
  numberValue,
  objectValue,
  stringValue,
  type Typed,
  tupleValue,
  unknownValue,
} from '../../../src/core/typed/typed.ts';
import { functionOf } from './functions.ts';

/** What no message may show. */
export const HIDDEN = 'hidden';

const text = stringValue;
const number = (value: number): Typed => numberValue(Num.of(value));
/** As written, with 512 bits. */
const literal = (digits: string): Typed => numberValue(Num.parse(digits) ?? Num.of(0));
const texts = (...all: string[]): Typed[] => all.map(text);
const item = objectType([
  ['id', STRING],
  ['n', NUMBER],
]);
const sensitive = (value: Typed): Typed => marked(value, true);
const secret = sensitive(text(HIDDEN));
const secretNumber = sensitive(number(1));

/** The variables of console/main.tf. */
export const VARIABLES: Readonly<Record<string, Typed>> = {
  null_list: nullValue(listType(STRING)),
  null_string: nullValue(STRING),
  null_object: nullValue(objectType([['a', NUMBER]])),
  empty: listValue(STRING, []),
  empty_objects: listValue(objectType([['id', STRING]]), []),
  list: listValue(STRING, texts('a', 'b', 'c')),
  numbers: listValue(NUMBER, [literal('1'), literal('2'), literal('3')]),
  set: setValue(STRING, texts('b', 'a')),
  map: mapValue(STRING, [
    ['b', text('2')],
    ['a', text('1')],
    ['2', text('two')],
  ]),
  objects: listValue(item, [
    objectValue([
      ['id', text('i1')],
      ['n', number(1)],
    ]),
    objectValue([
      ['id', text('i2')],
      ['n', number(2)],
    ]),
  ]),
  object_set: setValue(
    objectType([['id', STRING]]),
    texts('i1', 'i2').map((id) => objectValue([['id', id]])),
  ),
  secret,
  secret_number: secretNumber,
  secret_bool: sensitive(boolValue(true)),
  secret_list: sensitive(listValue(STRING, texts('a', 'b'))),
  secret_map: sensitive(mapValue(STRING, [['a', text('x')]])),
  secret_object: sensitive(
    objectValue([
      ['a', number(1)],
      ['b', text('x')],
    ]),
  ),
  secret_null: sensitive(nullValue(STRING)),
};

/** The locals of console/main.tf. */
export const LOCALS: Readonly<Record<string, Typed>> = {
  text: text('abc'),
  accent: text('\u00e9'),
  number: literal('5'),
  half: literal('2.5'),
  yes: boolValue(true),
  tuple: tupleValue([text('x'), literal('1'), boolValue(true)]),
  object: objectValue([
    ['name', text('n')],
    ['size', literal('3')],
    ['9', text('nine')],
    ['a-b', literal('1')],
    ['inner', objectValue([['list', tupleValue(texts('p', 'q'))]])],
  ]),
  part: objectValue([
    ['a', secret],
    ['b', literal('1')],
  ]),
  parts: tupleValue([literal('1'), secretNumber]),
  unknown: unknownValue(STRING),
  unknown_number: unknownValue(NUMBER),
  unknown_bool: unknownValue(BOOL),
  unknown_list: unknownValue(listType(STRING), true),
  unknown_set: unknownValue(setType(DYNAMIC)),
  unknown_map: unknownValue(mapType(STRING), true),
  unknown_tuple: unknownValue(tupleType([STRING, NUMBER]), true),
  unknown_object: unknownValue(
    objectType([
      ['a', NUMBER],
      ['b', STRING],
    ]),
    true,
  ),
  nullable: unknownValue(objectType([['a', NUMBER]])),
  dynamic: unknownValue(DYNAMIC),
  secret_unknown: sensitive(unknownValue(STRING)),
  secret_unknown_list: sensitive(unknownValue(listType(STRING), true)),
};

const FUNCTIONS: FunctionContext = {
  planTime: null,
  now: null,
  readFile: () => null,
  renderTemplate: () => {
    throw new Error('no templates in these tests');
  },
};

/** A scope of `var` and `local` with these values, and a few functions. */
export function scopeOf(variables = VARIABLES, locals = LOCALS): Scope {
  return {
    lookup(reference: Reference) {
      const [name] = reference.steps;
      const values = reference.root === 'var' ? variables : reference.root === 'local' ? locals : null;
      const value =
        values !== null && typeof name === 'string' && Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined)
        throw new EvaluationProblem(
          'Reference to undeclared',
          reference.column,
          'Nothing of that name has been declared.',
        );
      return { value, used: 1 };
    },
    functions: FUNCTIONS,
    call: functionOf,
  };
}
