import { describe, expect, it } from 'vitest';
import type { HttpPort, HttpResponse } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { yandex } from '../../../src/providers/yandex/index.ts';
import { readText } from '../loopback.ts';
import { API, ARGS, type Fate, LOST, polls, reference, sandbox } from './sandbox.ts';
import { answer, countingRandom, failure, movingClock, refusal, scripted } from './script.ts';

describe('operations', () => {
  it('that are pending are asked after on the other host, with a pause, until they are done', async () => {
    const { keys, http, clock } = await sandbox({ operations: 'pending', pending_polls: 3 });
    const { key } = await keys.create(ARGS);
    const begun = clock.now();
    const changed = await keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description']);
    expect(changed.args.description).toBe('cd');
    expect(clock.now() - begun).toBe(1000 + 1500 + 2250);
    await keys.delete(reference(changed));
    expect(await keys.list(ARGS)).toEqual([]);
    const polled = http.sent.filter(({ action }) => action === 'GetOperation');
    expect(polled).toHaveLength(6);
    expect(polled.every(({ request }) => /^http:\/\/127\.0\.0\.1:8807\/operations\/aje\w+$/.test(request.url))).toBe(
      true,
    );
    expect(http.sent.filter(({ request }) => polls(request))).toEqual(polled);
  });

  it('that fail are errors with the vendor’s code, after the rollback', async () => {
    const { keys, http } = await sandbox({ operations: 'pending', operation_error: 9 });
    const { key } = await keys.create(ARGS);
    const change = keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description']);
    const error = await failure(change);
    expect(error).toMatchObject({
      code: 'invalid-state',
      message: expect.stringMatching(/^Yandex Cloud UpdateApiKey of API key aje\w+: operation aje\w+ failed: /),
      vendor: { status: 200, code: 'FAILED_PRECONDITION', message: 'The operation failed' },
    });
    // Its error was there at once; it was waited for all the same.
    expect(http.actions().filter((action) => action === 'GetOperation')).toHaveLength(2);
    expect((await failure(keys.delete(reference(key)))).code).toBe('invalid-state');
    expect(await keys.list(ARGS)).toEqual([key]);
  });

  it('that fail are never taken for done, though the key looks changed in the middle of the rollback', async () => {
    const wanted = answer(200, { id: 'ajekey', serviceAccountId: 'aje-one', description: 'cd' });
    const failing = { id: 'ajeop', error: { code: 13, message: 'rolling back' } };
    const http = scripted({
      UpdateApiKey: answer(200, failing),
      GetOperation: [answer(200, failing), answer(200, { ...failing, done: true })],
      GetApiKey: wanted,
    });
    const change = async (port: HttpPort, operation_timeout: string) => {
      const ports = { http: port, clock: movingClock(), random: countingRandom(), readText };
      const connection = await yandex.connect({ token: 't1.a.b', operation_timeout }, ports);
      return connection.handler(API).update(LOST, { ...ARGS, description: 'cd' }, ['description']);
    };
    const failed = { code: 'unavailable', vendor: { code: 'INTERNAL' } };
    expect(await failure(change(http, '5m'))).toMatchObject(failed);
    // A rollback that outlasts the time limit: what is known of it is said, and not that the time is over.
    const endless = scripted({
      UpdateApiKey: answer(200, failing),
      GetOperation: answer(200, failing),
      GetApiKey: wanted,
    });
    expect(await failure(change(endless, '10s'))).toMatchObject(failed);
    expect([...http.actions(), ...endless.actions()]).not.toContain('GetApiKey');
  });

  it('are waited for as long as the setting says', async () => {
    const { keys, clock } = await sandbox({ operations: 'pending', pending_polls: 1000 }, { operation_timeout: '30s' });
    const { key } = await keys.create(ARGS);
    const begun = clock.now();
    const error = await failure(keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description']));
    expect(error).toMatchObject({ code: 'timeout', detail: expect.stringContaining('operation_timeout') });
    expect(clock.now() - begun).toBe(30_000);
    expect((await failure(keys.delete(reference(key)))).code).toBe('timeout');
  });

  it('that are no longer waited for go on, and the error says so', async () => {
    const abort = new AbortController();
    const { keys } = await sandbox({ operations: 'pending' }, {}, (request) => {
      if (polls(request)) abort.abort();
      return undefined;
    });
    const { key } = await keys.create(ARGS);
    const error = await failure(
      keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description'], abort.signal),
    );
    expect(error.code).toBe('cancelled');
    expect(error.detail).toMatch(/accepted it as operation aje\w+ and goes on/);
  });

  it('that tell no response are followed by a look at the key', async () => {
    const { keys, http } = await sandbox({}, {}, (request, serve) => {
      if (request.method !== 'PATCH') return undefined;
      const { response: _left, ...bare } = JSON.parse(serve().body) as JsonObject;
      return answer(200, bare);
    });
    const { key } = await keys.create(ARGS);
    const changed = await keys.update(reference(key), { ...ARGS, description: 'cd' }, ['description']);
    expect(changed.args.description).toBe('cd');
    expect(http.actions().slice(-2)).toEqual(['UpdateApiKey', 'GetApiKey']);
  });

  it('that find nothing to delete are success', async () => {
    const { keys } = await sandbox({ missing_key: 'in_operation', operations: 'pending' });
    await keys.delete(LOST);
    expect((await failure(keys.update(LOST, ARGS, ['description']))).code).toBe('not-found');
  });
});

describe('a change or a delete whose outcome was lost', () => {
  const change = { ...ARGS, description: 'cd', scopes: ['b', 'a'], expires_at: '2027-01-01' };
  const changed = ['description', 'scopes', 'expires_at'];

  // The operations' host fails in any way, after the effect or before it.
  it.each<[string, HttpResponse | null]>([
    ['never answers', null],
    ['is failing', refusal(14)],
    ['does not know the operation', refusal(5)],
    ['forbids it', refusal(7)],
    ['is a page of HTML', answer(200, '<html>')],
  ])('is made sure of by a look at the key when the other host %s', async (_, response) => {
    const fate: Fate = (request) => (polls(request) ? response : undefined);
    const early = await sandbox({ operations: 'pending', pending_effect: 'at_once' }, {}, fate);
    const { key } = await early.keys.create(ARGS);
    const now = await early.keys.update(reference(key), change, changed);
    expect(now.args).toEqual({ ...change, scopes: ['a', 'b'], expires_at: '2027-01-01T00:00:00.000Z' });
    await early.keys.delete(reference(now));
    expect(await early.keys.list(ARGS)).toEqual([]);

    const late = await sandbox({ operations: 'pending' }, {}, fate);
    const other = await late.keys.create(ARGS);
    const codes = ['timeout', 'unavailable', 'not-found', 'forbidden', 'malformed-answer'];
    for (const call of [
      late.keys.update(reference(other.key), change, changed),
      late.keys.delete(reference(other.key)),
    ]) {
      const error = await failure(call);
      expect(codes).toContain(error.code);
      expect(error.message).toContain('GetOperation');
    }
    expect(await late.keys.list(ARGS)).toEqual([other.key]);
  });

  it('is made sure of when the answer to the change itself was lost', async () => {
    for (const act of [true, false]) {
      const { keys } = await sandbox({}, {}, (request, serve) => {
        if (request.method !== 'PATCH' && request.method !== 'DELETE') return undefined;
        if (act) serve();
        return null;
      });
      const { key } = await keys.create(ARGS);
      const update = () => keys.update(reference(key), change, changed);
      if (act) {
        expect((await update()).args.description).toBe('cd');
        await keys.delete(reference(key));
        expect(await keys.list(ARGS)).toEqual([]);
      } else {
        expect((await failure(update())).code).toBe('timeout');
        expect((await failure(keys.delete(reference(key)))).code).toBe('timeout');
      }
    }
  });
});
