// Asks terraform's console for the answers to expressions.txt and writes them to answers.jsonl: `node record.mjs`, with terraform on PATH.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
// The console locks its folder, so each of the questions that are asked at a time has a folder of its own.
const folders = ['value', 'type', 'sensitive'].map((name) => mkdtempSync(join(tmpdir(), `console-${name}-`)));
for (const folder of folders) cpSync(join(here, 'main.tf'), join(folder, 'main.tf'));
const environment = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };

function run(folder, args, input) {
  return new Promise((resolve) => {
    const child = execFile('terraform', args, { cwd: folder, env: environment }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout: stdout.trim(), stderr }),
    );
    // One that fails to start reads nothing.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

const ask = (folder, expression) => run(folder, ['console', '-no-color'], `${expression}\n`);

async function answer(expression) {
  const plain = await ask(folders[0], expression);
  if (plain.failed) {
    const summary = /Error: (.*)/.exec(plain.stderr);
    const detail = plain.stderr.split('(source code not available)')[1] ?? '';
    return { expression, error: summary?.[1] ?? plain.stderr, detail: detail.replace(/\s+/g, ' ').trim() };
  }
  const [value, type, sensitive] = await Promise.all([
    ask(folders[0], `nonsensitive(jsonencode(${expression}))`),
    ask(folders[1], `type(${expression})`),
    ask(folders[2], `issensitive(${expression})`),
  ]);
  return {
    expression,
    // Text of JSON; null where no JSON is known.
    value:
      value.failed || value.stdout === '(known after apply)'
        ? null
        : JSON.parse(value.stdout.replaceAll('$${', '${').replaceAll('%%{', '%{')),
    type: type.failed ? null : type.stdout.replace(/\s+/g, ''),
    sensitive: sensitive.stdout === 'true',
    plain: plain.stdout,
  };
}

for (const folder of folders) await run(folder, ['init', '-no-color'], '');
const expressions = readFileSync(join(here, 'expressions.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const answers = [];
for (const expression of expressions) answers.push(await answer(expression));
for (const folder of folders) rmSync(folder, { recursive: true });
writeFileSync(join(here, 'answers.jsonl'), answers.map((one) => `${JSON.stringify(one)}\n`).join(''));
