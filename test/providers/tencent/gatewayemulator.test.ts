import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { gatewayEmulator, gatewayOptions } from '../../../src/providers/tencent/gatewayemulator.ts';
import { ApiError } from '../../../src/providers/tencent/service.ts';
import { loadContract } from './gatewaycontract.ts';

const contract = loadContract();
const NOW = Date.parse('2026-01-01T00:00:00.750Z');
const OWN = { AccessKeyType: 'manual', AccessKeyId: 'own_key_1', AccessKeySecret: 'Chosen_Secret_1' } as const;

const derive = (name: string, length: number) =>
  createHmac('sha512', 'seed').update(name).digest('hex').slice(0, length);

interface Key {
  readonly AccessKeyId: string;
  readonly AccessKeySecret: string;
  readonly SecretName: string;
  readonly Status: number;
}

/** A gateway, and `ask`, which gives the Result or the error's code, and holds both sides of a call against the description. */
function open(options: JsonObject = {}, data: Json = null) {
  const time = { ms: NOW };
  const switches = z.strictObject(gatewayOptions).parse(options);
  const gateway = gatewayEmulator({ data, clock: { now: () => time.ms }, derive, switches, account: '100000000001' });
  const ask = (
    action: string,
    params: JsonObject = {},
    region: string | null = 'ap-guangzhou',
    account = '100000000001',
  ): Json => {
    const caller = { uin: account, ownerUin: account, secretId: 'AKIDcaller' };
    try {
      const content = gateway.handle(action, params, caller, region);
      expect(contract?.request(action, params) ?? []).toEqual([]);
      expect(contract?.answer(action, content) ?? []).toEqual([]);
      return content.Result ?? null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      expect(contract?.answer(action, { Error: { Code: error.code } }) ?? []).toEqual([]);
      expect(error.message).not.toBe('');
      return error.code;
    }
  };
  const make = (params: JsonObject = {}, region?: string) =>
    ask('CreateApiKey', { SecretName: 'a', ...params }, region) as unknown as Key;
  const ids = (params: JsonObject = {}, region?: string) => {
    const { ApiKeySet: set } = ask('DescribeApiKeysStatus', { Limit: 100, ...params }, region) as unknown as {
      readonly ApiKeySet: readonly Key[];
    };
    return set.map((key) => key.AccessKeyId);
  };
  return { gateway, ask, make, ids, time, save: () => gateway.save() };
}

const named = (key: Key) => ({ AccessKeyId: key.AccessKeyId });

describe('the life of a key', () => {
  it.each([
    ['auto', {}],
    ['manual', OWN],
  ])('of type %s: made, told again with its secret, given a new one, disabled, deleted', (type, own) => {
    const { ask, make, time } = open();
    const key = make({ SecretName: 'deploy / 100 % ü', Tags: [{ Key: 'team', Value: 'web' }], ...own });
    expect(key).toEqual({
      AccessKeyId: type === 'auto' ? expect.stringMatching(/^AKID\w{36}$/) : OWN.AccessKeyId,
      AccessKeySecret: type === 'auto' ? expect.stringMatching(/^\w{40}$/) : OWN.AccessKeySecret,
      AccessKeyType: type,
      SecretName: 'deploy / 100 % ü',
      Status: 1,
      CreatedTime: '2026-01-01T00:00:00Z',
      ModifiedTime: '2026-01-01T00:00:00Z',
      Tags: [{ Key: 'team', Value: 'web' }],
    });
    expect(ask('DescribeApiKey', named(key))).toEqual(key);
    expect(ask('DescribeApiKeysStatus')).toEqual({ TotalCount: 1, ApiKeySet: [key] });
    time.ms += 60_000;
    const change = type === 'auto' ? {} : { AccessKeySecret: 'Another_Secret' };
    const changed = ask('UpdateApiKey', { ...named(key), ...change }) as unknown as Key;
    expect(changed).toMatchObject({ ...named(key), ModifiedTime: '2026-01-01T00:01:00Z' });
    expect(changed.AccessKeySecret).not.toBe(key.AccessKeySecret);
    expect(ask('DescribeApiKey', named(key))).toEqual(changed);
    expect(ask('DeleteApiKey', named(key))).toBe('UnsupportedOperation.InvalidStatus');
    expect(ask('DisableApiKey', named(key))).toBe(true);
    expect(ask('DescribeApiKey', named(key))).toEqual({ ...changed, Status: 0 });
    expect(ask('EnableApiKey', named(key))).toBe(true);
    expect(ask('DisableApiKey', named(key))).toBe(true);
    expect(ask('DeleteApiKey', named(key))).toBe(true);
    for (const action of ['DescribeApiKey', 'UpdateApiKey', 'EnableApiKey', 'DisableApiKey', 'DeleteApiKey']) {
      expect(ask(action, named(key)), action).toBe('ResourceNotFound.InvalidAccessKeyId');
    }
  });

  it('gives every auto key an id and a secret of its own, and every renewal another secret', () => {
    const { ask, make } = open();
    const keys = [make(), make(), make()];
    const secrets = keys.flatMap((key) => [
      key.AccessKeySecret,
      ...[1, 2].map(() => (ask('UpdateApiKey', named(key)) as unknown as Key).AccessKeySecret),
    ]);
    expect(new Set(secrets).size).toBe(9);
    expect(new Set(keys.map((key) => key.AccessKeyId)).size).toBe(3);
  });
});

