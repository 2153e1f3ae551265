import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planJson, stateJson } from '../../../src/cli/render/planjson.ts';
import { UiStream } from '../../../src/cli/render/ui.ts';
import type { DataRead, Plan, ResourceChange, StepKind } from '../../../src/core/plan/plan.ts';
import { emptyState, type OutputState } from '../../../src/core/state.ts';
import { sensitive, UNKNOWN, type Value } from '../../../src/core/value.ts';
import { change, plan, step } from './plans.ts';

// Real Terraform over its built-in terraform_data, which needs no plugin, against plans made by hand that say the same.

const missing = spawnSync('terraform', ['version']).error !== undefined;
if (missing) process.stderr.write('skipped: the program "terraform" is not on PATH, so its JSON is not compared\n');

type Doc = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: what a foreign program prints has no type here
type Foreign = any;

const ROOT = 'terraform_data';
const FIRST = {
  variable: { word: { default: 'hunter2', sensitive: true }, v: { default: '1' } },
  resource: {
    terraform_data: {
      gone: { input: 'a' },
      same: { input: { x: 'y', list: [] }, triggers_replace: null },
      updated: { input: '${var.v}' },
      replaced: { input: 'x', triggers_replace: ['${var.v}'] },
      kept: { input: 'x', triggers_replace: { v: '${var.v}' }, lifecycle: { create_before_destroy: true } },
      hidden: { input: '${var.word}' },
      nested: { input: { a: '${var.word}', b: [1, '${terraform_data.gone.id}'], c: { d: {} } } },
      each: { for_each: { 'eu west': '1' }, input: '${each.value}' },
      counted: { count: 1, input: true },
    },
  },
  data: {
    terraform_remote_state: {
      read: { backend: 'local', config: { path: '${var.word == "" ? "" : "remote.tfstate"}' } },
      plain: { backend: 'local', config: { path: 'remote.tfstate' }, depends_on: ['data.terraform_remote_state.read'] },
      pending: { backend: 'local', config: { path: 'remote.tfstate' }, depends_on: ['terraform_data.updated'] },
      open: {
        backend: 'local',
        config: { path: '${terraform_data.updated.output == "" ? "" : "remote.tfstate"}' },
      },
    },
  },
  output: {
    late: { value: '${terraform_data.gone.id}' },
    word: { value: '${var.word}', sensitive: true },
    known: { value: 'k' },
  },
};
/** What the data sources read. */
const REMOTE = {
  version: 4,
  terraform_version: '1.11.4',
  serial: 1,
  lineage: 'far',
  outputs: { far: { value: 'away', type: 'string' } },
  resources: [],
  check_results: null,
};
const { gone: _, ...others } = FIRST.resource.terraform_data;
const SECOND = {
  data: { terraform_remote_state: FIRST.data.terraform_remote_state },
  variable: { word: { default: 'hunter3', sensitive: true }, v: { default: '2' } },
  resource: {
    terraform_data: {
      ...others,
      nested: { input: { a: '${var.word}', b: [1, '${terraform_data.replaced.id}'], c: { d: {} } } },
    },
  },
  output: {
    late: { value: '${terraform_data.updated.output}' },
    word: { value: '${var.word}', sensitive: true },
    made: { value: { a: 1, b: ['${terraform_data.replaced.id}'] } },
  },
};

/** Terraform's own data source: what a plan says of each, in both runs. */
const DATA: readonly DataRead[] = (
  [
    ['read', null, sensitive('remote.tfstate')],
    ['plain', null, 'remote.tfstate'],
    ['pending', 'read_because_dependency_pending', 'remote.tfstate'],
    ['open', 'read_because_config_unknown', UNKNOWN],
  ] as const
).map(([name, deferred, path]) => ({
  address: `data.terraform_remote_state.${name}`,
  type: 'terraform_remote_state',
  name,
  cloud: '',
  provider: 'terraform',
  deferred,
  values: {
    backend: 'local',
    config: { path },
    defaults: null,
    outputs: deferred === null ? { far: 'away' } : UNKNOWN,
    workspace: null,
  },
}));

/** Values of a resource that is still to be made. */
function coming(input: Value, triggers: Value = null): Record<string, Value> {
  return { id: UNKNOWN, input, output: UNKNOWN, triggers_replace: triggers };
}

function creation(name: string, input: Value, triggers: Value = null): ResourceChange {
  return change(`${ROOT}.${name}`, { actions: ['create'], after: coming(input, triggers) });
}

