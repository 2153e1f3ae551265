import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import type { HttpResponse } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { KeyReference } from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { parseLastUsedDate } from '../../../src/providers/tencent/account.ts';
import { answering, DAY, failureOf, refer, saying, start, UIN } from './accounts.ts';

describe('verify', () => {
  const answers: readonly [what: string, reply: JsonObject | HttpResponse | KeyformError, result: unknown][] = [
    ['a list', { AccessKeys: [] }, true],
    ['no rights', saying('AuthFailure.UnauthorizedOperation'), true],
    ['no rights, in other words', saying('UnauthorizedOperation.CamNoAuth'), true],
    ['a bad signature', saying('AuthFailure.SignatureFailure'), false],
    ['an unknown id', saying('AuthFailure.SecretIdNotFound'), null],
    ['a wrong clock', saying('AuthFailure.SignatureExpire'), null],
    ['multi-factor authentication', saying('AuthFailure.MFAFailure'), null],
    ['a failing API', saying('InternalError'), null],
    ['a throttle', saying('RequestLimitExceeded'), null],
    ['another refusal', saying('UnauthorizedOperationButNotQuite'), null],
    ['a gateway', { status: 502, headers: {}, body: 'x' }, null],
    ['no JSON', { status: 200, headers: {}, body: 'x' }, null],
    ['no answer', new KeyformError('outcome-unknown', 'x'), null],
    ['a timeout', new KeyformError('timeout', 'x'), null],
    ['no way there', new KeyformError('unreachable', 'x'), 'throws'],
    ['a cancelled run', new KeyformError('cancelled', 'x'), 'throws'],
  ];

  it.each(answers)('makes of %s, asked once: %s → %s', async (_what, reply, result) => {
    const { handler, sent } = await answering(reply, { token: 'of the credential in use' });
    const key = { id: 'AKIDNEW', accessKeyId: 'AKIDNEW', args: { target_uin: UIN }, expiresAt: null, enabled: true };
    const verified = handler.verify(key, new Secret('new'));
    if (result === 'throws') await expect(verified).rejects.toBe(reply);
    else expect(await verified).toBe(result);
    expect(sent).toHaveLength(1);
    const [call] = sent;
    // Not safe: the port sends it once. It counts against the limits of the credential in use.
    expect(call).toMatchObject({ safe: false, action: 'ListAccessKeys', owner: `account ${UIN}` });
    expect(call?.limits).toEqual(handler.forecast('verify', key)[0]?.limits);
    const { headers } = (await call?.build(0)) ?? {};
    expect(headers?.authorization).toContain('Credential=AKIDNEW/');
    expect(headers).not.toHaveProperty('x-tc-token');
  });

  it('knows a good secret from a bad one, and proves it without rights too', async () => {
    for (const cam_sub_user_rights of ['own', 'none']) {
      const { handler } = await start({ cam_sub_user_rights });
      const { key, secret } = await handler.create({ target_uin: UIN });
      expect(await handler.verify(refer(key), secret)).toBe(true);
      expect(await handler.verify(refer(key), new Secret('wrong'))).toBe(false);
      expect(await handler.verify({ ...refer(key), accessKeyId: 'AKIDOTHER' }, secret)).toBeNull();
      // The credential in use is none the worse for it.
      expect(await handler.list({ target_uin: UIN })).toHaveLength(1);
    }
  });
});

