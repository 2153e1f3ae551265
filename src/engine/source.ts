import { createHash } from 'node:crypto';
import { dirname, join, relative, sep } from 'node:path';
import { Report } from '../core/configuration/block.ts';
import { sourcesIn } from '../core/configuration/module.ts';
import { REMOTE_STATE, remotesIn } from '../core/configuration/remote.ts';
import { joinFolder, type StackSource } from '../core/configuration/stack.ts';
import type { VariableInput } from '../core/configuration/variable.ts';
import { throwOnErrors } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import { sortByNeed } from '../core/graph.ts';
import { isObject, type Json } from '../core/json.ts';
import type { Environment, Files, Processes } from '../core/port.ts';
import { didYouMean } from '../core/suggest.ts';
import { readInput } from './input.ts';
import type { Project } from './project.ts';
import { synthesize } from './synth.ts';

/** A file, read; `file` as the user would name it. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** The files of one stack, read. */
export interface StackText {
  readonly name: string;
  /** `json`: written by hand; `synth`: by the CDKTF app. */
  readonly origin: 'json' | 'synth';
  /** Of the stack, relative to the project folder, with `/`: expressions take relative paths from there. */
  readonly folder: string;
  /** Names of the stacks that come before it: those that its app says, and those whose outputs it reads. */
  readonly dependencies: readonly string[];
  /** In order of name, `file` as the user would name it. */
  readonly files: readonly SourceText[];
  /** The files of each local module that it calls, by the module's folder relative to the stack's. */
  readonly modules: readonly { readonly folder: string; readonly files: readonly SourceText[] }[];
  /** Variable values that Terraform would load by itself: terraform.tfvars.json, *.auto.tfvars.json. */
  readonly autoVariables: readonly { readonly file: string; readonly text: string }[];
}

export interface SourcePorts {
  readonly files: Files;
  readonly processes: Processes;
  readonly environment: Environment;
}

/**
 * The stacks that `names` ask for; `*` stands for any letters. Without names: the only stack there is. The CDKTF app is
 * run only when a name is not that of a JSON stack, or when there are no names to go by. Throws `invalid-usage` for a
 * name that nothing has.
 */
export async function readStacks(
  project: Project,
  names: readonly string[],
  ports: SourcePorts,
  options: { readonly onWarning: (text: string) => void; readonly signal?: AbortSignal },
): Promise<StackText[]> {
  const json = await jsonStackNames(project, ports.files);
  const plain = names.length > 0 && names.every((name) => json.includes(name));
  const synthesized = plain || project.app === null ? [] : await synth(project, ports, options);
  const all = [...json, ...synthesized.map((stack) => stack.name)];
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new KeyformError('invalid-configuration', `Two stacks are named "${twice}"`, {
      detail: `One is in ${project.settings.stacks}/${twice}, the other is made by the app. Rename one: each stack has one state.`,
    });
  }
  const wanted = choose(all, names, project);
  const made = new Map(synthesized.map((stack) => [stack.name, stack]));
  return Promise.all(
    wanted.map((name) => {
      const stack = made.get(name);
      return stack === undefined
        ? readJsonStack(project, name, ports.files)
        : readSynthesized(project, stack, ports.files);
    }),
  );
}

/** Names of the JSON stacks of a project: sub-folders of the stacks folder that hold *.tf.json files. */
export async function jsonStackNames(project: Project, files: Files): Promise<string[]> {
  const root = join(project.folder, project.settings.stacks);
  const entries = (await files.list(root)) ?? [];
  const names: string[] = [];
  for (const entry of entries) {
    if (!entry.directory) continue;
    const inside = (await files.list(join(root, entry.name))) ?? [];
    // A folder of that name is no stack without content: taken for one, it would have every key deleted.
    if (inside.some((file) => !file.directory && file.name.endsWith('.tf.json'))) names.push(entry.name);
  }
  return names;
}