describe('refusals', () => {
  it.each<[what: string, action: string, params: JsonObject, code: string]>([
    ['no name', 'CreateApiKey', {}, 'MissingParameter'],
    ['an empty name', 'CreateApiKey', { SecretName: '' }, 'InvalidParameterValue'],
    ['a name that is no text', 'CreateApiKey', { SecretName: 7 }, 'InvalidParameter'],
    ['another type', 'CreateApiKey', { SecretName: 'a', AccessKeyType: 'none' }, 'InvalidParameterValue'],
    ['a strange parameter', 'CreateApiKey', { SecretName: 'a', Colour: 'red' }, 'UnknownParameter'],
    ['a short id', 'CreateApiKey', { SecretName: 'a', ...OWN, AccessKeyId: 'four' }, 'InvalidParameter.FormatError'],
    [
      'an id with a dash',
      'CreateApiKey',
      { SecretName: 'a', ...OWN, AccessKeyId: 'a-b-c' },
      'InvalidParameter.FormatError',
    ],
    [
      'a long secret',
      'CreateApiKey',
      { SecretName: 'a', ...OWN, AccessKeySecret: 'x'.repeat(51) },
      'InvalidParameter.FormatError',
    ],
    ['manual without id', 'CreateApiKey', { SecretName: 'a', AccessKeyType: 'manual' }, 'InvalidParameter.FormatError'],
    ['no id', 'DescribeApiKey', {}, 'MissingParameter'],
    ['a long page', 'DescribeApiKeysStatus', { Limit: 101 }, 'InvalidParameterValue'],
    ['a negative offset', 'DescribeApiKeysStatus', { Offset: -1 }, 'InvalidParameterValue'],
    [
      'an unknown filter',
      'DescribeApiKeysStatus',
      { Filters: [{ Name: 'Colour', Values: ['red'] }] },
      'InvalidParameterValue.InvalidFilterNotSupportedName',
    ],
    [
      'an inherited filter',
      'DescribeApiKeysStatus',
      { Filters: [{ Name: 'constructor', Values: [] }] },
      'InvalidParameterValue.InvalidFilterNotSupportedName',
    ],
  ])('%s: %s', (_what, action, params, code) => {
    expect(open().ask(action, params)).toBe(code);
  });

  it.each<[what: string, options: JsonObject, action: string, params: JsonObject, code: string]>([
    ['the product is offline', { gateway_offline: true }, 'DescribeApiKeysStatus', {}, 'ActionOffline'],
    [
      'nobody is certified',
      { gateway_certified: false },
      'CreateApiKey',
      { SecretName: 'a' },
      'UnauthorizedOperation.UncertifiedUser',
    ],
    [
      'names are short',
      { gateway_name_length: 3 },
      'CreateApiKey',
      { SecretName: 'abcd' },
      'InvalidParameter.FormatError',
    ],
    [
      'there is no such region',
      { gateway_regions: ['ap-shanghai'] },
      'DescribeApiKeysStatus',
      {},
      'InvalidParameterValue.InvalidRegion',
    ],
  ])('because %s', (_what, options, action, params, code) => {
    expect(open(options).ask(action, params)).toBe(code);
  });

  it('of a second key with the same chosen id, wherever it is', () => {
    const { ask, make } = open();
    make(OWN);
    expect(make(OWN)).toBe('FailedOperation.AccessKeyExist');
    expect(make(OWN, 'ap-shanghai')).toBe('FailedOperation.AccessKeyExist');
    expect(ask('CreateApiKey', { SecretName: 'a', ...OWN }, null, '200000000002')).toBe(
      'FailedOperation.AccessKeyExist',
    );
  });

  it('of one key too many, in a region or in the account', () => {
    for (const gateway_quota_per of ['region', 'account']) {
      const { ask, make } = open({ gateway_quota: 2, gateway_quota_per });
      const key = make();
      make(OWN);
      expect(make()).toBe('LimitExceeded.ApiKeyCountLimitExceeded');
      const elsewhere = make({}, 'ap-shanghai');
      if (gateway_quota_per === 'account') expect(elsewhere).toBe('LimitExceeded.ApiKeyCountLimitExceeded');
      else expect(elsewhere).toMatchObject({ Status: 1 });
      expect(ask('CreateApiKey', { SecretName: 'a' }, 'ap-guangzhou', '200000000002')).toMatchObject({ Status: 1 });
      ask('DisableApiKey', named(key));
      ask('DeleteApiKey', named(key));
      if (gateway_quota_per === 'account') expect(make()).toMatchObject({ Status: 1 });
    }
  });

  it('of changes to manual keys, for an account that is not listed', () => {
    const { ask, make } = open({ gateway_manual_changes: false });
    const [manual, auto] = [make(OWN), make()];
    const secret = { AccessKeySecret: 'Another_Secret' };
    expect(ask('UpdateApiKey', { ...named(manual), ...secret })).toBe('UnsupportedOperation.UinNotInWhiteList');
    expect(ask('DisableApiKey', named(manual))).toBe('UnsupportedOperation.UinNotInWhiteList');
    expect(ask('DisableApiKey', named(auto))).toBe(true);
  });
});

