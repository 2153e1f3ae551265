import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { answerKeys } from '../../src/emulator/keys.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.ts';
import { clouds } from '../../src/providers/index.ts';
import { freshFolder } from './folder.ts';
import { ports } from './ports.ts';

const servers: Emulator[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const server = await startEmulator({ ...ports, clouds, port: 0, dataFile: null, options: {}, ...options });
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly key: Record<string, unknown>;
    readonly keys: readonly Record<string, unknown>[];
    readonly secret: string;
    readonly keyform: { readonly error: string };
    readonly accepted: boolean;
  };
}

async function ask(server: Emulator, method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
  const response = await fetch(`${server.origin}/_keyform/keys${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const MADE = { type: 'keyform_sinch_access_key', project_id: 'p1', display_name: 'by hand' };

/** The least that makes a key. */
const SEEDS: Readonly<Record<string, Record<string, string>>> = {
  keyform_nscale_access_key: { endpoint_id: 'endpoint-a', name: 'a', identity_policy: 'bucket-admin' },
  keyform_outscale_access_key: { user_name: 'ci' },
  keyform_sinch_access_key: { project_id: 'p1', display_name: 'a' },
  keyform_tencent_api_key: { secret_name: 'a' },
  keyform_tencent_cam_access_key: { target_uin: '100013065917' },
  keyform_yandex_api_key: { service_account_id: 'aje-one' },
  keyform_yandex_static_access_key: { service_account_id: 'aje-one' },
};

describe('the console', () => {
  test('takes every type of every cloud, and describes each of its fields', async () => {
    const types: string[] = [];
    for (const cloud of clouds) {
      const { start: begin } = await cloud.emulator();
      const { desks } = begin({ data: null, clock: ports.clock, seed: new Uint8Array(32), options: {} });
      expect(desks.map(({ type }) => type).sort()).toEqual(cloud.resources.map(({ type }) => type).sort());
      for (const { type, fields } of desks) {
        types.push(type);
        for (const [name, text] of Object.entries({ ...fields.create, ...fields.change })) {
          expect(text, `${type} ${name}`).toMatch(/^\S.+\.$/);
        }
        // What a stack names the owner by is what the console names it by.
        const resource = cloud.resources.find((one) => one.type === type);
        expect(Object.keys(fields.create)).toEqual(expect.arrayContaining([...(resource?.owner.arguments ?? [])]));
      }
    }
    expect(types).toHaveLength(7);
  });

  test('is documented field by field', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/emulator.md'), 'utf8');
    for (const cloud of clouds) {
      const { start: begin } = await cloud.emulator();
      const { desks } = begin({ data: null, clock: ports.clock, seed: new Uint8Array(32), options: {} });
      for (const { type, fields } of desks) {
        const cell = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
        const row = `| \`${type}\` | ${cell(Object.keys(fields.create))} | ${cell(Object.keys(fields.change))} |`;
        expect(page).toContain(row);
      }
    }
  });

  test('keeps what it did, and no secret, in the data file before it answers', async () => {
    const dataFile = join(await freshFolder(), 'data.json');
    const first = await start({ dataFile });
    const { body } = await ask(first, 'POST', '', MADE);
    const text = await readFile(dataFile, 'utf8');
    expect(text).toContain('by hand');
    expect(text.includes(body.secret)).toBe(false);
    const path = `/sinch/${String(body.key.id)}`;
    expect((await ask(first, 'PATCH', path, { display_name: 'again by hand' })).status).toBe(200);
    await first.close();
    const second = await start({ dataFile });
    expect((await ask(second, 'GET', path)).body.key).toMatchObject({ args: { display_name: 'again by hand' } });
    expect((await ask(second, 'POST', `${path}/use`, { secret: body.secret })).body.accepted).toBe(true);
    expect((await ask(second, 'DELETE', path)).status).toBe(200);
    expect(await readFile(dataFile, 'utf8')).not.toContain('again by hand');
  });

  test('lists all keys, those of a cloud, or those of a type', async () => {
    const server = await start();
    await ask(server, 'POST', '', MADE);
    await ask(server, 'POST', '', { type: 'keyform_yandex_api_key', service_account_id: 'aje-one' });
    await ask(server, 'POST', '', { type: 'keyform_yandex_static_access_key', service_account_id: 'aje-one' });
    const typesIn = async (query: string) => (await ask(server, 'GET', query)).body.keys.map(({ type }) => type);
    expect(await typesIn('?cloud=yandex')).toEqual(['keyform_yandex_api_key', 'keyform_yandex_static_access_key']);
    expect(await typesIn('?type=keyform_yandex_api_key')).toEqual(['keyform_yandex_api_key']);
    // Those that authenticate here are keys too.
    expect((await typesIn('')).sort()).toEqual([
      'keyform_outscale_access_key',
      'keyform_sinch_access_key',
      'keyform_sinch_access_key',
      'keyform_tencent_cam_access_key',
      'keyform_yandex_api_key',
      'keyform_yandex_static_access_key',
    ]);
  });

  test('is closed to pages of other origins, and to requests that need no asking beforehand', async () => {
    const server = await start();
    expect((await ask(server, 'GET', '', undefined, { origin: 'http://evil.example' })).status).toBe(403);
    for (const [method, path] of [
      ['POST', ''],
      ['PATCH', '/sinch/x'],
    ] as const) {
      const answer = await ask(server, method, path, {}, { 'content-type': 'text/plain' });
      expect(answer.status).toBe(403);
    }
  });

  test('says what it takes, and repeats no secret', async () => {
    const server = await start();
    const { body } = await ask(server, 'POST', '', MADE);
    const path = `/sinch/${String(body.key.id)}`;
    const refused = await ask(server, 'PATCH', path, { enabled: false });
    expect(refused.body.keyform.error).toBe(
      'a change of a keyform_sinch_access_key: there is no "enabled" in it, only display_name, created_at',
    );
    const missing = await ask(server, 'POST', '', { type: 'keyform_sinch_access_key' });
    expect(missing.body.keyform.error).toMatch(/^a new keyform_sinch_access_key: "project_id": .+; "display_name": /);
    const odd = await ask(server, 'POST', `${path}/use`, { secret: body.secret, more: body.secret });
    expect(odd.status).toBe(400);
    expect(JSON.stringify(odd.body)).not.toContain(body.secret);
    const full = await start({ options: { sinch: { quota: 1 } } });
    await ask(full, 'POST', '', MADE);
    const over = await ask(full, 'POST', '', { ...MADE, display_name: 'second' });
    expect([over.status, over.body.keyform.error]).toEqual([409, 'the project holds 1 keys, as many as it can']);
  });

  test('answers 500 when the disk does not take it, and its log line holds nothing that was sent', async () => {
    const lines: string[] = [];
    const full = { failing: false };
    const files = {
      ...ports.files,
      replace: async (...args: Parameters<typeof ports.files.replace>) => {
        if (full.failing) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        return ports.files.replace(...args);
      },
    };
    const dataFile = join(await freshFolder(), 'data.json');
    const server = await start({ dataFile, files, onRequest: (line) => lines.push(line) });
    const { body } = await ask(server, 'POST', '', MADE);
    full.failing = true;
    const answer = await ask(server, 'POST', '', { ...MADE, display_name: 'second' });
    expect(answer.status).toBe(500);
    expect(answer.body.keyform.error).toContain('ENOSPC');
    full.failing = false;
    await ask(server, 'POST', `/sinch/${String(body.key.id)}/use`, { secret: body.secret });
    expect(lines).toHaveLength(3);
    expect(lines.join('\n').includes(body.secret)).toBe(false);
    expect(lines.join('\n')).not.toContain('by hand');
  });

  test('takes anything that is sent without falling over, and what it takes can be saved and read again', async () => {
    const value = fc.oneof(
      fc.json().map((text): Json => JSON.parse(text)),
      fc.constantFrom<Json>(
        null,
        true,
        false,
        '',
        'x',
        'by hand',
        '-1d',
        '+1d',
        '2031-01-01',
        '-365000d',
        '1970-01-01',
      ),
      fc.dictionary(fc.string(), fc.string()),
      fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    );
    for (const cloud of clouds) {
      const { start: begin } = await cloud.emulator();
      const open = (data: Json) => begin({ data, clock: ports.clock, seed: new Uint8Array(32), options: {} });
      let emulator = open(null);
      const names = emulator.desks.flatMap(({ fields }) => [
        ...Object.keys(fields.create),
        ...Object.keys(fields.change),
      ]);
      const ask = (method: string, path: string, body: Json) => {
        const request = { method, path: '', query: new URLSearchParams(), headers: {}, body: JSON.stringify(body) };
        return answerKeys(request, path, [emulator], ports.clock.now()).answer;
      };
      const body = fc
        .uniqueArray(fc.constantFrom(...new Set(names)), { maxLength: 2 })
        .chain((some) =>
          fc.tuple(...some.map((name) => fc.tuple(fc.constant(name), value))).map((pairs) => Object.fromEntries(pairs)),
        );
      const taken = { create: 0, change: 0 };
      fc.assert(
        fc.property(body, fc.nat(), (fields, pick) => {
          const { desks } = emulator;
          const desk = desks[pick % desks.length];
          if (desk === undefined) throw new Error('no desks');
          const made = ask('POST', 'keys', { type: desk.type, ...SEEDS[desk.type], ...fields });
          expect([201, 400, 409]).toContain(made.status);
          if (made.status === 201) taken.create += 1;
          const keys = desk.keys();
          const key = keys[pick % Math.max(keys.length, 1)];
          if (key !== undefined) {
            const changed = ask('PATCH', `keys/${cloud.name}/${encodeURIComponent(key.id)}`, fields);
            expect([200, 400, 409]).toContain(changed.status);
            if (changed.status === 200) taken.change += 1;
          }
          const saved = JSON.parse(JSON.stringify(emulator.save())) as Json;
          const before = emulator.desks.map((one) => one.keys());
          emulator = open(saved);
          expect(emulator.desks.map((one) => one.keys())).toEqual(before);
        }),
        { numRuns: 150 },
      );
      expect(Math.min(taken.change, taken.create), cloud.name).toBeGreaterThan(0);
    }
  });

  test('counts as no call of a key API', async () => {
    const server = await start();
    await ask(server, 'POST', '', MADE);
    expect(server.counts()).toEqual({});
  });
});
