import { basename, join, relative, resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import { type Adoption, type Adoptions, adoptionsOf, removedText, stackText } from '../../../core/tfstate/adoption.ts';
import { addressOf, readTerraformState } from '../../../core/tfstate/read.ts';
import type { Session } from '../../../state/session.ts';
import { list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { maskSecrets } from '../../mask.ts';
import { plain } from '../../render/quote.ts';
import { begin, orEnd } from '../apply.ts';
import { load, readNamed, withOutputs } from '../stack.ts';
import { printNotes } from '../state/read.ts';
import type { ImportFlags } from './index.ts';
import { siblingsOf } from './one.ts';

/** The file of the stack that declares what was adopted. */
const FILE = 'adopted.tf.json';

/**
 * `keyform import -from-tfstate=FILE`: the keys of another Terraform state, with their secrets, become keys of a stack. It writes the stack,
 * and `removed` blocks for the configuration that declared them; nothing is done at a cloud but listing. Should anything be wrong, nothing
 * is left of it.
 */
export async function importState(outside: Outside, flags: ImportFlags, file: string): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const { files, terminal, style } = outside;
  const { out } = terminal;
  const what = file === '-' ? 'Standard input' : file;
  const types = outside.clouds.flatMap(({ resources }) => resources);
  const before = readTerraformState(await readText(workspace, file), what);
  const { stack, isNew, declared } = await stackFor(workspace, list(flags.stack)[0]);
  const found = adoptionsOf(before, types, declared);
  const { adoptions } = found;
  maskSecrets(
    outside,
    adoptions.flatMap(({ secret }) => (secret === null ? [] : [secret])),
  );
  if (adoptions.length === 0)
    throw nothingFound(
      what,
      found,
      types.flatMap(({ terraform }) => terraform?.type ?? []),
    );
  for (const one of adoptions) out(`  ${line(one)}\n`);
  for (const { address, why } of found.left) out(`  ${style.out.yellow('left')} ${plain(address)}: ${plain(why)}\n`);
  const project = await workspace.project();
  const stackFile = join(project.folder, project.settings.stacks, stack, FILE);
  const removedFile = resolve(workspace.folder, flags['removed-out'] ?? `${stack}.removed.tf.json`);
  const shown = (path: string) => relative(workspace.folder, path);
  if (flags['dry-run']) {
    out(
      `\nWould adopt ${count(adoptions.length)} in stack "${stack}", and write ${shown(stackFile)} and ${shown(removedFile)}. Nothing was done.\n`,
    );
    return { code: 0 };
  }

  const written: string[] = [];
  const write = async (path: string, text: string) => {
    const bytes = new TextEncoder().encode(text);
    if (await files.createExclusive(path, bytes, 0o644)) {
      written.push(path);
      return;
    }
    // An earlier run, which did not get to its end, wrote the same.
    const there = await files.read(path);
    if (there !== null && Buffer.compare(there, bytes) === 0) return;
    throw new KeyformError('refused', `${shown(path)} is there already`, {
      detail: 'It is not overwritten. Move it away, or name another: -stack=NAME, -removed-out=FILE.',
    });
  };
  let session: Session | null = null;
  try {
    await write(stackFile, stackText(adoptions, isNew));
    await write(removedFile, removedText(adoptions));
    const [text] = await readNamed(workspace, [stack]);
    if (text === undefined) throw new Error('a stack that has a file is there');
    const engine = await workspace.engine();
    const loaded = await withOutputs(workspace, engine, await load(workspace, text));
    const { adoptKeys } = await import('../../../engine/adopt.ts');
    const begun = await begin(workspace, engine, stack, flags, null, 'import');
    session = begun;
    const siblings = siblingsOf(workspace, engine, stack);
    // Trying each would cost a call per key; the first rotation tells.
    const options = { verify: false, record: true, resume: true, siblings, signal: outside.signal };
    await orEnd(begun, () => adoptKeys(engine, begun, loaded, adoptions, options));
    printNotes(outside, (await begun.close()).notes);
  } catch (error) {
    // What is recorded must stay declared: a plan would delete it otherwise.
    const kept = adoptions.filter(({ address }) => session?.state.resources.has(address) === true).length;
    if (kept === 0) for (const path of written) await files.remove(path);
    else
      terminal.err(
        `Note: ${kept} of ${count(adoptions.length)} may be recorded already, so ${shown(stackFile)} stays. Run the same command again: it goes on from there.\n`,
      );
    throw error;
  }
  const secrets = adoptions.filter(({ secret }) => secret !== null).length;
  out(
    `\n${style.out.green(style.out.bold('Adopted!'))} ${count(adoptions.length)}, ${secrets} with ${secrets === 1 ? 'its secret' : 'their secrets'}. Nothing was done at the clouds.\n`,
  );
  out(`
What to do next:
  keyform plan ${stack}    shows what else differs, if anything
  ${relative(workspace.folder, stackFile)}    declares them; move them to where they belong ("moved" blocks)
  ${basename(removedFile)}    put it beside the Terraform configuration in place of those resources, then "terraform apply": it forgets them
${file === '-' ? 'The Terraform state' : plain(file)} and its backups still hold these secrets in plain text: destroy them, or rotate the keys ("keyform rotate -force").
`);
  return { code: 0 };
}

/** The stack that the keys are to belong to: the one that was named, or the only one, or a new one. */
async function stackFor(
  workspace: Workspace,
  asked: string | undefined,
): Promise<{ readonly stack: string; readonly isNew: boolean; readonly declared: readonly string[] }> {
  if (asked !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(asked))
    throw new KeyformError('invalid-usage', `"${asked}" cannot be the name of a stack`, {
      detail: 'It is the name of a folder: letters, digits, "_", "-" and ".".',
    });
  const { jsonStackNames, parseStack } = await import('../../../engine/source.ts');
  const names = await jsonStackNames(await workspace.project(), workspace.outside.files);
  const stack = asked ?? (names.length === 1 ? names[0] : names.length === 0 ? 'adopted' : undefined);
  if (stack === undefined)
    throw new KeyformError('invalid-usage', 'Which stack shall they belong to?', {
      detail: `There are: ${names.join(', ')}. Name one of them, or a new one: -stack=NAME.`,
    });
  if (!names.includes(stack)) return { stack, isNew: true, declared: [] };
  const [text] = await readNamed(workspace, [stack]);
  if (text === undefined) throw new Error('a stack that has a file is there');
  // Not by what an earlier run of this wrote: its names are to be the same again.
  const own = text.files.filter(({ file }) => !file.endsWith(FILE));
  const { readConfiguration } = await import('../../../core/configuration/stack.ts');
  const { Report } = await import('../../../core/configuration/block.ts');
  const report = new Report();
  const { resources } = readConfiguration(await parseStack({ ...text, files: own }), workspace.outside.clouds, report);
  return { stack, isNew: own.length === 0, declared: [...resources.keys()] };
}

async function readText(workspace: Workspace, file: string): Promise<string> {
  const { terminal, files } = workspace.outside;
  if (file === '-' && terminal.input === null)
    throw new KeyformError('invalid-usage', 'Standard input is a terminal', {
      detail: 'Pipe a state in: terraform state pull | keyform import -from-tfstate=-',
    });
  const { readInput } = await import('../../../engine/input.ts');
  const bytes = file === '-' ? await terminal.input?.() : await readInput(files, resolve(workspace.folder, file), file);
  if (bytes == null)
    throw new KeyformError('not-found', `There is no file ${file}`, {
      detail:
        'Name a state of Terraform, such as terraform.tfstate; or pipe "terraform state pull" in: -from-tfstate=-',
    });
  return new TextDecoder().decode(bytes);
}

function line({ from, address, id, without }: Adoption): string {
  return `${plain(addressOf(from))} -> ${address}, key ${plain(id)}${without === null ? '' : `, without its secret: ${plain(without)}`}`;
}

function count(keys: number): string {
  return keys === 1 ? '1 key' : `${keys} keys`;
}

function nothingFound(what: string, { left }: Adoptions, types: readonly string[]): KeyformError {
  const rest = left.map(({ address, why }) => `${address}: ${why}.`).join(' ');
  return new KeyformError('not-found', `${what} holds no key that could be adopted`, {
    detail: `${rest === '' ? '' : `${rest} `}Adopted are: ${[...types].sort().join(', ')}.`,
  });
}