describe('lists', () => {
  it('come in pages, newest first or oldest first', () => {
    const { ask, make, ids, save } = open();
    const made = Array.from({ length: 103 }, (_, i) => make({ SecretName: `key ${i}` }).AccessKeyId);
    const newest = made.toReversed();
    expect(ids()).toEqual(newest.slice(0, 100));
    expect(ids({ Offset: 100 })).toEqual(newest.slice(100));
    expect(ids({ Offset: 103 })).toEqual([]);
    // As a form brings them.
    expect(ids({ Limit: 2, Offset: 1 })).toEqual(newest.slice(1, 3));
    expect((ask('DescribeApiKeysStatus') as { ApiKeySet: Json[]; TotalCount: number }).ApiKeySet).toHaveLength(20);
    expect(open({ gateway_order: 'oldest' }, save()).ids({ Limit: 3 })).toEqual(made.slice(0, 3));
    expect(open({ gateway_long_limit: 'cut' }, save()).ids({ Limit: 500 })).toHaveLength(100);
  });

  it('take numbers as text, as a form brings them', () => {
    const { gateway, make } = open();
    make();
    const caller = { uin: '100000000001', ownerUin: '100000000001', secretId: 'x' };
    const list = (params: JsonObject) => gateway.handle('DescribeApiKeysStatus', params, caller, 'ap-guangzhou');
    expect(list({ Limit: '1', Offset: '0' })).toMatchObject({ Result: { TotalCount: 1, ApiKeySet: [{ Status: 1 }] } });
    expect(() => list({ Limit: 'x' })).toThrow(ApiError);
  });

  it('are filtered: by all filters, each by any of its values', () => {
    const { ask, make, ids } = open();
    const [a, b, c] = [make({ SecretName: 'alpha' }), make({ SecretName: 'beta' }), make({ SecretName: 'alphabet' })];
    ask('DisableApiKey', named(b));
    ask('BindSecretIds', { UsagePlanId: 'usagePlan-1', AccessKeyIds: [c.AccessKeyId] });
    const by = (...filters: [Name: string, Values: string[]][]) =>
      ids({ Filters: filters.map(([Name, Values]) => ({ Name, Values })) }).sort();
    const sorted = (...keys: Key[]) => keys.map((key) => key.AccessKeyId).sort();
    expect(by(['SecretName', ['alpha']])).toEqual(sorted(a));
    expect(by(['SecretName', ['alpha', 'beta']])).toEqual(sorted(a, b));
    expect(by(['KeyWord', ['alpha']])).toEqual(sorted(a, c));
    expect(by(['AccessKeyId', [a.AccessKeyId]])).toEqual(sorted(a));
    expect(by(['AccessKeySecret', [b.AccessKeySecret]])).toEqual(sorted(b));
    expect(by(['Status', ['1']])).toEqual(sorted(a, c));
    expect(by(['Status', ['0', '1']])).toEqual(sorted(a, b, c));
    expect(by(['NotUsagePlanId', ['usagePlan-1']])).toEqual(sorted(a, b));
    expect(by(['Status', ['1']], ['SecretName', ['beta', 'alphabet']])).toEqual(sorted(c));
    expect(by(['Status', []])).toEqual([]);
  });

  it('match parts of names where the option says so', () => {
    const { make, ids } = open({ gateway_filter: 'part' });
    make({ SecretName: 'alphabet' });
    expect(ids({ Filters: [{ Name: 'SecretName', Values: ['alpha'] }] })).toHaveLength(1);
  });

  it.each([
    ['array', []],
    ['null', null],
  ])('of no keys have the set as %s', (gateway_empty_set, set) => {
    expect(open({ gateway_empty_set }).ask('DescribeApiKeysStatus')).toEqual({ TotalCount: 0, ApiKeySet: set });
  });

  it('are of one account, and of one region unless the option says otherwise', () => {
    for (const gateway_keys_per_region of [true, false]) {
      const { ask, make, ids } = open({ gateway_keys_per_region });
      const key = make();
      expect(ids({}, 'ap-shanghai')).toHaveLength(gateway_keys_per_region ? 0 : 1);
      const there = ask('DescribeApiKey', named(key), 'ap-shanghai');
      if (gateway_keys_per_region) expect(there).toBe('ResourceNotFound.InvalidAccessKeyId');
      else expect(there).toMatchObject(named(key));
      expect(ask('DescribeApiKey', named(key), null)).toMatchObject(named(key));
      expect(ask('DescribeApiKey', named(key), null, '2')).toBe('ResourceNotFound.InvalidAccessKeyId');
    }
    expect(open({ gateway_region_required: true }).ask('DescribeApiKeysStatus', {}, null)).toBe('MissingParameter');
  });
});