const NESTED = { d: {} };
const firstPlan = plan({
  data: DATA,
  changes: [
    creation('gone', 'a'),
    creation('same', { x: 'y', list: [] }),
    creation('updated', '1'),
    creation('replaced', 'x', ['1']),
    creation('kept', 'x', { v: '1' }),
    creation('hidden', sensitive('hunter2')),
    creation('nested', { a: sensitive('hunter2'), b: [1, UNKNOWN], c: NESTED }),
    creation('each["eu west"]', '1'),
    creation('counted[0]', true),
  ],
  outputs: [
    { name: 'late', actions: ['create'], before: null, after: UNKNOWN, sensitive: false },
    { name: 'word', actions: ['create'], before: null, after: sensitive('hunter2'), sensitive: true },
    { name: 'known', actions: ['create'], before: null, after: 'k', sensitive: false },
  ],
});

/** What the second stack changes. `ids`: those that Terraform drew in the first apply, by address. */
function secondPlan(ids: Readonly<Record<string, string>>): Plan {
  const living = (name: string, input: Value, triggers: Value = null, output: Value = input) => ({
    id: ids[`${ROOT}.${name}`] ?? 'no id',
    input,
    output,
    triggers_replace: triggers,
  });
  const replacement = { actionReason: 'replace_because_cannot_update', replacePaths: ['triggers_replace'] } as const;
  const held = { x: 'y', list: [] };
  return plan({
    data: DATA,
    changes: [
      change(`${ROOT}.gone`, {
        actions: ['delete'],
        actionReason: 'delete_because_no_resource_config',
        before: living('gone', 'a'),
      }),
      change(`${ROOT}.same`, { before: living('same', held), after: living('same', held) }),
      change(`${ROOT}.updated`, {
        actions: ['update'],
        before: living('updated', '1'),
        after: { ...living('updated', '2'), output: UNKNOWN },
      }),
      change(`${ROOT}.replaced`, {
        ...replacement,
        actions: ['delete', 'create'],
        before: living('replaced', 'x', ['1']),
        after: coming('x', ['2']),
      }),
      change(`${ROOT}.kept`, {
        ...replacement,
        actions: ['create', 'delete'],
        before: living('kept', 'x', { v: '1' }),
        after: coming('x', { v: '2' }),
      }),
      // terraform_data loses the mark in its output: that is its own doing, and the plan made here says the same.
      change(`${ROOT}.hidden`, {
        actions: ['update'],
        before: living('hidden', sensitive('hunter2'), null, 'hunter2'),
        after: { ...living('hidden', sensitive('hunter3')), output: UNKNOWN },
      }),
      change(`${ROOT}.nested`, {
        actions: ['update'],
        before: living('nested', { a: sensitive('hunter2'), b: [1, ids[`${ROOT}.gone`] ?? ''], c: NESTED }, null, {
          a: 'hunter2',
          b: [1, ids[`${ROOT}.gone`] ?? ''],
          c: NESTED,
        }),
        after: { ...living('nested', { a: sensitive('hunter3'), b: [1, UNKNOWN], c: NESTED }), output: UNKNOWN },
      }),
      change(`${ROOT}.each["eu west"]`, {
        actions: ['delete', 'create'],
        actionReason: 'replace_by_request',
        before: living('each["eu west"]', '1'),
        after: coming('1'),
      }),
      change(`${ROOT}.counted[0]`, {
        actions: ['delete', 'create'],
        actionReason: 'replace_because_tainted',
        before: living('counted[0]', true),
        after: coming(true),
      }),
    ],
    outputs: [
      { name: 'late', actions: ['update'], before: ids[`${ROOT}.gone`] ?? '', after: UNKNOWN, sensitive: false },
      { name: 'word', actions: ['update'], before: sensitive('hunter2'), after: sensitive('hunter3'), sensitive: true },
      { name: 'known', actions: ['delete'], before: 'k', after: null, sensitive: false },
      { name: 'made', actions: ['create'], before: null, after: { a: 1, b: [UNKNOWN] }, sensitive: false },
    ],
  });
}

/** Terraform's values as Keyform prints them: null where the marks say sensitive. */
function redacted(value: Foreign, marks: Foreign): Foreign {
  if (marks === true) return value === undefined ? undefined : null;
  if (Array.isArray(value)) return value.map((item, i) => redacted(item, marks?.[i]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, marks?.[key])]));
}

