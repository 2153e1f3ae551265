import { expect } from 'vitest';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import type { ResourceType } from '../../src/core/provider.ts';
import { type Bench, referenceTo } from './bench.ts';
import type { Example } from './examples.ts';
import { always, disabling, expectArgs, type Row, where } from './row.ts';

/** An answer of the emulator's console. */
interface Told {
  readonly status: number;
  readonly key: JsonObject;
  readonly secret: string | null;
  readonly body: JsonObject;
}

/** Asks the console of the bench's emulator, as curl does. */
export async function atConsole(bench: Bench, method: string, path: string, body?: Json): Promise<Told> {
  const response = await fetch(`${bench.emulator.origin}/_keyform/keys${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as JsonObject;
  const secret = typeof answer.secret === 'string' ? answer.secret : null;
  if (secret !== null) bench.conceal(secret);
  return { status: response.status, key: isObject(answer.key) ? (answer.key as JsonObject) : {}, secret, body: answer };
}

/** What the console is asked for, to make the example's second key. */
function wanted(type: ResourceType, example: Example): JsonObject {
  return { type: type.type, ...example.second };
}

/** The console's path of a key. */
export function pathOf(bench: Bench, id: string): string {
  return `/${bench.cloud.name}/${encodeURIComponent(id)}`;
}

/** What a person does in the vendor's console shows at the API, for every cloud: drift is tested with it. */
export const consoleRows: readonly Row[] = [
  {
    name: 'a key that somebody makes in the console is a key like any other',
    applies: always,
    async run(bench, type, example) {
      const made = await atConsole(bench, 'POST', '', wanted(type, example));
      expect(made.status, JSON.stringify(made.body.keyform)).toBe(201);
      const [seen, ...others] = await bench.handler.list(example.args);
      expect(others).toEqual([]);
      if (seen === undefined) throw new Error('the list lacks the key');
      expect(made.key).toMatchObject({ id: seen.id, accessKeyId: seen.accessKeyId, cloud: bench.cloud.name });
      expect(seen).toMatchObject({ enabled: true, readiness: 'ready' });
      expectArgs(type, seen, bench.complete(example.second));
      const path = pathOf(bench, seen.id);
      const secret = made.secret ?? '';
      expect((await atConsole(bench, 'POST', `${path}/use`, { secret })).body).toEqual({ accepted: true });
      const wrong = await atConsole(bench, 'POST', `${path}/use`, { secret: `${secret}x` });
      expect(wrong.body).toEqual({ accepted: false, reason: 'wrong-secret' });
      const shown = await atConsole(bench, 'GET', pathOf(bench, seen.accessKeyId));
      expect(shown.key.id).toBe(seen.id);
      expect(JSON.stringify(shown.body)).not.toContain(secret);
      const all = await atConsole(bench, 'GET', `?type=${type.type}`);
      expect(JSON.stringify(all.body)).not.toContain(secret);
      expect(all.body.keys).toContainEqual(shown.key);

      expect((await atConsole(bench, 'DELETE', path)).status).toBe(200);
      expect(await bench.handler.list(example.args)).toEqual([]);
      expect((await atConsole(bench, 'GET', path)).status).toBe(404);
      expect((await atConsole(bench, 'PATCH', path, {})).status).toBe(404);
    },
  },
  {
    name: 'a key whose age somebody changes tells the new time of its creation',
    applies: always,
    async run(bench, _type, example) {
      const { key } = await bench.create(example.args);
      const long = await atConsole(bench, 'PATCH', pathOf(bench, key.id), { created_at: '2025-02-03T04:05:06Z' });
      expect(long.status).toBe(200);
      const [seen] = await bench.handler.list(example.args);
      expect(Date.parse(seen?.createdAt ?? '')).toBeGreaterThanOrEqual(Date.parse('2025-02-03T04:05:06Z'));
      expect(Date.parse(seen?.createdAt ?? '')).toBeLessThan(Date.parse('2025-02-03T04:05:07Z'));
      expect(seen?.id).toBe(key.id);
      expect((await atConsole(bench, 'PATCH', pathOf(bench, key.id), { created_at: '-100d' })).status).toBe(200);
      const [old] = await bench.handler.list(example.args);
      const age = bench.clock.server.now() - Date.parse(old?.createdAt ?? '');
      expect(Math.abs(age - 100 * 86_400_000)).toBeLessThan(60_000);
    },
  },
  {
    name: 'what the console cannot do is refused in words, and nothing is changed',
    applies: always,
    async run(bench, type, example) {
      const { key } = await bench.create(example.args);
      const before = await bench.handler.list(example.args);
      const path = pathOf(bench, key.id);
      for (const [method, at, body, status] of [
        ['PATCH', path, { nothing_of_the_kind: 1 }, 400],
        ['PATCH', path, { created_at: 'yesterday' }, 400],
        ['PATCH', path, [], 400],
        ['POST', '', { type: 'keyform_of_no_cloud' }, 400],
        ['POST', '', { type: type.type, nothing_of_the_kind: 1 }, 400],
        ['POST', `${path}/use`, {}, 400],
        ['POST', `${path}/misuse`, {}, 404],
        ['PUT', path, {}, 404],
        ['GET', '?colour=red', undefined, 400],
        ['GET', '?cloud=nimbus', undefined, 400],
        ['GET', '/nimbus/x', undefined, 404],
        ['GET', `/${bench.cloud.name}`, undefined, 404],
        ['DELETE', pathOf(bench, example.absentId), undefined, 404],
      ] as const) {
        const answer = await atConsole(bench, method, at, body as Json | undefined);
        expect(answer.status, `${method} ${at}`).toBe(status);
        expect(JSON.stringify(answer.body.keyform)).toMatch(/"error":".{8,}"/);
      }
      expect(await bench.handler.list(example.args)).toEqual(before);
    },
  },
  {
    name: 'a name that is taken is taken in the console too',
    applies: where(({ name }) => name?.uniquePerOwner === true, 'its keys have no unique name'),
    async run(bench, type, example) {
      const { key } = await bench.create(example.args);
      const second = await bench.create(example.second);
      expect((await atConsole(bench, 'POST', '', wanted(type, example))).status).toBe(409);
      const name = type.capabilities.name?.argument ?? '';
      const path = pathOf(bench, key.id);
      const taken = await atConsole(bench, 'PATCH', path, { [name]: example.second[name] ?? null });
      expect(taken.status).toBe(409);
      const own = await atConsole(bench, 'PATCH', path, { [name]: example.args[name] ?? null });
      expect(own.status).toBe(200);
      expect(second.key.args[name]).toBe(example.second[name]);
    },
  },
  {
    name: 'a key that somebody disables is disabled, until somebody enables it',
    applies: disabling,
    async run(bench, _type, example) {
      const { key, reference, secret } = await bench.create(example.args);
      const path = pathOf(bench, key.id);
      for (const enabled of [false, true]) {
        const changed = await atConsole(bench, 'PATCH', path, { enabled });
        expect(changed.key).toMatchObject({ enabled });
        const [seen] = await bench.handler.list(example.args);
        expect(seen).toMatchObject({ id: key.id, enabled });
        const used = await atConsole(bench, 'POST', `${path}/use`, { secret: secret.reveal() });
        expect(used.body).toEqual(enabled ? { accepted: true } : { accepted: false, reason: 'disabled' });
      }
      // The key that was disabled behind one's back is deleted all the same.
      await atConsole(bench, 'PATCH', path, { enabled: false });
      await bench.handler.delete(reference);
      expect(await bench.handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'a key whose end of life somebody moves ends then',
    applies: where(({ expiry }) => expiry === 'optional', 'its keys do not expire'),
    async run(bench, _type, example) {
      const { key, secret } = await bench.create(example.args);
      const path = pathOf(bench, key.id);
      const use = async () => (await atConsole(bench, 'POST', `${path}/use`, { secret: secret.reveal() })).body;
      expect((await atConsole(bench, 'PATCH', path, { expires_at: '2031-01-01' })).status).toBe(200);
      expect((await bench.handler.list(example.args))[0]?.expiresAt).toMatch(/^2031-01-01T00:00:00(\.0+)?Z$/);
      expect(await use()).toEqual({ accepted: true });
      await atConsole(bench, 'PATCH', path, { expires_at: '-1s' });
      expect(await use()).toEqual({ accepted: false, reason: 'expired' });
      await atConsole(bench, 'PATCH', path, { expires_at: null });
      expect((await bench.handler.list(example.args))[0]?.expiresAt).toBeNull();
      expect(await use()).toEqual({ accepted: true });
    },
  },
  {
    name: 'a key that is used tells when',
    applies: where(({ lastUsed }) => lastUsed !== 'none', 'its API does not tell when a key was last used'),
    async run(bench, type, example) {
      const { key, reference, secret } = await bench.create(example.args);
      const path = pathOf(bench, key.id);
      const lastUse = async () => {
        if (type.capabilities.lastUsed === 'asked') return (await bench.handler.lastUsed?.([reference]))?.get(key.id);
        return (await bench.handler.list(example.args))[0]?.attributes.last_used_at;
      };
      expect((await lastUse()) ?? null).toBeNull();
      const days = (text: Json | undefined) => (bench.clock.server.now() - Date.parse(String(text))) / 86_400_000;
      await atConsole(bench, 'PATCH', path, { last_used_at: '-40d' });
      expect(days(await lastUse())).toBeGreaterThan(39);
      expect(days(await lastUse())).toBeLessThan(41);
      // A try with a wrong secret is no use.
      await atConsole(bench, 'POST', `${path}/use`, { secret: 'not-the-secret' });
      expect(days(await lastUse())).toBeGreaterThan(39);
      await atConsole(bench, 'POST', `${path}/use`, { secret: secret.reveal() });
      expect(days(await lastUse()), 'never longer unused than it is').toBeLessThan(1);
      await atConsole(bench, 'PATCH', path, { last_used_at: null });
      expect((await lastUse()) ?? null).toBeNull();
    },
  },
  {
    name: 'a new secret that somebody gives a key is the one that the API tells',
    applies: where(({ regenerate }) => regenerate, 'its API cannot give a living key a new secret'),
    async run(bench, type, example) {
      for (const args of [example.args, ...(example.updated === undefined ? [] : [example.updated])]) {
        const { key, secret } = await bench.create(args);
        const path = pathOf(bench, key.id);
        const changed = await atConsole(bench, 'PATCH', path, { secret: true });
        expect(changed.secret).not.toBeNull();
        expect(changed.secret === secret.reveal(), 'another one').toBe(false);
        const use = async (text: string) => (await atConsole(bench, 'POST', `${path}/use`, { secret: text })).body;
        expect(await use(secret.reveal())).toEqual({ accepted: false, reason: 'wrong-secret' });
        expect(await use(changed.secret ?? '')).toEqual({ accepted: true });
        if (type.capabilities.secretReadable) {
          const seen = (await bench.handler.read(key.id, args))?.secret?.reveal();
          expect(seen === changed.secret, 'the new one is told').toBe(true);
        }
      }
    },
  },
  {
    name: 'every argument that somebody changes in the console is seen',
    applies: always,
    async run(bench, type, example) {
      const { key, reference } = await bench.create(example.args);
      const path = pathOf(bench, key.id);
      for (const { name, set, shows } of CHANGES) {
        const spec = type.arguments[name];
        if (spec === undefined || spec.source !== 'reported' || type.owner.arguments.includes(name)) continue;
        const answer = await atConsole(bench, 'PATCH', path, { [name]: set });
        if (answer.status === 400) {
          // Only what the vendor fixes for the life of a key may be missing.
          expect(spec.forcesNew, `${name} can be changed, so the console must`).toBe(true);
          continue;
        }
        expect(answer.status, `${name}: ${JSON.stringify(answer.body.keyform)}`).toBe(200);
        const [seen] = await bench.handler.list(example.args);
        const same = spec.same ?? ((a: Json, b: Json) => JSON.stringify(a) === JSON.stringify(b));
        expect(same(seen?.args[name] ?? null, shows), `${name} is ${JSON.stringify(seen?.args[name])}`).toBe(true);
      }
      const [seen] = await bench.handler.list(example.args);
      if (seen === undefined) throw new Error('the key is gone');
      await bench.handler.delete(referenceTo(seen, { ...reference.args, ...seen.args }));
      expect(await bench.handler.list(example.args)).toEqual([]);
    },
  },
  {
    name: 'who changed a key, and when, is told where the type says so',
    applies: ({ told }) => (told === undefined ? 'its API tells neither who changed a key nor when' : true),
    async run(bench, type, example) {
      const { changedAt, changedBy, createdBy } = type.told ?? {};
      const { key } = await bench.create(example.args);
      const change = CHANGES.find(({ name }) => {
        const spec = type.arguments[name];
        // An API that says who changed a key, and changes nothing, leaves it to others to do so.
        return (
          spec !== undefined && (!spec.forcesNew || (type.told?.changedBy !== undefined && name === 'description'))
        );
      });
      if (change === undefined) throw new Error('no argument can be changed');
      bench.clock.advance(3_600_000);
      const done = await atConsole(bench, 'PATCH', pathOf(bench, key.id), { [change.name]: change.set });
      expect(done.status).toBe(200);
      const [seen] = await bench.handler.list(example.args);
      if (changedAt !== undefined) {
        const at = Date.parse(String(seen?.attributes[changedAt]));
        expect(Math.abs(bench.clock.server.now() - at)).toBeLessThan(60_000);
      }
      if (changedBy !== undefined) {
        expect(key.attributes[changedBy], 'nobody yet').toBeNull();
        expect(seen?.attributes[changedBy]).toMatch(/\S/);
      }
      if (createdBy !== undefined) {
        expect(seen?.attributes[createdBy]).toBe(key.attributes[createdBy]);
        const other = await atConsole(bench, 'POST', '', wanted(type, example));
        const stranger = await bench.handler.read(String(other.key.id), example.args);
        expect(stranger?.attributes[createdBy], 'somebody else').not.toBe(key.attributes[createdBy]);
      }
    },
  },
];

/** Values for arguments, and how the API then shows them. */
const CHANGES: readonly { readonly name: string; readonly set: Json; readonly shows: Json }[] = [
  { name: 'display_name', set: 'by hand', shows: 'by hand' },
  { name: 'name', set: 'by-hand', shows: 'by-hand' },
  { name: 'description', set: 'by_hand', shows: 'by_hand' },
  { name: 'tag', set: 'by hand', shows: 'by hand' },
  { name: 'tags', set: { by: 'hand' }, shows: { by: 'hand' } },
  { name: 'identity_policy', set: 'bucket-readonly', shows: 'bucket-readonly' },
  { name: 'scopes', set: ['yc.ydb.tables.manage'], shows: ['yc.ydb.tables.manage'] },
  { name: 'expires_at', set: '2031-01-01T00:00:00Z', shows: '2031-01-01T00:00:00Z' },
  { name: 'enabled', set: false, shows: false },
];
