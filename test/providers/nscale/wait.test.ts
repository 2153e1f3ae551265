import { describe, expect, it } from 'vitest';
import type { HttpResponse } from '../../../src/core/http.ts';
import type { Settings } from '../../../src/core/provider.ts';
import { nscale } from '../../../src/providers/nscale/index.ts';
import { readText } from '../loopback.ts';
import { ARGS, CREATED, LIVING, MISSING, random, reference, sandbox, shown, TYPE, wire, written } from './bench.ts';
import { answer, failure, fault, movingClock, scripted, TOKEN } from './script.ts';

describe('a 404 just after create means not yet visible', () => {
  it('to ready, which goes on asking', async () => {
    const { keys, clock, sent } = await sandbox({ invisible_reads: 3, provisioning_reads: 1 });
    const { key } = await keys.create(ARGS);
    sent();
    const progress: string[] = [];
    const ready = await keys.ready?.(reference(key), { onProgress: (status) => progress.push(status) });
    expect(ready?.readiness).toBe('ready');
    expect(progress).toEqual([...Array(3).fill('not visible yet'), 'provisioning']);
    expect(sent()).toEqual(Array(5).fill('GetAccessKey'));
    expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
  });

  it('to list and read, which do not lose what the create told', async () => {
    const { keys, connect, clock } = await sandbox({ invisible_reads: 100 });
    const { key } = await keys.create(ARGS);
    expect([await keys.list(ARGS), await keys.read(key.id, ARGS)]).toEqual([[key], key]);
    // Another endpoint, and whoever did not make it, see what the API shows.
    expect(await keys.list({ ...ARGS, endpoint_id: 'e2' })).toEqual([]);
    expect(await keys.read(key.id, { ...ARGS, endpoint_id: 'e2' })).toBeNull();
    expect(await (await connect()).list(ARGS)).toEqual([]);
    // In the end the API is believed.
    clock.advance(60_000);
    expect([await keys.list(ARGS), await keys.read(key.id, ARGS)]).toEqual([[], null]);
  });

  it('but not for a key that was seen: then it is gone', async () => {
    const { keys } = await written({
      CreateAccessKey: CREATED,
      ListAccessKeys: [answer(200, [wire('pending')]), answer(200, [])],
      GetAccessKey: MISSING,
    });
    const { key } = await keys.create(ARGS);
    expect(await keys.list(ARGS)).toEqual([key]);
    expect(await keys.list(ARGS)).toEqual([]);
    expect(await keys.read('k1', ARGS)).toBeNull();
  });

  it('to delete, which waits until there is something to delete', async () => {
    const { keys, connect, sent } = await sandbox({ invisible_reads: 2, deprovisioning_reads: 0 });
    const { key } = await keys.create(ARGS);
    sent();
    await keys.delete(reference(key));
    expect(sent()).toEqual(['DeleteAccessKey', 'DeleteAccessKey', 'DeleteAccessKey', 'GetAccessKey']);
    expect(await (await connect()).list(ARGS)).toEqual([]);
    expect(await keys.list(ARGS)).toEqual([]);
  });

  it('to delete no longer than a key can be late', async () => {
    const { keys, clock } = await written({ CreateAccessKey: CREATED, DeleteAccessKey: MISSING });
    await keys.create(ARGS);
    await keys.delete(LIVING);
    expect(clock.pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(60_000);
    const before = clock.pauses.length;
    await keys.delete(LIVING);
    expect(clock.pauses).toHaveLength(before);
  });
});

describe('ready', () => {
  const wait = async (answers: readonly HttpResponse[], settings: Settings = {}) => {
    const http = scripted({ GetAccessKey: answers });
    const clock = movingClock();
    const connection = await nscale.connect({ service_token: TOKEN, ...settings }, { http, clock, random, readText });
    const progress: string[] = [];
    const began = clock.now();
    const outcome = connection.handler(TYPE).ready?.(LIVING, { onProgress: (status) => progress.push(status) });
    return { outcome: outcome ?? Promise.reject(new Error('no ready')), progress, http, clock, began };
  };

  it('waits out every word that is not an end', async () => {
    const words = ['unknown', 'pending', 'provisioning', 'rehydrating'];
    const { outcome, progress } = await wait([...words.map((word) => shown(word)), shown('provisioned')]);
    expect((await outcome).readiness).toBe('ready');
    expect(progress).toEqual(words);
  });

  it.each([
    ['error', {}, 'could not provision it'],
    ['deprovisioning', {}, 'somebody is deleting it'],
    ['provisioned', { deletionTime: '2026-01-02T03:04:05Z' }, 'somebody is deleting it'],
  ])('gives up at %s %j', async (status, more, words) => {
    const { outcome, http } = await wait([shown('pending'), shown(status, more)]);
    const error = await failure(outcome);
    expect([error.code, http.sent.length]).toEqual(['invalid-state', 2]);
    expect(error.message).toContain(words);
    expect(error.message).toContain('Nscale key k1 in endpoint e1');
  });

  it('gives up when the key that it saw is gone for good, not when one cache is behind', async () => {
    const flapping = [shown('pending'), MISSING, MISSING, shown('pending'), MISSING, shown('provisioned')];
    expect((await (await wait(flapping)).outcome).readiness).toBe('ready');
    const gone = await wait([shown('pending'), MISSING]);
    expect(await failure(gone.outcome)).toMatchObject({
      code: 'invalid-state',
      message: expect.stringContaining('was deleted while'),
    });
    expect(gone.http.sent).toHaveLength(4);
  });

  it.each([
    [{}, 30 * 60_000],
    [{ provisioning_timeout: '10s' }, 10_000],
    [{ provisioning_timeout: 'PT1M' }, 60_000],
    [{ provisioning_timeout: '0s' }, 0],
  ])('ends at the time limit %j', async (settings, limit) => {
    const { outcome, clock, began } = await wait([shown('provisioning')], settings);
    const error = await failure(outcome);
    expect([error.code, clock.now() - began]).toEqual(['timeout', limit]);
    expect(error.message).toContain('still provisioning');
    expect(error.detail).toContain('"provisioning_timeout"');
    expect(error.detail).toContain('secret is safe');
    expect(Math.max(0, ...clock.pauses)).toBeLessThanOrEqual(15_000);
  });

  it('looks a last time when the limit is over', async () => {
    const { outcome, http, clock } = await wait([shown('pending'), shown('provisioned')], {
      provisioning_timeout: '0s',
    });
    await failure(outcome);
    expect([http.sent.length, clock.pauses]).toEqual([1, []]);
    const late = await wait([shown('pending'), shown('provisioned')], { provisioning_timeout: 'PT0S' });
    await failure(late.outcome);
    const inTime = await wait([...Array(3).fill(shown('pending')), shown('provisioned')], {
      provisioning_timeout: '2s',
    });
    expect((await inTime.outcome).readiness).toBe('ready');
    expect(inTime.clock.pauses).toEqual([500, 1000, 500]);
  });

  it('is cancelled between two looks', async () => {
    const { keys } = await written({ GetAccessKey: shown('pending') });
    const controller = new AbortController();
    const outcome = keys.ready?.(LIVING, { signal: controller.signal, onProgress: () => controller.abort() });
    expect(await failure(outcome ?? Promise.reject())).toMatchObject({
      code: 'cancelled',
      message: expect.stringContaining('while it was pending'),
    });
  });

  it('passes on what the API says otherwise', async () => {
    expect((await failure((await wait([answer(404, '<html>')])).outcome)).code).toBe('malformed-answer');
    expect((await failure((await wait([fault(403, 'forbidden')])).outcome)).code).toBe('forbidden');
  });
});

describe('an S3 id that reads leave null', () => {
  const silent = wire('pending', {}, { accessKeyId: null });

  it('is still known to the connection that made the key', async () => {
    const { keys } = await sandbox({ pending_access_key_id: 'null', provisioning_reads: 5 });
    const { key } = await keys.create(ARGS);
    expect(key.accessKeyId).toMatch(/^[A-Z0-9]{20}$/);
    expect((await keys.list(ARGS))[0]?.accessKeyId).toBe(key.accessKeyId);
    expect((await keys.read(key.id, ARGS))?.accessKeyId).toBe(key.accessKeyId);
  });

  it('is empty to others, never the id of the paths', async () => {
    const { keys } = await written({ ListAccessKeys: answer(200, [silent]), GetAccessKey: answer(200, silent) });
    expect((await keys.list(ARGS)).map(({ id, accessKeyId }) => [id, accessKeyId])).toEqual([['k1', '']]);
    expect((await keys.read('k1', ARGS))?.accessKeyId).toBe('');
  });

  it('stays what state has while Keyform waits', async () => {
    const { keys } = await written({
      GetAccessKey: answer(200, wire('provisioned', {}, { accessKeyId: null })),
    });
    expect((await keys.ready?.(LIVING, {}))?.accessKeyId).toBe('S3ID');
  });
});

describe('delete', () => {
  it('waits until the key is really gone', async () => {
    const { keys, clock, http } = await written({
      DeleteAccessKey: answer(202),
      GetAccessKey: [shown('provisioned'), shown('deprovisioning'), shown('deprovisioning'), MISSING],
    });
    await keys.delete(LIVING);
    expect(http.sent.map(({ call }) => call.action)).toEqual(['DeleteAccessKey', ...Array(4).fill('GetAccessKey')]);
    expect(clock.pauses).toEqual([500, 1000, 2000]);
  });

  it.each([
    ['with a deletion time: at once', [shown('error', { deletionTime: '2026-01-02T03:04:05Z' })], 1],
    ['without one, because a cache may be behind: when it stays', [shown('error')], 3],
  ])('stops on error %s', async (_, answers, looks) => {
    const { keys, http } = await written({ DeleteAccessKey: answer(202), GetAccessKey: answers });
    const error = await failure(keys.delete(LIVING));
    expect(error).toMatchObject({ code: 'invalid-state', message: expect.stringContaining('could not delete it') });
    expect(http.sent).toHaveLength(1 + looks);
  });

  it('of a key in error goes through although the API shows that for a moment longer', async () => {
    const answers = [shown('error'), shown('error'), shown('deprovisioning'), MISSING];
    const { keys } = await written({ DeleteAccessKey: answer(202), GetAccessKey: answers });
    await keys.delete(LIVING);
  });

  it('ends at the time limit, with its deletion asked for', async () => {
    const { keys, clock } = await written({ DeleteAccessKey: answer(202), GetAccessKey: shown('deprovisioning') });
    const began = clock.now();
    const error = await failure(keys.delete(LIVING));
    expect([error.code, clock.now() - began]).toEqual(['timeout', 30 * 60_000]);
    expect(error.message).toContain('still deprovisioning');
  });

  it.each([
    ['a proxy’s HTML', answer(404, '<html>not found</html>'), 'malformed-answer'],
    ['an empty body', answer(404), 'malformed-answer'],
    ['another word', fault(404, 'no_route'), 'malformed-answer'],
  ])('takes a 404 with %s for no answer', async (_, response, code) => {
    const { keys } = await written({ DeleteAccessKey: response });
    expect((await failure(keys.delete(LIVING))).code).toBe(code);
    const later = await written({ DeleteAccessKey: answer(202), GetAccessKey: response });
    expect((await failure(later.keys.delete(LIVING))).code).toBe(code);
    expect((await failure(later.keys.read('k1', ARGS))).code).toBe(code);
  });
});
