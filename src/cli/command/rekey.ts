import { relative } from 'node:path';
import { type Diagnostic, toDiagnostics } from '../../core/diagnostic.ts';
import { KeyformError } from '../../core/error.ts';
import { Secret } from '../../core/secret.ts';
import { passphraseOf } from '../../engine/identity.ts';
import { machineFolderOf, refugesOf } from '../../engine/storage.ts';
import { briefly, type Opening, parseRecipients, refuseWeak } from '../../state/keys.ts';
import { checkRequest, type Rekeyed, rekey } from '../../state/rekey.ts';
import { isUnderPassphrase } from '../../state/seal.ts';
import { statePaths } from '../../state/snapshot.ts';
import { type CommonFlags, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { lockTimeout } from './plan.ts';
import { stateNames } from './stack.ts';

interface RekeyFlags extends CommonFlags {
  readonly stacks?: readonly string[];
  readonly add?: string | readonly string[];
  readonly remove?: string | readonly string[];
  readonly passphrase: boolean;
  readonly 'lock-timeout'?: string;
}

/**
 * `keyform state rekey`: seals a stack's state, and every other file of it in the state folder, for other recipients or under a
 * passphrase, proves it, and says what it cannot do. Several stacks one after another. Exit code 1 when a file had to be left.
 */
export async function rekeyCommand(outside: Outside, flags: RekeyFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const lockTimeoutMs = lockTimeout(flags);
  const project = await workspace.project();
  const stacks = await stateNames(workspace, flags.stacks ?? []);
  const asked = {
    add: list(flags.add),
    remove: list(flags.remove),
    configured: parseRecipients(project.settings.recipients, 'context.keyform.recipients in cdktf.json'),
  };
  checkRequest({ ...asked, passphrase: flags.passphrase });
  const hand = await withPassphrase(workspace, stacks, await workspace.opening());
  const request = { ...asked, passphrase: flags.passphrase ? await newPassphrase(outside) : null };
  const { files, random, signal, terminal, environment, home } = outside;
  const diagnostics: Diagnostic[] = [];
  let changed = false;
  for (const stack of stacks) {
    try {
      const done = await rekey({
        folder: project.stateFolder,
        stack,
        files,
        random,
        hand,
        request,
        refuges: refugesOf(project, machineFolderOf(environment, home)),
        store: (keys, sealing) => workspace.store(stack, keys, sealing),
        lockTimeoutMs,
        signal,
        onWait: (holder) => {
          const who = holder === null ? '' : `, held by ${holder.user}@${holder.host} since ${holder.since}`;
          terminal.err(`Waiting for the state lock${who}.\n`);
        },
      });
      for (const note of done.notes) terminal.err(`Note: ${note}\n`);
      terminal.out(`${describe(stack, done, workspace.folder)}\n`);
      diagnostics.push(...complaints(stack, done, workspace.folder));
      changed = true;
    } catch (error) {
      signal.throwIfAborted();
      // The other stacks are to lose their old keys all the same.
      diagnostics.push(...toDiagnostics(error));
    }
  }
  if (changed) terminal.out(LIMITS);
  return diagnostics.length === 0 ? { code: 0 } : { code: 1, diagnostics };
}

/** A state under a passphrase that the environment does not give is opened with one that is asked for. */
async function withPassphrase(workspace: Workspace, stacks: readonly string[], hand: Opening): Promise<Opening> {
  const { files, terminal } = workspace.outside;
  if (hand.passphrase !== null || terminal.ask === null) return hand;
  const { stateFolder } = await workspace.project();
  for (const stack of stacks) {
    const bytes = await files.read(statePaths(stateFolder, stack).snapshot);
    if (bytes === null || !isUnderPassphrase(bytes)) continue;
    const text = await terminal.ask('Passphrase of the state as it is now: ', { hidden: true });
    return text === '' ? hand : { ...hand, passphrase: new Secret(text) };
  }
  return hand;
}

/** From the environment, or asked for twice: nobody could open what a slip sealed. */
async function newPassphrase(outside: Outside): Promise<Secret> {
  const given = passphraseOf(outside.environment, 'KEYFORM_NEW_PASSPHRASE');
  if (given !== null) {
    refuseWeak(given, 'The passphrase in KEYFORM_NEW_PASSPHRASE');
    return given;
  }
  const { ask } = outside.terminal;
  if (ask === null) {
    throw new KeyformError('invalid-usage', 'There is no terminal to ask for the new passphrase on', {
      detail: 'Put it into KEYFORM_NEW_PASSPHRASE. Nothing was done.',
    });
  }
  const passphrase = new Secret(await ask('New passphrase: ', { hidden: true }));
  refuseWeak(passphrase, 'The new passphrase');
  if ((await ask('The same again: ', { hidden: true })) !== passphrase.reveal()) {
    throw new KeyformError('invalid-usage', 'The two passphrases differ', { detail: 'Nothing was done. Try again.' });
  }
  return passphrase;
}

const WORDS = { sealed: 'sealed anew', removed: 'removed', left: 'left' } as const;

function describe(stack: string, done: Rekeyed, folder: string): string {
  const { before, after, files, proof, former } = done;
  const lines: string[] = [];
  if (after === null) lines.push(`The state of "${stack}" is under the passphrase, snapshot ${done.serial}.`);
  else {
    lines.push(`The state of "${stack}" is sealed for these recipients, snapshot ${done.serial}:`);
    for (const one of after) lines.push(`  ${briefly(one)}${before?.includes(one) === true ? '' : ' (new)'}`);
  }
  const gone = (before ?? []).filter((one) => after?.includes(one) !== true);
  if (gone.length > 0) lines.push('It is no longer sealed for:', ...gone.map((one) => `  ${briefly(one)}`));
  if (before === null && after !== null) lines.push('It is no longer under a passphrase: KEYFORM_PASSPHRASE must go.');
  if (before !== null && after === null) {
    lines.push(
      'It opens with the passphrase in KEYFORM_PASSPHRASE, or asked for at a terminal. KEYFORM_IDENTITY must go; your own identity file may stay.',
    );
  }
  lines.push('', 'Files:');
  for (const { path, done: what, why } of files) {
    lines.push(`  ${WORDS[what].padEnd(11)}  ${relative(folder, path)}${why === '' ? '' : ` (${why})`}`);
  }
  if (proof.failed.length === 0) {
    const tried =
      former === 0 ? '' : `, none opens with the ${former === 1 ? 'key' : `${former} keys`} at hand that must not`;
    lines.push(
      '',
      `Checked: ${proof.files} sealed file${proof.files === 1 ? '' : 's'}. Each opens with a key at hand${tried}, and each has as many keys as are listed above.`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Files that may still be read with the old keys. */
function complaints(stack: string, done: Rekeyed, folder: string): Diagnostic[] {
  const left = [...done.files.filter((file) => file.done === 'left'), ...done.proof.failed];
  if (left.length === 0) return [];
  const files = left.map(({ path, why }) => `${relative(folder, path)}: ${why}.`);
  return [
    {
      severity: 'error',
      summary: `Some files of stack "${stack}" may still be readable with old keys`,
      detail: `${files.join('\n')}\nThe state itself is done. See to these files, then run the command again: it goes over all files once more.`,
    },
  ];
}

const LIMITS = `What this cannot do: copies elsewhere (the history of a version control system, disk backups, other machines)
open with the old keys as before. Where somebody may hold such a copy and an old key, replace the access
keys themselves: keyform apply -replace=ADDRESS.
`;
