import { FunctionProblem, type FunctionSpec, type Parameter } from '../../../src/core/function/spec.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { setValue } from '../../../src/core/typed/set.ts';
import { DYNAMIC, listType, mapType, NUMBER, STRING, setType, type Type } from '../../../src/core/typed/type.ts';
import { numberValue, partsOf, stringValue, type Typed } from '../../../src/core/typed/typed.ts';

const parameter = (name: string, type: Type, more: Partial<Parameter> = {}): Parameter => ({ name, type, ...more });
const text = (value: Typed | undefined): string => value?.content as string;

/**
 * A few functions with Terraform's signatures, so that tests of calls depend on no other part. They do what the recorded expressions
 * need, and no more.
 */
const SPECS: readonly FunctionSpec[] = [
  {
    name: 'upper',
    parameters: [parameter('str', STRING, { allowDynamic: true })],
    variadic: null,
    notNull: true,
    returns: () => STRING,
    call: ([value]) => stringValue(text(value).toUpperCase()),
  },
  {
    name: 'max',
    parameters: [],
    variadic: parameter('numbers', NUMBER, { allowDynamic: true }),
    notNull: true,
    returns: () => NUMBER,
    call: (args) => {
      if (args.length === 0) throw new FunctionProblem('must pass at least one number');
      return args.reduce((most, one) => ((one.content as Num).compare(most.content as Num) > 0 ? one : most));
    },
  },
  {
    name: 'length',
    parameters: [parameter('value', DYNAMIC, { allowDynamic: true })],
    variadic: null,
    notNull: true,
    returns: () => NUMBER,
    call: ([value]) => numberValue(Num.of(partsOf(value as Typed).length)),
  },
  {
    name: 'join',
    parameters: [parameter('separator', STRING)],
    variadic: parameter('lists', listType(STRING)),
    notNull: true,
    returns: () => STRING,
    call: ([separator, ...lists]) => stringValue(lists.flatMap(partsOf).map(text).join(text(separator))),
  },
  {
    name: 'lookup',
    parameters: [parameter('inputMap', mapType(DYNAMIC)), parameter('key', STRING)],
    variadic: null,
    returns: () => DYNAMIC,
    call: ([map, key]) => {
      const found = ((map as Typed).content as ReadonlyMap<string, Typed>).get(text(key));
      if (found === undefined) throw new FunctionProblem(`lookup failed to find key "${text(key)}"`);
      return found;
    },
  },
  {
    name: 'parseint',
    parameters: [parameter('number', STRING), parameter('base', NUMBER)],
    variadic: null,
    returns: () => NUMBER,
    call: ([digits]) => {
      const number = Num.parse(text(digits));
      if (number === null) throw new FunctionProblem(`cannot parse "${text(digits)}" as a base 10 integer`, 0);
      return numberValue(number);
    },
  },
  {
    name: 'toset',
    parameters: [parameter('v', setType(NUMBER))],
    variadic: null,
    returns: () => setType(NUMBER),
    call: ([value]) => setValue(NUMBER, partsOf(value as Typed)),
  },
  {
    name: 'tostring',
    parameters: [parameter('v', STRING, { allowNull: true })],
    variadic: null,
    returns: () => STRING,
    call: ([value]) => value as Typed,
  },
];

/** One of these functions; undefined for any other name. */
export function functionOf(name: string): FunctionSpec | undefined {
  return SPECS.find((spec) => spec.name === name);
}
