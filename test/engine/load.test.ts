import { describe, expect, it } from 'vitest';
import type { VariableInput } from '../../src/core/configuration/variable.ts';
import { DiagnosticsError } from '../../src/core/diagnostic.ts';
import { formatReference, printExpression } from '../../src/core/expression/print.ts';
import type { Json } from '../../src/core/json.ts';
import { toPlan } from '../../src/core/typed/json.ts';
import { nullValue } from '../../src/core/typed/typed.ts';
import { Sensitive, UNKNOWN } from '../../src/core/value.ts';
import { type LoadedStack, loadStack, reloadStack } from '../../src/engine/load.ts';
import type { StackText } from '../../src/engine/source.ts';
import { clouds } from '../../src/providers/index.ts';
import { GROUND, stackText } from './text.ts';

const SINCH = 'keyform_sinch_access_key';

const text = stackText;

const load = (content: Json, inputs: readonly VariableInput[] | null = [], origin: StackText['origin'] = 'json') =>
  loadStack(text({ 'main.tf.json': content }, origin), inputs, clouds, GROUND);

/** What a stack comes to, without the places where it was written. */
function gist(loaded: LoadedStack): unknown {
  const { configuration, wiring } = loaded;
  return JSON.parse(
    JSON.stringify({
      providers: [...configuration.providers.keys()],
      settings: [...configuration.providers.values()].map((block) =>
        [...block.settings].map(([cloud, settings]) => [cloud, [...settings.keys()]]),
      ),
      variables: [...loaded.variables].map(([name, value]) => [name, toPlan(value)]),
      locals: [...(configuration.modules.get('')?.locals.keys() ?? [])],
      outputs: [...configuration.outputs.values()].map(({ name, sensitive, dependsOn }) => [
        name,
        sensitive,
        dependsOn.map(formatReference),
      ]),
      resources: [...configuration.resources.values()].map(({ address, provider, args, dependsOn, lifecycle }) => [
        address,
        provider,
        [...args].map(([name, { expression }]) => [name, printExpression(expression)]),
        dependsOn.map(formatReference),
        lifecycle,
      ]),
      dependencies: [...wiring.dependencies],
      order: wiring.order,
      warnings: configuration.warnings.map(({ summary }) => summary),
    }),
  );
}

const PLAIN: Json = {
  provider: { keyform: [{}, { alias: 'eu', sinch: { endpoint: 'https://eu.example.com' } }] },
  variable: { project: { type: 'string', default: 'p1' } },
  locals: { prefix: 'ci-${var.project}' },
  resource: {
    [SINCH]: {
      a: { project_id: '${var.project}', display_name: '${local.prefix}', keepers: { month: '${local.of_b}' } },
      b: {
        project_id: 'p1',
        display_name: 'b',
        provider: 'keyform.eu',
        lifecycle: { ignore_changes: ['display_name'] },
      },
      c: { project_id: 'p1', display_name: 'c', depends_on: [`${SINCH}.b`] },
    },
  },
  output: { id: { value: `\${${SINCH}.a.id}`, depends_on: [`${SINCH}.c`] } },
};
(PLAIN as { locals: Record<string, Json> }).locals.of_b = `\${${SINCH}.b.id}`;

/** The same stack with every block in an array, and comments wherever the syntax allows one. */
function verbose(): Json {
  const stack = structuredClone(PLAIN) as Record<string, Record<string, Record<string, unknown>>>;
  const comment = { '//': 'a comment, with ${anything} in it' };
  const list = (value: unknown) => [{ ...comment }, value];
  const { provider, variable, locals, resource, output } = stack;
  const keys = Object.entries(resource?.[SINCH] ?? {}) as [string, Record<string, unknown>][];
  return [
    {
      ...comment,
      provider: list({ ...comment, keyform: provider?.keyform }),
      variable: list({ ...comment, project: [{ ...comment, ...variable?.project }] }),
      locals: Object.entries(locals ?? {}).map(([name, value]) => ({ ...comment, [name]: value })),
    },
    {
      resource: [
        ...keys.map(([name, body]) => ({
          ...comment,
          [SINCH]: [
            {
              ...comment,
              [name]: [
                {
                  ...comment,
                  ...body,
                  ...(body.lifecycle === undefined
                    ? {}
                    : { lifecycle: [{ ...comment, ...(body.lifecycle as Record<string, unknown>) }] }),
                  ...(body.depends_on === undefined ? {} : { depends_on: [`\${${SINCH}.b}`] }),
                },
              ],
            },
          ],
        })),
      ],
      output: list({ ...comment, id: { ...comment, ...output?.id } }),
    },
  ] as unknown as Json;
}

