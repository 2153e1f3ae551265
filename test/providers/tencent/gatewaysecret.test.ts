import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import {
  auto,
  failureOf,
  loses,
  manual,
  refer,
  refuses,
  regenerate,
  says,
  start,
  swallows,
  tells,
} from './gatewaybench.ts';

describe('UpdateApiKey regenerates', () => {
  it.each([auto, manual])('the secret of a key of type $access_key_type under the same id', async (args) => {
    const { handler, sent } = start();
    const made = await handler.create(args);
    const { key, secret } = await regenerate(handler, refer(made.key));
    expect(key).toMatchObject({ id: made.key.id, createdAt: made.key.createdAt, enabled: true });
    expect(secret.reveal()).not.toBe(made.secret.reveal());
    expect(key.secret?.reveal()).toBe(secret.reveal());
    expect((await handler.read(key.id, {}))?.secret?.reveal()).toBe(secret.reveal());
    const update = sent.filter((call) => call.action === 'UpdateApiKey');
    expect(update).toHaveLength(1);
    // The API makes a new secret each time that it is asked; and of one that Keyform has chosen, an attempt that failed for good
    // could not be told from one that had worked before.
    expect(update[0]?.safe).toBe(false);
    expect(Object.keys(update[0]?.params ?? {})).toEqual(
      args === manual ? ['AccessKeyId', 'AccessKeySecret'] : ['AccessKeyId'],
    );
    if (args === manual) {
      expect(secret.reveal()).toMatch(/^[A-Za-z0-9_]{40}$/);
      expect(key.args.access_key_secret).toBe(secret.reveal());
    }
  });

  it.each([auto, manual])(
    'and an outcome that is not known is made sure of by reading the secret: $access_key_type',
    async (args) => {
      for (const fault of [loses, tells(() => null)]) {
        const { handler, faults, sent } = start();
        const made = await handler.create(args);
        const key = refer(made.key);
        if (args === auto) faults.push((_call, next) => next());
        faults.push(fault);
        const renewed = await regenerate(handler, key);
        expect(renewed.secret.reveal()).not.toBe(made.secret.reveal());
        expect((await handler.read(key.id, {}))?.secret?.reveal()).toBe(renewed.secret.reveal());
        expect(sent.filter((call) => call.action === 'UpdateApiKey')).toHaveLength(1);
      }
    },
  );

  it.each([auto, manual])('and when the old secret is still there, nothing is claimed: %j', async (args) => {
    const { handler, faults } = start();
    const made = await handler.create(args);
    if (args === auto) faults.push((_call, next) => next());
    faults.push(swallows);
    expect((await failureOf(regenerate(handler, refer(made.key)), made.secret.reveal())).code).toBe('outcome-unknown');
    if (args === auto) faults.push((_call, next) => next());
    faults.push(says({ Result: null }));
    const told = await failureOf(regenerate(handler, refer(made.key)), made.secret.reveal());
    expect(told.code).toBe('outcome-unknown');
    expect((await handler.read(made.key.id, {}))?.secret?.reveal()).toBe(made.secret.reveal());
  });

  it('and the first error stays the one that is told when looking fails too', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(manual);
    faults.push(loses, refuses('InternalError.OssException'));
    expect((await failureOf(regenerate(handler, refer(key)))).code).toBe('outcome-unknown');
    faults.push(says({ Result: null }), refuses('FailedOperation.CamException'));
    const error = await failureOf(regenerate(handler, refer(key)));
    // It may have been done: an error that says otherwise would have the attempt forgotten.
    expect([error.code, error.vendor?.code]).toEqual(['outcome-unknown', 'FailedOperation.CamException']);
  });

  it('and a key that is gone is not found', async () => {
    const { handler } = start();
    for (const args of [auto, manual]) {
      const { key } = await handler.create(args);
      await handler.delete(refer(key));
      expect((await failureOf(regenerate(handler, refer(key)))).code).toBe('not-found');
    }
  });

  it('and a change whose answer hides the secret still tells the one that was set', async () => {
    const { handler, faults, actionsOf } = start();
    const { key } = await handler.create(manual);
    faults.push(tells((result) => ({ ...result, AccessKeySecret: 'Chos***********' })));
    const args = { ...manual, access_key_secret: 'Chosen_Secret_2' };
    let changed = key;
    const actions = await actionsOf(async () => {
      changed = await handler.update(refer(key), args, ['access_key_secret']);
    });
    // An API that hides it here would hide it in the next answer too.
    expect(actions).toEqual(['UpdateApiKey']);
    expect(changed.secret?.reveal()).toBe('Chosen_Secret_2');
    expect(changed.args.access_key_secret).toBe('Chosen_Secret_2');
  });
});

