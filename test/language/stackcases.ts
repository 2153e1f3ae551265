import type { Json } from '../../src/core/json.ts';

/** Files of a stack by path; a value that is no text is written as JSON. */
export type CaseFiles = Readonly<Record<string, Json>>;

/** A small stack: what is applied first, if anything, and what is planned then. Only terraform_data, which real Terraform has built in. */
export interface StackCase {
  /** Applied one after the other. */
  readonly before: readonly CaseFiles[];
  readonly after: CaseFiles;
  readonly targets?: readonly string[];
  readonly replace?: readonly string[];
  readonly destroy?: true;
}

const data = (blocks: Json, more: Record<string, Json> = {}): CaseFiles => ({
  'main.tf.json': {
    ...(Object.keys(blocks as object).length === 0 ? {} : { resource: { terraform_data: blocks } }),
    ...more,
  },
});
const one = (after: CaseFiles, ...before: readonly CaseFiles[]): StackCase => ({ before, after });
const T = 'terraform_data';

const module = (call: Json, inside: Json, more: Record<string, Json> = {}): CaseFiles => ({
  'main.tf.json': { module: { m: call }, ...more },
  'mod/main.tf.json': inside,
});
const INSIDE: Json = {
  variable: { x: { default: 'd' } },
  resource: { [T]: { k: { input: '${var.x}' } } },
  output: { k: { value: `\${${T}.k.input}` }, id: { value: `\${${T}.k.id}` } },
};

