import { DONE, list, type Outcome, type Outside, Workspace } from '../../context.ts';
import { maskSecrets } from '../../mask.ts';
import { findResource, readState, type StateFlags } from '../state/read.ts';
import { findGeneration, noSecret, refuseTerminal } from './key.ts';

interface SecretFlags extends StateFlags {
  readonly address: string;
  readonly reveal: boolean;
  readonly json: boolean;
  readonly generation?: string;
}

/** `keyform secret get ADDRESS`: prints one secret. */
export async function secretGetCommand(outside: Outside, flags: SecretFlags): Promise<Outcome> {
  refuseTerminal(outside, flags.reveal);
  const { state } = await readState(new Workspace(outside, flags), list(flags.stack));
  const resource = findResource(state, flags.address);
  const type = outside.clouds.flatMap((cloud) => cloud.resources).find((one) => one.type === resource.type);
  const key = findGeneration(resource, flags.generation, type);
  if (key.secret === null) throw noSecret(flags.address);
  maskSecrets(outside, [key.secret]);
  const secret = key.secret.reveal();
  outside.terminal.out(flags.json ? `${JSON.stringify({ access_key_id: key.accessKeyId, secret })}\n` : `${secret}\n`);
  return DONE;
}
