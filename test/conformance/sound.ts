import { expect } from 'vitest';
import type { Cloud, ResourceType } from '../../src/core/provider.ts';
import type { Example } from './examples.ts';
import { changeable } from './row.ts';

/** Expects what a type says of itself to fit together, before anything is sent. */
export function expectSound(type: ResourceType): void {
  const { capabilities, arguments: all, attributes, owner } = type;
  const argument = (name: string) => all[name];
  expect('enabled' in all, 'an argument "enabled" where keys can be disabled').toBe(capabilities.disable);
  for (const name of ['expires_at', 'expires_in']) {
    expect(name in all, `an argument "${name}" where keys expire`).toBe(capabilities.expiry === 'optional');
  }
  expect('last_used_at' in attributes, 'an attribute "last_used_at" where lists tell it').toBe(
    capabilities.lastUsed === 'listed',
  );
  for (const name of Object.values(type.told ?? {})) {
    expect(Object.keys(attributes), 'what tells of changes is an attribute').toContain(name);
  }
  if (type.told !== undefined) expect(Object.keys(type.told), 'one that tells nothing leaves it out').not.toEqual([]);
  for (const name of ['updated_at', 'updated_by', 'created_by']) {
    if (!(name in attributes)) continue;
    expect(Object.values(type.told ?? {}), `"${name}" is named in "told"`).toContain(name);
  }
  for (const name of owner.arguments) {
    expect(argument(name)?.forcesNew, `"${name}" names the owner, so a change of it is another key`).toBe(true);
  }
  expect(owner.word).not.toBe('');
  const { name, quota, pageSize, customId } = capabilities;
  if (customId !== null) expect(argument(customId)?.forcesNew, 'another id is another key').toBe(true);
  if (name !== null) {
    expect(argument(name.argument), name.argument).toMatchObject({ sensitive: false });
    expect(argument(name.argument)?.forcesNew, 'a name that can be changed forces no new key').toBe(!name.renameable);
  }
  if (quota !== null) {
    expect(quota.keys).toBeGreaterThan(0);
    expect(quota.per).not.toBe('');
  }
  if (pageSize !== null) expect(pageSize).toBeGreaterThan(0);
  for (const { perSecond } of capabilities.rateLimits) expect(perSecond).toBeGreaterThan(0);
  // Two that name the same action would count it twice.
  const limited = capabilities.rateLimits.flatMap(({ actions }) => actions);
  expect(new Set(limited).size).toBe(limited.length);
}

/** Expects the example to give what the rows need, by what the type claims: an example that leaves something out must not pass. */
export function expectWhole(cloud: Cloud, type: ResourceType, example: Example): void {
  const { capabilities } = type;
  const touched = new Set(example.updates.flatMap((change) => Object.keys(change)));
  expect([...touched].sort(), 'updates touch every argument that can change in place').toEqual(changeable(type).sort());
  expect(example.expiring !== null, 'expiring, where keys expire').toBe(capabilities.expiry !== 'none');
  expect(typeof example.paged !== 'string', 'paged, where lists have pages').toBe(capabilities.pageSize !== null);
  expect(example.chosen !== undefined, 'chosen, where ids can be chosen').toBe(capabilities.customId !== null);
  expect(example.readiness !== undefined, 'readiness, where keys take time').toBe(capabilities.asynchronous);
  if ((capabilities.quota?.keys ?? 0) > 20) {
    expect(example.smallQuota, 'smallQuota, where the quota is too large to be filled here').toBeDefined();
  }
  expect(example.answers, 'answers: where they hold what must not be missed').toBeDefined();
  if (example.errorStatuses?.includes(200) === true) {
    for (const what of ['throttled', 'unavailable', 'forbidden'] as const) {
      expect(example.says?.[what]?.status, `says.${what}, since errors come with status 200`).toBe(200);
    }
  }

  const written = [
    example.args,
    example.second,
    example.updated ?? {},
    ...example.foreign,
    ...example.updates,
    example.expiring?.(0) ?? {},
    example.chosen ?? {},
  ];
  for (const [name, spec] of Object.entries(type.arguments)) {
    if (spec.required) expect(example.args).toHaveProperty(name);
    if (name === 'enabled' && capabilities.disable) continue;
    const set = written.some((args) => args[name] !== undefined && args[name] !== null);
    expect(set, `"${name}" is set in some key of the example`).toBe(true);
  }
  for (const name of type.owner.arguments) {
    const differs = example.foreign.some((args) => args[name] !== example.args[name]);
    expect(differs, `a foreign key with another "${name}"`).toBe(true);
    for (const same of [example.second, example.updated ?? example.args, example.chosen ?? example.args]) {
      expect(same[name], `"${name}" of another key of the same owner`).toEqual(example.args[name]);
    }
  }
  expect(Object.keys(cloud.settings)).toEqual(expect.arrayContaining(Object.keys(example.wrongCredential)));
  expect(example.foreign).not.toEqual([]);
}
