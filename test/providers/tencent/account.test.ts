import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type KeyformError, SecretArrivedError } from '../../../src/core/error.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, Operation, Settings } from '../../../src/core/provider.ts';
import { parseCreateTime } from '../../../src/providers/tencent/account.ts';
import { ACTIONS, accountKey } from '../../../src/providers/tencent/accountschema.ts';
import { answering, failureOf, refer, saying, start, TYPE, UIN } from './accounts.ts';

describe('the life of a key', () => {
  it.each<[string, { target_uin?: string }]>([
    ['a sub-user', { target_uin: UIN }],
    ['the caller itself', {}],
  ])('of %s', async (_who, owner) => {
    const { handler, time } = await start({ cam_quota: 5 });
    const others = (await handler.list(owner)).length;
    const { key, secret } = await handler.create({ ...owner, description: 'deploy/日本' });
    expect(key).toEqual({
      id: key.accessKeyId,
      accessKeyId: expect.stringMatching(/^AKID[A-Za-z0-9]{32}$/),
      args: { target_uin: owner.target_uin ?? null, description: 'deploy/日本', enabled: true },
      attributes: {},
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      enabled: true,
      secret: null,
      readiness: 'ready',
    });
    expect(secret.reveal()).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(await handler.list(owner)).toHaveLength(others + 1);
    expect(await handler.list(owner)).toContainEqual(key);
    expect(await handler.read(key.id, owner)).toEqual(key);
    expect(await handler.verify(refer(key), secret)).toBe(true);

    time.ms += 1000;
    const off = await handler.setEnabled(refer(key), false);
    expect(off).toEqual({ ...key, enabled: false, args: { ...key.args, enabled: false } });
    expect(await handler.verify(refer(off), secret)).toBeNull();
    const on = await handler.setEnabled(refer(off), true);
    expect(on).toEqual(key);

    await handler.delete(refer(on));
    expect(await handler.read(key.id, owner)).toBeNull();
    expect(await handler.list(owner)).toHaveLength(others);
    // Already gone is success, whether or not it is thought to be enabled.
    await handler.delete(refer(on));
    await handler.delete(refer(off));
    expect((await failureOf(handler.setEnabled(refer(on), false))).code).toBe('not-found');
  });

  it('has the secret in the answer to the create only', async () => {
    const { handler } = await start();
    const { key, secret } = await handler.create({ target_uin: UIN });
    const shown = [key, await handler.list({ target_uin: UIN }), await handler.setEnabled(refer(key), false)];
    expect(JSON.stringify(shown)).not.toContain(secret.reveal());
    expect(JSON.stringify(shown)).not.toContain('(sensitive)');
  });

  it('begins enabled, in one call, even when it shall be disabled', async () => {
    const { handler, actionsOf } = await start();
    let made: ActualKey | undefined;
    const actions = await actionsOf(async () => {
      made = (await handler.create({ target_uin: UIN, enabled: false })).key;
    });
    expect(actions).toEqual(['CreateAccessKey']);
    expect(made).toMatchObject({ enabled: true, args: { enabled: true } });
  });

  it('ends disabled first, and again when somebody has enabled it meanwhile', async () => {
    const { handler, actionsOf, connection } = await start({ cam_delete_active: 'refused', cam_quota: 5 });
    const first = refer((await handler.create({ target_uin: UIN })).key);
    expect(await actionsOf(() => handler.delete(first))).toEqual(['UpdateAccessKey', 'DeleteAccessKey']);
    const second = { ...refer((await handler.create({ target_uin: UIN })).key), enabled: false };
    expect(await actionsOf(() => handler.delete(second))).toEqual([
      'DeleteAccessKey',
      'UpdateAccessKey',
      'DeleteAccessKey',
    ]);
    expect(await handler.list({ target_uin: UIN })).toEqual([]);
    // The key that signs would lock itself out.
    const own = (await handler.read(connection.credentialId ?? '', {})) as ActualKey;
    const actions = await actionsOf(async () => {
      expect((await failureOf(handler.delete(refer(own)))).vendor?.code).toBe('FailedOperation.Accesskey');
    });
    expect(actions).toEqual(['DeleteAccessKey']);
  });

  it('does not take another refusal for a key that is gone', async () => {
    const { handler } = await start({ cam_sub_users: [UIN, '200'] });
    const key = refer((await handler.create({ target_uin: UIN })).key);
    const wrong = await failureOf(handler.delete({ ...key, args: { target_uin: '200' } }));
    expect(wrong).toMatchObject({ code: 'forbidden', vendor: { code: 'OperationDenied.UinNotMatch' } });
    const nobody = await failureOf(handler.delete({ ...key, args: { target_uin: '300' } }));
    expect(nobody).toMatchObject({ code: 'invalid-argument', vendor: { code: 'InvalidParameter.UserNotExist' } });
    expect(await handler.list({ target_uin: UIN })).toHaveLength(1);
  });

  it('changes no argument but `enabled` in place', async () => {
    const { handler, actionsOf } = await start();
    const key = refer((await handler.create({ target_uin: UIN })).key);
    const actions = await actionsOf(async () => {
      expect((await failureOf(handler.update(key, { description: 'x' }, ['description']))).code).toBe('internal');
    });
    expect(actions).toEqual([]);
    expect(Object.entries(accountKey.arguments).filter(([, spec]) => !spec.forcesNew)).toMatchObject([['enabled', {}]]);
  });
});

