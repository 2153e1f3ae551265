import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { CreatedKey, KeyReference, Operation } from '../../../src/core/provider.ts';
import { newSecret } from '../../../src/providers/tencent/gateway.ts';
import { gatewayKey } from '../../../src/providers/tencent/gatewayschema.ts';
import { auto, failureOf, manual, REGION, refer, regenerate, start } from './gatewaybench.ts';

describe('the life of a key', () => {
  it('that the API names: made, listed with its secret, disabled, enabled, deleted', async () => {
    const { handler, time, sent } = start();
    const { key, secret } = await handler.create({ ...auto, tags: { team: 'web' } });
    expect(sent).toEqual([
      {
        action: 'CreateApiKey',
        safe: false,
        params: { SecretName: 'deploy', Tags: [{ Key: 'team', Value: 'web' }] },
        region: REGION,
        owner: `region ${REGION}`,
      },
    ]);
    expect(key).toEqual({
      id: expect.stringMatching(/^AKID\w{36}$/),
      accessKeyId: key.id,
      args: {
        secret_name: 'deploy',
        access_key_type: 'auto',
        access_key_id: key.id,
        access_key_secret: null,
        enabled: true,
        tags: { team: 'web' },
        region: REGION,
      },
      attributes: { updated_at: '2026-01-01T00:00:00.000Z' },
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      enabled: true,
      secret,
      readiness: 'ready',
    });
    expect(secret.reveal()).toMatch(/^\w{40}$/);
    const [listed] = await handler.list({});
    expect(listed?.secret?.reveal()).toBe(secret.reveal());
    expect(listed).toEqual(key);
    expect(await handler.read(key.id, {})).toEqual(key);

    time.ms += 60_000;
    const off = await handler.setEnabled(refer(key), false);
    expect(off).toMatchObject({
      enabled: false,
      args: { enabled: false, tags: { team: 'web' } },
      createdAt: key.createdAt,
      attributes: { updated_at: '2026-01-01T00:01:00.000Z' },
    });
    expect(off.secret?.reveal()).toBe(secret.reveal());
    expect(await handler.setEnabled(refer(off), true)).toMatchObject({ enabled: true });
    await handler.delete(refer(key));
    expect(await handler.list({})).toEqual([]);
    expect(await handler.read(key.id, {})).toBeNull();
    await handler.delete(refer(key));
    await handler.delete(refer(off));
  });

  it('that the stack names: its secret is an argument, changed in place', async () => {
    const { handler, sent } = start();
    const { key, secret } = await handler.create(manual);
    expect(key.id).toBe(manual.access_key_id);
    expect(secret.reveal()).toBe(manual.access_key_secret);
    expect(key.args).toMatchObject(manual);
    const args = { ...manual, access_key_secret: 'Chosen_Secret_2' };
    const changed = await handler.update(refer(key), args, ['access_key_secret']);
    expect(sent.at(-1)).toMatchObject({
      action: 'UpdateApiKey',
      safe: true,
      params: { AccessKeyId: key.id, AccessKeySecret: 'Chosen_Secret_2' },
    });
    expect(changed.args.access_key_secret).toBe('Chosen_Secret_2');
    expect(changed.secret?.reveal()).toBe('Chosen_Secret_2');
    expect((await handler.list({}))[0]?.args).toEqual(changed.args);
  });

  it('makes a key in one call even when it shall be disabled, and says that it is enabled', async () => {
    const { handler, actionsOf } = start();
    let made: CreatedKey | undefined;
    expect(
      await actionsOf(async () => {
        made = await handler.create({ ...auto, enabled: false });
      }),
    ).toEqual(['CreateApiKey']);
    expect(made?.key).toMatchObject({ enabled: true, args: { enabled: true } });
  });

  it('sends what was foretold', async () => {
    const { handler, actionsOf } = start();
    const foretold = (operation: Operation, key: KeyReference) =>
      handler.forecast(operation, key).map((call) => call.action);
    for (const args of [auto, manual]) {
      const { key } = await handler.create(args);
      const on = refer(key);
      const off = { ...on, enabled: false };
      expect(await actionsOf(() => handler.list(args))).toEqual(foretold('list', on));
      expect(await actionsOf(() => regenerate(handler, on))).toEqual(foretold('regenerate', on));
      expect(await actionsOf(() => handler.setEnabled(on, false))).toEqual(foretold('disable', on));
      expect(await actionsOf(() => handler.setEnabled(off, true))).toEqual(foretold('enable', off));
      if (args === manual) {
        expect(await actionsOf(() => handler.update(on, args, ['access_key_secret']))).toEqual(foretold('update', on));
      }
      expect(await actionsOf(() => handler.delete(on))).toEqual(foretold('delete', on));
      const next = refer((await handler.create(args)).key);
      await handler.setEnabled(next, false);
      expect(await actionsOf(() => handler.delete({ ...next, enabled: false }))).toEqual(foretold('delete', off));
      expect(await actionsOf(() => handler.create(args))).toEqual(foretold('create', on));
      expect(foretold('verify', on)).toEqual([]);
    }
  });

  it('keeps to 20 requests a second for each action, whatever the region', () => {
    const { handler } = start();
    const limits = (operation: Operation, region: string) =>
      handler.forecast(operation, { args: { region }, enabled: true }).flatMap((call) => call.limits);
    const [list] = limits('list', 'ap-guangzhou');
    expect(list?.perSecond).toBe(20);
    expect(limits('list', 'ap-shanghai')).toEqual([list]);
    expect(limits('create', 'ap-guangzhou')[0]?.bucket).not.toBe(list?.bucket);
  });
});

