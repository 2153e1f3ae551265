import { resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import type { Sibling } from '../../../core/plan/sibling.ts';
import { Secret } from '../../../core/secret.ts';
import type { Taken } from '../../../engine/adopt.ts';
import type { Engine } from '../../../engine/stack.ts';
import { list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { maskSecrets } from '../../mask.ts';
import { plain } from '../../render/quote.ts';
import { begin, orEnd } from '../apply.ts';
import { load, readNamed, withOutputs } from '../stack.ts';
import { printNotes } from '../state/read.ts';
import type { ImportFlags } from './index.ts';

/** `keyform import ADDRESS ID`, in Terraform's words. */
export async function importOne(outside: Outside, flags: ImportFlags, address: string, id: string): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const [text, more] = await readNamed(workspace, list(flags.stack));
  if (text === undefined || more !== undefined) {
    throw new KeyformError('invalid-usage', 'An address is of one stack', { detail: 'Name it: -stack=NAME.' });
  }
  const secret = await readSecret(workspace, flags['secret-file']);
  if (secret !== null) maskSecrets(outside, [secret]);
  const engine = await workspace.engine();
  const loaded = await withOutputs(workspace, engine, await load(workspace, text));
  const { adoptKeys } = await import('../../../engine/adopt.ts');
  const session = await begin(workspace, engine, text.name, flags, null, 'import');
  const claims = [{ address, id, secret }];
  const siblings = siblingsOf(workspace, engine, text.name);
  const options = { verify: true, record: !flags['dry-run'], resume: false, siblings, signal: outside.signal };
  const taken = await orEnd(session, () => adoptKeys(engine, session, loaded, claims, options));
  printNotes(outside, (await session.close()).notes);
  const { out } = outside.terminal;
  for (const one of taken) out(`${address}: ${flags['dry-run'] ? 'Would import' : 'Imported'} ${describeTaken(one)}\n`);
  if (flags['dry-run']) return { code: 0 };
  out(`\n${outside.style.out.green(outside.style.out.bold('Import successful!'))} Nothing was done at the cloud.\n`);
  out('"keyform plan" shows what else the stack says of the key.\n');
  return { code: 0 };
}

/** Reads the other stacks of the project. */
export function siblingsOf(workspace: Workspace, engine: Engine, stack: string): () => Promise<readonly Sibling[]> {
  return async () => {
    const { readSiblings } = await import('../../../engine/sibling.ts');
    return readSiblings(engine, await workspace.project(), stack, await workspace.keys(stack));
  };
}

/** The key, its owner, and how it stands with its secret. */
export function describeTaken({ generation, ownerLabel, verified }: Taken): string {
  const secret =
    generation.secret === null
      ? 'without its secret: only a new key has one for Keyform ("keyform rotate -force")'
      : verified === true
        ? 'with its secret, which works'
        : 'with its secret';
  return `key ${plain(generation.accessKeyId)} of ${plain(ownerLabel)}, ${secret}`;
}

/** The secret in a file, or with `-` on standard input; one line break at its end does not count. Null when none is named. */
async function readSecret(workspace: Workspace, name: string | undefined): Promise<Secret | null> {
  if (name === undefined) return null;
  const { terminal, files } = workspace.outside;
  if (name === '-' && terminal.input === null) {
    throw new KeyformError('invalid-usage', 'Standard input is a terminal', {
      detail:
        'Pipe the secret in, so that it stays out of the scroll-back: my-store get … | keyform import … -secret-file=-',
    });
  }
  const { readInput } = await import('../../../engine/input.ts');
  const bytes = name === '-' ? await terminal.input?.() : await readInput(files, resolve(workspace.folder, name), name);
  if (bytes == null) {
    throw new KeyformError('not-found', `There is no file ${name}`, {
      detail: '-secret-file names the file that holds the secret.',
    });
  }
  const text = new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
  if (text === '' || /[\r\n]/.test(text)) {
    throw new KeyformError('invalid-usage', `${name === '-' ? 'Standard input' : name} holds no secret`, {
      detail: text === '' ? 'It is empty.' : 'A secret is one line; this has several.',
    });
  }
  return new Secret(text);
}
