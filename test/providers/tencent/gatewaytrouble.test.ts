import { describe, expect, it } from 'vitest';
import { type KeyformError, SecretArrivedError } from '../../../src/core/error.ts';
import { auto, failureOf, loses, manual, refer, refuses, says, start, tells } from './gatewaybench.ts';

describe('a null Result', () => {
  it('to a create leaves the outcome open, and the key is found in the list with its secret', async () => {
    const { handler } = start({ gateway_null_results: ['CreateApiKey'] });
    const error = await failureOf(handler.create(manual), manual.access_key_secret);
    expect(error.code).toBe('outcome-unknown');
    expect(error).not.toBeInstanceOf(SecretArrivedError);
    const [key] = await handler.list({});
    expect(key?.secret?.reveal()).toBe(manual.access_key_secret);
  });

  it('to a change of status is settled by a look at the key', async () => {
    const { handler } = start({ gateway_null_results: ['EnableApiKey', 'DisableApiKey', 'DeleteApiKey'] });
    const { key } = await handler.create(auto);
    expect(await handler.setEnabled(refer(key), false)).toMatchObject({ enabled: false });
    expect(await handler.setEnabled(refer(key), true)).toMatchObject({ enabled: true });
    await handler.delete(refer(key));
    expect(await handler.list({})).toEqual([]);
  });

  it('to a delete that did nothing is no success', async () => {
    for (const Result of [null, false]) {
      const { handler, faults } = start();
      const off = await handler.setEnabled(refer((await handler.create(auto)).key), false);
      faults.push(says({ Result }));
      expect((await failureOf(handler.delete(refer(off)))).code).toBe('invalid-state');
      expect(await handler.list({})).toHaveLength(1);
    }
  });

  it.each(['DescribeApiKey', 'DescribeApiKeysStatus'])('to %s is neither "gone" nor "none"', async (action) => {
    const { handler } = start({ gateway_null_results: [action] });
    const { key } = await handler.create(auto);
    const reading = action === 'DescribeApiKey' ? handler.read(key.id, {}) : handler.list({});
    const error = await failureOf(reading);
    expect(error).toMatchObject({ code: 'malformed-answer', message: expect.stringContaining('"Response.Result"') });
  });
});

describe('a create whose answer lacks something', () => {
  it.each(['AccessKeyId', 'AccessKeyType', 'SecretName', 'Status'])(
    'but has the secret keeps it: %s',
    async (field) => {
      const { handler, faults } = start();
      faults.push(tells((result) => Object.fromEntries(Object.entries(result).filter(([name]) => name !== field))));
      const error = await failureOf(handler.create(auto));
      if (!(error instanceof SecretArrivedError)) throw error;
      expect(error.message).toContain(`"Response.Result.${field}"`);
      const [key] = await handler.list({});
      expect(error.secret.reveal()).toBe(key?.secret?.reveal());
      expect(error.keyId).toBe(field === 'AccessKeyId' ? null : key?.id);
      await failureOf(Promise.reject(error), error.secret.reveal());
    },
  );

  it.each([null, ''])('and has the secret %j is an unknown outcome', async (secret) => {
    const { handler, faults } = start();
    faults.push(tells((result) => ({ ...result, AccessKeySecret: secret })));
    const error = await failureOf(handler.create(auto));
    expect(error.code).toBe('outcome-unknown');
    expect(error).not.toBeInstanceOf(SecretArrivedError);
  });

  it('that nobody needs is none the worse: times and tags', async () => {
    const { handler, faults } = start();
    faults.push(tells(({ CreatedTime: _created, ModifiedTime: _modified, ...result }) => ({ ...result, Tags: null })));
    const { key } = await handler.create({ ...auto, tags: { team: 'web' } });
    expect(key).toMatchObject({ createdAt: null, attributes: { updated_at: null } });
  });

  it('is never sent twice, and neither is one that got none', async () => {
    for (const fault of [loses, refuses('InternalError.ApigwException'), refuses('ServiceUnavailable')]) {
      const { handler, faults, sent } = start();
      faults.push(fault);
      expect((await failureOf(handler.create(auto))).code).toBe('outcome-unknown');
      expect(sent.filter((call) => call.action === 'CreateApiKey')).toHaveLength(1);
    }
  });
});