describe('a key is of a region', () => {
  it('its own, or that of the settings, or none', async () => {
    const { handler, connect, sent } = start();
    const bare = connect({ region: null });
    const made = [
      await handler.create({ ...auto, region: 'ap-shanghai' }),
      await handler.create(auto),
      await bare.create(auto),
    ];
    expect(sent.map((call) => call.region)).toEqual(['ap-shanghai', REGION, undefined]);
    expect(made.map(({ key }) => key.args.region)).toEqual(['ap-shanghai', REGION, null]);
    const [there, here] = made.map(({ key }) => key.id);
    expect((await handler.list({ region: 'ap-shanghai' })).map((key) => key.id)).toEqual([there]);
    expect((await handler.list({ region: REGION })).map((key) => key.id)).toContain(here);
    expect(await handler.read(String(here), { region: 'ap-shanghai' })).toBeNull();
    expect(handler.owner({}).id).toBe(handler.owner({ region: REGION }).id);
    expect(handler.owner({ secret_name: 'other' }).id).toBe(handler.owner({}).id);
    const owners = [
      handler.owner({}),
      handler.owner({ region: 'ap-shanghai' }),
      bare.owner({}),
      connect({ secret_id: 'AKIDother' }).owner({}),
      connect({ apigateway_endpoint: 'https://gateway.example' }).owner({}),
    ];
    expect(new Set(owners.map((owner) => owner.id)).size).toBe(owners.length);
    expect(new Set(owners.map((owner) => owner.scope)).size).toBe(owners.length);
    expect(owners.map((owner) => owner.label)).toEqual([
      'region ap-guangzhou',
      'region ap-shanghai',
      'the default region',
      'region ap-guangzhou',
      'region ap-guangzhou',
    ]);
  });

  it('in which it stays when the settings change', async () => {
    const { handler, connect } = start();
    const { key } = await handler.create(auto);
    const moved = connect({ region: 'ap-shanghai' });
    expect(moved.owner(key.args).id).toBe(handler.owner({}).id);
    expect(await moved.read(key.id, key.args)).toEqual(key);
    await moved.delete(refer(key));
    expect(await handler.list({})).toEqual([]);
  });
});