describe('secrets can be read again', () => {
  it('so a masked one is never taken for the secret', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(manual);
    faults.push(
      tells(({ ApiKeySet: set, ...rest }) => ({
        ...rest,
        ApiKeySet: (set as readonly JsonObject[]).map((one) => ({ ...one, AccessKeySecret: 'Chos***********' })),
      })),
    );
    const [seen] = await handler.list({});
    expect(seen?.secret).toBeNull();
    expect(Object.hasOwn(seen?.args ?? {}, 'access_key_secret')).toBe(false);
    expect(seen?.id).toBe(key.id);
  });

  it('and a secret that somebody changed at the cloud shows in the next list', async () => {
    const { handler, ask } = start();
    const { key } = await handler.create(manual);
    await ask('UpdateApiKey', { AccessKeyId: key.id, AccessKeySecret: 'Somebody_Else_1' });
    const [seen] = await handler.list({});
    expect(seen?.args.access_key_secret).toBe('Somebody_Else_1');
    expect(seen?.secret?.reveal()).toBe('Somebody_Else_1');
  });

  it('and stands in no error, though the API repeats it', async () => {
    const { handler, faults } = start();
    const made = [await handler.create(auto), await handler.create(manual)];
    for (const { key, secret } of made) {
      const echo = (code: string) => refuses(code, `the secret ${secret.reveal()} of ${key.id} is wrong`);
      const calls: (() => Promise<unknown>)[] = [
        () => handler.read(key.id, key.args),
        () => handler.setEnabled(refer(key), false),
        () => handler.delete(refer(key)),
        ...(key.args.access_key_type === 'manual'
          ? [
              () => handler.create({ ...manual }),
              () => handler.update(refer(key), key.args, ['access_key_secret']),
              () => regenerate(handler, refer(key)),
            ]
          : [() => handler.list({})]),
      ];
      for (const call of calls) {
        faults.push(echo('InvalidParameter.FormatError'));
        const error = await failureOf(call(), secret.reveal());
        expect(error.vendor).toMatchObject({
          code: 'InvalidParameter.FormatError',
          message: expect.stringContaining('(sensitive)'),
        });
      }
      if (key.args.access_key_type === 'manual') continue;
      // One that has not the looks of a secret, and is known only from the answer before.
      const plain = 'short_secret';
      faults.push(
        tells((result) => ({ ...result, AccessKeySecret: plain })),
        refuses('InvalidParameter.FormatError', `the secret ${plain} is wrong`),
      );
      expect((await failureOf(regenerate(handler, refer(key)), plain)).vendor?.message).toContain('(sensitive)');
    }
  });

  it('and a list that does not fit names the field and not its value', async () => {
    const { handler, faults } = start();
    const { secret } = await handler.create(auto);
    faults.push(
      tells(({ ApiKeySet: set, ...rest }) => ({
        ...rest,
        ApiKeySet: (set as readonly JsonObject[]).map((one) => ({ ...one, Status: secret.reveal() })),
      })),
    );
    const error = await failureOf(handler.list({}), secret.reveal());
    expect(error).toMatchObject({ code: 'malformed-answer', message: expect.stringContaining('Status') });
  });
});