describe('disable comes before delete', () => {
  it('also for a key that somebody enabled meanwhile', async () => {
    const { handler, actionsOf } = start();
    const { key } = await handler.create(auto);
    expect(await actionsOf(() => handler.delete({ ...refer(key), enabled: false }))).toEqual([
      'DeleteApiKey',
      'DisableApiKey',
      'DeleteApiKey',
    ]);
    expect(await handler.list({})).toEqual([]);
  });

  it('and a key that somebody disabled meanwhile goes too, though disabling it is refused', async () => {
    const { handler, ask } = start();
    const { key } = await handler.create(auto);
    await ask('DisableApiKey', { AccessKeyId: key.id });
    await handler.delete(refer(key));
    expect(await handler.list({})).toEqual([]);
  });

  it('and one that somebody enabled and then deleted meanwhile is success', async () => {
    const { handler, faults, sent } = start();
    const { key } = await handler.create(auto);
    faults.push(refuses('UnsupportedOperation.InvalidStatus'), refuses('ResourceNotFound.InvalidAccessKeyId'));
    await handler.delete({ ...refer(key), enabled: false });
    expect(sent.slice(1).map((call) => call.action)).toEqual(['DeleteApiKey', 'DisableApiKey']);
  });

  it('and an API that would delete an enabled key gets the same calls', async () => {
    const { handler, actionsOf } = start({ gateway_delete_enabled: 'done' });
    const { key } = await handler.create(auto);
    expect(await actionsOf(() => handler.delete(refer(key)))).toEqual(['DisableApiKey', 'DeleteApiKey']);
  });

  it.each([0, 1])('and what is gone already at call %i is success', async (at) => {
    const { handler, faults } = start();
    const { key } = await handler.create(auto);
    if (at === 1) faults.push((_call, next) => next());
    faults.push(refuses('ResourceNotFound.InvalidAccessKeyId'));
    await handler.delete(refer(key));
  });

  it('and a key that is bound to a usage plan stays, enabled as it was', async () => {
    const { handler, ask, actionsOf } = start();
    const { key } = await handler.create(auto);
    await ask('BindSecretIds', { UsagePlanId: 'usagePlan-1', AccessKeyIds: [key.id] });
    let error: KeyformError | undefined;
    const actions = await actionsOf(async () => {
      error = await failureOf(handler.delete(refer(key)));
    });
    expect(actions).toEqual(['DisableApiKey', 'DeleteApiKey', 'EnableApiKey']);
    expect(error).toMatchObject({
      code: 'invalid-state',
      message: expect.stringContaining('usage plan'),
      detail: expect.stringMatching(/unbind.*enabled again/i),
      vendor: { code: 'UnsupportedOperation.ResourceIsInUse' },
    });
    expect(await handler.list({})).toMatchObject([{ id: key.id, enabled: true }]);
  });

  it('and one that was disabled before is left so', async () => {
    const { handler, ask, actionsOf } = start();
    const { key } = await handler.create(auto);
    await ask('BindSecretIds', { UsagePlanId: 'usagePlan-1', AccessKeyIds: [key.id] });
    await ask('DisableApiKey', { AccessKeyId: key.id });
    for (const enabled of [true, false]) {
      const actions = await actionsOf(async () => {
        const error = await failureOf(handler.delete({ ...refer(key), enabled }));
        expect(error).toMatchObject({ code: 'invalid-state', message: expect.stringContaining('usage plan') });
        expect(error.detail).not.toContain('enabled again');
      });
      expect(actions).not.toContain('EnableApiKey');
      expect(await handler.list({})).toMatchObject([{ enabled: false }]);
    }
  });

  it('and it is said when a key that is bound could not be enabled again', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(auto);
    faults.push(
      (_call, next) => next(),
      refuses('UnsupportedOperation.ResourceIsInUse'),
      refuses('InternalError.OssException'),
    );
    const error = await failureOf(handler.delete(refer(key)));
    expect(error).toMatchObject({ code: 'invalid-state', detail: expect.stringContaining('it is disabled now') });
  });
});

