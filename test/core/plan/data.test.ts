import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Report } from '../../../src/core/configuration/block.ts';
import type { DataBlock } from '../../../src/core/configuration/data.ts';
import { NO_LIFECYCLE } from '../../../src/core/configuration/lifecycle.ts';
import { dataSourcesOf, selectorsOf } from '../../../src/core/datasource.ts';
import { type Diagnostic, DiagnosticsError } from '../../../src/core/diagnostic.ts';
import type { Scope } from '../../../src/core/expression/evaluate.ts';
import { parseValue } from '../../../src/core/expression/parse.ts';
import { type JsonObject, stableStringify } from '../../../src/core/json.ts';
import { answer, inquire, plannedData } from '../../../src/core/plan/data.ts';
import type { ActualKey } from '../../../src/core/provider.ts';
import { fromPlan } from '../../../src/core/typed/json.ts';
import { DYNAMIC } from '../../../src/core/typed/type.ts';
import { isWhollyKnown, sensitive, toJson, UNKNOWN, type Value } from '../../../src/core/value.ts';
import { clouds } from '../../../src/providers/index.ts';
import { MemoryCloud } from './cloud.ts';

const { cloud } = new MemoryCloud(10, { name: { argument: 'name', uniquePerOwner: false, renameable: true } });
const [type] = cloud.resources;
if (type === undefined) throw new Error('the cloud has a type');
const [ONE, ALL] = dataSourcesOf(type);
const OWNER = { id: 'memory p', label: 'project p', scope: 'memory' };

function block(source: typeof ONE, args: JsonObject): DataBlock {
  const place = { file: 'main.tf.json', path: ['data', source.name, 'x'] };
  return {
    address: `data.${source.name}.x`,
    module: '',
    name: 'x',
    repetition: { kind: 'once' },
    lifecycle: NO_LIFECYCLE,
    cloud,
    source,
    provider: 'keyform',
    args: new Map(
      Object.entries(args).map(([name, value]) => [
        name,
        {
          expression: parseValue(
            typeof value === 'string' && value.startsWith('var.') ? `\${${value}}` : value,
            (problem) => {
              throw problem;
            },
          ),
          place: { ...place, path: [...place.path, name] },
        },
      ]),
    ),
    dependsOn: [],
    place,
  };
}

const VARIABLES: Readonly<Record<string, Value>> = {
  none: null,
  open: UNKNOWN,
  hidden: sensitive('canary'),
  closed: sensitive('p'),
};
const scope: Scope = {
  lookup: ({ steps }) => ({ value: fromPlan(VARIABLES[String(steps[0])] ?? null, DYNAMIC), used: 1 }),
  functions: { planTime: null, now: null, readFile: () => null, renderTemplate: () => fromPlan(null, DYNAMIC) },
};

function key(id: string, more: Partial<ActualKey> = {}): ActualKey {
  return {
    id,
    accessKeyId: `public ${id}`,
    args: { project: 'p', name: `name of ${id}`, note: null, enabled: true },
    attributes: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    enabled: true,
    secret: null,
    readiness: 'ready',
    ...more,
  };
}

/** What a block reads from these keys, or the one diagnostic that it gets. */
function read(source: typeof ONE, args: JsonObject, keys: readonly ActualKey[]): Record<string, Value> | Diagnostic {
  const report = new Report();
  const asked = block(source, args);
  const inquiry = inquire(asked, scope, report);
  const [problem] = report.diagnostics;
  if (problem !== undefined) return problem;
  if (inquiry === null) throw new Error('an inquiry fails with a diagnostic');
  try {
    return answer(asked, inquiry, new Map(keys.map((one) => [one.id, one])), OWNER);
  } catch (error) {
    if (error instanceof DiagnosticsError && error.diagnostics.length === 1) return error.diagnostics[0] as Diagnostic;
    throw error;
  }
}

const named = (id: string, name: string, more: Partial<ActualKey> = {}) =>
  key(id, { args: { project: 'p', name, note: null, enabled: true }, ...more });

