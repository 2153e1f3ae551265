import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../src/core/address.ts';
import { uniqueName } from '../../../src/core/import/name.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { adoptionsOf, removedText, stackText } from '../../../src/core/tfstate/adoption.ts';
import { readTerraformState } from '../../../src/core/tfstate/read.ts';
import { clouds } from '../../../src/providers/index.ts';

const TYPES = clouds.flatMap(({ resources }) => resources);

const state = (...resources: Json[]) => JSON.stringify({ version: 4, serial: 1, lineage: 'l', resources });
const resource = (type: string, attributes: JsonObject, more: JsonObject = {}): JsonObject => ({
  mode: 'managed',
  type,
  name: 'a',
  instances: [{ schema_version: 0, attributes }],
  ...more,
});
const adopted = (...resources: Json[]) => adoptionsOf(readTerraformState(state(...resources), 'a.tfstate'), TYPES);

describe('each of the six resources', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'outscale_access_key',
      {
        access_key_id: 'AK',
        id: 'AK',
        secret_key: 's',
        state: 'INACTIVE',
        user_name: '',
        tag: 't',
        expiration_date: '2031-01-01T00:00:00Z',
      },
      { id: 'AK', args: { tag: 't', expires_at: '2031-01-01T00:00:00Z', enabled: false } },
    ],
    [
      'yandex_iam_service_account_api_key',
      { id: 'aje', service_account_id: 'sa', secret_key: 's', scopes: ['a'], description: '', expires_at: '' },
      { id: 'aje', args: { service_account_id: 'sa', scopes: ['a'] } },
    ],
    [
      'yandex_iam_service_account_static_access_key',
      { id: 'aje', access_key: 'YC', service_account_id: 'sa', secret_key: 's', description: 'd' },
      { id: 'aje', args: { service_account_id: 'sa', description: 'd' } },
    ],
    [
      'tencentcloud_api_gateway_api_key',
      {
        id: 'AKID',
        access_key_id: 'AKID',
        access_key_type: 'manual',
        access_key_secret: 's',
        secret_name: 'n',
        status: 'off',
      },
      { id: 'AKID', args: { secret_name: 'n', access_key_type: 'manual', access_key_id: 'AKID', enabled: false } },
    ],
    [
      'tencentcloud_cam_access_key',
      { id: '0#AKID', access_key: 'AKID', target_uin: 0, secret_access_key: 's', status: 'Active' },
      { id: 'AKID', args: {} },
    ],
    [
      'tencentcloud_cam_access_key',
      { id: '100013065917#AKID', access_key: null, target_uin: null, secret_access_key: 's', status: 'Inactive' },
      { id: 'AKID', args: { target_uin: '100013065917', enabled: false } },
    ],
    [
      'nscale_object_storage_access_key',
      {
        id: 'i',
        access_key_id: 'N',
        endpoint_id: 'e',
        name: 'n',
        description: null,
        identity_policy: 'p',
        secret: 's',
      },
      { id: 'i', args: { endpoint_id: 'e', name: 'n', identity_policy: 'p' } },
    ],
  ])('%s', (type, attributes, expected) => {
    const { adoptions, left } = adopted(resource(type, attributes));
    expect(left).toEqual([]);
    expect(adoptions).toHaveLength(1);
    expect(adoptions[0]).toMatchObject({ ...expected, without: null });
    expect(adoptions[0]?.secret?.reveal()).toBe('s');
  });

  test('every resource of Terraform that Keyform knows is one of them', () => {
    expect(TYPES.flatMap(({ terraform }) => terraform?.type ?? []).sort()).toEqual([
      'nscale_object_storage_access_key',
      'outscale_access_key',
      'tencentcloud_api_gateway_api_key',
      'tencentcloud_cam_access_key',
      'yandex_iam_service_account_api_key',
      'yandex_iam_service_account_static_access_key',
    ]);
  });
});

