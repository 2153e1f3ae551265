import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOnlyConnection, readOnlyHandler, readOnlyHttp } from '../../src/core/drift/reader.ts';
import { isKeyformError } from '../../src/core/error.ts';
import type { HttpCall, HttpPort } from '../../src/core/http.ts';
import type { KeyHandler } from '../../src/core/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { readerOf } from '../../src/engine/reader.ts';
import { clouds } from '../../src/providers/index.ts';
import { examples } from '../conformance/examples.ts';
import { IDENTITY } from '../state/fixture.ts';
import { PROJECT, World } from './world.ts';

// `keyform drift` cannot write: not by what its code reaches, and not by what it is given at run time.

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** Modules that a module loads when it runs, at once or late; types are gone by then. */
function loadedBy(path: string): string[] {
  const code = readFileSync(join(SRC, path), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/(^|\s)\/\/.*$/gm, '$1');
  const found: string[] = [];
  const add = (specifier: string | undefined) => {
    if (specifier?.startsWith('.')) found.push(posix.normalize(posix.join(posix.dirname(path), specifier)));
  };
  for (const match of code.matchAll(/^\s*(?:import|export)\s+(type\s)?([^'"`;]*?)from\s*['"]([^'"]+)['"]/gm)) {
    const names = /^\{(.*)\}\s*$/s.exec((match[2] ?? '').trim())?.[1];
    const onlyTypes = names?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '));
    if (match[1] === undefined && onlyTypes !== true) add(match[3]);
  }
  for (const match of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) add(match[1]);
  for (const match of code.matchAll(
    /await\s+import\(\s*['"]([^'"]+)['"]\s*\)|\[?\s*import\(\s*['"]([^'"]+)['"]\s*\),/g,
  ))
    add(match[1] ?? match[2]);
  return found;
}

/** Everything that is loaded, by each module that leads to it first. `stop`: modules that are not followed. */
function reach(roots: readonly string[], stop: readonly string[] = []): Map<string, string> {
  const from = new Map<string, string>(roots.map((root) => [root, 'the test']));
  for (const path of from.keys())
    if (!stop.includes(path)) for (const next of loadedBy(path)) if (!from.has(next)) from.set(next, path);
  return from;
}

const CHANGING = [
  ...['apply', 'make', 'alter', 'take', 'attempt', 'recover', 'running', 'walk', 'provision', 'command'].map(
    (name) => `engine/${name}.ts`,
  ),
  'engine/stack.ts',
  'engine/storage.ts',
  ...['store', 'session', 'keeper', 'writer', 'copy'].map((name) => `state/${name}.ts`),
];

describe('what drift reaches', () => {
  it('is no module that changes keys or writes a state', () => {
    const reached = reach(['engine/drift.ts', 'engine/reader.ts', 'engine/sibling.ts', 'core/drift/output.ts']);
    expect(reached.size).toBeGreaterThan(50);
    for (const path of ['core/drift/compare.ts', 'core/drift/reader.ts', 'state/reader.ts', 'engine/connect.ts'])
      expect(reached.has(path), path).toBe(true);
    expect(CHANGING.filter((path) => reached.has(path)).map((path) => `${path} by ${reached.get(path)}`)).toEqual([]);
  });

  it('is no such module from the command either, but for what every command has around it', () => {
    // The workspace of all commands can open a store; the command asks it for none.
    const around = ['cli/context.ts'];
    const reached = reach(['cli/command/drift.ts'], around);
    expect(reached.has('engine/drift.ts')).toBe(true);
    expect(CHANGING.filter((path) => reached.has(path)).map((path) => `${path} by ${reached.get(path)}`)).toEqual([]);
    for (const path of reached.keys())
      if (path.startsWith('cli/') && !around.includes(path))
        expect(readFileSync(join(SRC, path), 'utf8'), path).not.toMatch(/\.(store|storeOptions|begin)\(/);
  });

  it('would be seen, were it more', () => {
    expect(reach(['cli/command/apply.ts']).has('state/writer.ts')).toBe(true);
    expect(reach(['cli/command/apply.ts']).has('engine/make.ts')).toBe(true);
    expect(reach(['engine/storage.ts']).get('state/store.ts')).toBe('engine/storage.ts');
  });
});

it('the reader of a state neither locks nor writes', async () => {
  const world = await World.open();
  await world.apply({ resource: { keyform_sinch_access_key: { k: { project_id: 'p1', display_name: 'ci' } } } });
  const never = () => {
    throw new Error('a reader must not do this');
  };
  const { disk } = world;
  const files = {
    read: (path: string, limit?: number) => disk.read(path, limit),
    list: (path: string) => disk.list(path),
    replace: never,
    rename: never,
    createExclusive: never,
    open: never,
    remove: never,
  };
  const keys = { identities: [new Secret(IDENTITY)], passphrase: null, recipients: [] };
  const reader = readerOf({ ...world.engine, files }, PROJECT, 'test', keys);
  expect([...(await reader.read()).state.resources.keys()]).toEqual(['keyform_sinch_access_key.k']);
  expect(await reader.holder()).toBe(null);
  expect(Object.keys(reader).sort()).toEqual(['holder', 'read']);
});

/** The code of the error that a call throws; null when it throws none. */
async function refusedBy(work: () => Promise<unknown> | undefined): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isKeyformError(error)) return error.code;
    throw error;
  }
}

describe.each(clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, cloud, type] as const)))(
  'a call that changes a %s',
  (name, cloud, type) => {
    const example = examples[name];
    if (example === undefined) throw new Error(`no example of ${name}`);

    async function open() {
      const world = await World.open({ [cloud.name]: example?.options ?? {} });
      const keys = await world.keys(name);
      const { key, secret } = await keys.create(example?.args ?? {});
      const reference = {
        id: key.id,
        accessKeyId: key.accessKeyId,
        args: { ...example?.args, ...key.args },
        expiresAt: key.expiresAt,
        enabled: key.enabled,
      };
      const settings = world.engine.override(cloud) ?? {};
      const sent: string[] = [];
      const http: HttpPort = {
        send: (call) =>
          world.http.send({
            ...call,
            build: async (attempt) => {
              const request = await call.build(attempt);
              sent.push(call.action);
              return request;
            },
          }),
      };
      const connect = async (port: HttpPort) =>
        (await cloud.connect(settings, { ...world.engine, http: port })).handler(name);
      const data = () => JSON.stringify(world.emulators.get(cloud.name)?.save());
      return { reference, secret, sent, http, connect, data, args: example?.args ?? {} };
    }

    /** Every function of a handler that changes something, where the type has it. */
    function changes(handler: KeyHandler, reference: Awaited<ReturnType<typeof open>>['reference'], args: object) {
      const calls: Record<string, () => Promise<unknown> | undefined> = {
        create: () => handler.create({ ...args, ...example?.second }),
        delete: () => handler.delete(reference),
      };
      if (type.capabilities.disable) calls.setEnabled = () => handler.setEnabled(reference, !reference.enabled);
      if (type.capabilities.regenerate) calls.regenerate = () => handler.regenerate?.(reference);
      const [update] = example?.updates ?? [];
      const updated = Object.keys(update ?? {}).filter((argument) => argument !== 'enabled');
      if (updated.length > 0 && example?.updated === undefined)
        calls.update = () => handler.update(reference, { ...reference.args, ...update }, updated);
      return calls;
    }

    it('is in no handler that drift is given', async () => {
      const { connect, http, reference, args, sent, data } = await open();
      const before = data();
      const whole = readOnlyConnection({ credentialId: 'id', handler: () => inner });
      const inner = await connect(http);
      for (const handler of [readOnlyHandler(inner), whole.handler(name)]) {
        const calls = changes(handler, reference, args);
        for (const [call, work] of Object.entries(calls)) expect(await refusedBy(work), call).toBe('refused');
      }
      expect([sent, data()]).toEqual([[], before]);
    });

    it('does not get through the door that drift has to the network', async () => {
      const { connect, http, reference, args, sent, data } = await open();
      const handler = await connect(readOnlyHttp(http));
      const before = data();
      const calls = changes(handler, reference, args);
      for (const [call, work] of Object.entries(calls)) {
        sent.length = 0;
        expect(await refusedBy(work), call).toBe('refused');
        expect(
          sent.filter((action) => !/^(List|Read|Describe|Get|.*[Tt]oken)/.test(action)),
          call,
        ).toEqual([]);
      }
      expect(data()).toBe(before);
    });

    it('is told from one that reads', async () => {
      const { connect, http, reference, secret, sent } = await open();
      const door = readOnlyHttp(http);
      const handler = readOnlyHandler(await connect(door));
      expect((await handler.list(reference.args)).some(({ id }) => id === reference.id)).toBe(true);
      expect((await handler.read(reference.id, reference.args))?.id).toBe(reference.id);
      if (type.capabilities.lastUsed === 'asked') expect((await handler.lastUsed?.([reference]))?.size).toBe(1);
      if (type.capabilities.verify) expect(await handler.verify(reference, secret)).toBe(true);
      expect(door.calls).toBe(sent.length);
      expect(sent.length).toBeGreaterThan(0);
    });
  },
);

