import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/core/json.ts';
import { type Answer, type Case, type Failure, HOME, isFailure, sourceOf } from './corpus.ts';

// How Terraform is asked: each case is a local value of one generated module, on a line of its own.
// Errors: `terraform plan -json` tells all of a phase at once, each with its line; validation's hide planning's, so they are asked apart.
// Values: the plan of one terraform_data whose input is all cases tells values, marks and unknowns; one `terraform console` tells all types.

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

function terraform(folder: string, args: readonly string[], input = ''): Promise<Ended> {
  // The user's own settings and variables must not reach the answers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TF_')));
  return new Promise((resolve, reject) => {
    const child = spawn('terraform', args, { cwd: folder, env: { ...env, CHECKPOINT_DISABLE: '1', NO_COLOR: '1' } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code }));
    child.stdin.end(input);
  });
}

/** Terraform's version; null where it is not on PATH. */
export async function terraformVersion(): Promise<string | null> {
  try {
    const { stdout } = await terraform(tmpdir(), ['version', '-json']);
    return (JSON.parse(stdout) as { terraform_version: string }).terraform_version;
  } catch {
    return null;
  }
}

/** Names of all functions of Terraform's language. */
export async function terraformFunctions(): Promise<readonly string[]> {
  const { stdout } = await terraform(tmpdir(), ['metadata', 'functions', '-json']);
  const { function_signatures: all } = JSON.parse(stdout) as { function_signatures: Record<string, unknown> };
  return Object.keys(all)
    .filter((name) => !name.includes('::'))
    .sort();
}

const localName = (index: number): string => `case_${index}`;

