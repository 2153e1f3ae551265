import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { type CaseFiles, STACK_CASES, type StackCase } from './stackcases.ts';

/** What Terraform, or Keyform, says to a case: a plan, or the summaries of its errors. */
export type StackAnswer = { readonly changes: Json; readonly outputs: Json } | { readonly errors: readonly string[] };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Ids differ from run to run. */
function anonymous(value: Json): Json {
  if (typeof value === 'string') return UUID.test(value) ? '<id>' : value;
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, anonymous(item)]));
  return value;
}

/** A value without what is sensitive in it, which Keyform never shows. */
function shown(value: Json | undefined, marks: Json | undefined): Json {
  if (marks === true) return null;
  if (Array.isArray(value))
    return value.map((item, index) => shown(item, Array.isArray(marks) ? marks[index] : undefined));
  if (typeof value === 'object' && value !== null) {
    const object = typeof marks === 'object' && marks !== null && !Array.isArray(marks) ? (marks as JsonObject) : {};
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, item]) => [key, shown(item, object[key])]),
    );
  }
  return value ?? null;
}

/** What is compared of a plan in Terraform's JSON. */
export function gistOf(plan: JsonObject): StackAnswer {
  const changes = ((plan.resource_changes ?? []) as JsonObject[])
    .filter(({ mode }) => mode === 'managed')
    .map((change) => {
      const { actions, before, after, after_unknown, after_sensitive, before_sensitive, replace_paths } =
        change.change as JsonObject;
      return {
        address: change.address ?? null,
        ...(change.previous_address === undefined ? {} : { from: change.previous_address }),
        actions: actions ?? null,
        ...(change.action_reason === undefined ? {} : { reason: change.action_reason }),
        before: anonymous(shown(before, before_sensitive)),
        after: anonymous(shown(after, after_sensitive)),
        unknown: after_unknown ?? {},
        ...(replace_paths === undefined ? {} : { paths: replace_paths }),
      };
    })
    .sort((a, b) => (String(a.address) < String(b.address) ? -1 : 1));
  const outputs = Object.entries((plan.output_changes ?? {}) as { [name: string]: JsonObject }).map(
    ([name, change]) => ({
      name,
      actions: change.actions ?? null,
      after: anonymous(shown(change.after, change.after_sensitive)),
      unknown: change.after_unknown ?? false,
      sensitive: change.after_sensitive ?? false,
    }),
  );
  return {
    changes: changes as unknown as Json,
    outputs: outputs.sort((a, b) => (a.name < b.name ? -1 : 1)) as unknown as Json,
  };
}

/** Asks real Terraform. */
export function askTerraform(one: StackCase): StackAnswer {
  const folder = mkdtempSync(join(tmpdir(), 'keyform-stack-'));
  const run = (args: readonly string[]) =>
    execFileSync('terraform', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' },
      maxBuffer: 64 << 20,
    });
  let written: string[] = [];
  const write = (files: CaseFiles) => {
    for (const file of written) rmSync(join(folder, file));
    written = Object.keys(files);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
    }
    if (written.some((file) => file.includes('/'))) run(['init', '-input=false', '-no-color']);
  };
  try {
    for (const files of one.before) {
      write(files);
      run(['apply', '-auto-approve', '-input=false', '-no-color']);
    }
    try {
      write(one.after);
      const flags = [
        ...(one.targets ?? []).map((address) => `-target=${address}`),
        ...(one.replace ?? []).map((address) => `-replace=${address}`),
        ...(one.destroy ? ['-destroy'] : []),
      ];
      run(['plan', '-input=false', '-out=p', '-json', ...flags]);
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const errors = stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .flatMap((line) => {
          const { diagnostic } = JSON.parse(line) as { diagnostic?: { severity: string; summary: string } };
          return diagnostic?.severity === 'error' ? [diagnostic.summary.replace(/^Cycle: .*/s, 'Cycle')] : [];
        });
      const said = [...stderr.matchAll(/Error: (.*)/g)].map((found) => (found[1] ?? '').replace(/^Cycle: .*/, 'Cycle'));
      return { errors: [...new Set([...errors, ...said])].sort() };
    }
    return gistOf(JSON.parse(run(['show', '-json', 'p'])) as JsonObject);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const only = process.argv[2];
  const answers: Record<string, StackAnswer> = {};
  for (const [name, one] of Object.entries(STACK_CASES))
    if (only === undefined || name.includes(only)) answers[name] = askTerraform(one);
  const text = `${JSON.stringify(answers, null, 1)}\n`;
  if (only === undefined) writeFileSync(join(import.meta.dirname, 'stackanswers.json'), text);
  else process.stdout.write(text);
}
