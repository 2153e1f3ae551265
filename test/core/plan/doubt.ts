import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Sibling } from '../../../src/core/plan/sibling.ts';
import { emptyState, type Intent, type State } from '../../../src/core/state.ts';
import { Lab, OUTSCALE, SINCH } from './lab.ts';
import { after, crashed, days, outscale, type Scenario, sinch, planned as then } from './scenarios.ts';

/** Whose is it? Keys in no state of the stack that may be another stack's, or tell that the state is an older copy. */

const YANDEX = 'keyform_yandex_static_access_key';
const yandex = (names: readonly string[]): JsonObject => ({
  resource: { [YANDEX]: Object.fromEntries(names.map((name) => [name, { service_account_id: 'aje1' }])) },
});
const ci = outscale({ a: { user_name: 'ci' } });
const rotated = (v: string) => outscale({ a: { user_name: 'ci', keepers: { v } } });

/** Takes an address out of the lab's state, and gives the state of a stack that has it. */
function handOver(lab: Lab, address: string): State {
  const resource = lab.state.resources.get(address);
  if (resource === undefined) throw new Error(`no ${address}`);
  lab.state.resources.delete(address);
  return { ...emptyState('other', 'other'), resources: new Map([[address, resource]]) };
}

/** Another stack whose attempt, of the same kind as the lab's only one, is open. */
function rivalOf(lab: Lab, more: Partial<Intent> = {}): State {
  const [intent] = lab.state.intents.values();
  if (intent === undefined) throw new Error('no open attempt');
  return { ...emptyState('other', 'other'), intents: new Map([['theirs', { ...intent, id: 'theirs', ...more }]]) };
}

const other = (state: State | Error, busy: string | null = null): Sibling => ({ stack: 'other', state, busy });

/** The lab after `stack` was applied to it, with the state that it had before. */
async function putBack(lab: Lab, stack: Json): Promise<Lab> {
  const { writtenAt } = lab.state;
  const before = new Map(lab.state.resources);
  await lab.apply(stack);
  lab.time += days(1);
  lab.state.resources.clear();
  for (const [address, resource] of before) lab.state.resources.set(address, resource);
  lab.state.writtenAt = writtenAt;
  return lab;
}

/** A lab after `stack`, whose state was written then. */
async function written(stack: Json): Promise<Lab> {
  const lab = await after(stack);
  lab.state.writtenAt = new Date(lab.time).toISOString();
  lab.time += days(1);
  return lab;
}

/** A lab whose attempt to make a key came to nothing, while another stack made one just like it. */
async function raced(): Promise<{ lab: Lab; theirs: State }> {
  const lab = await crashed(await Lab.open(), ci);
  const [intent] = lab.state.intents.values();
  const keys = await lab.keys(OUTSCALE);
  for (const key of await keys.list({ user_name: 'ci' })) await keys.delete(key);
  await lab.apply(outscale({ b: { user_name: 'ci' } }), { targets: [`${OUTSCALE}.b`] });
  lab.state.intents.clear();
  if (intent !== undefined) lab.state.intents.set(intent.id, intent);
  return { lab, theirs: handOver(lab, `${OUTSCALE}.b`) };
}