describe('TargetUin', () => {
  it('goes as a number with every call, whichever way it is written', async () => {
    for (const target_uin of [UIN, Number(UIN)]) {
      const { handler, bodies } = await start();
      const { key } = await handler.create({ target_uin });
      await handler.list({ target_uin });
      await handler.read(key.id, { target_uin });
      await handler.setEnabled(refer(key), false);
      await handler.delete({ ...refer(key), args: { target_uin } });
      expect(bodies).toHaveLength(7);
      for (const body of bodies) expect(body.TargetUin).toBe(100013065917);
      expect(key.args.target_uin).toBe(UIN);
    }
  });

  it('is absent, and never 0, for the caller itself', async () => {
    const { handler, bodies } = await start({ cam_zero_uin: 'refused' });
    const { key } = await handler.create({});
    await handler.list({ target_uin: null });
    await handler.setEnabled(refer(key), false);
    await handler.delete(refer(key));
    for (const body of bodies) expect(body).not.toHaveProperty('TargetUin');
  });

  it('is a whole number of up to fifteen digits', () => {
    const { schema, same } = accountKey.arguments.target_uin ?? {};
    for (const good of [UIN, '1', '999999999999999']) expect(schema?.safeParse(good).success, good).toBe(true);
    for (const bad of ['', '0', '012', '-1', '1.5', '1e3', 'abc', '1000000000000000', ' 1']) {
      expect(schema?.safeParse(bad).success, bad).toBe(false);
    }
    expect(same?.(100013065917, UIN)).toBe(true);
    expect(same?.('100013065918', UIN)).toBe(false);
  });

  it('is left out when a key asks about itself', async () => {
    const { handler, bodies } = await start();
    const { key, secret } = await handler.create({ target_uin: UIN });
    await handler.verify(refer(key), secret);
    expect(bodies.at(-1)).toEqual({});
  });
});

describe('description', () => {
  it.each([
    ['a', true],
    ['CI/build-7=x,y.z@home:1+2_3', true],
    ['备注', true],
    ['a'.repeat(1024), true],
    ['a'.repeat(1025), false],
    ['', false],
    ['two words', false],
    ['100%', false],
    ['a\n', false],
  ])('%j: %s', (text, fits) => {
    expect(accountKey.arguments.description?.schema.safeParse(text).success).toBe(fits);
  });

  it('of none is null, in whichever way the API says so', async () => {
    const key = { AccessKeyId: 'A', Status: 'Active', CreateTime: '2026-01-01 08:00:00' };
    for (const more of [{}, { Description: null }, { Description: '' }]) {
      const { handler } = await answering({ AccessKeys: [{ ...key, ...more }] });
      expect((await handler.list({}))[0]?.args.description).toBeNull();
    }
  });

  it('that the international site does not know is refused in words that help', async () => {
    const { handler } = await start({ cam_description: 'unknown' });
    expect(await failureOf(handler.create({ description: 'ci' }))).toMatchObject({
      code: 'invalid-argument',
      detail: expect.stringMatching(/international site.*leave it out/),
    });
    expect((await handler.create({ target_uin: UIN })).key.args.description).toBeNull();
  });
});

