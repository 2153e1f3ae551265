import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { World } from './world.ts';

// An attempt whose outcome no disk takes: what is told, and what becomes of the key.

const ci = { project_id: 'p1', display_name: 'ci' };
const stack = { resource: { keyform_sinch_access_key: { ci } } };
const user = { resource: { keyform_outscale_access_key: { ci: { user_name: 'u' } } } };

/** From the answer to a create on nothing can be written anywhere; its answer is changed by `spoil`. */
function failing(world: World, spoil: (body: Record<string, Record<string, unknown>>) => void): { secret: string } {
  const seen = { secret: '' };
  world.meddler.after = (action, response) => {
    if (action !== 'CreateAccessKey') return response;
    world.disk.fault = (step) => (step === 'read' ? null : 'EROFS');
    const body = JSON.parse(response.body);
    seen.secret = body.secret ?? body.AccessKey.SecretKey;
    spoil(body);
    return { ...response, body: JSON.stringify(body) };
  };
  return seen;
}

async function living(world: World, type: string, args: JsonObject): Promise<readonly string[]> {
  return (await (await world.keys(type)).list(args)).map(({ id }) => id);
}

describe('what an attempt came to, when no disk takes it', () => {
  it('is told with the reason of the API first', async () => {
    const world = await World.open();
    world.meddler.before = (action) => {
      if (action !== 'CreateAccessKey') return;
      world.disk.fault = (step) => (step === 'read' ? null : 'ENOSPC');
      throw new KeyformError('quota-exceeded', 'Project p1 has no room for another key', { detail: 'Delete one.' });
    };
    const result = await world.apply(
      {
        resource: { keyform_sinch_access_key: { ci, other: { ...ci, display_name: 'other' } } },
      },
      { parallelism: 1 },
    );
    // The disk stops the whole run, as ever.
    expect([result.failed.length, result.skipped.length]).toEqual([1, 1]);
    expect(result.diagnostics[0]?.summary).toBe('Project p1 has no room for another key');
    expect(result.diagnostics[0]?.detail).toMatch(
      /^Delete one\.\nBesides: Cannot record "failed of \S+": .*\(ENOSPC\)/,
    );
    expect(result.diagnostics[0]?.detail).toContain('It is kept in memory');
  });

  it('is undone where a spoilt answer named the key', async () => {
    const world = await World.open();
    const seen = failing(world, ({ AccessKey }) => delete AccessKey?.State);
    const { diagnostics } = await world.apply(user);
    const [said] = diagnostics;
    expect(said?.summary).toMatch(/^Cannot record "arrived of keyform_outscale_access_key\.ci"/);
    expect(said?.detail).toMatch(
      /the secret of its new key \S+, so the key was deleted again\. .*no good: .*"AccessKey\.State"/s,
    );
    expect(JSON.stringify(diagnostics)).not.toContain(seen.secret);
    expect(await living(world, 'keyform_outscale_access_key', { user_name: 'u' })).toEqual([]);
    world.disk.fault = () => null;
    world.meddler.after = (_, response) => response;
    world.alive = false;
    world.clock.time += 60_000;
    expect((await world.apply(user)).failed).toEqual([]);
    expect((await world.store.read()).state.intents.size).toBe(0);
  });

  it('names the key that lives where it cannot be deleted', async () => {
    const world = await World.open();
    failing(world, ({ AccessKey }) => delete AccessKey?.State);
    world.meddler.before = (action) => {
      if (action === 'DeleteAccessKey') throw new KeyformError('unavailable', 'Not now');
    };
    const [said] = (await world.apply(user)).diagnostics;
    const [id] = await living(world, 'keyform_outscale_access_key', { user_name: 'u' });
    expect(said?.summary).toContain('nor could its key be deleted again');
    expect(said?.detail).toMatch(new RegExp(`^Key ${id} exists, and .*Deleting it failed: Not now\\.`));
  });

  it.each([
    ['names the only key that it can be', false, (id: string) => `It is, as far as can be told, key ${id}.`],
    ['says that no list shows it', true, () => 'no list shows it yet'],
  ])('%s where the answer did not', async (_, hidden, words) => {
    const world = await World.open();
    failing(world, ({ accessKey }) => delete accessKey?.accessKeyId);
    const { after } = world.meddler;
    world.meddler.after = (action, response) =>
      hidden && action === 'ListAccessKeys'
        ? { ...response, body: JSON.stringify({ accessKeys: [] }) }
        : (after?.(action, response) ?? response);
    const [said] = (await world.apply(stack)).diagnostics;
    if (after !== undefined) world.meddler.after = after;
    const [id = ''] = await living(world, 'keyform_sinch_access_key', ci);
    expect(id).not.toBe('');
    expect(said?.summary).toMatch(/; and its new key is alive$/);
    expect(said?.detail).toContain(words(id));
    expect(said?.detail).toContain('only this process has its secret');
  });
});
