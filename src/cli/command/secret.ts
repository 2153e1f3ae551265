import { KeyformError } from '../../core/error.ts';
import type { Generation, ResourceState } from '../../core/state.ts';
import { DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { findResource, readState, type StateFlags } from './state/read.ts';

interface SecretFlags extends StateFlags {
  readonly address: string;
  readonly reveal: boolean;
  readonly json: boolean;
  readonly generation?: string;
}

/** `keyform secret get ADDRESS`: the one way by which a secret is printed. */
export async function secretGetCommand(outside: Outside, flags: SecretFlags): Promise<Outcome> {
  if (outside.terminal.outIsTerminal && !flags.reveal) {
    throw new KeyformError('refused', 'A secret is not printed to a terminal', {
      detail: 'It would stay in the scroll-back. Pipe it to where it is needed, or say -reveal.',
    });
  }
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const key = findGeneration(findResource(state, flags.address), flags.generation);
  if (key.secret === null) {
    throw new KeyformError('not-found', `State does not hold the secret of ${flags.address}`, {
      detail: 'The key was taken over without it. Replace the key to get one: keyform apply -replace=ADDRESS.',
    });
  }
  const secret = key.secret.reveal();
  outside.terminal.out(flags.json ? `${JSON.stringify({ access_key_id: key.accessKeyId, secret })}\n` : `${secret}\n`);
  return DONE;
}

function findGeneration(resource: ResourceState, number: string | undefined): Generation {
  const all = [...resource.deposed, ...(resource.current === null ? [] : [resource.current])];
  const found = number === undefined ? resource.current : all.find((key) => String(key.number) === number);
  if (found == null) {
    throw new KeyformError(
      'not-found',
      `${resource.address} has no ${number === undefined ? 'current key' : `generation ${number}`}`,
      {
        detail: all.length === 0 ? 'Run "keyform apply".' : `It has: ${all.map((key) => key.number).join(', ')}.`,
      },
    );
  }
  return found;
}
