import { join, resolve } from 'node:path';
import { z } from 'zod';
import { formatPath } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import type { JsonObject } from '../core/json.ts';
import type { Files } from '../core/port.ts';
import { readInput } from './input.ts';

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
  sandbox: z
    .boolean()
    .default(false)
    .describe('Use the embedded key APIs on a loopback port instead of the clouds, as -sandbox does.'),
});

/** Settings of a project. */
export type ProjectSettings = z.infer<typeof projectSettingsSchema>;

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
  const issue = result.error.issues[0];
  const at = formatPath([
    ...path,
    ...(issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part))),
  ]);
  throw new KeyformError('invalid-configuration', `cdktf.json is wrong at ${at === '' ? 'its root' : `"${at}"`}`, {
    detail: `${issue?.message ?? 'It does not fit'}. Settings of Keyform stand under context.keyform: ${Object.keys(projectSettingsSchema.shape).join(', ')}.`,
  });
}
