import { describe, expect, it } from 'vitest';
import { arityProblem, callFunction } from '../../../src/core/function/call.ts';
import {
  type FunctionContext,
  FunctionProblem,
  type FunctionSpec,
  type Parameter,
} from '../../../src/core/function/spec.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { DYNAMIC, listType, NUMBER, STRING } from '../../../src/core/typed/type.ts';
import {
  isSensitiveWithin,
  isUnknown,
  marked,
  nullValue,
  numberValue,
  stringValue,
  type Typed,
  tupleValue,
  type UnknownContent,
  unknownValue,
} from '../../../src/core/typed/typed.ts';

const context: FunctionContext = {
  planTime: null,
  now: null,
  readFile: () => null,
  renderTemplate: () => stringValue(''),
};

/** A function that tells what it was called with. */
function spy(first: Partial<Parameter>, more: Partial<FunctionSpec> = {}): FunctionSpec & { readonly got: Typed[][] } {
  const got: Typed[][] = [];
  return {
    name: 'spy',
    parameters: [{ name: 'first', type: STRING, ...first }],
    variadic: { name: 'rest', type: NUMBER },
    returns: () => STRING,
    call: (args) => {
      got.push([...args]);
      return stringValue('done');
    },
    got,
    ...more,
  };
}

const text = stringValue('a');
const one = numberValue(Num.of(1));
const problemOf = (action: () => unknown): FunctionProblem => {
  try {
    action();
  } catch (error) {
    if (error instanceof FunctionProblem) return error;
    throw error;
  }
  throw new Error('no problem');
};

describe('a call', () => {
  it('converts each argument to what its parameter wants', () => {
    const spec = spy({});
    callFunction(spec, [one, stringValue('2')], context);
    expect(spec.got[0]?.map((value) => value.type.kind)).toEqual(['string', 'number']);
    const list = spy({ type: listType(STRING) });
    callFunction(list, [tupleValue([one, text])], context);
    expect(list.got[0]?.[0]?.type).toEqual(listType(STRING));
  });

  it.each([
    [[stringValue('x'), stringValue('y')], 1, 'a number is required'],
    [[tupleValue([])], 0, 'string required'],
    [[nullValue()], 0, 'argument must not be null'],
    [[text, one, nullValue(NUMBER)], 2, 'argument must not be null'],
    [[marked(nullValue(STRING), true)], 0, 'argument must not be null'],
  ])('refuses the argument at fault, case %#', (args, argument, message) => {
    const problem = problemOf(() => callFunction(spy({}), args, context));
    expect(problem.argument).toBe(argument);
    expect(problem.message).toContain(message);
  });

  it('says nothing of a sensitive argument but what was wanted', () => {
    const hidden = marked(stringValue('hidden'), true);
    expect(problemOf(() => callFunction(spy({ type: NUMBER }), [hidden], context)).message).toMatch(
      /^a number is required/,
    );
    const telling = spy(
      {},
      {
        call: ([value]) => {
          throw new FunctionProblem(`cannot do ${String(value?.content)}`, 0);
        },
      },
    );
    const problem = problemOf(() => callFunction(telling, [hidden], context));
    expect(problem.message).not.toContain('hidden');
    expect(problem.argument).toBe(0);
    expect(problemOf(() => callFunction(telling, [text], context)).message).toBe('cannot do a');
  });

  it.each([
    [0, 'Function "spy" expects at least 1 argument. Missing value for "first".'],
    [1, null],
    [5, null],
  ])('with %i arguments for one and more', (count, message) => {
    expect(arityProblem(spy({}), count)).toBe(message);
  });

  it('with too many arguments', () => {
    expect(arityProblem({ ...spy({}), variadic: null }, 2)).toBe('Function "spy" expects only 1 argument.');
    expect(problemOf(() => callFunction({ ...spy({}), variadic: null }, [text, text], context)).argument).toBeNull();
  });

  it('is not made for what is not known, and tells the type of its result all the same', () => {
    const spec = spy({}, { notNull: true });
    const result = callFunction(spec, [unknownValue(STRING), one], context);
    expect(result.type).toBe(STRING);
    expect((result.content as UnknownContent).notNull).toBe(true);
    expect(spec.got).toEqual([]);
    const willing = spy({ allowUnknown: true });
    expect(callFunction(willing, [unknownValue(STRING)], context).content).toBe('done');
  });

  it('has a result of unknown type while the type of an argument is unknown', () => {
    const any = spy({ type: DYNAMIC });
    // What comes after it is not looked at: neither null is refused nor the type asked for.
    const result = callFunction(any, [unknownValue(), nullValue(NUMBER)], context);
    expect(result.type).toBe(DYNAMIC);
    expect((result.content as UnknownContent).notNull).toBe(false);
    expect(callFunction(spy({ type: DYNAMIC, allowDynamic: true }), [unknownValue()], context).type).toBe(STRING);
    expect(
      callFunction(spy({ type: DYNAMIC, allowDynamic: true, allowUnknown: true }), [unknownValue()], context).content,
    ).toBe('done');
  });

  it('takes marks off, however deep, and marks the whole result', () => {
    const spec = spy({ type: DYNAMIC });
    const result = callFunction(spec, [tupleValue([marked(text, true)]), one], context);
    expect(result.sensitive).toBe(true);
    expect(spec.got[0]?.map(isSensitiveWithin)).toEqual([false, false]);
    for (const args of [[marked(unknownValue(STRING), true)], [unknownValue(STRING), marked(one, true)]]) {
      const unknown = callFunction(spy({}), args, context);
      expect([isUnknown(unknown), unknown.sensitive]).toEqual([true, true]);
    }
    expect(callFunction(spy({ type: DYNAMIC }), [marked(unknownValue(), true)], context).sensitive).toBe(true);
  });

  it('leaves marks to a function that wants them', () => {
    const spec = spy({ allowMarked: true });
    expect(callFunction(spec, [marked(text, true)], context).sensitive).toBe(false);
    expect(spec.got[0]?.[0]?.sensitive).toBe(true);
  });
});
