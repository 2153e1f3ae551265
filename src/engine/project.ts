import { join, resolve } from 'node:path';
import { z } from 'zod';
import { formatPath } from '../core/diagnostic.ts';
import { unmanagedSchema } from '../core/drift/ignore.ts';
import { KeyformError } from '../core/error.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Files } from '../core/port.ts';
import { didYouMean } from '../core/suggest.ts';
import { readInput } from './input.ts';

const json: z.ZodType<Json> = z.json();

/** `context.keyform` of cdktf.json. */
export const projectSettingsSchema = z.strictObject({
  stacks: z
    .string()
    .min(1)
    .default('stacks')
    .describe('Folder whose sub-folders with *.tf.json files are the JSON stacks, relative to cdktf.json.'),
  state: z.string().min(1).default('state').describe('Folder of the encrypted state files, relative to cdktf.json.'),
  recipients: z
    .array(z.string())
    .default([])
    .describe(
      'age recipients (age1…) that state is encrypted to. Empty: whoever it is encrypted to now, else your own identity.',
    ),
  inventory: z
    .boolean()
    .default(false)
    .describe(
      'Keep a plain-text list of the keys, without any secret, beside each state: STACK.keyform.inventory.json, so that a pull request shows which keys changed.',
    ),
  sandbox: z
    .union([
      z.boolean(),
      z.strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Whether commands use the sandbox without being told by -sandbox. Default: true.'),
        options: z
          .record(z.string(), z.record(z.string(), json))
          .default({})
          .describe('Switches of the embedded key APIs, by cloud; `keyform schema CLOUD` tells them.'),
      }),
    ])
    .default(false)
    .describe(
      'Use the embedded key APIs on a loopback port instead of the clouds, as -sandbox does: true, or an object with their switches.',
    ),
  unmanaged: unmanagedSchema,
});

/** Settings of a project. */
export type ProjectSettings = z.infer<typeof projectSettingsSchema>;

/** Whether a project's commands use the sandbox when no flag says so, and the switches, by cloud, that it runs with. */
export function sandboxOf(settings: Pick<ProjectSettings, 'sandbox'>): {
  readonly enabled: boolean;
  readonly options: Readonly<Record<string, JsonObject>>;
} {
  const { sandbox } = settings;
  return typeof sandbox === 'boolean' ? { enabled: sandbox, options: {} } : sandbox;
}

/** A project: the folder of a cdktf.json. */
export interface Project {
  /** Absolute. */
  readonly folder: string;
  /** The command that synthesizes TypeScript stacks; null when there are none. */
  readonly app: string | null;
  /** Where the app writes, relative to the folder. */
  readonly output: string;
  /** All of `context`, for the app. */
  readonly context: JsonObject;
  readonly settings: ProjectSettings;
  /** Absolute folder of the state files. */
  readonly stateFolder: string;
}

const fileSchema = z.looseObject({
  app: z.string().optional(),
  output: z.string().default('cdktf.out'),
  context: z.looseObject({ keyform: z.unknown().optional() }).default({}),
});

/**
 * Reads cdktf.json in `folder`. A folder without one is a project with default settings, so that a folder of JSON stacks
 * needs no file of its own. Throws `invalid-configuration` with the file and JSON path of what is wrong.
 */
export async function openProject(folder: string, files: Files): Promise<Project> {
  const path = join(folder, 'cdktf.json');
  const bytes = await readInput(files, path, 'cdktf.json');
  let content: unknown = {};
  if (bytes !== null) {
    try {
      content = JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new KeyformError('invalid-configuration', 'cdktf.json is not JSON', {
        detail: 'Correct its syntax, or have "keyform init" write a new one in an empty folder.',
        cause,
      });
    }
  }
  const file = check(fileSchema, content, []);
  const settings = check(projectSettingsSchema, file.context.keyform ?? {}, ['context', 'keyform']);
  return {
    folder,
    app: file.app ?? null,
    output: file.output,
    context: file.context as JsonObject,
    settings,
    stateFolder: resolve(folder, settings.state),
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown, path: readonly string[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = innermost(result.error.issues, []);
  const at = formatPath([...path, ...issue.path]);
  throw new KeyformError('invalid-configuration', `cdktf.json is wrong at ${at === '' ? 'its root' : `"${at}"`}`, {
    detail: `${issue.message}.${issue.hint} Settings of Keyform stand under context.keyform: ${SETTINGS.join(', ')}.`,
  });
}

const SETTINGS = Object.keys(projectSettingsSchema.shape);
/** Of settings that may be objects. */
const WITHIN: Readonly<Record<string, readonly string[]>> = {
  sandbox: ['enabled', 'options'],
  unmanaged: ['mode', 'ignore'],
  ignore: ['type', 'owner', 'name', 'id', 'reason', 'until'],
};

interface Slip {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** With a leading space, or empty. */
  readonly hint: string;
}

/** The first issue; of a value that fits no alternative, that of the alternative which the value comes nearest to. */
function innermost(issues: readonly z.core.$ZodIssue[], above: readonly (string | number)[]): Slip {
  const issue = issues[0];
  if (issue === undefined) return { path: above, message: 'It does not fit', hint: '' };
  const path = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'invalid_union') {
    const isOther = ({ code, path: within }: z.core.$ZodIssue) =>
      (code === 'invalid_type' || code === 'invalid_value') && within.length === 0;
    const near = issue.errors.find((branch) => branch[0] !== undefined && !isOther(branch[0]));
    if (near !== undefined) return innermost(near, path);
    const literal = path.at(-1) === 'unmanaged' ? '"report", "fail"' : 'true, false';
    return { path, message: `It must be ${literal} or an object`, hint: '' };
  }
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const setting = path.findLast((part) => typeof part === 'string' && Object.hasOwn(WITHIN, part)) ?? '';
  const candidates = WITHIN[setting] ?? SETTINGS;
  return { path, message: issue.message, hint: unknown === undefined ? '' : didYouMean(unknown, candidates) };
}