describe('options for what nobody has verified', () => {
  it('let an enabled key be deleted', () => {
    const { ask, make } = open({ gateway_delete_enabled: 'done' });
    expect(ask('DeleteApiKey', named(make()))).toBe(true);
  });

  it.each([
    ['refused', 'UnsupportedOperation.UnsupportedUpdateApiKey'],
    ['done', true],
  ])('have a status that is so already %s', (gateway_same_status, result) => {
    const { ask, make } = open({ gateway_same_status });
    const key = make();
    expect(ask('EnableApiKey', named(key))).toBe(result);
    expect(ask('DisableApiKey', named(key))).toBe(true);
    expect(ask('DisableApiKey', named(key))).toBe(result);
  });

  it.each(['refused', 'ignored', 'taken'])('have a secret for an auto key %s', (gateway_auto_secret) => {
    const { ask, make } = open({ gateway_auto_secret });
    const key = make();
    const answer = ask('UpdateApiKey', { ...named(key), AccessKeySecret: 'Chosen_Secret_2' });
    if (gateway_auto_secret === 'refused') expect(answer).toBe('InvalidParameter.FormatError');
    else expect(answer).toMatchObject({ AccessKeyType: 'auto' });
    const now = ask('DescribeApiKey', named(key)) as unknown as Key;
    expect(now.AccessKeySecret === key.AccessKeySecret).toBe(gateway_auto_secret === 'refused');
    expect(now.AccessKeySecret === 'Chosen_Secret_2').toBe(gateway_auto_secret === 'taken');
    // A secret that the API makes takes the place of a chosen one.
    const renewed = ask('UpdateApiKey', named(key)) as unknown as Key;
    expect([key.AccessKeySecret, now.AccessKeySecret]).not.toContain(renewed.AccessKeySecret);
  });

  it.each([
    ['told', [{ Key: 'a', Value: 'b' }]],
    ['null', null],
    ['absent', undefined],
  ])('have tags %s', (gateway_tags, tags) => {
    const key = open({ gateway_tags }).make({ Tags: [{ Key: 'a', Value: 'b' }] });
    expect((key as unknown as { readonly Tags?: Json }).Tags).toEqual(tags);
  });

  it('answer null after having acted', () => {
    const { ask, make, ids } = open({ gateway_null_results: ['CreateApiKey', 'DisableApiKey'] });
    expect(make()).toBeNull();
    const [id = ''] = ids();
    expect(ask('DisableApiKey', { AccessKeyId: id })).toBeNull();
    expect(ask('DescribeApiKey', { AccessKeyId: id })).toMatchObject({ Status: 0 });
  });
});

