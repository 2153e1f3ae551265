// A block with ten thousand instances: loading, evaluating and planning them, without a call to any API.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRoom } from './world.mjs';

const MANY = 10_000;
/** What Terraform plans beside it: ten thousand take it minutes. */
const FEW = 1_000;

/** @param {number} count */
function stack(count) {
  const entries = Array.from({ length: count }, (_, index) => [
    `k${String(index).padStart(5, '0')}`,
    { n: index, name: `name-${index}` },
  ]);
  const args = {
    for_each: '${local.m}',
    input: '${each.key}-${upper(each.value.name)}-${each.value.n % 7 == 0 ? "a" : "b"}',
    triggers_replace: ['${each.value.n}'],
  };
  return { locals: { m: Object.fromEntries(entries) }, resource: { terraform_data: { a: args } } };
}

/**
 * @param {string} main the tool's launcher
 * @param {string} scratch
 * @returns {import('./rows.mjs').Row[]}
 */
export function eachRows(main, scratch) {
  const keyform = (name, content) => {
    const { folder, env } = makeRoom(scratch, name);
    mkdirSync(join(folder, 'stacks', 'main'), { recursive: true });
    writeFileSync(join(folder, 'cdktf.json'), '{}');
    writeFileSync(join(folder, 'stacks', 'main', 'main.tf.json'), JSON.stringify(content));
    const keys = { KEYFORM_PASSPHRASE: 'a long enough passphrase' };
    return { program: process.execPath, args: [main, 'plan'], cwd: folder, env: { ...env, ...keys } };
  };
  const row = (id, title, command, limits = []) => ({
    id,
    title,
    groups: ['each'],
    command: async () => command,
    base: 'node',
    limits,
  });
  const terraform = makeRoom(scratch, 'terraform-each');
  writeFileSync(join(terraform.folder, 'main.tf.json'), JSON.stringify(stack(FEW)));
  const env = { ...terraform.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
  return [
    row('plan-none', '`keyform plan`, one output', keyform('each-none', { output: { a: { value: 1 } } })),
    row('plan-each', `\`keyform plan\`, \`for_each\` with ${MANY} instances`, keyform('each-many', stack(MANY)), [
      { words: '≤ plan-none + 1.5 s', holds: ({ median }) => median('plan-each') <= median('plan-none') + 1500 },
      {
        words: '≤ plan-none + 300 MB',
        holds: ({ peak }) => {
          const [many, none] = [peak('plan-each'), peak('plan-none')];
          return many !== null && none !== null && many <= none + 300;
        },
      },
    ]),
    row('plan-each-few', `\`keyform plan\`, \`for_each\` with ${FEW} instances`, keyform('each-few', stack(FEW))),
    row('terraform-plan-each', `\`terraform plan\`, the same ${FEW} instances`, {
      program: 'terraform',
      args: ['plan', '-input=false'],
      cwd: terraform.folder,
      env,
    }),
  ];
}
