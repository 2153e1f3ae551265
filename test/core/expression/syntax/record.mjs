// Asks terraform what it makes of each text in answers.json, as a JSON string of a stack, and writes the answers there: `node record.mjs`,
// with terraform on PATH. To add a text, put `{ "text": … }` in and run this.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const file = join(import.meta.dirname, 'answers.json');
const { locals, answers } = JSON.parse(readFileSync(file, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'syntax-'));
const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
// Terraform counts the lines within a string too, so that each output is given as many.
const LINES = 100;

function run(outputs, ...args) {
  const lines = outputs.map(
    ([index, { text }]) => `${'\n'.repeat(LINES)}"o${index}": {"value": ${JSON.stringify(text)}}`,
  );
  writeFileSync(join(folder, 'main.tf.json'), `{"locals": ${JSON.stringify(locals)}, "output": {${lines.join(',')}}}`);
  return spawnSync('terraform', args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
}

const all = [...answers.entries()];
const errors = new Map();
for (const { summary, range } of JSON.parse(run(all, 'validate', '-json').stdout).diagnostics) {
  const index = Math.floor((range.start.line - 1) / LINES) - 1;
  if (!errors.has(index)) errors.set(index, summary);
}
const fine = all.filter(([index]) => !errors.has(index));
const planned = run(fine, 'plan', '-input=false', '-no-color', '-out=plan');
if (planned.status !== 0) throw new Error(planned.stderr);
const values = JSON.parse(run(fine, 'show', '-json', 'plan').stdout).planned_values.outputs;
rmSync(folder, { recursive: true });
const told = all.map(([index, { text }]) =>
  JSON.stringify(
    errors.has(index) ? { text, error: errors.get(index) } : { text, value: values[`o${index}`].value ?? null },
  ),
);
writeFileSync(file, `{\n"locals": ${JSON.stringify(locals)},\n"answers": [\n${told.join(',\n')}\n]\n}\n`);
