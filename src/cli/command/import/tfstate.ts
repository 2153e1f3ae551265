import { basename, join, relative, resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import { type Adoption, type Adoptions, adoptionsOf, removedText, stackText } from '../../../core/tfstate/adoption.ts';
import { addressOf, readTerraformState } from '../../../core/tfstate/read.ts';
import { list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { maskSecrets } from '../../mask.ts';
import { plain } from '../../render/quote.ts';
import { begin, orEnd } from '../apply.ts';
import { load, readNamed, withOutputs } from '../stack.ts';
import { printNotes } from '../state/read.ts';
import type { ImportFlags } from './index.ts';

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
  const found = adoptionsOf(readTerraformState(await readText(workspace, file), what), types);
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
  if (flags['dry-run']) {
    out(`\nWould adopt ${count(adoptions.length)}. Nothing was done.\n`);
    return { code: 0 };
  }

  const project = await workspace.project();
  const { jsonStackNames } = await import('../../../engine/source.ts');
  const names = await jsonStackNames(project, files);
  const [asked] = list(flags.stack);
  const stack = asked ?? (names.length === 1 ? names[0] : names.length === 0 ? 'adopted' : undefined);
  if (stack === undefined)
    throw new KeyformError('invalid-usage', 'Which stack shall they belong to?', {
      detail: `There are: ${names.join(', ')}. Name one of them, or a new one: -stack=NAME.`,
    });
  const stackFile = join(project.folder, project.settings.stacks, stack, FILE);
  const removedFile = resolve(workspace.folder, flags['removed-out'] ?? `${stack}.removed.tf.json`);
  const written: string[] = [];
  const write = async (path: string, text: string) => {
    if (!(await files.createExclusive(path, new TextEncoder().encode(text), 0o644)))
      throw new KeyformError('refused', `${relative(workspace.folder, path)} is there already`, {
        detail: 'It is not overwritten. Move it away, or name another: -stack=NAME, -removed-out=FILE.',
      });
    written.push(path);
  };
  try {
    await write(stackFile, stackText(adoptions, !names.includes(stack)));
    await write(removedFile, removedText(adoptions));
    const [text] = await readNamed(workspace, [stack]);
    if (text === undefined) throw new Error('a stack that has a file is there');
    const engine = await workspace.engine();
    const loaded = await withOutputs(workspace, engine, await load(workspace, text));
    const { adoptKeys } = await import('../../../engine/adopt.ts');
    const session = await begin(workspace, engine, stack, flags, null, 'import');
    await orEnd(session, () =>
      // Trying each would cost a call per key; the plan's own checks, and the first rotation, tell.
      adoptKeys(engine, session, loaded, adoptions, { verify: false, record: true, signal: outside.signal }),
    );
    printNotes(outside, (await session.close()).notes);
  } catch (error) {
    for (const path of written) await files.remove(path);
    throw error;
  }
  const secrets = adoptions.filter(({ secret }) => secret !== null).length;
  out(
    `\n${style.out.green(style.out.bold('Adopted!'))} ${count(adoptions.length)}, ${secrets} with ${secrets === 1 ? 'its secret' : 'their secrets'}. Nothing was done at the clouds.\n`,
  );
  out(`
What to do next:
  keyform plan ${stack}    shows nothing to do
  ${relative(workspace.folder, stackFile)}    declares them; move them to where they belong ("moved" blocks)
  ${basename(removedFile)}    put it beside the Terraform configuration in place of those resources, then "terraform apply": it forgets them
${file === '-' ? 'The Terraform state' : plain(file)} and its backups still hold these secrets in plain text: destroy them, or rotate the keys ("keyform rotate -force").
`);
  return { code: 0 };
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