/** Writes the module with these cases, by their index, and hands its folder to `use`. */
async function withModule<T>(
  cases: ReadonlyMap<number, Case>,
  resources: Json,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    cpSync(join(HOME, 'files'), folder, { recursive: true });
    cpSync(join(HOME, 'module.json'), join(folder, 'main.tf.json'));
    const lines = [...cases].map(([index, one]) => `"${localName(index)}": ${sourceOf(one)}`);
    writeFileSync(join(folder, 'cases.tf.json'), `{ "locals": {\n${lines.join(',\n')}\n} }\n`);
    if (resources !== null) writeFileSync(join(folder, 'resources.tf.json'), JSON.stringify({ resource: resources }));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PLAN = ['plan', '-input=false', '-lock=false', '-refresh=false'];

/** The errors that Terraform finds first among the cases; empty when there are none. */
async function askFailures(
  cases: ReadonlyMap<number, Case>,
): Promise<ReadonlyMap<number, { error: string; detail: string }>> {
  return withModule(cases, null, async (folder) => {
    const { stdout, stderr } = await terraform(folder, [...PLAN, '-json']);
    const indexes = [...cases.keys()];
    const found = new Map<number, { error: string; detail: string }>();
    let planned = false;
    for (const line of stdout.split('\n').filter((text) => text !== '')) {
      const message = JSON.parse(line) as {
        type: string;
        diagnostic?: {
          severity: string;
          summary: string;
          detail: string;
          range?: { filename: string; start: { line: number } };
        };
      };
      if (message.type === 'change_summary') planned = true;
      if (message.diagnostic?.severity !== 'error') continue;
      const { summary, detail, range } = message.diagnostic;
      // Terraform says of "${var.}" that "" is not declared, without a place, besides the syntax error.
      if (range?.filename === '') continue;
      // The cases begin on line 2.
      const index = range?.filename === 'cases.tf.json' ? indexes[range.start.line - 2] : undefined;
      if (index === undefined) throw new Error(`an error that belongs to no case: ${line}`);
      // Lines of the generated file tell nothing, nor do the stacks of Terraform's own defects.
      const about = detail.replace(/cases\.tf\.json:\d+/g, 'cases.tf.json:…').replace(/\ngoroutine .*/s, '');
      if (!found.has(index)) found.set(index, { error: summary, detail: about });
    }
    if (found.size === 0 && !planned) throw new Error(`terraform did not plan: ${stdout}${stderr}`);
    return found;
  });
}

/** Puts numbers of a JSON text into quotes, so that they keep all of their digits. */
export function quoteNumbers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"${token}"`));
}

/** Pointers to each `true` in a tree of after_sensitive or after_unknown. */
function pointers(tree: Json | undefined, path = ''): string[] {
  if (tree === true) return [path];
  if (tree === null || typeof tree !== 'object') return [];
  return Object.entries(tree).flatMap(([key, part]) => pointers(part as Json, `${path}/${pointerStep(key)}`));
}

/** A step of a JSON pointer, RFC 6901. */
export function pointerStep(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** One line of what the console prints of a type. */
export function squeeze(type: string): string {
  return type.replace(/\n\s*/g, '');
}

/** The cases' values. Throws when any of them is an error. */
async function askAnswers(cases: ReadonlyMap<number, Case>): Promise<ReadonlyMap<number, Answer>> {
  const names = [...cases.keys()].map(localName);
  const input = Object.fromEntries(names.map((name) => [name, `\${local.${name}}`]));
  return withModule(cases, { terraform_data: { answers: { input } } }, async (folder) => {
    const planned = async () => {
      const plan = await terraform(folder, [...PLAN, '-out=plan']);
      if (plan.code !== 0) throw new Error(`terraform did not plan: ${plan.stderr}`);
      return terraform(folder, ['show', '-json', 'plan']);
    };
    const [shown, console] = await Promise.all([
      planned(),
      terraform(folder, ['console', '-plan'], `type({${names.map((name) => `${name} = local.${name}`).join(', ')}})\n`),
    ]);
    if (console.code !== 0) throw new Error(`terraform console failed: ${console.stderr}`);
    const types = new Map<string, string>();
    for (const [, name, type] of console.stdout.matchAll(/^ {4}(case_\d+): (.*?),$(?=\n(?: {4}case|\}))/gms))
      types.set(name as string, squeeze(type as string));
    const { resource_changes: changes } = JSON.parse(quoteNumbers(shown.stdout)) as {
      resource_changes: {
        address: string;
        change: Record<'after' | 'after_unknown' | 'after_sensitive', { input?: Record<string, Json> }>;
      }[];
    };
    const change = changes.find(({ address }) => address === 'terraform_data.answers')?.change;
    if (change === undefined) throw new Error('terraform planned no answers');
    return new Map(
      [...cases.keys()].map((index) => {
        const name = localName(index);
        const type = types.get(name);
        if (type === undefined) throw new Error(`the console told no type of ${name}`);
        const sensitive = pointers(change.after_sensitive.input?.[name]);
        const unknown = pointers(change.after_unknown.input?.[name]);
        return [
          index,
          {
            type,
            value: change.after.input?.[name] ?? null,
            ...(sensitive.length > 0 ? { sensitive } : {}),
            ...(unknown.length > 0 ? { unknown } : {}),
          },
        ];
      }),
    );
  });
}

/** What Terraform says of each case, found out from nothing: in rounds, until no case is an error. */
export async function askAnew(cases: readonly Case[]): Promise<(Answer | Failure)[]> {
  const left = new Map(cases.entries());
  const said = new Map<number, Answer | Failure>();
  for (const found of ['validate', 'plan'] as const) {
    for (const [index, failure] of await askFailures(left)) {
      said.set(index, { ...failure, found });
      left.delete(index);
    }
  }
  for (const [index, answer] of await askAnswers(left)) said.set(index, answer);
  return cases.map((_, index) => said.get(index) as Answer | Failure);
}

/** What Terraform says of cases whose kind of answer is on record: three modules at once. An answer lacks where the kind is another. */
export async function askAgain(cases: readonly Case[]): Promise<ReadonlyMap<number, Answer | Failure>> {
  const kinds = { validate: new Map<number, Case>(), plan: new Map<number, Case>(), answer: new Map<number, Case>() };
  for (const [index, one] of cases.entries()) {
    if (one.expect === undefined) throw new Error(`not on record: ${sourceOf(one)}`);
    kinds[isFailure(one.expect) ? one.expect.found : 'answer'].set(index, one);
  }
  const [validate, plan, answers] = await Promise.all([
    askFailures(kinds.validate),
    askFailures(kinds.plan),
    askAnswers(kinds.answer),
  ]);
  return new Map<number, Answer | Failure>([
    ...[...validate].map(([index, failure]) => [index, { ...failure, found: 'validate' }] as const),
    ...[...plan].map(([index, failure]) => [index, { ...failure, found: 'plan' }] as const),
    ...answers,
  ]);
}

/** The module's variables and locals, as its JSON text has them. */
export function readModule(): {
  readonly variable: Readonly<Record<string, { type: string; default: Json; sensitive?: boolean }>>;
  readonly locals: Readonly<Record<string, Json>>;
} {
  return JSON.parse(readFileSync(join(HOME, 'module.json'), 'utf8'));
}