describe('the JSON syntax', () => {
  it('means the same with arrays and comments at every level', async () => {
    const plain = gist(await load(PLAIN));
    expect(gist(await load(verbose()))).toEqual(plain);
    expect(plain).toMatchObject({
      dependencies: [
        [`${SINCH}.a`, [`${SINCH}.b`]],
        [`${SINCH}.b`, []],
        [`${SINCH}.c`, [`${SINCH}.b`]],
      ],
      order: [`${SINCH}.b`, `${SINCH}.a`, `${SINCH}.c`],
    });
  });

  it('means the same spread over files', async () => {
    const parts = Object.fromEntries(
      Object.entries(PLAIN as Record<string, Json>).map(([section, value]) => [
        `${section}.tf.json`,
        { [section]: value },
      ]),
    );
    expect(gist(await loadStack(text(parts), [], clouds, GROUND))).toEqual(gist(await load(PLAIN)));
  });

  it('is read as CDKTF writes it', async () => {
    const synthesized: Json = {
      '//': { metadata: { backend: 'local', stackName: 'prod', version: '0.21.0' }, outputs: { prod: { id: 'id' } } },
      output: { id: { description: 'The id', value: `\${${SINCH}.ci.id}` } },
      provider: { keyform: [{ sinch: { auth: 'basic' } }, { alias: 'eu' }] },
      resource: {
        [SINCH]: {
          ci: {
            '//': { metadata: { path: 'prod/ci', uniqueId: 'ci' } },
            display_name: 'ci',
            lifecycle: { create_before_destroy: true, prevent_destroy: false },
            project_id: '${var.project}',
            provider: 'keyform.eu',
          },
          cd: { depends_on: [`${SINCH}.ci`], display_name: `of \${${SINCH}.ci.id}`, project_id: 'p' },
        },
      },
      terraform: {
        backend: { local: { path: 'terraform.prod.tfstate' } },
        required_providers: { keyform: { source: 'keyform/keyform', version: '0.1.0' } },
      },
      variable: { project: { default: 'p', nullable: false, type: 'string' } },
    };
    const loaded = await load(synthesized, [], 'synth');
    expect(gist(loaded)).toMatchObject({ order: [`${SINCH}.ci`, `${SINCH}.cd`], warnings: [] });
    expect(loaded.configuration.resources.get(`${SINCH}.ci`)).toMatchObject({
      provider: 'keyform.eu',
      lifecycle: { createBeforeDestroy: true, preventDestroy: false },
    });
  });
});

describe('variables', () => {
  const variables = (variable: Json, inputs: readonly VariableInput[] | null) =>
    load({ variable }, inputs).then((loaded) =>
      Object.fromEntries([...loaded.variables].map(([name, value]) => [name, toPlan(value)])),
    );
  const given = (name: string, value: VariableInput['value'], mustExist = true): VariableInput => ({
    name,
    origin: '-var',
    value,
    mustExist,
  });

  it.each<[string, Json, VariableInput['value'], unknown]>([
    ['text as text', { type: 'string' }, { text: '[1]' }, '[1]'],
    ['text as it is without a type', {}, { text: '7' }, '7'],
    ['a number', { type: 'number' }, { text: '7.5' }, 7.5],
    ['a number from a file, as text', { type: 'string' }, { json: 7 }, '7'],
    ['a boolean', { type: 'bool' }, { text: 'true' }, true],
    ['a list', { type: 'list(number)' }, { text: '["1", 2]' }, [1, 2]],
    ['a set', { type: 'set(string)' }, { json: ['b', 'a', 'b'] }, ['a', 'b']],
    ['a map, its type as CDKTF writes it', { type: '${map(bool)}' }, { json: { a: 'true' } }, { a: true }],
    ['lists in lists', { type: 'list( list(string) )' }, { json: [[1]] }, [['1']]],
    ['anything', { type: 'any' }, { json: { a: [null] } }, { a: [null] }],
    ['null', { default: 'x' }, { json: null }, null],
    ['the default for a null that must not be', { default: 'x', nullable: false }, { json: null }, 'x'],
  ])('takes %s', async (_, variable, value, expected) => {
    expect(await variables({ v: variable }, [given('v', value)])).toEqual({ v: expected });
  });

  it('lets the last value win, and passes over undeclared ones that nobody gave on purpose', async () => {
    const inputs = [given('v', { text: 'a' }), given('v', { text: 'b' }), given('other', { text: 'c' }, false)];
    expect(await variables({ v: {} }, inputs)).toEqual({ v: 'b' });
  });

  it('marks sensitive ones', async () => {
    const found = await variables({ v: { sensitive: true, default: 's' }, w: { sensitive: true } }, null);
    expect(found.v instanceof Sensitive && found.v.reveal()).toBe('s');
    expect(found.w instanceof Sensitive && found.w.reveal()).toBe(UNKNOWN);
  });

  it('are unknown while validating, and missing while planning', async () => {
    expect(await variables({ v: {} }, null)).toEqual({ v: UNKNOWN });
    await expect(variables({ v: {} }, [])).rejects.toThrow(DiagnosticsError);
  });
});

describe('loading', () => {
  it('says of one wrong argument nothing more than that, whoever refers to it', async () => {
    const stack: Json = {
      resource: {
        [SINCH]: {
          a: { project_id: 'p', display_name: ['x'] },
          b: { project_id: 'p', display_name: `\${${SINCH}.a.display_name}-b` },
        },
      },
    };
    const error = await load(stack).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error instanceof DiagnosticsError && error.diagnostics.map(({ address }) => address)).toEqual([
      `${SINCH}.a`,
    ]);
  });

  it('takes numbers and booleans where a map of text is wanted, as Terraform does', async () => {
    await load({ resource: { [SINCH]: { a: { project_id: 1, display_name: true, keepers: { v: 3, w: false } } } } });
  });

  it('hashes names and contents of the files', async () => {
    const hash = async (files: Readonly<Record<string, Json>>) =>
      (await loadStack(text(files), [], clouds, GROUND)).hash;
    const all = await Promise.all([
      hash({ a: {} }),
      hash({ b: {} }),
      hash({ a: [] }),
      hash({ a: {}, b: {} }),
      hash({ a: {} }),
    ]);
    expect(new Set(all).size).toBe(4);
    expect(all[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reloads with the values of a saved plan', async () => {
    const stack = text({ 'main.tf.json': { variable: { v: {} }, output: { o: { value: '${var.v}' } } } });
    const variables = new Map([['v', 'saved']]);
    const loaded = await reloadStack(stack, variables, clouds, GROUND);
    expect(toPlan(loaded.variables.get('v') ?? nullValue())).toBe('saved');
    await expect(reloadStack(text({ 'main.tf.json': { widget: {} } }), variables, clouds, GROUND)).rejects.toThrow(
      DiagnosticsError,
    );
  });
});