async function synth(
  project: Project,
  ports: SourcePorts,
  options: { onWarning: (text: string) => void; signal?: AbortSignal },
) {
  const stacks = await synthesize({
    app: project.app as string,
    folder: project.folder,
    outputFolder: project.output,
    context: project.context,
    environment: ports.environment,
    processes: ports.processes,
    files: ports.files,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for (const stack of stacks) for (const warning of stack.warnings) options.onWarning(warning);
  return stacks;
}

function choose(all: readonly string[], names: readonly string[], project: Project): string[] {
  const known = all.length === 0 ? 'This project has no stack' : `The stacks are: ${all.join(', ')}`;
  if (names.length === 0) {
    if (all.length === 1) return [...all];
    throw new KeyformError('invalid-usage', all.length === 0 ? 'There is no stack' : 'Which stack?', {
      detail:
        all.length === 0
          ? `Put *.tf.json files into ${project.settings.stacks}/<stack>/, give cdktf.json an "app", or run "keyform init" in an empty folder.`
          : `${known}. Name one or more, or '*' for all.`,
    });
  }
  const chosen = new Set<string>();
  for (const name of names) {
    const pattern = new RegExp(
      `^${name
        .split('*')
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
    );
    const found = all.filter((candidate) => pattern.test(candidate));
    if (found.length === 0) {
      throw new KeyformError('invalid-usage', `There is no stack "${name}"`, {
        detail: `${known}.${didYouMean(name, all)}`,
      });
    }
    for (const stack of found) chosen.add(stack);
  }
  return [...chosen];
}

async function readJsonStack(project: Project, name: string, files: Files): Promise<StackText> {
  const folder = join(project.folder, project.settings.stacks, name);
  const named = await filesIn(project, folder, files);
  const found = await named((file) => file.endsWith('.tf.json'));
  return {
    name,
    origin: 'json',
    folder: relative(project.folder, folder).split(sep).join('/'),
    dependencies: remotesOf(found),
    files: found,
    modules: await readModules(project, folder, found, files),
    autoVariables: [
      ...(await named((file) => file === 'terraform.tfvars.json')),
      ...(await named((file) => file.endsWith('.auto.tfvars.json'))),
    ],
  };
}

async function readSynthesized(
  project: Project,
  stack: { name: string; file: string; dependencies: readonly string[] },
  files: Files,
): Promise<StackText> {
  const bytes = await files.read(stack.file);
  if (bytes === null) {
    throw new KeyformError('synth-failed', `The app did not write ${relative(project.folder, stack.file)}`, {
      detail: 'Its manifest names the file. Run the app again.',
    });
  }
  const folder = dirname(stack.file);
  const found = [{ file: relative(project.folder, stack.file), text: new TextDecoder().decode(bytes) }];
  return {
    name: stack.name,
    origin: 'synth',
    folder: relative(project.folder, folder).split(sep).join('/'),
    dependencies: [...new Set([...stack.dependencies, ...remotesOf(found)])],
    files: found,
    modules: await readModules(project, folder, found, files),
    autoVariables: [],
  };
}

/** Reads files of a folder, those that a test picks. Throws when a file there is in another syntax, which would be ignored otherwise. */
async function filesIn(
  project: Project,
  folder: string,
  files: Files,
): Promise<(test: (file: string) => boolean) => Promise<SourceText[]>> {
  const entries = (await files.list(folder)) ?? [];
  const other = entries.find((entry) => !entry.directory && /\.(tf|tofu)$/.test(entry.name));
  if (other !== undefined) {
    throw new KeyformError(
      'invalid-configuration',
      `${relative(project.folder, join(folder, other.name))} is not in JSON syntax`,
      {
        detail:
          "Keyform reads Terraform's JSON syntax (*.tf.json). Rewrite the file in it; what stands in it would be ignored otherwise.",
      },
    );
  }
  const read = async (name: string): Promise<SourceText> => {
    const file = relative(project.folder, join(folder, name));
    return {
      file,
      text: new TextDecoder().decode((await readInput(files, join(folder, name), file)) ?? new Uint8Array()),
    };
  };
  return (test) =>
    Promise.all(entries.filter((entry) => !entry.directory && test(entry.name)).map((entry) => read(entry.name)));
}

/** Reads the local modules that `found` call, and those that they call. A folder without files is left for loading to report. */
async function readModules(
  project: Project,
  folder: string,
  found: readonly SourceText[],
  files: Files,
): Promise<StackText['modules']> {
  const modules = new Map<string, readonly SourceText[]>();
  const follow = async (from: string, texts: readonly SourceText[]): Promise<void> => {
    for (const source of texts.flatMap(({ text }) => modulesIn(text))) {
      const inside = joinFolder(from, source);
      if (modules.has(inside)) continue;
      const place = join(folder, inside);
      const read = await (await filesIn(project, place, files))((file) => file.endsWith('.tf.json'));
      modules.set(inside, read);
      await follow(inside, read);
    }
  };
  await follow('.', found);
  return [...modules].map(([at, texts]) => ({ folder: at, files: texts }));
}

/** The sources of local modules in a file. */
function modulesIn(text: string): readonly string[] {
  if (!text.includes('"module"')) return [];
  return rootsIn(text).flatMap((root) => (isObject(root) && 'module' in root ? sourcesIn(root.module as Json) : []));
}

/** The stacks whose outputs the files read. */
function remotesOf(texts: readonly SourceText[]): readonly string[] {
  const found = texts.flatMap(({ text }) => (text.includes(REMOTE_STATE) ? rootsIn(text).flatMap(remotesIn) : []));
  return [...new Set(found)];
}

/** The objects that a file is made of. One that is not JSON has none: what is wrong with it is told when it is parsed. */
function rootsIn(text: string): readonly Json[] {
  try {
    const content = JSON.parse(text) as Json;
    return Array.isArray(content) ? content : [content];
  } catch {
    return [];
  }
}

/**
 * Stacks in the order in which they are applied: each after those that it depends on, as far as they are among them. Throws
 * `invalid-configuration` when they form a cycle.
 */
export function inOrder(texts: readonly StackText[]): StackText[] {
  const sorted = sortByNeed(new Map(texts.map((text) => [text.name, text.dependencies] as const)));
  if ('cycle' in sorted) {
    throw new KeyformError('invalid-configuration', 'The stacks depend on one another in a circle', {
      detail: `Each of these needs the next, and the last needs the first: ${sorted.cycle.join(' → ')}. Remove one of the dependencies.`,
    });
  }
  const byName = new Map(texts.map((text) => [text.name, text]));
  return sorted.order.flatMap((name) => byName.get(name) ?? []);
}

/** Parses the files of a stack. All files with faulty JSON are reported at once, with line and column. */
export async function parseStack(stack: StackText): Promise<StackSource> {
  const report = new Report();
  const parse = async (texts: readonly SourceText[], strict: boolean) => {
    const files: { file: string; content: Json }[] = [];
    for (const { file, text } of texts) {
      const content = await parseJson(file, text, report, strict);
      if (content !== undefined) files.push({ file, content });
    }
    return files;
  };
  const files = await parse(stack.files, stack.origin === 'json');
  const modules = new Map<string, { file: string; content: Json }[]>();
  for (const module of stack.modules) modules.set(module.folder, await parse(module.files, true));
  throwOnErrors(report.diagnostics);
  return { name: stack.name, files, modules };
}

/** Parses JSON; undefined and reported when it is faulty. With `strict`, a property that is written twice is an error. */
async function parseJson(file: string, text: string, report: Report, strict: boolean): Promise<Json | undefined> {
  let content: Json | undefined;
  try {
    content = JSON.parse(text) as Json;
    if (!strict) return content;
  } catch {
    // Not the engine's own message: it quotes the text, which may hold a secret.
  }
  const json = await import('jsonc-parser');
  const place = (offset: number) => {
    const before = text.slice(0, offset).split('\n');
    return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  };
  if (content === undefined) {
    const errors: { error: number; offset: number }[] = [];
    json.parseTree(text, errors as never, { disallowComments: true, allowTrailingComma: false });
    const first = errors[0];
    report.error(
      { file, path: [] },
      `${file} is not valid JSON`,
      first === undefined
        ? text.trim() === ''
          ? 'The file is empty. Write at least {}.'
          : 'Correct its syntax.'
        : `${json.printParseErrorCode(first.error).replace(/([a-z])([A-Z])/g, '$1 $2')} at ${place(first.offset)}.`,
    );
    return undefined;
  }
  const seen: Set<string>[] = [];
  json.visit(text, {
    onObjectBegin: () => {
      seen.push(new Set());
    },
    onObjectEnd: () => {
      seen.pop();
    },
    onObjectProperty: (name, offset, _length, _line, _column, path) => {
      const names = seen.at(-1);
      if (names?.has(name) && name !== '//') {
        report.error(
          { file, path: [...path(), name] },
          `"${name}" is written twice in one object`,
          `The second stands at ${place(offset)}; JSON would silently keep only that one. Remove one of them.`,
        );
      }
      names?.add(name);
    },
    onLiteralValue: (value, offset, length, _line, _column, path) => {
      if (typeof value !== 'number' || isExact(text.slice(offset, offset + length), value)) return;
      report.error(
        { file, path: path() },
        'Number with too many digits',
        `The number at ${place(offset)} would lose digits, as it is more than a JSON number holds. Write it as an expression: "\${NUMBER}".`,
      );
    },
  });
  return content;
}

/** Whether a number read from `literal` still is the number that was written. Terraform keeps all digits of a JSON number. */
function isExact(literal: string, number: number): boolean {
  if (!Number.isFinite(number)) return false;
  if (literal.length <= 15 && !/[eE]/.test(literal)) return true;
  const [written, read] = [literal, String(number)].map(significant);
  return written === read;
}

/** Digits without zeros at either end, and the power of ten of the last one. */
function significant(decimal: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return short === ''
    ? '0'
    : `${short}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - short.length)}`;
}

/** SHA-256 over the names and contents of a stack's files and those of its modules, hexadecimal. */
export function hashStack({ files, modules }: Pick<StackText, 'files' | 'modules'>): string {
  const hash = createHash('sha256');
  for (const { file, text } of [...files, ...modules.flatMap((module) => module.files)])
    hash.update(JSON.stringify([file, text]));
  return hash.digest('hex');
}

/**
 * All values given for variables, weakest first: `TF_VAR_x`, `KEYFORM_VAR_x`, the stack's own tfvars files, then `-var`
 * and `-var-file` in the order in which they were given, as Terraform ranks them. Throws `invalid-usage`.
 */
export async function gatherVariables(
  stack: StackText,
  flags: readonly ({ readonly var: string } | { readonly file: string })[],
  folder: string,
  ports: { readonly files: Files; readonly environment: Environment },
): Promise<VariableInput[]> {
  const inputs: VariableInput[] = [];
  for (const prefix of ['TF_VAR_', 'KEYFORM_VAR_']) {
    for (const [name, text] of Object.entries(ports.environment)) {
      if (!name.startsWith(prefix) || text === undefined) continue;
      inputs.push({
        name: name.slice(prefix.length),
        origin: `the environment variable ${name}`,
        value: { text },
        mustExist: false,
      });
    }
  }
  for (const { file, text } of stack.autoVariables) inputs.push(...variablesIn(file, text, false));
  for (const flag of flags) {
    if ('file' in flag) {
      if (/\.tfvars$/.test(flag.file)) {
        throw new KeyformError('invalid-usage', `${flag.file} is not in JSON syntax`, {
          detail: 'Keyform reads variable files in JSON (*.tfvars.json). Rewrite it as one object of names and values.',
        });
      }
      const bytes = await readInput(ports.files, join(folder, flag.file), flag.file);
      if (bytes === null)
        throw new KeyformError('invalid-usage', `There is no file ${flag.file}`, {
          detail: 'It was named by -var-file.',
        });
      inputs.push(...variablesIn(flag.file, new TextDecoder().decode(bytes), true));
    } else {
      const at = flag.var.indexOf('=');
      if (at < 1) {
        throw new KeyformError('invalid-usage', 'A -var has the form name=value', {
          detail: `Write -var 'region=eu-west-2'.`,
        });
      }
      inputs.push({
        name: flag.var.slice(0, at).trim(),
        origin: '-var',
        value: { text: flag.var.slice(at + 1) },
        mustExist: true,
      });
    }
  }
  return inputs;
}

function variablesIn(file: string, text: string, mustExist: boolean): VariableInput[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = null;
  }
  if (!isObject(content)) {
    throw new KeyformError('invalid-configuration', `${file} is not a JSON object`, {
      detail: 'A variable file is one object of names and values.',
    });
  }
  return Object.entries(content)
    .filter(([name]) => name !== '//')
    .map(([name, json]) => ({
      name,
      origin: file,
      value: { json: json as Json },
      mustExist,
    }));
}
