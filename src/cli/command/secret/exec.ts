import { KeyformError } from '../../../core/error.ts';
import type { Environment } from '../../../core/port.ts';
import { faultCode } from '../../../state/fault.ts';
import { type Outcome, type Outside, Workspace } from '../../context.ts';
import { type KeyFlags, readKeys } from './key.ts';

/** What is said to this run of Keyform alone: above all what opens the state, with every other key in it. Endpoints and TF_VAR_… stay. */
const OWN = /^KEYFORM_(?:IDENTITY|PASSPHRASE|VAR_|LOG$)/i;

/**
 * `keyform secret exec [ADDRESS…] -- COMMAND`: runs the command in its own place, with the keys in the environment of the command alone. The
 * exit code is the command's; 127 where there is no such program and 126 where it cannot be run, as shells have it.
 */
export async function secretExecCommand(outside: Outside, flags: KeyFlags): Promise<Outcome> {
  const [command, ...args] = behind(outside.words);
  if (command === undefined) {
    throw new KeyformError('invalid-usage', 'Which command?', {
      detail: 'It follows "--": keyform secret exec ADDRESS -- COMMAND ARGUMENTS.',
    });
  }
  const { credentials, variables } = await readKeys(outside, flags);
  const cleared = new Set(flags.prefix === undefined ? credentials.flatMap(({ form }) => form?.clears ?? []) : []);
  const nul = variables.find(({ value }) => value.includes('\0'));
  if (nul !== undefined) {
    throw new KeyformError('refused', `${nul.name} cannot be a variable: the value holds a NUL character`, {
      detail: `It is of ${nul.address}. Use "keyform secret get".`,
    });
  }
  const env: Environment = {
    ...Object.fromEntries(
      Object.entries(outside.environment).filter(([name]) => !OWN.test(name) && !cleared.has(name)),
    ),
    ...Object.fromEntries(variables.map(({ name, value }) => [name, value])),
  };
  const cwd = new Workspace(outside, flags).folder;
  try {
    return { code: await outside.attach(command, { args, cwd, env }) };
  } catch (error) {
    const code = faultCode(error);
    if (code === null) throw error;
    const missing = code === 'ENOENT';
    return {
      code: missing ? 127 : 126,
      diagnostics: [
        {
          severity: 'error',
          summary: missing ? `There is no program "${command}"` : `"${command}" cannot be run (${code})`,
          detail: `${missing ? 'It is looked for in the folders of PATH, or from here where its name holds a "/".' : 'Check that it is a program and may be run.'} No shell is asked: for a command line write -- sh -c '…'.`,
        },
      ],
    };
  }
}

/** The words of the command that is to be run: all behind the first `--`. */
function behind(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? [] : words.slice(end + 1);
}
