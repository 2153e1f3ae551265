import { resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import { type Found, jsonText, typescriptText, writeKeys } from '../../../core/import/generate.ts';
import type { JsonObject } from '../../../core/json.ts';
import { credentialsOf, typeOf, type World } from '../../../core/plan/actual.ts';
import { heldKeys } from '../../../core/plan/attempt.ts';
import { siblingKeys } from '../../../core/plan/sibling.ts';
import type { State } from '../../../core/state.ts';
import { didYouMean } from '../../../core/suggest.ts';
import type { StackText } from '../../../engine/source.ts';
import { list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { makePlanFor, report } from '../plan.ts';
import { load, readNamed, withOutputs } from '../stack.ts';
import type { ImportFlags } from './index.ts';

/** Name of the data source by which an owner is asked that the stack does not know. */
const ASKED = 'keyform_import';

/**
 * `keyform import -generate`: what a stack would say of the keys that nobody manages, those of the owners that the stack knows, or with
 * `-type` and `-owner` those of one owner. Reads, and writes at most the file that `-out` names.
 */
export async function generateImports(outside: Outside, flags: ImportFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const [named, more] = await readNamed(workspace, list(flags.stack));
  if (named === undefined || more !== undefined)
    throw new KeyformError('invalid-usage', 'Keys are generated for one stack', { detail: 'Name it: -stack=NAME.' });
  const question = ownerAsked(outside, flags);
  const text = question === null ? named : asking(named, question);
  const engine = await workspace.engine();
  const loaded = await withOutputs(workspace, engine, await load(workspace, text));
  const [{ readerOf }, { readSiblings }] = await Promise.all([
    import('../../../engine/reader.ts'),
    import('../../../engine/sibling.ts'),
  ]);
  const project = await workspace.project();
  const keys = await workspace.keys(text.name);
  const { state } = await readerOf(engine, project, text.name, keys).read();
  const { plan, world } = await makePlanFor(workspace, engine, loaded, state, {
    json: false,
    refresh: true,
    'refresh-only': true,
    destroy: false,
    'allow-credential-delete': false,
  });
  const failed = report(outside, plan, null);
  const siblings = await readSiblings(engine, project, text.name, keys);
  const { found, credentials } = strangers({ ...world, siblings }, state, question, flags['include-credential']);
  for (const id of credentials)
    outside.terminal.err(
      `Note: key ${id}, which Keyform itself authenticates with, is left out; -include-credential takes it in.\n`,
    );
  if (found.length === 0) {
    outside.terminal.err('Note: every key of the owners that were asked is managed already.\n');
    return { code: failed ? 1 : 0 };
  }
  const declared = [...loaded.configuration.resources.keys()];
  const written = writeKeys(found, declared, flags.typescript);
  const content = flags.typescript ? typescriptText(written) : jsonText(written);
  if (flags.out === undefined) {
    outside.terminal.out(content);
    return { code: failed ? 1 : 0 };
  }
  const path = resolve(workspace.folder, flags.out);
  if (!(await outside.files.createExclusive(path, new TextEncoder().encode(content), 0o644)))
    throw new KeyformError('refused', `${flags.out} is there already`, {
      detail: 'It is not overwritten. Name another file, or leave -out away to see it.',
    });
  outside.terminal.out(
    `${flags.out} declares ${written.length === 1 ? '1 key' : `${written.length} keys`}. Once it is part of the stack, "keyform plan" shows what is imported.\n`,
  );
  return { code: failed ? 1 : 0 };
}

interface Question {
  readonly type: string;
  readonly args: JsonObject;
}

/** The owner that the flags name; null when they name none. */
function ownerAsked({ clouds }: Outside, { type: name, owner }: ImportFlags): Question | null {
  const written = list(owner);
  if (name === undefined) {
    if (written.length === 0) return null;
    throw new KeyformError('invalid-usage', '-owner needs -type', {
      detail: 'Name the resource type of the keys: -type=TYPE.',
    });
  }
  const types = clouds.flatMap(({ resources }) => resources);
  const type = types.find((one) => one.type === name);
  if (type === undefined)
    throw new KeyformError('invalid-usage', `There is no resource type "${name}"`, {
      detail: `There are: ${types.map((one) => one.type).join(', ')}.${didYouMean(
        name,
        types.map((one) => one.type),
      )}`,
    });
  const args: Record<string, string> = {};
  for (const item of written) {
    const [argument = '', ...rest] = item.split('=');
    if (rest.length === 0 || !type.owner.arguments.includes(argument))
      throw new KeyformError('invalid-usage', `-owner=${item} names no owner of ${name}`, {
        detail: `Its keys belong to a ${type.owner.word}, named by: ${type.owner.arguments.map((one) => `-owner=${one}=…`).join(' ') || 'nothing'}.`,
      });
    args[argument] = rest.join('=');
  }
  return { type: name, args };
}

/** The stack with a data source that asks for the keys of one more owner. */
function asking(text: StackText, { type, args }: Question): StackText {
  const content = JSON.stringify({ data: { [`${type}s`]: { [ASKED]: args } } });
  return { ...text, files: [...text.files, { file: `${ASKED}.tf.json`, text: content }] };
}

/** Keys that neither this stack nor another of the project manages; with the credentials among them that are left out. */
function strangers(
  world: World,
  state: State,
  question: Question | null,
  withCredentials: boolean,
): { readonly found: readonly Found[]; readonly credentials: readonly string[] } {
  const held = new Set([...heldKeys(state, world), ...siblingKeys(world)]);
  const found: Found[] = [];
  const credentials: string[] = [];
  const lists = question === null ? world.keys : world.data;
  for (const [owner, keys] of lists) {
    const type = question?.type ?? world.owners.get(owner)?.type;
    if (type === undefined || keys instanceof Error) continue;
    const entry = typeOf(world, type);
    const own = credentialsOf(world, entry.cloud.name);
    for (const key of keys.values()) {
      const name = `${entry.cloud.name} ${key.id}`;
      if (held.has(name) || key.readiness === 'leaving') continue;
      held.add(name);
      if (own.has(key.accessKeyId) && !withCredentials) credentials.push(key.accessKeyId);
      else found.push({ type: entry.type, key });
    }
  }
  return { found, credentials };
}
