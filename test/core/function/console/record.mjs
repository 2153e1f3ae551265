// Asks terraform's console (1.11) for the answers to the expressions of the .jsonl files here and writes them back: `node record.mjs`, or
// `node record.mjs text.jsonl`, with terraform on PATH. A line `{"expression": "…"}` is all that a new question needs. What they
// refer to is in ../../expression/console/main.tf. All but types and errors are asked for in one process.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'console-'));
cpSync(join(here, '../../expression/console/main.tf'), join(folder, 'main.tf'));
const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };

function run(args, input) {
  const { status, stdout, stderr } = spawnSync('terraform', args, { cwd: folder, env, input, encoding: 'utf8' });
  return { failed: status !== 0, stdout: stdout.trim(), stderr };
}

/** The console's output for a tuple of these expressions, a line for each, as texts; null for what is not known. */
function askAll(expressions) {
  const { failed, stdout, stderr } = run(['console', '-no-color'], `[${expressions.join(', ')}]\n`);
  if (failed) throw new Error(stderr);
  return stdout
    .split('\n')
    .slice(1, -1)
    .map((line) => line.trim().replace(/,$/, ''))
    .map((line) => (line === '(known after apply)' ? null : line));
}

/** A text in Go's quotes. */
function textOf(line) {
  if (line === null) return null;
  const json = line.replace(/\\(?:x(..)|U(.{8})|a|v|.)/g, (escaped, byte, code) => {
    if (byte !== undefined) return `\\u00${byte}`;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    return escaped === '\\a' ? '\\u0007' : escaped === '\\v' ? '\\u000b' : escaped;
  });
  return JSON.parse(json.replaceAll('$${', '${').replaceAll('%%{', '%{'));
}

/** The types of these expressions, as type() prints them, without white space. */
function askTypes(expressions) {
  return expressions.map((expression) => {
    const { failed, stdout, stderr } = run(['console', '-no-color'], `type(${expression})\n`);
    if (failed) throw new Error(stderr);
    return stdout.replace(/\s+/g, '');
  });
}

function errorOf(expression) {
  const { failed, stderr } = run(['console', '-no-color'], `${expression}\n`);
  if (!failed) throw new Error(`no error: ${expression}`);
  const detail = stderr.split('(source code not available)')[1] ?? '';
  return {
    error: /Error: (.*)/.exec(stderr)?.[1] ?? stderr,
    // Where Terraform itself fails, it adds its stack.
    detail: detail
      .replace(/\s+/g, ' ')
      .replace(/ goroutine 1 .*/, '')
      .trim(),
  };
}

run(['init', '-no-color'], '');
const only = process.argv[2];
for (const name of readdirSync(here).filter(
  (file) => file.endsWith('.jsonl') && (only === undefined || file === only),
)) {
  const expressions = readFileSync(join(here, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).expression);
  const works = askAll(expressions.map((one) => `can(${one})`));
  const good = expressions.filter((_, index) => works[index] !== 'false');
  const values = askAll(good.map((one) => `nonsensitive(jsonencode(${one}))`)).map(textOf);
  const marks = askAll(good.map((one) => `issensitive(${one})`));
  const types = askTypes(good);
  const answers = new Map(
    good.map((one, index) => [one, { value: values[index], type: types[index], sensitive: marks[index] === 'true' }]),
  );
  const lines = expressions.map((one) => JSON.stringify({ expression: one, ...(answers.get(one) ?? errorOf(one)) }));
  writeFileSync(join(here, name), lines.map((line) => `${line}\n`).join(''));
}
rmSync(folder, { recursive: true });
