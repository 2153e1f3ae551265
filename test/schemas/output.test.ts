import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { CAPABILITY_WORDS } from '../../src/core/capability.ts';
import { dataSourcesOf } from '../../src/core/datasource.ts';
import type { Cloud } from '../../src/core/provider.ts';
import { argumentsOf, attributesOf, COMMON_ATTRIBUTES } from '../../src/core/resource.ts';
import { describeClouds, type SchemaDocument } from '../../src/core/schema.ts';
import { clouds } from '../../src/providers/index.ts';

const root = join(import.meta.dirname, '..', '..');
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(join(root, 'schemas', 'schema_output.json'), 'utf8')),
);
const types = clouds.flatMap((cloud) => cloud.resources.map((resource) => ({ cloud, resource, type: resource.type })));
let document: SchemaDocument;

beforeAll(async () => {
  document = JSON.parse(JSON.stringify(await describeClouds(clouds, '0.1.0')));
});

function resourceOf(cloud: Cloud, type: string) {
  const found = document.providers[cloud.name]?.resources[type];
  if (found === undefined) throw new Error(`${type} is missing`);
  return found;
}

test('is what schemas/schema_output.json says', () => {
  validate(document);
  expect(validate.errors).toBeNull();
  expect(document.format_version).toBe('1.1');
  expect(Object.keys(document.providers)).toEqual(clouds.map(({ name }) => name));
});

describe('the schema refuses', () => {
  test.each<[string, (resource: Record<string, Record<string, unknown>>) => void]>([
    [
      'a capability that nobody documented',
      ({ capabilities }) => Object.assign(capabilities as object, { more: true }),
    ],
    ['a missing capability', ({ capabilities }) => delete capabilities?.rate_limits],
    [
      'a type that Terraform does not have',
      ({ arguments: all }) => Object.assign(all?.keepers as object, { type: 'text' }),
    ],
    [
      'an argument without description',
      ({ arguments: all }) => Object.assign(all?.keepers as object, { description: '' }),
    ],
  ])('%s', (_, damage) => {
    const copy = structuredClone(document);
    const [cloud] = Object.values(copy.providers);
    const [resource] = Object.values(cloud?.resources ?? {});
    damage(resource as unknown as Record<string, Record<string, unknown>>);
    expect(validate(copy)).toBe(false);
  });

  test('a provider whose capability it does not know, before anything is printed', async () => {
    const [cloud] = clouds;
    const [resource] = cloud?.resources ?? [];
    if (cloud === undefined || resource === undefined) throw new Error('there are no clouds');
    const capabilities = { ...resource.capabilities, tradeable: true };
    await expect(describeClouds([{ ...cloud, resources: [{ ...resource, capabilities }] }], '1')).rejects.toThrow(
      'tradeable',
    );
  });
});

test.each(types)('$type: everything that the provider says, and nothing else', ({ cloud, resource, type }) => {
  const printed = resourceOf(cloud, type);
  const all = argumentsOf(resource);
  expect(Object.keys(printed.arguments)).toEqual(Object.keys(all));
  for (const [name, spec] of Object.entries(all)) {
    expect(printed.arguments[name], name).toMatchObject({
      required: spec.required,
      forces_new: spec.forcesNew,
      updatable: !spec.forcesNew,
      sensitive: spec.sensitive,
      source: spec.source,
      unset: spec.unset,
      default: spec.default,
    });
  }
  const changing = Object.keys(all).filter((name) => all[name]?.forcesNew === false);
  expect(printed.updates_in_place).toEqual(changing);
  expect(Object.keys(printed.attributes)).toEqual(Object.keys(attributesOf(resource)));
  for (const name of Object.keys(COMMON_ATTRIBUTES)) expect(printed.attributes).toHaveProperty(name);
  expect(printed.attributes.secret?.sensitive).toBe(true);
  const { quota, rateLimits, secretReadable, pageSize, lastUsed } = resource.capabilities;
  expect(printed.capabilities).toMatchObject({
    quota: quota === null ? null : { keys: quota.keys, per: quota.per, per_owner: quota.perOwner },
    rate_limits: rateLimits.map((limit) => ({ actions: limit.actions, per_second: limit.perSecond })),
    secret_readable: secretReadable,
    page_size: pageSize,
    last_used: lastUsed,
  });

  // Whoever adds a capability says it in words too, both short and long.
  for (const form of ['cell', 'words'] as const) {
    const asked = new Set<string>();
    const capabilities = new Proxy(printed.capabilities, {
      get: (target, name, receiver) => {
        asked.add(String(name));
        return Reflect.get(target, name, receiver);
      },
    });
    for (const row of CAPABILITY_WORDS) expect(row[form]({ ...printed, capabilities })).toMatch(/^(?!.*undefined).+$/);
    expect([...asked].sort()).toEqual(Object.keys(printed.capabilities).sort());
  }

  const sources = Object.entries(document.providers[cloud.name]?.data_sources ?? {});
  expect(sources.filter(([, source]) => source.resource === type).map(([name]) => name)).toEqual(
    dataSourcesOf(resource).map(({ name }) => name),
  );
});

test.each(clouds)('$name: settings and emulator options', async (cloud) => {
  const printed = document.providers[cloud.name];
  for (const [name, spec] of Object.entries(cloud.settings)) {
    expect(printed?.settings[name], name).toMatchObject({
      sensitive: spec.sensitive,
      environment: [...spec.environment],
      default: spec.default,
    });
  }
  const { options } = await cloud.emulator();
  const defaults = options.parse({});
  const all = Object.entries(options.shape);
  expect(Object.keys(printed?.emulator_options ?? {})).toEqual(all.map(([name]) => name));
  for (const [name, schema] of all) {
    const written = printed?.emulator_options[name];
    expect(written?.default, name).toEqual(defaults[name]);
    const assumed = /^\[assumed\]/.test((schema as { description?: string }).description ?? '');
    expect(written?.assumed, name).toBe(assumed);
    expect(written?.description).not.toContain('[assumed]');
  }
});

test('holds no secret and no word that only JavaScript has', () => {
  expect(JSON.stringify(document)).not.toMatch(/\[object|undefined|function \(/);
});