export const STACK_CASES: Readonly<Record<string, StackCase>> = {
  create: one(data({ a: { input: 'x' } })),
  'create nothing set': one(data({ a: {} })),
  'input of every type': one(
    data({
      a: { input: { s: 'x', n: 1.5, b: true, l: [1, 'a'], z: null, o: { k: [] } }, triggers_replace: [1, { a: true }] },
    }),
  ),
  'no changes': one(data({ a: { input: 'x' } }), data({ a: { input: 'x' } })),
  'update in place': one(data({ a: { input: 'y' } }), data({ a: { input: 'x' } })),
  'input gone': one(data({ a: {} }), data({ a: { input: 'x' } })),
  'triggers replace': one(data({ a: { triggers_replace: 2 } }), data({ a: { triggers_replace: 1 } })),
  'triggers replace, and input': one(
    data({ a: { input: 'y', triggers_replace: 2 } }),
    data({ a: { input: 'x', triggers_replace: 1 } }),
  ),
  'create before destroy': one(
    data({ a: { triggers_replace: 2, lifecycle: { create_before_destroy: true } } }),
    data({ a: { triggers_replace: 1 } }),
  ),
  'create before destroy spreads to what is depended on': one(
    data({
      a: { triggers_replace: 2 },
      b: { triggers_replace: [`\${${T}.a.id}`], lifecycle: { create_before_destroy: true } },
    }),
    data({ a: { triggers_replace: 1 }, b: { triggers_replace: [`\${${T}.a.id}`] } }),
  ),
  'removed from the stack': one(data({}), data({ a: { input: 'x' } })),
  destroy: {
    before: [data({ a: { input: 'x' }, b: { input: `\${${T}.a.id}` } })],
    after: data({ a: { input: 'x' }, b: { input: `\${${T}.a.id}` } }),
    destroy: true,
  },
  'unknown through a chain': one(
    data({ a: { input: 'x' }, b: { input: `\${${T}.a.output}-y` }, c: { input: [`\${${T}.b.id}`, 'z'] } }),
  ),
  'unknown in an update': one(
    data({ a: { input: 'y' }, b: { input: `\${${T}.a.output}` } }),
    data({ a: { input: 'x' }, b: { input: `\${${T}.a.output}` } }),
  ),
  'count of three': one(data({ a: { count: 3, input: '${count.index}' } })),
  'count grows': one(
    data({ a: { count: 3, input: '${count.index}' } }),
    data({ a: { count: 2, input: '${count.index}' } }),
  ),
  'count shrinks': one(
    data({ a: { count: 1, input: '${count.index}' } }),
    data({ a: { count: 3, input: '${count.index}' } }),
  ),
  'count of none': one(data({ a: { count: 0 } }), data({ a: { count: 1 } })),
  'count comes': one(data({ a: { count: 2, input: 'x' } }), data({ a: { input: 'x' } })),
  'count goes': one(data({ a: { input: 'x' } }), data({ a: { count: 2, input: 'x' } })),
  'count by a condition': one(data({ a: { count: '${var.on ? 1 : 0}' } }, { variable: { on: { default: true } } })),
  'count to for_each': one(data({ a: { for_each: '${toset(["x"])}' } }), data({ a: { count: 1 } })),
  'for_each over a map': one(data({ a: { for_each: { y: 'two', x: 'one' }, input: '${each.key}=${each.value}' } })),
  'for_each over a set': one(data({ a: { for_each: '${toset(["b", "a", "b"])}', input: '${each.value}' } })),
  'for_each gains and loses': one(
    data({ a: { for_each: '${toset(["b", "c"])}', input: '${each.key}' } }),
    data({ a: { for_each: '${toset(["a", "b"])}', input: '${each.key}' } }),
  ),
  'for_each over another resource': one(
    data({
      a: { for_each: { x: 1, y: 2 }, input: '${each.value}' },
      b: { for_each: `\${${T}.a}`, input: '${each.value.input}' },
    }),
  ),
  'for_each of objects': one(
    data(
      { a: { for_each: '${var.m}', input: '${each.value.n + 1}' } },
      { variable: { m: { type: 'map(object({n = number, t = optional(string, "d")}))', default: { k: { n: 1 } } } } },
    ),
  ),
  'for_each unknown': one(data({ a: { input: 'x' }, b: { for_each: `\${toset([${T}.a.id])}` } })),
  'for_each of a list': one(data({ a: { for_each: '${["a"]}' } })),
  'for_each of null': one(data({ a: { for_each: '${null}' } })),
  'for_each sensitive': one(data({ a: { for_each: '${sensitive(toset(["a"]))}' } })),
  'count unknown': one(data({ a: {}, b: { count: `\${length(${T}.a.id)}` } })),
  'count negative': one(data({ a: { count: -1 } })),
  'count fractional': one(data({ a: { count: 1.5 } })),
  'count null': one(data({ a: { count: '${null}' } })),
  'instances by index': one(data({ a: { count: 2, input: '${count.index}' }, b: { input: `\${${T}.a[1].input}` } })),
  'instances by splat': one(data({ a: { count: 2, input: '${count.index}' }, b: { input: `\${${T}.a[*].input}` } })),
  'instances by for': one(
    data({
      a: { for_each: { x: 1 }, input: '${each.value}' },
      b: { input: `\${{for k, v in ${T}.a : k => v.input}}` },
    }),
  ),
  'index out of range': one(data({ a: { count: 1 }, b: { input: `\${${T}.a[1].id}` } })),
  ignore_changes: one(
    data({ a: { input: 'y', lifecycle: { ignore_changes: ['input'] } } }),
    data({ a: { input: 'x' } }),
  ),
  'ignore_changes all': one(
    data({ a: { input: 'y', triggers_replace: 2, lifecycle: { ignore_changes: 'all' } } }),
    data({ a: { input: 'x', triggers_replace: 1 } }),
  ),
  prevent_destroy: one(
    data({ a: { triggers_replace: 2, lifecycle: { prevent_destroy: true } } }),
    data({ a: { triggers_replace: 1 } }),
  ),
  'replace_triggered_by a resource': one(
    data({ a: { input: 'y' }, b: { input: 1, lifecycle: { replace_triggered_by: [`${T}.a`] } } }),
    data({ a: { input: 'x' }, b: { input: 1 } }),
  ),
  'replace_triggered_by an attribute that stays': one(
    data({ a: { input: 'y' }, b: { input: 1, lifecycle: { replace_triggered_by: [`${T}.a.id`] } } }),
    data({ a: { input: 'x' }, b: { input: 1 } }),
  ),
  'replace_triggered_by an attribute that changes': one(
    data({ a: { input: 'y' }, b: { input: 1, lifecycle: { replace_triggered_by: [`${T}.a.output`] } } }),
    data({ a: { input: 'x' }, b: { input: 1 } }),
  ),
  'replace_triggered_by each': one(
    data({
      a: { for_each: { x: 2, y: 1 }, input: '${each.value}' },
      b: { for_each: { x: 0, y: 0 }, lifecycle: { replace_triggered_by: [`${T}.a[each.key]`] } },
    }),
    data({ a: { for_each: { x: 1, y: 1 }, input: '${each.value}' }, b: { for_each: { x: 0, y: 0 } } }),
  ),
  'precondition that holds': one(
    data({ a: { input: 'x', lifecycle: { precondition: { condition: '${1 < 2}', error_message: 'no' } } } }),
  ),
  'precondition that fails': one(
    data({ a: { input: 'x', lifecycle: { precondition: { condition: '${1 > 2}', error_message: 'no' } } } }),
  ),
  'postcondition that fails': one(
    data({
      a: { input: 'x', lifecycle: { postcondition: { condition: '${self.input == "y"}', error_message: 'no' } } },
    }),
  ),
  'postcondition that is unknown': one(
    data({ a: { input: 'x', lifecycle: { postcondition: { condition: '${self.id != ""}', error_message: 'no' } } } }),
  ),
  moved: one(data({ b: { input: 'x' } }, { moved: [{ from: `${T}.a`, to: `${T}.b` }] }), data({ a: { input: 'x' } })),
  'moved along a chain': one(
    data(
      { c: { input: 'x' } },
      {
        moved: [
          { from: `${T}.a`, to: `${T}.b` },
          { from: `${T}.b`, to: `${T}.c` },
        ],
      },
    ),
    data({ a: { input: 'x' } }),
  ),
  'moved and changed': one(
    data({ b: { input: 'y' } }, { moved: [{ from: `${T}.a`, to: `${T}.b` }] }),
    data({ a: { input: 'x' } }),
  ),
  'moved to an instance': one(
    data({ b: { for_each: { k: 1 }, input: 'x' } }, { moved: [{ from: `${T}.a`, to: `${T}.b["k"]` }] }),
    data({ a: { input: 'x' } }),
  ),
  'moved with all instances': one(
    data({ b: { count: 2, input: 'x' } }, { moved: [{ from: `${T}.a`, to: `${T}.b` }] }),
    data({ a: { count: 2, input: 'x' } }),
  ),
  'moved into a module': one(
    { ...module({ source: './mod' }, INSIDE), 'moved.tf.json': { moved: [{ from: `${T}.a`, to: `module.m.${T}.k` }] } },
    data({ a: { input: 'd' } }),
  ),
  'moved a module': one(
    {
      'main.tf.json': { module: { n: { source: './mod' } }, moved: [{ from: 'module.m', to: 'module.n' }] },
      'mod/main.tf.json': INSIDE,
    },
    module({ source: './mod' }, INSIDE),
  ),
  'moved and still there': one(data({ a: {}, b: {} }, { moved: [{ from: `${T}.a`, to: `${T}.b` }] }), data({ a: {} })),
  'moved in a circle': one(
    data(
      {},
      {
        moved: [
          { from: `${T}.a`, to: `${T}.b` },
          { from: `${T}.b`, to: `${T}.a` },
        ],
      },
    ),
  ),
  'removed and forgotten': one(
    data({}, { removed: [{ from: `${T}.a`, lifecycle: { destroy: false } }] }),
    data({ a: { input: 'x' } }),
  ),
  'removed and destroyed': one(
    data({}, { removed: [{ from: `${T}.a`, lifecycle: { destroy: true } }] }),
    data({ a: { input: 'x' } }),
  ),
  'removed and still there': one(
    data({ a: {} }, { removed: [{ from: `${T}.a`, lifecycle: { destroy: false } }] }),
    data({ a: {} }),
  ),
  module: one(
    module({ source: './mod', x: 'y' }, INSIDE, {
      output: { o: { value: '${module.m.k}' }, i: { value: '${module.m.id}' } },
    }),
  ),
  'module with its default': one(module({ source: './mod' }, INSIDE, { output: { o: { value: '${module.m.k}' } } })),
  'module twice by for_each': one(
    module({ source: './mod', for_each: { a: 'x', b: 'y' }, x: '${each.value}' }, INSIDE, {
      output: { o: { value: '${{for k, v in module.m : k => v.k}}' } },
    }),
  ),
  'module by count': one(
    module({ source: './mod', count: 2, x: '${count.index}' }, INSIDE, {
      output: { o: { value: '${module.m[*].k}' }, p: { value: '${module.m[1].k}' } },
    }),
  ),
  'module that waits': one(
    module({ source: './mod', depends_on: [`${T}.a`] }, INSIDE, { resource: { [T]: { a: { input: 'x' } } } }),
  ),
  'module gets an unknown value': one(
    module({ source: './mod', x: `\${${T}.a.id}` }, INSIDE, { resource: { [T]: { a: {} } } }),
  ),
  'module in a module': one({
    'main.tf.json': { module: { m: { source: './mod' } }, output: { o: { value: '${module.m.v}' } } },
    'mod/main.tf.json': { module: { n: { source: '../inner', x: 'deep' } }, output: { v: { value: '${module.n.k}' } } },
    'inner/main.tf.json': INSIDE,
  }),
  'module without a required argument': one(module({ source: './mod' }, { variable: { x: { type: 'string' } } })),
  'module with an argument too many': one(module({ source: './mod', y: 1 }, INSIDE)),
  'module variable of the wrong type': one(
    module(
      { source: './mod', x: ['a'] },
      { variable: { x: { type: 'number' } }, output: { x: { value: '${var.x}' } } },
      { output: { o: { value: '${module.m.x}' } } },
    ),
  ),
  'module variable that is not valid': one(
    module(
      { source: './mod', x: 'bad' },
      { variable: { x: { validation: { condition: '${var.x != "bad"}', error_message: 'It is bad.' } } } },
    ),
  ),
  'module removed': one({ 'main.tf.json': {} }, module({ source: './mod' }, INSIDE)),
  'check that fails': one(
    data(
      { a: { input: 'x' } },
      { check: { c: { assert: { condition: `\${${T}.a.input == "y"}`, error_message: 'not y' } } } },
    ),
  ),
  'variable validation fails': one(
    data(
      {},
      {
        variable: {
          v: { default: 'a', validation: { condition: '${length(var.v) > 1}', error_message: 'Too short.' } },
        },
      },
    ),
  ),
  'variable without a value': one(data({}, { variable: { v: { type: 'string' } } })),
  'sensitive input': one(data({ a: { input: '${var.s}' } }, { variable: { s: { default: 'x', sensitive: true } } })),
  'sensitive output refused': one(
    data({}, { variable: { s: { default: 'x', sensitive: true } }, output: { o: { value: '${var.s}' } } }),
  ),
  'sensitive output': one(
    data(
      {},
      { variable: { s: { default: 'x', sensitive: true } }, output: { o: { value: '${var.s}', sensitive: true } } },
    ),
  ),
  'nonsensitive output': one(
    data(
      {},
      { variable: { s: { default: 'x', sensitive: true } }, output: { o: { value: '${nonsensitive(var.s)}' } } },
    ),
  ),
  'outputs change': one(
    data({}, { output: { a: { value: 2 }, c: { value: 3 } } }),
    data({}, { output: { a: { value: 1 }, b: { value: 1 } } }),
  ),
  'output precondition fails': one(
    data({}, { output: { a: { value: 1, precondition: { condition: '${1 > 2}', error_message: 'no' } } } }),
  ),
  'output unknown in parts': one(
    data({ a: {} }, { output: { a: { value: [`\${${T}.a.id}`, 1, { k: `\${${T}.a.id}` }] } } }),
  ),
  'locals over locals': one(
    data({ a: { input: '${local.b}' } }, { locals: { a: [1, 2, 3], b: '${[for n in local.a : n * 2 if n > 1]}' } }),
  ),
  cycle: one(data({ a: { input: `\${${T}.b.id}` }, b: { input: `\${${T}.a.id}` } })),
  'refers to itself': one(data({ a: { input: `\${${T}.a.id}` } })),
  'refers to nothing': one(data({ a: { input: `\${${T}.b.id}` } })),
  'refers to no attribute': one(data({ a: {}, b: { input: `\${${T}.a.nope}` } })),
  'each without for_each': one(data({ a: { input: '${each.key}' } })),
  'count and for_each': one(data({ a: { count: 1, for_each: {} } })),
  'depends_on nothing': one(data({ a: { depends_on: [`${T}.b`] } })),
  'unknown argument': one(data({ a: { inputs: 1 } })),
  target: { before: [], after: data({ a: { input: 1 }, b: { input: `\${${T}.a.id}` }, c: {} }), targets: [`${T}.b`] },
  'target an instance': { before: [], after: data({ a: { count: 2, input: 1 }, c: {} }), targets: [`${T}.a[1]`] },
  'target a module': {
    before: [],
    after: module({ source: './mod' }, INSIDE, { resource: { [T]: { a: {} } } }),
    targets: ['module.m'],
  },
  'replace as asked': { before: [data({ a: { input: 1 } })], after: data({ a: { input: 1 } }), replace: [`${T}.a`] },
  'replace an instance': {
    before: [data({ a: { count: 2, input: 1 } })],
    after: data({ a: { count: 2, input: 1 } }),
    replace: [`${T}.a[0]`],
  },
  'import of what cannot be imported by id': one(data({ a: {} }, { import: [{ to: `${T}.b`, id: 'x' }] })),
  'path and workspace': one(data({ a: { input: '${path.module}|${path.root}|${terraform.workspace}' } })),
  'path in a module': one(module({ source: './mod' }, { resource: { [T]: { k: { input: '${path.module}' } } } })),
  'file beside': one({ ...data({ a: { input: '${file("x.txt")}' } }), 'x.txt': 'content' }),
  'template beside': one({
    ...data({ a: { input: '${templatefile("x.tpl", { n = [1, 2] })}' } }),
    'x.tpl': '%{ for i in n ~}\n<${i}>\n%{ endfor ~}\n',
  }),
};