describe('a data source of one key', () => {
  it.each([
    ['id', { id: 'b' }],
    ['public id', { access_key_id: 'public b' }],
    ['name', { name: 'name of b' }],
    ['id, where a name is null', { id: 'b', name: 'var.none' }],
  ])('is found by its %s', (_, args) => {
    expect(read(ONE, { project: 'p', ...args }, [key('a'), key('b'), key('c')])).toMatchObject({
      id: 'b',
      access_key_id: 'public b',
      project: 'p',
      name: 'name of b',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: null,
      enabled: true,
    });
  });

  const twins = Array.from({ length: 12 }, (_, index) =>
    named(`k${String(index).padStart(2, '0')}`, 'twin', {
      createdAt: index === 0 ? null : `2026-01-${20 - index}T00:00:00Z`,
    }),
  );
  it.each([
    [
      'a name that two have',
      { name: 'twin' },
      [named('b', 'twin', { enabled: false }), named('a', 'twin', { createdAt: null }), key('c')],
      '2 keys of project p have the name "twin"',
      'Say by "id" which one is meant: b (created 2026-01-01T00:00:00.000Z, disabled), a.',
      'name',
    ],
    [
      'a name that many have',
      { name: 'twin' },
      twins,
      '12 keys of project p have the name "twin"',
      'and 2 more.',
      'name',
    ],
    [
      'an id that is a public id',
      { id: 'public a' },
      [key('a')],
      'No key of project p has the id "public a"',
      'One has that access_key_id: write "access_key_id" instead of "id".',
      'id',
    ],
    [
      'a public id that is an id',
      { access_key_id: 'a' },
      [key('a')],
      'No key of project p has the access_key_id "a"',
      'One has that id: write "id" instead of "access_key_id".',
      'access_key_id',
    ],
    [
      'a slip in a name',
      { name: 'nmae of a' },
      [key('a')],
      'No key of project p has the name "nmae of a"',
      'The API shows 1 key there. Did you mean "name of a"?',
      'name',
    ],
    ['nothing at all', { id: 'a' }, [], 'No key of project p has the id "a"', 'The API shows no key there.', 'id'],
    [
      'a hidden name',
      { name: 'var.hidden' },
      [named('a', 'canary2')],
      'No key of project p has the given name',
      'The API shows 1 key there. To',
      'name',
    ],
    [
      'two ways at once',
      { name: 'x', id: 'a' },
      [],
      'Several arguments say which key is read',
      'Set exactly one of "id", "access_key_id" and "name".',
      'name',
    ],
    [
      'nothing but null',
      { name: 'var.none' },
      [],
      'Nothing says which key is read',
      'Set exactly one of "id", "access_key_id" and "name". What is set gives null.',
      null,
    ],
    ['a number for a list', { id: [1] }, [], 'Incorrect attribute value type', 'The key', 'id'],
  ] as const)('is refused for %s', (_, args, keys, summary, detail, at) => {
    const found = read(ONE, { project: 'p', ...args }, keys);
    expect(found).toMatchObject({
      severity: 'error',
      summary,
      detail: expect.stringContaining(detail),
      address: 'data.memory_key.x',
      place: { path: ['data', 'memory_key', 'x', ...(at === null ? [] : [at])] },
    });
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('hides an owner that is sensitive, in what is found and in what is said', () => {
    const found = read(ONE, { project: 'var.closed', id: 'a' }, [key('a')]);
    expect(found).toMatchObject({ id: 'a', name: 'name of a' });
    expect(JSON.stringify(found)).toContain('"project":"(sensitive)"');
    const lost = read(ONE, { project: 'var.closed', id: 'b' }, [key('a')]);
    expect(lost).toMatchObject({ summary: 'No key of the project has the id "b"' });
    const [, [first]] = [0, (read(ALL, { project: 'var.closed' }, [key('a')]) as { keys: Value[] }).keys];
    expect(JSON.stringify(first)).toContain('"project":"(sensitive)"');
  });

  it('shows what it is asked by, and nothing else, while it is put off', () => {
    const asked = block(ONE, { project: 'p', id: 'var.open' });
    const inquiry = inquire(asked, scope, new Report());
    if (inquiry === null) throw new Error('nothing is wrong with it');
    expect(inquiry).toMatchObject({ known: false, owner: { project: 'p' } });
    const planned = plannedData(asked, inquiry);
    expect(Object.keys(planned)).toEqual(Object.keys(ONE.attributes));
    expect(Object.entries(planned).filter(([, value]) => isWhollyKnown(value))).toEqual([['project', 'p']]);
  });
});

describe('a data source of all keys', () => {
  it('lists them oldest first, then by id, whatever the order of the API', () => {
    const keys = [
      key('d', { createdAt: null }),
      key('c', { createdAt: '2026-01-02T00:00:00Z' }),
      key('b', { createdAt: '2026-01-02T00:00:00.000000000Z' }),
      key('a', { createdAt: '2026-01-03T00:00:00Z' }),
      key('e', { createdAt: null }),
    ];
    const expected = read(ALL, { project: 'p' }, keys);
    expect(expected).toMatchObject({ project: 'p', ids: ['b', 'c', 'a', 'd', 'e'] });
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (shuffled) => {
        expect(stableStringify(toJson(read(ALL, { project: 'p' }, shuffled) as Value))).toBe(
          stableStringify(toJson(expected as Value)),
        );
      }),
    );
  });

  it('has nobody to read while its owner is unknown', () => {
    const asked = block(ALL, { project: 'var.open' });
    expect(inquire(asked, scope, new Report())).toMatchObject({ owner: null, known: false });
  });
});

describe('data sources follow from the resource types', () => {
  it.each(clouds.flatMap((one) => one.resources.map((resource) => [resource.type, resource] as const)))(
    '%s',
    (name, resource) => {
      const [one, all] = dataSourcesOf(resource);
      expect([one.name, all.name, one.kind, all.kind]).toEqual([name, `${name}s`, 'one', 'all']);
      const owner = resource.owner.arguments;
      expect(Object.keys(all.arguments)).toEqual(owner);
      expect(Object.keys(one.arguments)).toEqual([...new Set([...owner, ...selectorsOf(resource)])]);
      expect(Object.keys(all.attributes)).toEqual([...owner, 'ids', 'keys']);
      for (const hidden of ['secret', 'keepers', 'generation'])
        expect(Object.keys(one.attributes)).not.toContain(hidden);
      const common = ['id', 'access_key_id', 'created_at', 'expires_at', 'enabled'];
      for (const [argument, spec] of Object.entries(resource.arguments)) {
        const shown =
          (spec.source === 'reported' && !spec.sensitive) || owner.includes(argument) || common.includes(argument);
        expect([argument, Object.hasOwn(one.attributes, argument)]).toEqual([argument, shown]);
      }
      for (const attribute of [...common, ...Object.keys(resource.attributes)])
        expect(Object.keys(one.attributes)).toContain(attribute);
      for (const source of [one, all]) {
        for (const [argument, spec] of Object.entries(source.arguments)) {
          expect(spec.schema.description).toBeTruthy();
          expect(Object.hasOwn(source.attributes, argument)).toBe(true);
          expect(spec.required).toBe(owner.includes(argument) && resource.arguments[argument]?.required === true);
        }
        for (const { schema } of Object.values(source.attributes)) expect(schema.description).toBeTruthy();
      }
    },
  );
});
