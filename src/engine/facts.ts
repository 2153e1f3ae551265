import { isAbsolute, join } from 'node:path';
import type { Facts } from '../core/evaluation/facts.ts';
import type { YamlLibrary } from '../core/function/spec.ts';
import type { OutputState } from '../core/state.ts';
import type { StackText } from './source.ts';

/** What the expressions of a project's stacks stand on. */
export interface Ground {
  /** The project folder, absolute. */
  readonly folder: string;
  /** Content of a file by its absolute path, at once; null when there is none. Throws Node's own errors. */
  readonly readNow: (path: string) => Uint8Array | null;
  /** As in {@link Facts}. */
  readonly yaml?: () => YamlLibrary;
}

/** A stack, and what its expressions stand on. */
export interface Founded {
  readonly ground: Ground;
  readonly text: Pick<StackText, 'folder'>;
  /** Outputs of the other stacks that it reads, by stack; one that has no state yet is absent. */
  readonly outputs: ReadonlyMap<string, Readonly<Record<string, OutputState>>>;
}

/**
 * The facts for one stack. Relative paths are those of its folder, as if Terraform were run there: so a stack that CDKTF synthesized finds
 * its assets. `planTime`, `now`: as in {@link Facts}, milliseconds since 1970.
 */
export function factsOf(
  { ground, text, outputs }: Founded,
  planTime: number | null,
  now: (() => number) | null = null,
): Facts {
  const cwd = join(ground.folder, text.folder);
  return {
    workspace: 'default',
    cwd,
    root: '.',
    planTime: planTime === null ? null : instant(planTime),
    now: now === null ? null : () => instant(now()),
    outputsOf: (stack) => outputs.get(stack) ?? null,
    readFile: (path) => ground.readNow(isAbsolute(path) ? path : join(cwd, path)),
    ...(ground.yaml !== undefined && { yaml: ground.yaml }),
  };
}

/** As Terraform's timestamp(): whole seconds. */
function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
