import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { formatPath } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import type { JsonObject } from '../core/json.ts';
import type { Environment, Files, Processes, ProcessResult } from '../core/port.ts';

/** A stack as a CDKTF app left it on disk. */
export interface SynthesizedStack {
  readonly name: string;
  /** Absolute path of its `cdk.tf.json`. */
  readonly file: string;
  /** Names of the stacks of the same app that it reads outputs of. */
  readonly dependencies: readonly string[];
  /** What the app attached with `Annotations.addWarning`, each beginning with the path of its construct. */
  readonly warnings: readonly string[];
}

/** The part of manifest.json that Keyform reads; cdktf 0.21 and cdktn 0.24 write the same. */
const manifestSchema = z.object({
  stacks: z.record(
    z.string(),
    z.object({
      name: z.string(),
      synthesizedStackPath: z.string(),
      dependencies: z.array(z.string()).default([]),
      annotations: z.array(z.object({ constructPath: z.string(), level: z.string(), message: z.string() })).default([]),
    }),
  ),
});

/**
 * Runs a CDKTF (or cdktn) app once and returns its stacks, in order of name. The app meets what cdktf-cli would give it:
 * its working directory is the project folder, `CDKTF_OUTDIR` says where to write, `CDKTF_CONTEXT_JSON` holds the context
 * of cdktf.json. Throws `synth-failed` with the app's own message, and the place in the user's code that it came from;
 * `cancelled` when `signal` is aborted.
 */
export async function synthesize(options: {
  /** The command line: `app` of cdktf.json. */
  readonly app: string;
  /** The project folder, absolute. */
  readonly folder: string;
  /** Where the app writes, absolute or relative to `folder`. */
  readonly outputFolder: string;
  /** `context` of cdktf.json. */
  readonly context: JsonObject;
  readonly environment: Environment;
  readonly processes: Processes;
  readonly files: Files;
  readonly signal?: AbortSignal;
}): Promise<readonly SynthesizedStack[]> {
  const { app, folder, files } = options;
  const output = resolve(folder, options.outputFolder);
  const manifest = join(output, 'manifest.json');
  // The app makes its output folder but not the folders above it; what it writes is nothing to commit.
  if ((await files.list(output)) === null) {
    await files.replace(join(output, '.gitignore'), new TextEncoder().encode('*\n'), 0o644);
  }
  // A manifest of an earlier run must not be taken for this one's.
  await files.remove(manifest);

  const result = await run(options, output);
  if (result.code !== 0) throw appFailed(app, folder, result);

  const bytes = await files.read(manifest);
  if (bytes === null) {
    throw new KeyformError('synth-failed', `The app wrote no stacks: ${app}`, {
      detail: `It ended well, but ${relative(folder, manifest)} is not there. An app ends with app.synth(), and gives App no outdir of its own.`,
    });
  }
  return readManifest(new TextDecoder().decode(bytes), folder, output);
}

