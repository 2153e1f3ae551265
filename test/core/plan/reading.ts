import type { Json, JsonObject } from '../../../src/core/json.ts';
import { ELSEWHERE, Lab, OUTSCALE, SINCH } from './lab.ts';
import { type Scenario, sinch } from './scenarios.ts';

const NAMED = `data.${SINCH}`;
const ALL = `data.${SINCH}s`;

/** A lab where project p1 holds `team`, and p2 holds `other`, made by somebody else, a day apart from all that follows. */
async function among(...before: Json[]): Promise<Lab> {
  const lab = await Lab.open();
  const keys = await lab.keys(SINCH);
  for (const [project_id, display_name] of [
    ['p1', 'team'],
    ['p2', 'other'],
  ] as const) {
    await keys.create({ project_id, display_name });
    lab.time += 24 * 3_600_000;
  }
  for (const stack of before) await lab.apply(stack);
  lab.time += 24 * 3_600_000;
  return lab;
}

const then = async (lab: Lab, stack: Json, options: Parameters<Lab['plan']>[1] = {}) => ({
  lab,
  plan: await lab.plan(stack, options),
});

/** Data blocks of Sinch by name: one key, and all keys. */
const data = (one: JsonObject, all: JsonObject = {}): JsonObject => ({
  data: { [SINCH]: one, ...(Object.keys(all).length === 0 ? {} : { [`${SINCH}s`]: all }) },
});
const team = { project_id: 'p1', display_name: 'team' };
const output = (values: Readonly<Record<string, string>>): JsonObject => ({
  output: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value: `\${${value}}` }])),
});

/** Everything of project p1, once `a` is as the stack wants it. */
const watched = (more: JsonObject = {}): JsonObject =>
  sinch(
    { a: more },
    {
      ...data({}, { p1: { project_id: 'p1', depends_on: [`${SINCH}.a`] } }),
      ...output({ ids: `${ALL}.p1.ids` }),
    },
  );