/** Terraform knows the type of an unknown value and marks the insides that it does not have yet; here unknown is unknown. */
function untyped(marks: Foreign, unknown: Foreign): Foreign {
  if (typeof marks !== 'object' || unknown?.output !== true) return marks;
  const { output: _, ...rest } = marks;
  return rest;
}

function expectedChange(change: Foreign): Doc {
  const { before, after, before_sensitive: was, after_sensitive: is, ...rest } = change.change;
  return {
    ...change,
    change: {
      ...rest,
      before: redacted(before, was),
      // JSON has no undefined: an output that is not known has no `after` at all.
      ...('after' in change.change ? { after: redacted(after, is) } : {}),
      before_sensitive: was,
      after_sensitive: untyped(is, rest.after_unknown),
    },
  };
}

/** Keyform's as if its provider were Terraform's own. */
function asTerraform(value: unknown): Foreign {
  const text = JSON.stringify(value)
    .replaceAll('registry.terraform.io/keyform/keyform', 'terraform.io/builtin/terraform')
    .replaceAll('"implied_provider":"keyform"', '"implied_provider":"terraform"')
    .replaceAll('"keyform.ui"', '"terraform.ui"');
  return JSON.parse(text);
}

function byAddress(items: Foreign[]): Foreign[] {
  return [...items].sort((a, b) => (a.address < b.address ? -1 : 1));
}

function messages(text: string, ...types: string[]): Foreign[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Foreign)
    .filter(({ type }) => types.includes(type))
    .map(({ '@timestamp': _, ...message }) => message);
}

/** What a Keyform stream says, in the same form. */
function said(speak: (ui: UiStream) => void, ...types: string[]): Foreign[] {
  const lines: string[] = [];
  speak(new UiStream((line) => lines.push(line), { now: () => 0, sleep: () => Promise.resolve() }, '0.1.0'));
  return asTerraform(messages(lines.join('\n'), ...types));
}