describe('answers', () => {
  it('that hold a null list mean no keys; one without a list means nothing', async () => {
    const { handler } = await start({ cam_empty_list: 'null' });
    expect(await handler.list({ target_uin: UIN })).toEqual([]);
    expect((await failureOf((await answering({})).handler.list({}))).code).toBe('malformed-answer');
  });

  it('to a create without a key are an unknown outcome, and never repeated', async () => {
    const { handler, sent } = await answering({ AccessKey: null });
    expect((await failureOf(handler.create({}))).code).toBe('outcome-unknown');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.safe).toBe(false);
  });

  it('that hold a secret but break their form otherwise keep the secret', async () => {
    const AccessKey = { AccessKeyId: 'AKIDNEW', SecretAccessKey: 'NewSecret', Status: 'Sleeping', CreateTime: '?' };
    const { handler } = await answering({ AccessKey });
    const error = await failureOf(handler.create({}));
    if (!(error instanceof SecretArrivedError)) throw new Error(`the secret is lost: ${inspect(error)}`);
    expect([error.secret.reveal(), error.keyId]).toEqual(['NewSecret', 'AKIDNEW']);
  });

  it('to a change must be the API’s own', async () => {
    const stranger = { status: 200, headers: {}, body: '{"Response":{}}' };
    const { handler } = await answering(stranger);
    const key = { id: 'A', accessKeyId: 'A', args: {}, expiresAt: null, enabled: false };
    expect((await failureOf(handler.delete(key))).code).toBe('malformed-answer');
  });

  it.each([
    ['2020-03-03 18:00:26', '2020-03-03T10:00:26.000Z'],
    ['2026-01-01 07:59:59', '2025-12-31T23:59:59.000Z'],
    ['2024-02-29 00:00:00', '2024-02-28T16:00:00.000Z'],
    ['2023-02-29 00:00:00', null],
    ['2026-01-01 24:00:01', null],
    ['2026-01-01T00:00:00Z', null],
    ['', null],
  ])('tell times without a zone, which are Beijing’s: %j', (text, expected) => {
    const ms = parseCreateTime(text);
    expect(ms === null ? null : new Date(ms).toISOString()).toBe(expected);
  });
});

describe('the quota of two', () => {
  it('is told as such, with what it means for a rotation', async () => {
    const { handler, sent } = await start();
    await handler.create({ target_uin: UIN });
    await handler.create({ target_uin: UIN });
    const before = sent.length;
    expect(await failureOf(handler.create({ target_uin: UIN }))).toMatchObject({
      code: 'quota-exceeded',
      vendor: { code: 'OperationDenied.AccessKeyOverLimit' },
      detail: expect.stringMatching(/no room for a rotation.*delete_first/),
    });
    expect(sent.length - before).toBe(1);
    await handler.create({ target_uin: '100013065918' });
  });

  it('counts disabled keys, and the caller’s own', async () => {
    const { handler } = await start();
    const { key } = await handler.create({});
    await handler.setEnabled(refer(key), false);
    expect((await failureOf(handler.create({}))).code).toBe('quota-exceeded');
  });
});

describe('what is sent', () => {
  it('is what was foretold', async () => {
    const { handler, actionsOf } = await start({ cam_quota: 9 });
    const foretold = (operation: Operation, args: JsonObject, enabled = true) =>
      handler.forecast(operation, { args, enabled }).map((call) => call.action);
    for (const args of [{ target_uin: UIN }, {}]) {
      expect(await actionsOf(() => handler.list(args))).toEqual(foretold('list', args));
      const made = await handler.create(args);
      const key = refer(made.key);
      expect(await actionsOf(() => handler.create(args))).toEqual(foretold('create', args));
      expect(await actionsOf(() => handler.verify(key, made.secret))).toEqual(foretold('verify', args));
      expect(foretold('update', args)).toEqual([]);
      expect(await actionsOf(() => handler.setEnabled(key, false))).toEqual(foretold('disable', args));
      expect(await actionsOf(() => handler.setEnabled(key, true))).toEqual(foretold('enable', args));
      expect(await actionsOf(() => handler.delete(key))).toEqual(foretold('delete', args));
      const other = refer((await handler.create(args)).key);
      const off = refer(await handler.setEnabled(other, false));
      expect(await actionsOf(() => handler.delete(off))).toEqual(foretold('delete', args, false));
    }
  });

  it('draws from a bucket for each account and action, at the published rates', async () => {
    const { handler, connect, connection } = await start();
    const limitsOf = (operation: Operation, from = handler) =>
      from.forecast(operation, { args: {}, enabled: true }).flatMap(({ action, limits }) => {
        expect(limits).toHaveLength(1);
        return limits.map(({ bucket, perSecond }) => ({ action, bucket, perSecond }));
      });
    const all = (['list', 'create', 'disable', 'delete'] as const).flatMap((operation) => limitsOf(operation));
    const rates = new Map(all.map(({ action, perSecond }) => [action, perSecond]));
    expect(rates).toEqual(
      new Map([
        ['ListAccessKeys', 20],
        ['CreateAccessKey', 5],
        ['UpdateAccessKey', 5],
        ['DeleteAccessKey', 5],
      ]),
    );
    expect(new Set(all.map(({ bucket }) => bucket)).size).toBe(4);
    expect(all[0]?.bucket).toContain(connection.credentialId);
    const other = (await connect({ secret_id: 'AKIDOTHER' })).handler(TYPE);
    expect(limitsOf('list', other)[0]?.bucket).not.toBe(all[0]?.bucket);
  });

  it('has the rates that the capabilities state', () => {
    const stated = accountKey.capabilities.rateLimits.flatMap(({ actions, perSecond, together, published }) => {
      expect({ together, published }).toEqual({ together: false, published: true });
      return actions.map((action) => [action, perSecond]);
    });
    expect(Object.fromEntries(stated)).toEqual(ACTIONS);
  });
});

