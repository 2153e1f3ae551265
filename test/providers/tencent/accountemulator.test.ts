import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { options } from '../../../src/providers/tencent/emulator.ts';
import { type Answer, cloud, contract, credentialOf, type Key, keyIn, keysIn, UIN } from './cloud.ts';

describe('account keys', () => {
  it('are made, listed, changed and deleted as documented', () => {
    const { ask } = cloud();
    const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN, Description: '备注' }));
    expect(key).toEqual({
      AccessKeyId: expect.stringMatching(/^AKID[A-Za-z0-9]{32}$/),
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      Status: 'Active',
      CreateTime: '2026-01-01 08:00:00',
      Description: '备注',
    });
    const { SecretAccessKey: _once, ...shown } = key;
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN }))).toEqual([shown]);
    const id = { AccessKeyId: key.AccessKeyId, TargetUin: UIN };
    expect(ask('UpdateAccessKey', { ...id, Status: 'Inactive' }).body).toEqual({});
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN }))).toEqual([{ ...shown, Status: 'Inactive' }]);
    expect(ask('UpdateAccessKey', { ...id, Status: 'Inactive' }).code).toBeNull();
    expect(ask('UpdateAccessKey', { ...id, Status: 'Active' }).code).toBeNull();
    expect(ask('DeleteAccessKey', id).body).toEqual({});
    expect(ask('ListAccessKeys', { TargetUin: UIN }).body).toEqual({ AccessKeys: [] });
    expect(ask('DeleteAccessKey', id).code).toBe('ResourceNotFound.SecretNotExist');
    expect(ask('UpdateAccessKey', { ...id, Status: 'Active' }).code).toBe('ResourceNotFound.SecretNotExist');
  });

  it('are two for each account, oldest first', () => {
    const { ask, time } = cloud();
    const made: string[] = [];
    for (const Description of ['a', 'b']) {
      made.push(keyIn(ask('CreateAccessKey', { TargetUin: UIN, Description })).AccessKeyId);
      time.ms += 1000;
    }
    expect(ask('CreateAccessKey', { TargetUin: UIN }).code).toBe('OperationDenied.AccessKeyOverLimit');
    ask('UpdateAccessKey', { TargetUin: UIN, AccessKeyId: made[0] ?? '', Status: 'Inactive' });
    expect(ask('CreateAccessKey', { TargetUin: UIN }).code).toBe('OperationDenied.AccessKeyOverLimit');
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN })).map((key) => key.AccessKeyId)).toEqual(made);
    expect(ask('CreateAccessKey', { TargetUin: UIN + 1 }).code).toBeNull();
    // The main account has its first key, so one more.
    expect(keysIn(ask('ListAccessKeys'))).toHaveLength(1);
    expect(ask('CreateAccessKey').code).toBeNull();
    expect(ask('CreateAccessKey').code).toBe('OperationDenied.AccessKeyOverLimit');
  });

  it('take TargetUin as a number, as text, as 0 and not at all', () => {
    const { ask } = cloud();
    const key = keyIn(ask('CreateAccessKey', { TargetUin: String(UIN) }));
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN }))).toHaveLength(1);
    const own = keysIn(ask('ListAccessKeys'));
    for (const TargetUin of [0, '0', null]) expect(keysIn(ask('ListAccessKeys', { TargetUin }))).toEqual(own);
    for (const TargetUin of [-1, 1.5, 'abc', true, []]) {
      expect(ask('ListAccessKeys', { TargetUin }).code).toMatch(/^InvalidParameter/);
    }
    // Without it the key is looked for in the caller's own account.
    const { AccessKeyId } = key;
    expect(ask('DeleteAccessKey', { AccessKeyId }).code).toBe('OperationDenied.UinNotMatch');
    expect(ask('DeleteAccessKey', { AccessKeyId, TargetUin: UIN + 1 }).code).toBe('OperationDenied.UinNotMatch');
    expect(ask('DeleteAccessKey', { AccessKeyId, TargetUin: UIN }).code).toBeNull();
  });

  it('belong to accounts that exist', () => {
    const { ask } = cloud({ cam_sub_users: [String(UIN)] });
    expect(ask('CreateAccessKey', { TargetUin: UIN }).code).toBeNull();
    expect(ask('CreateAccessKey', { TargetUin: UIN + 1 }).code).toBe('InvalidParameter.UserNotExist');
  });

  it('sign calls themselves, with the rights of their account', () => {
    const { ask } = cloud();
    const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
    const as = credentialOf(key);
    expect(keysIn(ask('ListAccessKeys', {}, { as }))).toHaveLength(1);
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN }, { as }))).toHaveLength(1);
    const denied = ask('ListAccessKeys', { TargetUin: UIN + 1 }, { as });
    expect(denied.code).toBe('AuthFailure.UnauthorizedOperation');
    const main = /uin\/(\d{12}):uin/.exec(denied.message ?? '')?.[1] ?? '';
    expect(ask('ListAccessKeys', { TargetUin: main }, { as }).code).toBe('OperationDenied.SubUin');
    const foreign = keyIn(ask('CreateAccessKey', { TargetUin: UIN + 1 }));
    const SecretIdList = [key.AccessKeyId, foreign.AccessKeyId];
    const rowsFor = (how: { as?: typeof as }) =>
      ask('GetSecurityLastUsed', { SecretIdList }, how).body.SecretIdLastUsedRows;
    expect(rowsFor({})).toHaveLength(2);
    expect(rowsFor({ as })).toMatchObject([{ SecretId: key.AccessKeyId }]);
    expect(rowsFor({ as })).toHaveLength(1);
    const own = keyIn(ask('CreateAccessKey', {}, { as }));
    expect(keysIn(ask('ListAccessKeys', { TargetUin: UIN })).map((one) => one.AccessKeyId)).toEqual([
      key.AccessKeyId,
      own.AccessKeyId,
    ]);
    ask('UpdateAccessKey', { AccessKeyId: key.AccessKeyId, Status: 'Inactive', TargetUin: UIN });
    expect(ask('ListAccessKeys', {}, { as }).code).toBe('AuthFailure.SecretIdNotFound');
    ask('DeleteAccessKey', { AccessKeyId: key.AccessKeyId, TargetUin: UIN });
    expect(ask('ListAccessKeys', {}, { as }).code).toBe('AuthFailure.SecretIdNotFound');
  });

  it('refuse what they do not know, lack, or cannot take', () => {
    const { ask } = cloud();
    const AccessKeyId = keyIn(ask('CreateAccessKey', { TargetUin: UIN })).AccessKeyId;
    const codes = [
      ask('ListAccessKeys', { Limit: 20 }),
      ask('UpdateAccessKey', { Status: 'Active' }),
      ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN }),
      ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN, Status: 'active' }),
      ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN, Status: 'Active', Description: 'x' }),
      ask('DeleteAccessKey', {}),
      ask('DeleteAccessKey', { AccessKeyId: 7 }),
      ask('GetSecurityLastUsed', {}),
      ask('GetSecurityLastUsed', { SecretIdList: 'x' }),
      ask('GetSecurityLastUsed', { SecretIdList: Array.from({ length: 11 }, (_, i) => `id ${i}`) }),
      ask('CreateAccessKey', { Description: '' }),
      ask('CreateAccessKey', { Description: 'two words' }),
      ask('CreateAccessKey', { Description: 'x'.repeat(1025) }),
      ask('CreateAccessKey', 'no JSON'),
      ask('CreateAccessKey', '[]'),
    ].map(({ code }) => code);
    expect(codes).toEqual([
      'UnknownParameter',
      'MissingParameter',
      'MissingParameter',
      'InvalidParameter.ParamError',
      'UnknownParameter',
      'MissingParameter',
      'InvalidParameter',
      'MissingParameter',
      'InvalidParameter',
      'InvalidParameter',
      'InvalidParameter.ParamError',
      'InvalidParameter.ParamError',
      'InvalidParameter.ParamError',
      'InvalidParameter',
      'InvalidParameter',
    ]);
    expect(keysIn(ask('ListAccessKeys'))).toHaveLength(1);
  });

  it('tell their last use, day by day with a day’s delay', () => {
    const { ask, time } = cloud();
    const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
    const idle = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
    const SecretIdList = [key.AccessKeyId, idle.AccessKeyId, 'AKIDUNKNOWN'];
    const rows = () => ask('GetSecurityLastUsed', { SecretIdList }).body.SecretIdLastUsedRows;
    const row = (SecretId: string, LastUsedDate: string | null, LastSecretUsedDate: number | null) => ({
      SecretId,
      LastUsedDate,
      LastSecretUsedDate,
    });
    const never = row(idle.AccessKeyId, null, null);
    expect(rows()).toEqual([row(key.AccessKeyId, null, null), never]);
    // One in the morning of 2 January in Beijing.
    time.ms = Date.parse('2026-01-01T17:00:30Z');
    ask('ListAccessKeys', {}, { as: credentialOf(key) });
    const first = Date.parse('2026-01-01T17:00:00Z');
    expect(rows()).toEqual([row(key.AccessKeyId, null, first), never]);
    time.ms = Date.parse('2026-01-02T15:59:59Z');
    expect(rows()).toEqual([row(key.AccessKeyId, null, first), never]);
    time.ms = Date.parse('2026-01-02T16:00:00Z');
    expect(rows()).toEqual([row(key.AccessKeyId, '2026-01-02', first), never]);
    ask('ListAccessKeys', {}, { as: credentialOf(key) });
    expect(rows()).toEqual([row(key.AccessKeyId, '2026-01-02', time.ms), never]);
  });

  it('are disabled by the vendor when they were idle for long, and can be enabled again', () => {
    const DAY = 86_400_000;
    const { ask, time } = cloud({ cam_idle_days: 90 });
    const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
    const status = () => keysIn(ask('ListAccessKeys', { TargetUin: UIN }))[0]?.Status;
    for (let i = 0; i < 90; i++) {
      expect(status(), `day ${i}`).toBe('Active');
      time.ms += DAY;
    }
    // Ninety days after it was made, and a midnight since.
    time.ms += DAY;
    expect(status()).toBe('Inactive');
    ask('UpdateAccessKey', { TargetUin: UIN, AccessKeyId: key.AccessKeyId, Status: 'Active' });
    expect(status()).toBe('Active');
  });
});