/** What plans say that hold data sources; printed and compared as the other scenarios are. */
export const READINGS: Readonly<Record<string, Scenario>> = {
  'data of a managed owner': async () =>
    then(await among(sinch({ a: {} })), {
      ...sinch({ a: {}, b: { display_name: `beside \${${NAMED}.team.access_key_id}` } }),
      ...data({ team }, { p1: { project_id: 'p1' } }),
      ...output({ names: `${ALL}.p1.keys[1].display_name`, whole: `${NAMED}.team` }),
    }),
  'data of an owner of its own': async () =>
    then(await among(sinch({ a: {} })), {
      ...sinch({ a: {} }),
      ...data({ other: { project_id: 'p2', display_name: 'other' } }, { none: { project_id: 'p3' } }),
      ...output({ other: `${NAMED}.other.id`, none: `${ALL}.none.keys` }),
    }),
  'data by access key id': async () => {
    const lab = await among();
    const [key] = await (await lab.keys(SINCH)).list({ project_id: 'p1' });
    return then(lab, data({ team: { project_id: 'p1', access_key_id: key?.accessKeyId ?? '', display_name: null } }));
  },
  'data of a chain': async () =>
    then(await among(), {
      ...sinch({ a: { project_id: `\${${NAMED}.second.project_id}` } }),
      variable: { p: { default: 'p2' } },
      locals: { first: `\${${ALL}.p2.ids[0]}` },
      ...data(
        { second: { project_id: `\${${ALL}.p2.keys[0].project_id}`, id: '${local.first}' } },
        { p2: { project_id: '${var.p}' }, p1: { project_id: `\${${ALL}.p2.project_id}` } },
      ),
    }),
  'data put off, argument unknown': async () =>
    then(await among(), {
      ...sinch({ a: {}, b: { display_name: `beside \${${NAMED}.a.created_at}` } }),
      ...data({ a: { project_id: 'p1', id: `\${${SINCH}.a.id}` } }),
      ...output({ a: `${NAMED}.a.display_name` }),
    }),
  'data put off, dependency pending': async () => then(await among(watched()), watched(), { replace: [`${SINCH}.a`] }),
  'data put off, known argument of a changing key': async () => {
    const stack = (name: string) => ({
      ...sinch({ a: { display_name: name }, b: { display_name: `\${${NAMED}.a.id} too` } }),
      ...data({ a: { project_id: 'p1', display_name: `\${${SINCH}.a.display_name}` } }),
    });
    return then(await among(stack('one')), stack('two'));
  },
  'data after an apply': async () => then(await among(watched()), watched()),
  'data that is not there': async () =>
    then(await among(sinch({ a: {} })), {
      ...sinch({ a: {}, b: { display_name: `\${${NAMED}.team.id}` }, c: {} }),
      ...data({ team: { ...team, display_name: 'taem' }, id: { project_id: 'p2', id: 'unknown' } }),
    }),
  'data of a silent owner': async () =>
    then(
      await among(),
      { ...sinch({ a: { project_id: 'p2' }, b: { display_name: `\${${NAMED}.team.id}` } }), ...data({ team }) },
      { silent: ['project p1'] },
    ),
  'data behind a refusal': async () =>
    then(await among(), {
      ...sinch({ a: { display_name: 'team' }, b: { display_name: `\${${NAMED}.a.id}` } }),
      ...data({ a: { project_id: 'p1', display_name: `\${${SINCH}.a.display_name}` } }),
      ...output({ a: `${NAMED}.a.id` }),
    }),
  'data without refresh': async () => {
    const lab = await among(sinch({ a: {} }));
    await (await lab.keys(SINCH)).delete(lab.reference(`${SINCH}.a`));
    const stack = { ...sinch({ a: {} }), ...data({ team }), ...output({ team: `${NAMED}.team.display_name` }) };
    return then(lab, stack, { ask: false });
  },
  'data in a refresh alone': async () => {
    const stack = {
      ...sinch({ a: {}, b: {} }),
      ...data({ team, b: { project_id: 'p1', id: `\${${SINCH}.b.id}` }, gone: { ...team, display_name: 'gone' } }),
      ...output({ team: `${NAMED}.team.display_name`, b: `${NAMED}.b.id` }),
    };
    return then(await among(sinch({ a: {} })), stack, { mode: 'refresh-only' });
  },
  'data in a destroy': async () => {
    const stack = { ...sinch({ a: { display_name: `\${${NAMED}.team.access_key_id}` } }), ...data({ team }) };
    return then(await among(stack), stack, { mode: 'destroy' });
  },
  'data of a target': async () =>
    then(
      await among(),
      {
        ...sinch({ a: {}, b: { display_name: `beside \${${NAMED}.team.id}` } }),
        ...data({ team, other: { project_id: 'p2', display_name: 'unread' } }),
      },
      { targets: [`${SINCH}.b`] },
    ),
  'data as a target': async () =>
    then(
      await among(),
      { ...sinch({ a: {}, b: {} }), ...data({ a: { project_id: 'p1', id: `\${${SINCH}.a.id}` }, team }) },
      { targets: [`${NAMED}.a`, `${NAMED}.taem`], replace: [`${NAMED}.team`] },
    ),
  'data with sensitive arguments': async () =>
    then(await among(), {
      variable: {
        project: { default: 'p1', sensitive: true },
        name: { default: 'team', sensitive: true },
        canary: { default: 'canary', sensitive: true },
      },
      ...sinch({ a: { display_name: `beside \${${NAMED}.team.display_name}` } }),
      ...data(
        {
          team: { project_id: '${var.project}', display_name: '${var.name}' },
          lost: { project_id: '${var.project}', display_name: '${var.canary}' },
        },
        { p1: { project_id: '${var.project}' } },
      ),
      ...output({ id: `${NAMED}.team.id`, project: `${ALL}.p1.keys[0].project_id` }),
    }),
  'data through an alias': async () =>
    then(await among(), {
      provider: { keyform: [{}, { alias: 'eu', ...ELSEWHERE }] },
      ...data({ team }, { here: { project_id: 'p1' }, there: { project_id: 'p1', provider: 'keyform.eu' } }),
    }),
  'data without a connection': async () =>
    then(await among(), {
      provider: { keyform: [{}, { alias: 'eu', sinch: { key_id: '${var.id}' } }] },
      variable: { id: { default: 'a:b' } },
      ...data({ team: { ...team, provider: 'keyform.eu' } }),
    }),
  'data of a caller without a name': async () => {
    const lab = await among();
    const { key } = await (await lab.keys(OUTSCALE)).create({ tag: 'x' });
    return then(lab, {
      data: { [OUTSCALE]: { own: { id: key.id } } },
      ...output({ tag: `data.${OUTSCALE}.own.tag`, user: `data.${OUTSCALE}.own.user_name` }),
    });
  },
};