describe('owners', () => {
  it('differ by endpoint, credential and account; the credential is part of where an unnamed one is', async () => {
    const { connect, connection } = await start();
    const of = async (args: JsonObject, settings: Settings = {}) => (await connect(settings)).handler(TYPE).owner(args);
    const ids = [
      (await of({})).id,
      (await of({ target_uin: UIN })).id,
      (await of({}, { secret_id: 'AKIDOTHER' })).id,
      (await of({}, { cam_endpoint: 'https://other.example' })).id,
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(await of({ target_uin: null, description: 'x' })).toEqual(await of({}));
    expect(await of({ target_uin: Number(UIN) })).toEqual(await of({ target_uin: UIN }));
    expect((await of({ target_uin: UIN })).label).toBe(`account ${UIN}`);
    expect((await of({})).label).toContain(connection.credentialId);
    expect((await of({})).scope).toBe(`http://127.0.0.1:8804, as ${connection.credentialId}`);
    const named = await of({ target_uin: UIN }, { secret_id: 'AKIDOTHER' });
    expect(named.scope).toBe((await of({ target_uin: UIN })).scope);
  });

  it('show in messages, beside what was tried', async () => {
    const { handler } = await start({ cam_sub_users: [] });
    expect((await failureOf(handler.list({ target_uin: UIN }))).message).toBe(
      `Tencent Cloud ListAccessKeys of account ${UIN}: there is no such account`,
    );
    expect((await failureOf(handler.create({ target_uin: UIN }))).message).toBe(
      `Tencent Cloud CreateAccessKey of a key of account ${UIN}: there is no such account`,
    );
  });

  it('of other rights are refused in words', async () => {
    const { handler, connect } = await start();
    const { key, secret } = await handler.create({ target_uin: UIN });
    const own = (await connect({ secret_id: key.id, secret_key: secret.reveal() })).handler(TYPE);
    expect((await own.list({})).map(({ id }) => id)).toEqual([key.id]);
    const denied = await failureOf(own.list({ target_uin: '100013065918' }));
    expect(denied).toMatchObject({ code: 'forbidden', vendor: { code: 'AuthFailure.UnauthorizedOperation' } });
    const root = await failureOf(own.list({ target_uin: mainOf(denied) }));
    expect(root).toMatchObject({ code: 'forbidden', vendor: { code: 'OperationDenied.SubUin' } });
  });
});

/** The main account's number, which the vendor's refusal of another account names. */
function mainOf(error: KeyformError): string {
  return /uin\/(\d+):/.exec(error.vendor?.message ?? '')?.[1] ?? '';
}

describe('a refused credential', () => {
  it('is refused at once, with neither secret nor signature in the error', async () => {
    const { connect, sent } = await start();
    const wrong = (await connect({ secret_key: 'WrongSecret00000000000000000000X' })).handler(TYPE);
    const error = await failureOf(wrong.list({}));
    expect(error.code).toBe('unauthorized');
    expect(sent).toHaveLength(1);
    const [call] = sent;
    expect(
      call?.judge({
        status: 200,
        headers: {},
        body: JSON.stringify({ Response: saying('AuthFailure.SignatureFailure') }),
      }),
    ).toBe('final');
    expect(`${inspect(error, { depth: 9 })}${JSON.stringify(error)}`).not.toMatch(/WrongSecret|[0-9a-f]{64}/);
  });
});