test('what cannot be adopted is left, and told why', () => {
  const key = { access_key_id: 'AK', id: 'AK', secret_key: 's', state: 'ACTIVE', user_name: 'u' };
  const { adoptions, left } = adopted(
    resource('outscale_access_key', key),
    resource('outscale_access_key', key, { name: 'twice' }),
    resource('outscale_access_key', { secret_key: 's' }, { name: 'nameless' }),
    { ...resource('outscale_access_key', {}), name: 'old', instances: [{ deposed: 'd', attributes: key }] },
    resource('aws_iam_access_key', { id: 'AKIA' }),
  );
  expect(adoptions.map(({ address }) => address)).toEqual(['keyform_outscale_access_key.a']);
  expect(left).toEqual([
    { address: 'outscale_access_key.twice', why: 'it is the key of outscale_access_key.a too' },
    { address: 'outscale_access_key.nameless', why: 'resources[2].instances[0].attributes does not tell its id' },
    { address: 'outscale_access_key.old (deposed)', why: 'it was replaced there already, and waits to be deleted' },
  ]);
});

test('a secret that is encrypted for somebody, or missing, is none', () => {
  const { adoptions } = adopted(
    resource('tencentcloud_cam_access_key', {
      access_key: 'A',
      target_uin: 1,
      secret_access_key: '',
      encrypted_secret_access_key: 'wcBM',
    }),
    resource('nscale_object_storage_access_key', {
      id: 'i',
      secret: null,
      endpoint_id: 'e',
      name: 'n',
      identity_policy: 'p',
    }),
  );
  expect(adoptions.map(({ secret, without }) => [secret, without])).toEqual([
    [null, 'the state holds it encrypted with a PGP key, for its holder alone'],
    [null, 'resources[1].instances[0].attributes.secret is empty'],
  ]);
});

test('instances of modules, count and for_each get names of their own, and one removed block a resource', () => {
  const key = (id: string) => ({ access_key_id: id, id, secret_key: `canary-${id}`, state: 'ACTIVE', user_name: 'u' });
  const each = (module: string | null, ...keys: (string | number)[]) => ({
    ...(module === null ? {} : { module }),
    ...resource('outscale_access_key', {}),
    instances: keys.map((index_key, at) => ({ index_key, attributes: key(`${module}${index_key}${at}`) })),
  });
  const { adoptions } = adopted(
    each('module.web["a.b"].module.x', 'eu/1', 'eu-1'),
    each('module.web["c"].module.x', 'eu/1'),
    each(null, 0, 1),
  );
  expect(adoptions.map(({ name }) => name)).toEqual([
    'web_a_b_x_a_eu_1',
    'web_a_b_x_a_eu_1_2',
    'web_c_x_a_eu_1',
    'a_0',
    'a_1',
  ]);
  expect(JSON.parse(removedText(adoptions)).removed.map(({ from }: { from: string }) => from)).toEqual([
    'module.web.module.x.outscale_access_key.a',
    'outscale_access_key.a',
  ]);
  expect(stackText(adoptions, true)).not.toContain('canary');
});

describe('what is no state of version 4', () => {
  test.each<[string, string]>([
    ['', 'is not JSON'],
    ['[]', 'is no Terraform state'],
    ['{"version":3}', 'has version 3'],
    ['{"format_version":"1.0","values":{}}', 'is no Terraform state'],
    ['{"encrypted_data":"x","encryption_version":"v0"}', 'is an encrypted state of OpenTofu'],
    ['{"version":4,"resources":{}}', 'at resources'],
    ['{"version":4,"resources":[1]}', 'at resources[0]'],
    ['{"version":4,"resources":[{"mode":"managed","type":"x"}]}', 'at resources[0]'],
    [
      '{"version":4,"resources":[{"mode":"managed","type":"x","name":"n","instances":[{"attributes":"canary"}]}]}',
      'instances[0].attributes',
    ],
  ])('%s', (text, why) => {
    expect(() => readTerraformState(text, 'a.tfstate')).toThrow(why);
    expect(() => readTerraformState(text, 'a.tfstate')).not.toThrow('canary');
  });
});

test('names are identifiers, and no two are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 80 }), { maxLength: 30 }), (texts) => {
      const taken = new Set<string>();
      const names = texts.map((text) => uniqueName(text, taken));
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(parseAddress(`keyform_sinch_access_key.${name}`)?.name).toBe(name);
    }),
  );
});
