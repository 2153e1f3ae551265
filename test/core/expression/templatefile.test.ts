import { describe, expect, it } from 'vitest';
import { renderTemplate } from '../../../src/core/expression/templatefile.ts';
import { FunctionProblem } from '../../../src/core/function/spec.ts';
import { Num } from '../../../src/core/typed/number.ts';
import { marked, numberValue, stringValue, type Typed } from '../../../src/core/typed/typed.ts';
import { HIDDEN, LOCALS, scopeOf } from './world.ts';

const VARIABLES = new Map<string, Typed>([
  ['name', stringValue('world')],
  ['count', numberValue(Num.of(2))],
  ['list', LOCALS.tuple as Typed],
  ['secret', marked(stringValue(HIDDEN), true)],
]);

const render = (text: string, variables: ReadonlyMap<string, Typed> = VARIABLES): Typed =>
  renderTemplate(text, 'hello.tftpl', variables, scopeOf().functions);

const failure = (text: string, variables?: ReadonlyMap<string, Typed>): FunctionProblem => {
  try {
    render(text, variables);
  } catch (error) {
    if (error instanceof FunctionProblem) return error;
    throw error;
  }
  throw new Error(`no problem with ${text}`);
};

describe('a template file', () => {
  it('is rendered with its variables, to a text or to what a single interpolation gives', () => {
    expect(render('Hello, ${name}!').content).toBe('Hello, world!');
    expect(render('%{ for x in list }<${x}>%{ endfor }').content).toBe('<x><1><true>');
    expect(render('${try(name.x, count)}!').content).toBe('2!');
    expect(render('${count}').type.kind).toBe('number');
    expect(render('a${secret}').sensitive).toBe(true);
  });

  it.each([
    ['${nope}', 1, 'the variables have no "nope", which hello.tftpl refers to at character 3'],
    ['${var.name}', 1, 'the variables have no "var"'],
    ['${name', 0, 'hello.tftpl at character'],
    ['${null}', null, 'is null'],
    ['${name.x}', null, 'hello.tftpl at character 3: Unsupported attribute'],
    ['${templatefile("other", {})}', null, 'templatefile cannot be called from inside another template'],
    ['${core::templatefile("other", {})}', null, 'templatefile cannot be called from inside another template'],
    ['${secret + 1}', null, 'a number is required'],
  ])('fails for %s', (text, argument, message) => {
    const problem = failure(text);
    expect(problem.argument).toBe(argument);
    expect(problem.message).toContain(message);
    expect(problem.message).not.toContain(HIDDEN);
  });

  it('takes no variable that it could not refer to', () => {
    expect(failure('x', new Map([['a.b', stringValue('')]])).argument).toBe(1);
  });
});