describe('switches', () => {
  it.each<[JsonObject, string, (ask: ReturnType<typeof cloud>['ask'], key: Key) => Answer, string | null]>([
    [
      { cam_quota: 1 },
      'one key',
      (ask) => ask('CreateAccessKey', { TargetUin: UIN }),
      'OperationDenied.AccessKeyOverLimit',
    ],
    [
      { cam_description: 'unknown' },
      'a description that is not known',
      (ask) => ask('CreateAccessKey', { Description: 'x' }),
      'UnknownParameter',
    ],
    [
      { cam_description_letters: 'ascii' },
      'ASCII only',
      (ask) => ask('CreateAccessKey', { Description: '备注' }),
      'InvalidParameter.ParamError',
    ],
    [
      { cam_zero_uin: 'refused' },
      'a TargetUin of 0',
      (ask) => ask('ListAccessKeys', { TargetUin: 0 }),
      'InvalidParameter.ParamError',
    ],
    [
      { cam_delete_active: 'refused' },
      'an active key deleted',
      (ask, { AccessKeyId }) => ask('DeleteAccessKey', { AccessKeyId, TargetUin: UIN }),
      'FailedOperation.Accesskey',
    ],
    [
      { cam_same_status: 'refused' },
      'an active key enabled',
      (ask, { AccessKeyId }) => ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN, Status: 'Active' }),
      'FailedOperation.Accesskey',
    ],
    [
      { cam_self: 'refused' },
      'a key that deletes itself',
      (ask, key) => ask('DeleteAccessKey', { AccessKeyId: key.AccessKeyId }, { as: credentialOf(key) }),
      'FailedOperation.Accesskey',
    ],
    [
      {},
      'a key that deletes itself, where it may',
      (ask, key) => ask('DeleteAccessKey', { AccessKeyId: key.AccessKeyId }, { as: credentialOf(key) }),
      null,
    ],
    [
      { cam_foreign_key_code: 'ResourceNotFound.SecretNotExist' },
      'another account’s key',
      (ask, { AccessKeyId }) => ask('DeleteAccessKey', { AccessKeyId }),
      'ResourceNotFound.SecretNotExist',
    ],
    [
      { cam_sub_users: [String(UIN)], cam_missing_user_code: 'InvalidParameter.ParamError' },
      'an account that is not there',
      (ask) => ask('ListAccessKeys', { TargetUin: UIN + 1 }),
      'InvalidParameter.ParamError',
    ],
    [
      { cam_missing_parameter_code: 'InvalidParameter.ParamError' },
      'a parameter that is not there',
      (ask) => ask('DeleteAccessKey', {}),
      'InvalidParameter.ParamError',
    ],
    [
      { cam_bad_value_code: 'InvalidParameterValue' },
      'a value that does not fit',
      (ask, { AccessKeyId }) => ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN, Status: 'x' }),
      'InvalidParameterValue',
    ],
    [
      { cam_many_ids_code: 'FailedOperation' },
      'eleven ids',
      (ask) => ask('GetSecurityLastUsed', { SecretIdList: Array(11).fill('x') }),
      'FailedOperation',
    ],
    [
      { cam_sub_user_rights: 'none' },
      'a sub-user without rights',
      (ask, key) => ask('ListAccessKeys', {}, { as: credentialOf(key) }),
      'AuthFailure.UnauthorizedOperation',
    ],
  ])('%j: %s', (switches, _what, act, code) => {
    const { ask } = cloud(switches);
    const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
    expect(act(ask, key).code).toBe(code);
  });

  it('change how things are told', () => {
    const empty = cloud({ cam_empty_list: 'null' });
    expect(empty.ask('ListAccessKeys', { TargetUin: UIN }).body).toEqual({ AccessKeys: null });
    const newest = cloud({
      cam_order: 'newest',
      cam_utc_offset_hours: 0,
      cam_id_prefix: 'IKID',
      cam_description: 'unknown',
    });
    const made = [1, 2].map(() => keyIn(newest.ask('CreateAccessKey', { TargetUin: UIN })));
    expect(made[0]).toMatchObject({
      CreateTime: '2026-01-01 00:00:00',
      AccessKeyId: expect.stringMatching(/^IKID.{32}$/),
    });
    expect(made[0]).not.toHaveProperty('Description');
    const listed = keysIn(newest.ask('ListAccessKeys', { TargetUin: UIN })).map((key) => key.AccessKeyId);
    expect(listed).toEqual(made.map((key) => key.AccessKeyId).reverse());
    const told = cloud({ cam_unknown_last_used: 'null' }).ask('GetSecurityLastUsed', { SecretIdList: ['AKIDX'] });
    expect(told.body.SecretIdLastUsedRows).toEqual([
      { SecretId: 'AKIDX', LastUsedDate: null, LastSecretUsedDate: null },
    ]);
    const inactive = cloud({ cam_quota_counts_inactive: false });
    for (const _ of [1, 2, 3]) {
      const { AccessKeyId } = keyIn(inactive.ask('CreateAccessKey', { TargetUin: UIN }));
      inactive.ask('UpdateAccessKey', { AccessKeyId, TargetUin: UIN, Status: 'Inactive' });
    }
    expect(keysIn(inactive.ask('ListAccessKeys', { TargetUin: UIN }))).toHaveLength(3);
    const denied = cloud({ cam_main_account_code: 'AuthFailure.UnauthorizedOperation' });
    const as = credentialOf(keyIn(denied.ask('CreateAccessKey', { TargetUin: UIN })));
    const { message } = denied.ask('ListAccessKeys', { TargetUin: UIN + 1 }, { as });
    const TargetUin = /uin\/(\d{12}):uin/.exec(message ?? '')?.[1] ?? '';
    expect(denied.ask('ListAccessKeys', { TargetUin }, { as }).code).toBe('AuthFailure.UnauthorizedOperation');
    for (const disabled_key_code of ['AuthFailure.InvalidSecretId', 'AuthFailure.UnauthorizedOperation']) {
      const { ask } = cloud({ disabled_key_code });
      const key = keyIn(ask('CreateAccessKey', { TargetUin: UIN }));
      ask('UpdateAccessKey', { AccessKeyId: key.AccessKeyId, TargetUin: UIN, Status: 'Inactive' });
      expect(ask('ListAccessKeys', {}, { as: credentialOf(key) }).code).toBe(disabled_key_code);
    }
  });

  it('are all described and have defaults, and unknown ones are an error', () => {
    expect(() => options.parse({})).not.toThrow();
    for (const [name, schema] of Object.entries(options.shape)) expect(schema.description, name).toBeTruthy();
    expect(() => cloud({ nonsense: 1 })).toThrow(/emulator of Tencent Cloud has no option "nonsense"/);
    expect(() => cloud({ cam_order: 'random' })).toThrow(/option "cam_order"/);
  });
});

describe('the vendor’s own samples', () => {
  it.skipIf(contract === null)('have the form of our answers', () => {
    for (const action of contract?.actions ?? []) {
      expect(contract?.answer(action, contract.example(action)), action).toEqual([]);
    }
  });
});