describe.skipIf(missing)('beside real Terraform', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyform-terraform-'));
  const cases: Record<string, { show: Foreign; ui: string; apply: string; state: Foreign; plan: Plan }> = {};

  const terraform = (...args: string[]): string => {
    const path = process.env.PATH;
    const env = { PATH: path, HOME: folder, TF_CLI_CONFIG_FILE: join(folder, 'rc'), CHECKPOINT_DISABLE: '1' };
    return execFileSync('terraform', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const run = (stack: Doc, ...flags: string[]) => {
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(stack));
    const ui = terraform('plan', '-json', '-out=plan', ...flags);
    const show = JSON.parse(terraform('show', '-json', 'plan'));
    const apply = terraform('apply', '-json', 'plan');
    return { ui, show, apply, state: JSON.parse(terraform('show', '-json')) };
  };

  beforeAll(() => {
    writeFileSync(join(folder, 'rc'), '');
    writeFileSync(join(folder, 'remote.tfstate'), JSON.stringify(REMOTE));
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(FIRST));
    terraform('init');
    const first = run(FIRST);
    const resources: Foreign[] = first.state.values.root_module.resources;
    const ids = Object.fromEntries(resources.map(({ address, values }) => [address, values.id]));
    terraform('taint', 'terraform_data.counted[0]');
    const second = run(SECOND, '-replace=terraform_data.each["eu west"]');
    cases.first = { ...first, plan: firstPlan };
    cases.second = { ...second, plan: secondPlan(ids) };
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const at = (name: string) => {
    const found = cases[name];
    if (found === undefined) throw new Error(`no run ${name}`);
    const { resource_changes, output_changes, planned_values, ...rest } = asTerraform(planJson(found.plan, '0.1.0'));
    return { ...found, mine: { resource_changes, output_changes, planned_values, ...rest } };
  };

  describe.each(['first', 'second'])('the %s plan', (name) => {
    test('changes the same addresses in the same way, with the same marks', () => {
      const { show, mine } = at(name);
      expect(byAddress(mine.resource_changes)).toEqual(byAddress(show.resource_changes).map(expectedChange));
    });

    test('changes the same outputs', () => {
      const { show, mine } = at(name);
      const changes = Object.entries(show.output_changes).map(([output, value]) => [
        output,
        expectedChange({ change: value }).change,
      ]);
      expect(mine.output_changes).toEqual(Object.fromEntries(changes));
    });

    test('plans the same values', () => {
      const { show, mine } = at(name);
      const outputs = Object.entries<Foreign>(show.planned_values.outputs).map(([output, { value, ...rest }]) => [
        output,
        { ...rest, ...(value === undefined ? {} : { value: redacted(value, rest.sensitive) }) },
      ]);
      const resources = show.planned_values.root_module.resources.map((resource: Foreign) => ({
        ...resource,
        values: redacted(resource.values, resource.sensitive_values),
        // A planned value that is absent is unknown.
        sensitive_values: untyped(resource.sensitive_values, { output: !('output' in resource.values) }),
      }));
      expect(mine.planned_values).toEqual({ outputs: Object.fromEntries(outputs), root_module: { resources } });
    });

    test('has the same of data sources that are read', () => {
      const { show, mine } = at(name);
      const read = show.prior_state.values.root_module.resources.filter(({ mode }: Foreign) => mode === 'data');
      expect(read).toHaveLength(2);
      expect(mine.prior_state.values.root_module.resources).toEqual(
        read.map((resource: Foreign) => ({
          ...resource,
          values: redacted(resource.values, resource.sensitive_values),
        })),
      );
    });

    test('has the same frame', () => {
      const { show, mine } = at(name);
      for (const key of ['format_version', 'applyable', 'complete', 'errored'])
        expect([key, mine[key]]).toEqual([key, show[key]]);
    });

    test('streams the same messages', () => {
      const { ui, plan: value } = at(name);
      const order = (items: Foreign[]) => items.sort((a, b) => (a['@message'] < b['@message'] ? -1 : 1));
      const planned = said((stream) => stream.driftAndChanges(value), 'planned_change', 'resource_drift');
      expect(order(planned)).toEqual(order(messages(ui, 'planned_change', 'resource_drift')));
      expect(said((stream) => stream.outputs(value), 'outputs')).toEqual(messages(ui, 'outputs'));
    });

    test('streams an apply in the same messages', () => {
      const { apply, state } = at(name);
      const hooks = messages(apply, 'apply_start', 'apply_complete');
      expect(hooks.length).toBeGreaterThan(8);
      for (const theirs of hooks) {
        const { resource, action, id_value: keyId = null, elapsed_seconds: seconds } = theirs.hook;
        const each = step(action as StepKind, resource.addr, { keyId });
        const [mine] = said(
          (stream) =>
            theirs.type === 'apply_start'
              ? stream.apply({ kind: 'started', step: each, at: 0 })
              : [
                  stream.apply({ kind: 'started', step: each, at: 0 }),
                  stream.apply({ kind: 'done', step: each, at: seconds * 1000, keyId }),
                ],
          theirs.type,
        );
        const { step: kind, ...hook } = mine.hook;
        expect(kind).toBe(action);
        expect({ ...mine, hook }).toEqual(theirs);
      }
      const values: Record<string, OutputState> = state.values.outputs;
      expect(said((stream) => stream.outputs(values), 'outputs')).toEqual(messages(apply, 'outputs'));
    });

    test('leaves the same outputs in the state', () => {
      const { state } = at(name);
      const theirs: Record<string, Foreign> = state.values.outputs;
      const outputs = Object.fromEntries(
        Object.entries(theirs).map(([key, { value, sensitive: hidden }]) => [key, { value, sensitive: hidden }]),
      );
      const mine = stateJson({ ...emptyState('prod', 'lineage'), outputs }, new Map()) as Foreign;
      expect(mine.format_version).toBe(state.format_version);
      expect(mine.values.outputs).toEqual(
        Object.fromEntries(
          Object.entries(theirs).map(([key, output]) => [
            key,
            { ...output, value: redacted(output.value, output.sensitive) },
          ]),
        ),
      );
    });
  });

  test('the summaries are the same', () => {
    const { ui, apply } = at('second');
    const steps = (kind: StepKind, count: number) =>
      Array.from({ length: count }, (_, i) => step(kind, `${ROOT}.${kind}${i}`));
    // Four replacements, three updates, one deletion.
    const all = [...steps('rotate', 4), ...steps('update', 3), ...steps('delete', 5)];
    const changes = Array.from({ length: 3 }, (_, i) => change(`${ROOT}.update${i}`, { actions: ['update'] }));
    expect(said((stream) => stream.changeSummary(plan({ steps: all, changes }), 'plan'), 'change_summary')).toEqual(
      messages(ui, 'change_summary'),
    );
    const result = { done: all, failed: [], skipped: [], diagnostics: [], cancelled: false };
    expect(said((stream) => stream.changeSummary(result, 'apply'), 'change_summary')).toEqual(
      messages(apply, 'change_summary'),
    );
  });
});