describe('the door', () => {
  const request = (method: 'GET' | 'POST') => ({ method, url: 'http://127.0.0.1:1/', headers: {} });
  const call = (over: Partial<HttpCall>): HttpCall => ({
    action: 'X',
    safe: true,
    build: () => request('POST'),
    judge: () => 'final',
    ...over,
  });
  const port: HttpPort = {
    send: async (one) => {
      await one.build(0);
      return { status: 200, headers: {}, body: '' };
    },
  };

  it('goes by what a call says of itself, and by its method; that it is safe to repeat means nothing', async () => {
    const door = readOnlyHttp(port);
    expect(await refusedBy(() => door.send(call({})))).toBe('refused');
    expect(await refusedBy(() => door.send(call({ reads: false })))).toBe('refused');
    expect(await refusedBy(() => door.send(call({ reads: true })))).toBe(null);
    expect(await refusedBy(() => door.send(call({ build: () => request('GET') })))).toBe(null);
    expect(door.calls).toBe(4);
  });

  it('keeps secrets out of what it says', async () => {
    const secret = new Secret('CANARY');
    await expect(
      readOnlyHttp(port).send(call({ build: () => ({ ...request('POST'), body: secret.reveal() }) })),
    ).rejects.toThrow(/^A command that only looks was about to change something \(X\)$/);
  });
});
