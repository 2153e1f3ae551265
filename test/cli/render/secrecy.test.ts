import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { style } from '../../../src/cli/render/color.ts';
import { renderPlan } from '../../../src/cli/render/plan.ts';
import { planJson, stateJson } from '../../../src/cli/render/planjson.ts';
import { planMarkdown } from '../../../src/cli/render/planmarkdown.ts';
import { renderState } from '../../../src/cli/render/state.ts';
import { UiStream } from '../../../src/cli/render/ui.ts';
import type { TypeEntry } from '../../../src/core/plan/actual.ts';
import type { ChangeAction, Plan } from '../../../src/core/plan/plan.ts';
import { argumentsOf } from '../../../src/core/resource.ts';
import { Secret } from '../../../src/core/secret.ts';
import { emptyState, type Generation, type State } from '../../../src/core/state.ts';
import { sensitive, UNKNOWN, type Value } from '../../../src/core/value.ts';
import { clouds } from '../../../src/providers/index.ts';
import { change, drift, PLANS, plan, SINCH, step } from './plans.ts';

const CANARY = 'CANARY';

/** A value that is all secret: canaries as strings, as keys, in lists, beside what is not known. */
const hidden: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant<Value>(CANARY),
    fc.constant<Value>(UNKNOWN),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constant(CANARY), tie('value'), { maxKeys: 1 }),
  ),
})).value;

/** A value that may be shown, with sensitive parts in it. */
const shown: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Value>(null, true, 1, 'open', UNKNOWN),
    hidden.map(sensitive),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c d'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

const object = fc.dictionary(fc.constantFrom('id', 'display_name', 'enabled', 'keepers', 'tags'), shown, {
  maxKeys: 5,
});

const ACTIONS: readonly (readonly ChangeAction[])[] = [
  ['create'],
  ['update'],
  ['delete'],
  ['no-op'],
  ['create', 'delete'],
  ['delete', 'create'],
];

const plans: fc.Arbitrary<Plan> = fc
  .record({
    before: object,
    after: object,
    actions: fc.constantFrom(...ACTIONS),
    mode: fc.constantFrom<Plan['mode']>('normal', 'destroy', 'refresh-only'),
    kind: fc.constantFrom<'changed' | 'gone'>('changed', 'gone'),
    marked: fc.boolean(),
    old: shown,
    now: shown,
  })
  .map(({ before, after, actions, mode, kind, marked, old, now }) => {
    const [first] = actions;
    const address = `${SINCH}.a`;
    // Planned values of the renamed key are as sensitive as the change says.
    const name = before.display_name ?? 'open';
    return plan({
      mode,
      steps: [
        step('update', address, { keyId: 'k-1', changed: ['display_name'], args: { display_name: name } }),
        step('recover', address, { keyId: 'k-9', args: { display_name: CANARY } }),
      ],
      changes: [
        change(address, {
          actions,
          before: first === 'create' && actions.length === 1 ? null : before,
          after: first === 'delete' && actions.length === 1 ? null : after,
          replacePaths: ['keepers', 'tags'],
        }),
      ],
      drift: [
        drift(address, {
          kind,
          before,
          after: kind === 'gone' ? null : after,
          changed: ['display_name', 'tags', 'keepers'],
        }),
      ],
      outputs: [
        { name: 'o', actions: actions.slice(0, 1), before: old, after: now, sensitive: false },
        {
          name: 's',
          actions: actions.slice(0, 1),
          before: marked ? sensitive(CANARY) : null,
          after: CANARY,
          sensitive: true,
        },
      ],
    });
  });

function everything(value: Plan): string {
  const lines: string[] = [];
  const ui = new UiStream((line) => lines.push(line), { now: () => 0, sleep: () => Promise.resolve() }, '0.1.0');
  ui.version();
  ui.driftAndChanges(value);
  ui.changeSummary(value, 'plan');
  ui.outputs(value);
  for (const each of value.steps) {
    ui.apply({ kind: 'started', step: each, at: 0 });
    ui.progress(each, 10);
    ui.apply({ kind: 'done', step: each, at: 0, keyId: each.keyId });
  }
  return [
    renderPlan(value, style(false)),
    renderPlan(value, style(true)),
    planMarkdown([value], ['prod'], 65_000),
    JSON.stringify(planJson(value, '0.1.0')),
    ...lines,
  ].join('\n');
}

describe('no rendering of a plan holds any part of a sensitive value', () => {
  test('whatever the values are', () => {
    fc.assert(
      fc.property(plans, (value) => {
        expect(everything(value)).not.toContain(CANARY);
      }),
      { numRuns: 500 },
    );
  });

  test.each(Object.entries(PLANS))('in the plan "%s"', (_, value) => {
    expect(everything(value)).not.toContain(CANARY);
  });
});

describe('no rendering of a state holds a secret', () => {
  const types = new Map<string, TypeEntry>(
    clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)),
  );
  const state = (address: string, type: string): State => {
    const names = Object.keys(argumentsOf((types.get(type) as TypeEntry).type));
    const generation = (number: number, sensitiveArgs: readonly string[]): Generation => ({
      number,
      id: `k-${number}`,
      accessKeyId: `k-${number}`,
      secret: new Secret(CANARY),
      createdAt: null,
      expiresAt: null,
      enabled: true,
      args: Object.fromEntries(sensitiveArgs.map((name) => [name, { [CANARY]: [CANARY] }])),
      sensitiveArgs,
      attributes: {},
      scope: 'https://api.example',
    });
    // `enabled` and `expires_at` are what the API shows of the key, never an argument's sensitive value.
    const marked = names.filter((name) => name !== 'enabled' && name !== 'expires_at');
    return {
      ...emptyState('prod', 'lineage'),
      resources: new Map([
        [
          address,
          {
            address,
            type,
            provider: 'keyform',
            dependencies: [`${SINCH}.other`],
            current: generation(2, marked),
            deposed: [generation(1, marked)],
            lastGeneration: 2,
            tainted: 'asked for',
          },
        ],
      ]),
      outputs: { open: { value: 'x', sensitive: false }, token: { value: { [CANARY]: CANARY }, sensitive: true } },
    };
  };

  test.each([...types.keys()])('%s', (type) => {
    const value = state(`${type}.ci[0]`, type);
    const json = stateJson(value, types);
    expect(JSON.stringify(json)).not.toContain(CANARY);
    expect(renderState(value, types, style(false))).not.toContain(CANARY);
    expect(json).toMatchObject({
      format_version: '1.0',
      values: {
        outputs: { open: { sensitive: false, value: 'x', type: 'string' }, token: { sensitive: true, value: null } },
        root_module: {
          resources: [
            {
              address: `${type}.ci[0]`,
              mode: 'managed',
              type,
              name: 'ci',
              index: 0,
              provider_name: 'registry.terraform.io/keyform/keyform',
              schema_version: 0,
              values: { id: 'k-2', secret: null, generation: 2 },
              sensitive_values: { secret: true },
              depends_on: [`${SINCH}.other`],
              tainted: true,
            },
            { address: `${type}.ci[0]`, deposed_key: 'k-1', values: { id: 'k-1', secret: null } },
          ],
        },
      },
    });
  });

  test('a type that no cloud has is refused, not skipped', () => {
    expect(() => stateJson(state(`${SINCH}.ci`, SINCH), new Map())).toThrow('unknown type');
  });
});
