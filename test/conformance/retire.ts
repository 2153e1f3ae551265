import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { CreatedKey, KeyReference, ResourceType } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Bench, type Made, referenceTo } from './bench.ts';
import { atConsole, pathOf } from './console.ts';
import type { Example } from './examples.ts';
import { always, disabling, expectArgs, expectKeys, type Row, regenerating, saying, verifying, where } from './row.ts';

const DAY = 86_400_000;

/** What a service of the vendor's says to the key now: true for yes. Not asked by way of the key API. */
async function works(bench: Bench, id: string, secret: Secret): Promise<boolean> {
  const answer = await atConsole(bench, 'POST', `${pathOf(bench, id)}/use`, { secret: secret.reveal() });
  return answer.body.accepted === true;
}

/** Expects the key API, where it can be asked, to agree with what the vendor's services do. */
async function expectWorks(bench: Bench, type: ResourceType, made: Made, is: boolean): Promise<void> {
  const { reference, secret } = made;
  expect(await works(bench, reference.id, secret)).toBe(is);
  if (!type.capabilities.verify) return;
  const verdict = await bench.handler.verify(reference, secret);
  if (is) expect(verdict).toBe(true);
  else expect(verdict).not.toBe(true);
}

/** What rotation needs of a cloud: keys that are retired in steps, taken back, swapped, and given new secrets. */
export const retireRows: readonly Row[] = [
  {
    name: 'a key is retired by disabling, waiting and deleting, and the one that replaced it goes on working',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const [old, young] = [await bench.create(example.args), await bench.create(example.second)];
      let reference = old.reference;
      await expectWorks(bench, type, old, true);
      if (type.capabilities.disable) {
        reference = referenceTo(await handler.setEnabled(reference, false), reference.args);
        await expectWorks(bench, type, old, false);
        bench.clock.advance(7 * DAY);
        expectKeys(await handler.list(example.args), [
          { ...young.key },
          ...(await handler.list(example.args)).filter(({ id, enabled }) => id === old.key.id && !enabled),
        ]);
        // Saying it twice, as a run does that was cut off, is saying it once.
        const again = await handler.setEnabled(reference, false);
        expect(again).toMatchObject({ id: old.key.id, enabled: false });
      } else {
        bench.clock.advance(7 * DAY);
      }
      await handler.delete(reference);
      await handler.delete(reference);
      expectKeys(await handler.list(example.args), [young.key]);
      await expectWorks(bench, type, young, true);
    },
  },
  {
    name: 'a key that is being retired is taken back with all that it had',
    applies: disabling,
    async run(bench, type, example) {
      const { handler } = bench;
      const written = example.expiring?.(bench.clock.client.now() + 30 * DAY) ?? example.args;
      const old = await bench.create(written);
      const young = await bench.create(example.second);
      const off = await handler.setEnabled(old.reference, false);
      bench.clock.advance(DAY);
      const on = await handler.setEnabled(referenceTo(off, old.reference.args), true);
      expect(on).toMatchObject({ id: old.key.id, enabled: true, expiresAt: old.key.expiresAt });
      expectArgs(type, on, { ...old.reference.args, enabled: true });
      await expectWorks(bench, type, old, true);
      await expectWorks(bench, type, young, true);
      // Enabling what is enabled does no harm either.
      expect(await handler.setEnabled(referenceTo(on, old.reference.args), true)).toMatchObject({ enabled: true });
      // Nor does an answer that is lost on the way.
      for (const enabled of [false, true]) {
        const [call] = handler.forecast(enabled ? 'enable' : 'disable', old.reference);
        bench.fault(call?.action ?? null, { kind: 'drop-after', times: 1 });
        const now = await handler.setEnabled({ ...old.reference, enabled: !enabled }, enabled);
        expect(now).toMatchObject({ id: old.key.id, enabled });
        bench.emulator.clearFaults();
      }
      await expectWorks(bench, type, old, true);
    },
  },
  {
    name: 'two keys change names with each other by way of a third name',
    applies: ({ capabilities: { name } }) =>
      name === null
        ? 'its keys have no names'
        : name.uniquePerOwner && name.renameable
          ? true
          : 'its names are not both unique and free to change',
    async run(bench, type, example) {
      const { handler } = bench;
      const argument = type.capabilities.name?.argument ?? '';
      const old = await bench.create(example.args);
      const wanted = String(example.args[argument]);
      const rename = async (reference: KeyReference, to: string) => {
        const args = { ...reference.args, [argument]: to };
        const key = await handler.update(reference, args, [argument]);
        expect(key.args[argument]).toBe(to);
        return referenceTo(key, args);
      };
      // A rotation: the old key makes room for the new one.
      const aside = `${wanted} (replaced ${old.key.id.slice(0, 8)})`;
      let former = await rename(old.reference, aside);
      const young = await bench.create(example.args);
      expect(young.key.args[argument]).toBe(wanted);
      await expectWorks(bench, type, old, true);
      await expectWorks(bench, type, young, true);
      // A rollback: the other way round. While both would have the name, it is refused and nothing is changed.
      await bench.failure(rename(former, wanted), 'conflict');
      const latter = await rename(young.reference, `${wanted} (rolled back)`);
      former = await rename(former, wanted);
      const keys = await handler.list(example.args);
      expect(Object.fromEntries(keys.map((key) => [key.id, key.args[argument]]))).toEqual({
        [old.key.id]: wanted,
        [young.key.id]: `${wanted} (rolled back)`,
      });
      await handler.delete(latter);
      await expectWorks(bench, type, old, true);
      expect(await works(bench, young.key.id, young.secret).catch(() => false)).toBe(false);
    },
  },
  {
    name: 'a list whose pages are exactly full costs a call for each page, and none more',
    applies: where(({ pageSize }) => pageSize !== null, 'its lists have no pages'),
    async run(bench, _type, example) {
      if (typeof example.paged === 'string') throw new Error('the example must connect with pages of one key');
      const paged = await bench.connect({}, {}, example.paged);
      await paged.list(example.args);
      for (const [index, args] of [example.args, example.second].entries()) {
        await bench.create(args);
        const before = bench.count();
        expect(await paged.list(example.args)).toHaveLength(index + 1);
        expect(bench.count() - before).toBe(index + 1);
      }
    },
  },
  {
    name: 'a part of the secret that the API shows goes with the right secret only',
    applies: ({ shows }) => (shows === undefined ? 'its API shows no part of a secret' : true),
    async run(bench, type, example) {
      const { key, secret } = await bench.create(example.args);
      const other = await bench.create(example.second);
      const [listed] = (await bench.handler.list(example.args)).filter(({ id }) => id === key.id);
      for (const seen of [key, listed, await bench.handler.read(key.id, example.args)]) {
        if (seen === undefined || seen === null) throw new Error('the key is not there');
        expect(type.shows?.(seen.attributes, secret)).toBe(true);
        expect(type.shows?.(seen.attributes, other.secret)).toBe(false);
        expect(type.shows?.(seen.attributes, new Secret(''))).toBe(false);
        expect(JSON.stringify(seen)).not.toContain(secret.reveal());
      }
      const silent = Object.fromEntries(Object.keys(type.attributes).map((name) => [name, null]));
      for (const attributes of [silent, {}] as JsonObject[]) expect(type.shows?.(attributes, secret)).toBeNull();
    },
  },
  {
    name: 'verify says yes of a key that works, and never of one that does not',
    applies: verifying,
    async run(bench, type, example) {
      const { handler } = bench;
      const made = await bench.create(example.args);
      const { reference, secret } = made;
      await expectWorks(bench, type, made, true);
      // Behind Keyform's back, so that nothing about the reference tells of it.
      for (const change of [
        ...(type.capabilities.disable ? [{ off: { enabled: false }, on: { enabled: true } }] : []),
        ...(type.capabilities.expiry === 'optional' ? [{ off: { expires_at: '-1s' }, on: { expires_at: null } }] : []),
      ]) {
        await atConsole(bench, 'PATCH', pathOf(bench, reference.id), change.off);
        await expectWorks(bench, type, made, false);
        await atConsole(bench, 'PATCH', pathOf(bench, reference.id), change.on);
        await expectWorks(bench, type, made, true);
      }
      // An API in trouble proves nothing, and is not asked again: wrong tries can lock an account.
      const [call] = handler.forecast('verify', reference);
      const action = call?.action ?? null;
      const trouble: readonly (() => void)[] = [
        () => bench.say(action, saying(example, 'unavailable')),
        () => bench.fault(action, { kind: 'status', status: 503 }),
        () => bench.fault(action, { kind: 'drop-after' }),
        () => bench.fault(action, { kind: 'cut' }),
        () => bench.fault(action, { kind: 'garbage' }),
      ];
      for (const begin of trouble) {
        const before = bench.count();
        begin();
        expect(await handler.verify(reference, secret), String(begin)).toBeNull();
        expect(bench.count() - before, `asked once: ${String(begin)}`).toBe(1);
        bench.emulator.clearFaults();
      }
      // One that only limits the rate has not looked at the secret: it may be asked again, and is given up on in the end.
      bench.say(action, saying(example, 'throttled'), 1);
      expect(await handler.verify(reference, secret)).toBe(true);
      bench.say(action, saying(example, 'throttled'));
      expect(await handler.verify(reference, secret)).toBeNull();
      bench.emulator.clearFaults();
      // What the key may do is another question than whether it is one.
      bench.say(action, saying(example, 'forbidden'), 1);
      expect(await handler.verify(reference, secret)).not.toBe(false);
      bench.emulator.clearFaults();
      await handler.delete(reference);
      expect(await handler.verify(reference, secret)).not.toBe(true);
    },
  },
  {
    name: 'a new secret is another one under the same id, and the old one is dead at once',
    applies: regenerating,
    async run(bench, type, example) {
      for (const args of livingArgs(example)) {
        const made = await bench.create(args);
        const renewed = await regenerate(bench, made.reference);
        expect(renewed.key).toMatchObject({ id: made.key.id, accessKeyId: made.key.accessKeyId, enabled: true });
        expect(renewed.key.createdAt, 'the key is as old as before').toBe(made.key.createdAt);
        expect(renewed.secret.reveal() === made.secret.reveal()).toBe(false);
        expect(await works(bench, made.key.id, made.secret)).toBe(false);
        expect(await works(bench, made.key.id, renewed.secret)).toBe(true);
        // A disabled key gets one too, and stays disabled.
        if (!type.capabilities.disable) continue;
        const off = await bench.handler.setEnabled(made.reference, false);
        const dark = await regenerate(bench, referenceTo(off, made.reference.args));
        expect(dark.key.enabled).toBe(false);
        expect(await works(bench, made.key.id, dark.secret)).toBe(false);
        await bench.handler.setEnabled(referenceTo(dark.key, made.reference.args), true);
        expect(await works(bench, made.key.id, dark.secret)).toBe(true);
      }
    },
  },
  {
    name: 'a new secret of which nothing was heard stays unknown, and a later look tells what came of it',
    applies: regenerating,
    async run(bench, type, example) {
      const { handler } = bench;
      for (const args of livingArgs(example)) {
        const made = await bench.create(args);
        const reads = await readingActions(bench, made.reference);
        const forecast = handler.forecast('regenerate', made.reference).map(({ action }) => action);
        const call = forecast.find((action) => !reads.has(action));
        if (call === undefined) throw new Error('no call is forecast');
        for (const [kind, done] of [
          ['drop-after', true],
          ['cut', true],
          ['garbage', false],
          ['drop-before', false],
        ] as const) {
          const before = (await secretNow(bench, made.reference)) ?? '';
          const calls = bench.count(call);
          bench.fault(call, { kind });
          // What is asked beforehand is answered, what is asked afterwards is not.
          for (const action of reads)
            bench.fault(action, { kind: 'status', status: 500, after: forecast.includes(action) ? 1 : 0 });
          await bench.failure(Promise.resolve(handler.regenerate?.(made.reference)), 'outcome-unknown');
          bench.emulator.clearFaults();
          expect(bench.count(call) - calls, 'never sent twice').toBe(1);
          if (!type.capabilities.secretReadable) continue;
          const after = (await secretNow(bench, made.reference)) ?? '';
          expect(after !== before, `${kind}: a look tells whether it was done`).toBe(done);
          expect(await works(bench, made.key.id, new Secret(after))).toBe(true);
        }
      }
    },
  },
];

/** Keys of every kind that the type knows: those that the API gives a secret, and those that the caller does. */
function livingArgs(example: Example): readonly JsonObject[] {
  return [example.args, ...(example.updated === undefined ? [] : [example.updated])];
}

async function regenerate(bench: Bench, reference: KeyReference): Promise<CreatedKey> {
  const renewed = await bench.handler.regenerate?.(reference);
  if (renewed === undefined) throw new Error('there is no regenerate()');
  bench.conceal(renewed.secret.reveal());
  return renewed;
}

/** The secret as the API tells it; null where it does not. */
async function secretNow(bench: Bench, reference: KeyReference): Promise<string | null> {
  const secret = (await bench.handler.read(reference.id, reference.args))?.secret?.reveal() ?? null;
  if (secret !== null) bench.conceal(secret);
  return secret;
}

/** The vendor's actions by which a key is read. */
async function readingActions(bench: Bench, reference: KeyReference): Promise<ReadonlySet<string>> {
  const from = bench.heard.length;
  await bench.handler.read(reference.id, reference.args);
  return new Set(bench.heard.slice(from).map(({ call }) => call.action));
}