describe('usage plans', () => {
  it('hold keys that cannot be deleted until they are unbound', () => {
    const { ask, make } = open();
    const key = make({ SecretName: 'bound' });
    const plan = { UsagePlanId: 'usagePlan-1' };
    const both = { ...plan, AccessKeyIds: [key.AccessKeyId] };
    expect(ask('BindSecretIds', both)).toBe(true);
    expect(ask('BindSecretIds', both)).toBe('UnsupportedOperation.AlreadyBindUsagePlan');
    expect(ask('DescribeUsagePlanSecretIds', plan)).toEqual({
      TotalCount: 1,
      AccessKeyList: [{ ...named(key), SecretName: 'bound', Status: 1 }],
    });
    ask('DisableApiKey', named(key));
    expect(ask('DeleteApiKey', named(key))).toBe('UnsupportedOperation.ResourceIsInUse');
    expect(ask('UnBindSecretIds', both)).toBe(true);
    expect(ask('BindSecretIds', both)).toBe('UnsupportedOperation.InvalidStatus');
    expect(ask('DeleteApiKey', named(key))).toBe(true);
  });

  it('are limited, and have to exist', () => {
    const { ask, make } = open({
      gateway_usage_plans: ['usagePlan-1', ...Array.from({ length: 11 }, (_, i) => `p${i}`)],
    });
    const keys = Array.from({ length: 51 }, () => make().AccessKeyId);
    const bind = (UsagePlanId: string, AccessKeyIds: string[]) => ask('BindSecretIds', { UsagePlanId, AccessKeyIds });
    expect(bind('usagePlan-2', keys)).toBe('ResourceNotFound.InvalidUsagePlan');
    expect(bind('usagePlan-1', [])).toBe('InvalidParameterValue.InvalidAccessKeyIds');
    expect(bind('usagePlan-1', ['AKIDabsent'])).toBe('ResourceNotFound.InvalidAccessKeyId');
    expect(bind('usagePlan-1', keys)).toBe('LimitExceeded.AccessKeyCountInUsagePlanLimitExceeded');
    expect(bind('usagePlan-1', keys.slice(0, 50))).toBe(true);
    const [, ...rest] = Array.from({ length: 11 }, (_, i) => bind(`p${i}`, keys.slice(50)));
    expect(rest.at(-1)).toBe('UnsupportedOperation.UnsupportedBindApiKey');
    expect(rest.slice(0, -1).every((one) => one === true)).toBe(true);
  });
});