describe('last use', () => {
  it('is the minute that the API tells, and null for never', async () => {
    const { handler, time } = await start({ cam_quota: 30 });
    const made = [await handler.create({ target_uin: UIN }), await handler.create({ target_uin: UIN })];
    const [used, idle] = made as [(typeof made)[0], (typeof made)[0]];
    const ask = () => handler.lastUsed?.([refer(used.key), refer(idle.key)]);
    time.ms = Date.parse('2026-01-05T12:00:00Z');
    await handler.verify(refer(used.key), used.secret);
    expect(await ask()).toEqual(
      new Map([
        [used.key.id, '2026-01-05T12:00:00.000Z'],
        [idle.key.id, null],
      ]),
    );
    time.ms += DAY;
    await handler.verify(refer(used.key), used.secret);
    expect(await ask()).toEqual(
      new Map([
        [used.key.id, '2026-01-06T12:00:00.000Z'],
        [idle.key.id, null],
      ]),
    );
    time.ms += 9 * DAY;
    expect((await ask())?.get(used.key.id)).toBe('2026-01-06T15:59:59.000Z');
  });

  it('is asked for ten keys at a time, each of them safely', async () => {
    const { handler, bodies, sent } = await start({ cam_quota: 30 });
    const keys: KeyReference[] = [];
    for (let i = 0; i < 21; i++) keys.push(refer((await handler.create({ target_uin: UIN })).key));
    const before = bodies.length;
    expect((await handler.lastUsed?.(keys))?.size).toBe(21);
    const asked = bodies.slice(before).map((body) => body.SecretIdList as string[]);
    expect(asked.map((ids) => ids.length)).toEqual([10, 10, 1]);
    expect(asked.flat()).toEqual(keys.map((key) => key.id));
    for (const call of sent.slice(before)) {
      expect(call).toMatchObject({ action: 'GetSecurityLastUsed', safe: true, owner: `account ${UIN}` });
    }
    expect(await handler.lastUsed?.([])).toEqual(new Map());
    expect(bodies).toHaveLength(before + 3);
  });

  it('is absent for a key of which the API says nothing, and else the later of what it says', async () => {
    const keys = ['A', 'B', 'C', 'D', 'E0', 'E1', 'E2', 'E3', 'E4', 'E5'].map((id) => ({
      id,
      accessKeyId: id,
      args: {},
      expiresAt: null,
      enabled: true,
    }));
    const { handler } = await answering({
      SecretIdLastUsedRows: [
        { SecretId: 'A', LastUsedDate: '2022-12-19', LastSecretUsedDate: 1671681023555 },
        { SecretId: 'B', LastUsedDate: null, LastSecretUsedDate: '1671681023555' },
        { SecretId: 'D', LastUsedDate: '2022-12-23', LastSecretUsedDate: 1671681023555 },
        // The definitions call it a date and a number: what it is not known to be is passed over.
        ...[null, 0, 1671681023, '2022-12-22', 1e15, true].map((LastSecretUsedDate, index) => ({
          SecretId: `E${index}`,
          LastUsedDate: '2022-12-19',
          LastSecretUsedDate,
        })),
        { SecretId: 'of somebody else', LastUsedDate: '2022-12-19', LastSecretUsedDate: null },
      ],
    });
    expect(await handler.lastUsed?.(keys)).toEqual(
      new Map([
        // Null is "never" in one, and the other knows better.
        ['A', '2022-12-22T03:50:23.555Z'],
        ['B', '2022-12-22T03:50:23.555Z'],
        ['D', '2022-12-23T15:59:59.000Z'],
        ...['E0', 'E1', 'E2', 'E3', 'E4', 'E5'].map((id) => [id, '2022-12-19T15:59:59.000Z'] as const),
      ]),
    );
  });

  it('is not guessed from an answer of another form', async () => {
    const key = { id: 'A', accessKeyId: 'A', args: {}, expiresAt: null, enabled: true };
    for (const rows of [null, [{ SecretId: 'A' }], [{ SecretId: 'A', LastUsedDate: 1671681023555 }]]) {
      const { handler } = await answering({ SecretIdLastUsedRows: rows });
      const asked = handler.lastUsed?.([key]);
      if (asked === undefined) throw new Error('there is no lastUsed');
      expect((await failureOf(asked)).code).toBe('malformed-answer');
    }
    expect(parseLastUsedDate('2022-12-19 10:00:00')).toBeNull();
    expect(parseLastUsedDate('1671681023555')).toBeNull();
  });
});