describe('a status that is so already', () => {
  it.each(['refused', 'done'])('is a success, when the API has it %s', async (gateway_same_status) => {
    const { handler } = start({ gateway_same_status });
    const { key } = await handler.create(auto);
    expect(await handler.setEnabled(refer(key), true)).toMatchObject({ enabled: true });
    const off = refer(await handler.setEnabled(refer(key), false));
    expect(await handler.setEnabled(off, false)).toMatchObject({ enabled: false });
  });

  it('and a refusal that has another reason is an error', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(auto);
    faults.push(refuses('UnsupportedOperation.UnsupportedUpdateApiKey'));
    const error = await failureOf(handler.setEnabled(refer(key), false));
    expect(error).toMatchObject({ code: 'invalid-state', message: expect.stringContaining('stays enabled') });
  });

  it('and a key that is gone is not found', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(auto);
    faults.push((_call, next) => next(), refuses('ResourceNotFound.InvalidAccessKeyId'));
    expect((await failureOf(handler.setEnabled(refer(key), false))).code).toBe('not-found');
    await handler.delete(refer(key));
    expect((await failureOf(handler.setEnabled(refer(key), false))).code).toBe('not-found');
  });
});

describe('refusals of the API', () => {
  it.each<[code: string, meaning: string, words: RegExp]>([
    ['FailedOperation.AccessKeyExist', 'conflict', /access_key_id/],
    ['LimitExceeded.ApiKeyCountLimitExceeded', 'quota-exceeded', /400/],
    ['UnauthorizedOperation.UncertifiedUser', 'forbidden', /verif/i],
    ['UnsupportedOperation.UinNotInWhiteList', 'forbidden', /manual/],
    ['UnsupportedOperation.UnpackError', 'unavailable', /./],
    ['InvalidParameter.FormatError', 'invalid-argument', /./],
    ['InvalidParameterValue.InvalidRegion', 'invalid-configuration', /region/],
    ['RequestLimitExceeded', 'throttled', /./],
    ['ActionOffline', 'unavailable', /keyform_tencent_cam_access_key/],
  ])('%s to a create is %s', async (code, meaning, words) => {
    const { handler, faults } = start();
    faults.push(refuses(code));
    const error = await failureOf(handler.create(manual), manual.access_key_secret);
    expect(error).toMatchObject({ code: meaning, vendor: { code, requestId: 'request-1', status: 200 } });
    expect(`${error.message} ${error.detail}`).toMatch(words);
    expect(error.message).toMatch(/^Tencent Cloud CreateApiKey of a key named "partner": /);
  });

  it('come from the emulator too', async () => {
    const taken = start();
    await taken.handler.create(manual);
    expect((await failureOf(taken.handler.create(manual))).code).toBe('conflict');
    const full = start({ gateway_quota: 1 });
    await full.handler.create(auto);
    expect((await failureOf(full.handler.create(auto))).code).toBe('quota-exceeded');
    expect((await failureOf(start({ gateway_certified: false }).handler.create(auto))).code).toBe('forbidden');
    const offline = await failureOf(start({ gateway_offline: true }).handler.list({}));
    expect(offline).toMatchObject({ code: 'unavailable', vendor: { code: 'ActionOffline' } });
    const strange = start({ gateway_regions: ['ap-shanghai'] });
    expect((await failureOf(strange.handler.list({}))).code).toBe('invalid-configuration');
  });

  it('other than "no such key" never make a key gone', async () => {
    const { handler, faults } = start();
    const { key } = await handler.create(auto);
    for (const code of ['ResourceNotFound', 'ResourceNotFound.InvalidUsagePlan', 'FailedOperation.CamException']) {
      faults.push(refuses(code));
      await failureOf(handler.read(key.id, {}));
    }
    faults.push(async () => ({ status: 404, headers: {}, body: '<h1>Not found</h1>' }));
    await failureOf(handler.read(key.id, {}));
    faults.push(async () => ({ status: 404, headers: {}, body: '<h1>Not found</h1>' }));
    await failureOf(handler.delete({ ...refer(key), enabled: false }));
  });
});
