import type { Files } from '../core/port.ts';
import type { State } from '../core/state.ts';
import { faultWords } from './fault.ts';

/**
 * Brings the inventory file of a stack up to `state`, where the project keeps one; leaves a file alone that says so already. It follows
 * from the state, so one that cannot be written is no more than a pity: never throws, and returns what a person should know.
 */
export async function writeInventory(
  options: {
    readonly files: Files;
    readonly paths: { readonly inventory: string };
    /** Makes the text; null: none is kept. */
    readonly inventory: ((state: State) => string) | null;
  },
  state: State,
): Promise<string[]> {
  const { inventory, files, paths } = options;
  if (inventory === null) return [];
  const path = paths.inventory;
  try {
    const bytes = Buffer.from(inventory(state), 'utf8');
    const present = await files.read(path);
    if (present === null || !bytes.equals(present)) await files.replace(path, bytes, 0o644);
    return [];
  } catch (error) {
    return [`The inventory ${path} could not be written: ${faultWords(error)}. It is out of date.`];
  }
}