async function run(
  options: {
    readonly app: string;
    readonly folder: string;
    readonly context: JsonObject;
    readonly environment: Environment;
    readonly processes: Processes;
    readonly signal?: AbortSignal;
  },
  output: string,
): Promise<ProcessResult> {
  const { app, folder, signal } = options;
  try {
    return await options.processes.run(app, {
      cwd: folder,
      shell: true,
      env: {
        ...options.environment,
        CDKTF_OUTDIR: output,
        CDKTF_CONTEXT_JSON: JSON.stringify(options.context),
        // Errors attached to constructs are read from the manifest, all of them, instead of from a stack trace.
        CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS: 'true',
        SYNTH_HCL_OUTPUT: 'false',
      },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) {
      throw new KeyformError('cancelled', 'Stopped while the app was running', { detail: `The app: ${app}`, cause });
    }
    throw new KeyformError('synth-failed', `The app could not be started: ${app}`, {
      detail: `${cause instanceof Error ? cause.message : String(cause)}\nThe command is "app" in cdktf.json.`,
      cause,
    });
  }
}

function readManifest(text: string, folder: string, output: string): readonly SynthesizedStack[] {
  const name = relative(folder, join(output, 'manifest.json'));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new KeyformError('synth-failed', `${name} is not JSON`, {
      detail: 'The app writes it: run it again.',
      cause,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
    throw new KeyformError('synth-failed', `${name} does not have the form that CDKTF gives it`, {
      detail: `At ${path.length === 0 ? 'its root' : formatPath(path)}: ${issue?.message ?? 'unreadable'}. Keyform reads what cdktf 0.21 and cdktn write.`,
    });
  }
  const stacks = Object.values(parsed.data.stacks).sort((a, b) => (a.name < b.name ? -1 : 1));
  const annotated = (level: string): Map<string, string[]> =>
    new Map(
      stacks.map((stack) => [
        stack.name,
        stack.annotations
          // cdktf: `@cdktf/error`; only what follows the slash is looked at, whatever a successor calls itself.
          .filter((annotation) => annotation.level.endsWith(`/${level}`))
          .map(({ constructPath, message }) => `${constructPath}: ${message}`),
      ]),
    );
  const errors = [...annotated('error').values()].flat();
  const [first] = errors;
  if (first !== undefined) {
    throw new KeyformError('synth-failed', `The app refuses its own stacks: ${first}`, {
      detail: [...errors.slice(1), 'These errors were attached by Annotations.addError in the stacks.'].join('\n'),
    });
  }
  const warnings = annotated('warn');
  return stacks.map((stack) => ({
    name: stack.name,
    file: join(output, stack.synthesizedStackPath),
    dependencies: stack.dependencies,
    warnings: warnings.get(stack.name) ?? [],
  }));
}

/** The error for an app that ended badly: its own words, and the place in the user's code. Never the whole stack trace. */
function appFailed(app: string, folder: string, result: ProcessResult): KeyformError {
  const how = result.signal === null ? `exit code ${result.code}` : `signal ${result.signal}`;
  const said = readFailure(result.stderr, folder) ?? readFailure(result.stdout, folder);
  const remedy = remedyFor(said?.lines.join('\n') ?? '') ?? `Run it by itself to see everything it prints: ${app}`;
  if (said === null) {
    return new KeyformError('synth-failed', `The app failed without a word (${how})`, { detail: remedy });
  }
  const [first = '', ...more] = said.lines;
  return new KeyformError('synth-failed', `The app failed: ${first}`, {
    detail: [...more, ...(said.place === null ? [] : [`at ${said.place}`]), remedy].join('\n'),
  });
}

function remedyFor(text: string): string | null {
  const missing = /Cannot find (?:package|module) '([^'./][^']*)'/.exec(text)?.[1];
  if (missing === undefined) return null;
  return `Is it installed? Run npm install; where package.json does not list it: npm install --save-dev ${missing.startsWith('@') ? missing.split('/').slice(0, 2).join('/') : missing.split('/')[0]}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the control character ESC.
const COLOUR = /\u001b\[[0-9;]*m/g;
const FRAME = /^\s+at /;
const HEADLINE = /^(?:Uncaught )?(?:[A-Z]\w*(?:Error|Exception)|Error)(?: \[\w+\])?:/;

/** How much of a message is quoted: an app can print without end. */
const MOST_LINES = 12;

/**
 * What a program that died said: the message of the first error that it printed, without the name of a plain Error and
 * without frames, else the last lines; and the first frame in the user's own code, `file:line:column` relative to `folder`.
 * Null when it printed nothing.
 */
export function readFailure(
  output: string,
  folder: string,
): { readonly lines: readonly string[]; readonly place: string | null } | null {
  const all = output.replaceAll(COLOUR, '').split(/\r?\n/);
  const start = all.findIndex((line) => HEADLINE.test(line));
  if (start < 0) {
    const spoken = all.filter((line) => line.trim() !== '' && !FRAME.test(line)).slice(-MOST_LINES);
    return spoken.length === 0 ? null : { lines: spoken, place: null };
  }
  const rest = all.slice(start);
  const end = rest.findIndex((line, index) => index > 0 && (FRAME.test(line) || /^Node\.js v\d/.test(line)));
  const message = (end < 0 ? rest : rest.slice(0, end)).filter((line) => line.trim() !== '');
  const frames = rest.filter((line) => FRAME.test(line));
  const [headline = '', ...more] = message.slice(0, MOST_LINES).map((line) => inside(line, folder));
  return {
    lines: [headline.replace(/^(?:Uncaught )?Error: /, ''), ...more],
    place: frames.map((frame) => placeOf(frame, folder)).find((place) => place !== null) ?? null,
  };
}

/** The place that a frame names, relative to `folder`; null when it lies outside, or in a package. */
function placeOf(frame: string, folder: string): string | null {
  const found = /\(?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^()]*):(\d+):(\d+)\)?\s*$/.exec(frame);
  if (found === null) return null;
  const [, location = '', line = '', column = ''] = found;
  const file = location.startsWith('file://') ? decodeURIComponent(location.replace(/^file:\/\/(?=\/)/, '')) : location;
  const path = relative(folder, file);
  if (path.startsWith('..') || isAbsolute(path) || path.split(sep).includes('node_modules')) return null;
  return `${path.split(sep).join('/')}:${line}:${column}`;
}

/** Absolute paths of the project folder in a line become relative ones. */
function inside(line: string, folder: string): string {
  const bare = line.endsWith(`${folder}${sep}`) ? `${line.slice(0, -folder.length - 1)}the project folder` : line;
  return bare.replaceAll(`${folder}${sep}`, '');
}