export const DOUBTS: Readonly<Record<string, Scenario>> = {
  'intent open, its candidate is the key of another stack': async () => {
    const { lab, theirs } = await raced();
    lab.time += 60_000;
    return then(lab, ci, { siblings: [other(theirs)] });
  },
  'intent open, its candidate may be that of another stack': async () => {
    const lab = await crashed(await Lab.open(), ci);
    return then(lab, ci, { siblings: [other(rivalOf(lab))] });
  },
  'intent open, another stack is at work on its candidate': async () => {
    const lab = await crashed(await Lab.open(), ci);
    return then(lab, ci, { siblings: [other(rivalOf(lab), 'alice@build-7, process 42, "apply" since noon')] });
  },
  'intent open, another stack made nothing like it': async () => {
    const lab = await crashed(await Lab.open(), ci);
    const [{ id } = { id: '' }] = await (await lab.keys(OUTSCALE)).list({ user_name: 'ci' });
    const others: Partial<Intent>[] = [
      { scope: 'elsewhere' },
      { args: { user_name: 'other' } },
      { args: { user_name: 'ci', tag: 'x' } },
      { at: '2025-12-01T00:00:00.000Z' },
      { operation: 'update' },
      { type: SINCH },
      { knownIds: [id] },
    ];
    return then(lab, ci, { siblings: others.map((more) => other(rivalOf(lab, more))) });
  },
  'intent open, another stack cannot be read': async () => {
    const lab = await crashed(await Lab.open(), ci);
    return then(lab, ci, { siblings: [other(new Error('sealed for somebody else'))] });
  },
  'intent open, its candidate is used': async () => {
    const lab = await crashed(await Lab.open({ yandex: { used_after_seconds: 30 } }), yandex(['a']));
    lab.time += 60_000;
    return then(lab, yandex(['a']));
  },
  'older state, its key was replaced since': async () =>
    then(await putBack(await after(ci), rotated('1')), rotated('1')),
  'older state, its key was replaced since, among names': async () => {
    const next = sinch({ a: { keepers: { v: '1' } }, b: { display_name: `for \${${SINCH}.a.id}` } });
    return then(await putBack(await after(sinch({ a: {}, b: { display_name: 'b' } })), next), next);
  },
  'older state, its key was replaced since, which is right': async () =>
    then(await putBack(await written(ci), rotated('1')), rotated('1'), { replace: [`${OUTSCALE}.a`] }),
  'older state, its key was replaced since, refresh only': async () =>
    then(await putBack(await after(ci), rotated('1')), rotated('1'), { mode: 'refresh-only' }),
  'older state, its key was replaced since, destroyed': async () =>
    then(await putBack(await after(ci), rotated('1')), rotated('1'), { mode: 'destroy' }),
  'older state, its key was replaced since, no longer declared': async () =>
    then(await putBack(await after(ci), rotated('1')), outscale({})),
  'older state, its key was replaced since, not a target': async () => {
    const stack = outscale({ a: { user_name: 'ci', keepers: { v: '1' } }, b: { user_name: 'other' } });
    return then(await putBack(await after(ci), rotated('1')), stack, { targets: [`${OUTSCALE}.b`] });
  },
  'older state, a key was made since': async () => {
    const stack = outscale({
      a: { user_name: 'ci' },
      b: { user_name: 'ci', tag: 'b' },
      c: { user_name: 'ci', tag: 'c' },
    });
    const lab = await written(ci);
    return then(await putBack(lab, outscale({ a: { user_name: 'ci' }, b: { user_name: 'ci', tag: 'b' } })), stack);
  },
  'older state, a key was made since, among names': async () =>
    then(await putBack(await written(sinch({ a: {} })), sinch({ a: {}, b: {} })), sinch({ a: {}, b: {} })),
  'older state, a key was made since, another stack cannot be read': async () => {
    const stack = outscale({ a: { user_name: 'ci' }, b: { user_name: 'ci', tag: 'b' } });
    return then(await putBack(await written(ci), stack), stack, { siblings: [other(new Error('sealed for others'))] });
  },
  'gone outside, one like it is older': async () => {
    const lab = await Lab.open();
    await (await lab.keys(OUTSCALE)).create({ user_name: 'ci' });
    lab.time += days(1);
    await lab.apply(ci);
    lab.state.writtenAt = new Date(lab.time).toISOString();
    await (await lab.keys(OUTSCALE)).delete(lab.reference(`${OUTSCALE}.a`));
    return then(lab, ci);
  },
  'gone outside, one like it is held by another stack': async () => {
    const lab = await written(ci);
    await lab.apply(outscale({ a: { user_name: 'ci' }, b: { user_name: 'ci' } }));
    const theirs = handOver(lab, `${OUTSCALE}.b`);
    await (await lab.keys(OUTSCALE)).delete(lab.reference(`${OUTSCALE}.a`));
    return then(lab, ci, { siblings: [other(theirs)] });
  },
  'gone outside, one like it may be made by another stack': async () => {
    const lab = await written(ci);
    await crashed(lab, outscale({ a: { user_name: 'ci' }, b: { user_name: 'ci' } }));
    const theirs = { ...emptyState('other', 'other'), intents: new Map(lab.state.intents) };
    lab.state.intents.clear();
    await (await lab.keys(OUTSCALE)).delete(lab.reference(`${OUTSCALE}.a`));
    return then(lab, ci, { siblings: [other(theirs)] });
  },
  'gone outside, one like it is an orphan': async () => {
    const lab = await crashed(await after(ci), rotated('1'));
    await (await lab.keys(OUTSCALE)).delete(lab.reference(`${OUTSCALE}.a`));
    return then(lab, rotated('1'));
  },
  'gone outside, a newer one is not like it': async () => {
    const lab = await written(outscale({ a: { user_name: 'ci', tag: 'a' } }));
    const keys = await lab.keys(OUTSCALE);
    await keys.create({ user_name: 'ci', tag: 'b' });
    await keys.create({ user_name: 'other', tag: 'a' });
    await keys.delete(lab.reference(`${OUTSCALE}.a`));
    return then(lab, outscale({ a: { user_name: 'ci', tag: 'a' } }));
  },
};