describe('the saved data', () => {
  it('hold no secret, and give every one back', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            secret: fc.option(fc.stringMatching(/^[A-Za-z0-9_]{10,50}$/), { nil: null }),
            turns: fc.nat(2),
          }),
          { maxLength: 6 },
        ),
        (wanted) => {
          const before = open();
          const keys = wanted.map(({ secret, turns }, i) => {
            const own = { AccessKeyType: 'manual', AccessKeyId: `key_${i}`, AccessKeySecret: 'Replaced_1' };
            let key = before.make(secret === null ? {} : own);
            for (let turn = 0; turn <= turns; turn++) {
              const more = secret === null ? {} : { AccessKeySecret: secret };
              key = before.ask('UpdateApiKey', { ...named(key), ...more }) as unknown as Key;
            }
            return key;
          });
          const text = JSON.stringify(before.save());
          for (const key of keys) {
            expect(text).not.toContain(key.AccessKeySecret);
            expect(text).not.toContain(Buffer.from(key.AccessKeySecret).toString('base64').slice(0, 12));
          }
          const after = open({}, JSON.parse(text) as Json);
          for (const key of keys) expect(after.ask('DescribeApiKey', named(key))).toEqual(key);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never seal two secrets alike, nor under the same nonce, over a restart too', () => {
    const sealedIn = (data: Json) => (data as { keys: { sealed: string }[] }).keys.map((key) => key.sealed);
    const first = open();
    first.make(OWN);
    first.make({ ...OWN, AccessKeyId: 'own_key_2' });
    const second = open({}, first.save());
    second.make({ ...OWN, AccessKeyId: 'own_key_3' });
    const sealed = sealedIn(second.save());
    const nonces = sealed.map((text) => Buffer.from(text, 'base64').subarray(0, 12).toString('hex'));
    expect(new Set(nonces).size).toBe(3);
    expect(new Set(sealed).size).toBe(3);
  });

  it('are bound to their key: a sealed secret that is moved to another is refused', () => {
    const { make, save } = open();
    make(OWN);
    make({ ...OWN, AccessKeyId: 'own_key_2', AccessKeySecret: 'Chosen_Secret_2' });
    const data = structuredClone(save()) as unknown as { keys: { sealed: string }[] };
    const [a, b] = data.keys;
    if (a === undefined || b === undefined) throw new Error('two keys were made');
    [a.sealed, b.sealed] = [b.sealed, a.sealed];
    expect(() => open({}, data as unknown as Json).ids()).toThrow(/authenticate/);
  });

  it('of a deleted key do not lend its id to the next', () => {
    const { ask, make, save } = open({ gateway_delete_enabled: 'done' });
    const key = make();
    ask('DeleteApiKey', named(key));
    const next = open({}, save()).make();
    expect(next.AccessKeyId).not.toBe(key.AccessKeyId);
    expect(next.AccessKeySecret).not.toBe(key.AccessKeySecret);
  });

  it('of another shape are refused', () => {
    expect(() => open({}, { version: 2 })).toThrow();
  });
});

describe.runIf(contract !== null)('the vendor’s description', () => {
  it('has the actions that the emulator has', () => {
    expect(Object.keys(open().gateway.actions).sort()).toEqual([...(contract?.actions ?? [])].sort());
  });

  it('is held against: what is not as described shows', () => {
    const good = { AccessKeyId: 'AKID1' };
    expect(contract?.request('DescribeApiKey', good)).toEqual([]);
    expect(contract?.request('DescribeApiKey', {})).toEqual(['DescribeApiKey.AccessKeyId is missing']);
    expect(contract?.request('DescribeApiKey', { ...good, X: 1 })).toEqual(['DescribeApiKey.X is not described']);
    expect(contract?.request('DescribeApiKeysStatus', { Limit: '1' })).toEqual([
      'DescribeApiKeysStatus.Limit is no int64',
    ]);
    expect(contract?.answer('CreateApiKey', { Result: { AccessKeyId: 'x' } })).toHaveLength(6);
    expect(contract?.answer('EnableApiKey', { Result: 'yes' })).toEqual(['EnableApiKey.Result is no bool']);
    expect(contract?.answer('EnableApiKey', { Error: { Code: 'Strange' } })).toEqual([
      'EnableApiKey does not answer Strange',
    ]);
    for (const action of contract?.actions ?? []) {
      expect(contract?.answer(action, contract.example(action)), action).toEqual([]);
    }
  });
});