describe('arguments', () => {
  const { check, arguments: specs } = gatewayKey;
  if (check === undefined) throw new Error('the type has a check');
  // As the planner hands them over: what is left out is null or has its default, what is not known yet is absent.
  const left = { secret_name: 'a', access_key_type: 'auto', access_key_id: null, access_key_secret: null };

  it.each<[what: string, args: JsonObject, refused: string[]]>([
    ['an auto key', left, []],
    ['a manual key', { ...left, access_key_type: 'manual', access_key_id: 'x_key' }, []],
    ['a manual key with a secret', { ...left, ...manual }, []],
    ['an id for an auto key', { ...left, access_key_id: 'x_key' }, ['access_key_id']],
    ['a secret for an auto key', { ...left, access_key_secret: 'Chosen_Secret_1' }, ['access_key_secret']],
    ['both', { ...left, access_key_id: 'x', access_key_secret: 'y' }, ['access_key_id', 'access_key_secret']],
    ['a manual key without id', { ...left, access_key_type: 'manual' }, ['access_key_id']],
    ['a manual key whose id is not known yet', { secret_name: 'a', access_key_type: 'manual' }, []],
    ['an id while the type is not known yet', { secret_name: 'a', access_key_id: 'x_key' }, []],
  ])('of %s', (_what, args, refused) => {
    const found = check(args);
    expect(found.map(({ argument }) => argument)).toEqual(refused);
    expect(JSON.stringify(found)).not.toContain('Chosen_Secret_1');
  });

  it.each([
    ['access_key_id', 'abcde', true],
    ['access_key_id', 'x'.repeat(50), true],
    ['access_key_id', 'abcd', false],
    ['access_key_id', 'x'.repeat(51), false],
    ['access_key_id', 'with-dash', false],
    ['access_key_secret', 'abcde_6789', true],
    ['access_key_secret', 'abcde_678', false],
    ['access_key_secret', 'x'.repeat(51), false],
    ['access_key_secret', 'with blank 1', false],
    ['access_key_type', 'other', false],
    ['tags', { a: '' }, true],
    ['tags', { a: 1 }, false],
    ['secret_name', '', false],
  ])('%s = %j: %s', (name, value, fits) => {
    expect(specs[name]?.schema.safeParse(value).success).toBe(fits);
  });

  it('that are secret are marked so, and no other is', () => {
    const marked = Object.entries(specs).filter(([, spec]) => spec.sensitive);
    expect(marked.map(([name]) => name)).toEqual(['access_key_secret']);
  });

  it.each(['secret_name', 'access_key_id'])('without %s no manual key is made, and nothing sent', async (name) => {
    const { handler, sent } = start();
    const error = await failureOf(handler.create({ ...manual, [name]: null }));
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(name) });
    expect(sent).toEqual([]);
  });

  it('other than the secret are never changed in place', async () => {
    const { handler } = start();
    const key = refer((await handler.create(manual)).key);
    await expect(handler.update(key, manual, ['secret_name'])).rejects.toMatchObject({ code: 'internal' });
    await expect(handler.update(key, manual, [])).rejects.toMatchObject({ code: 'internal' });
    await expect(handler.verify(key, newSecret({ bytes: (n) => new Uint8Array(n) }))).rejects.toThrow(KeyformError);
  });
});

describe('a manual key without a secret of the stack', () => {
  it('gets a strong one from Keyform, which the API takes', async () => {
    const { handler } = start();
    const { access_key_secret: _left, ...args } = manual;
    const { key, secret } = await handler.create(args);
    expect(secret.reveal()).toMatch(/^[A-Za-z0-9_]{40}$/);
    expect(key.args.access_key_secret).toBe(secret.reveal());
    expect((await handler.list({}))[0]?.secret?.reveal()).toBe(secret.reveal());
  });

  it('that has all signs, none likelier than another', () => {
    let drawn = 0;
    // Chance that is the same each time.
    const random = {
      bytes: (length: number) => createHash('sha512').update(`chance ${drawn++}`).digest().subarray(0, length),
    };
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      for (const sign of newSecret(random).reveal()) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    }
    expect(counts.size).toBe(63);
    // Each about 2540 times, give or take 50. A remainder of 63 instead of a throw would favour four signs by a quarter.
    expect(Math.max(...counts.values()) / Math.min(...counts.values())).toBeLessThan(1.2);
  });
});

describe('tags', () => {
  it.each(['null', 'absent'])('that answers do not tell (%s) are not called gone', async (gateway_tags) => {
    const { handler } = start({ gateway_tags });
    const { key } = await handler.create({ ...auto, tags: { team: 'web' } });
    expect(Object.hasOwn(key.args, 'tags')).toBe(false);
  });

  it('that a key does not have are told as none, and none are sent as none', async () => {
    const { handler, sent } = start();
    const { key } = await handler.create({ ...auto, tags: {} });
    expect(sent[0]?.params).toEqual({ SecretName: 'deploy' });
    expect(key.args.tags).toEqual({});
  });
});
