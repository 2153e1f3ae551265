import type { YamlLibrary } from '../function/spec.ts';
import type { OutputState } from '../state.ts';

/** What expressions may know of the run that evaluates them. */
export interface Facts {
  /** `terraform.workspace`. */
  readonly workspace: string;
  /** `path.cwd`: the project folder, absolute. */
  readonly cwd: string;
  /** `path.root`: the stack's folder, relative to the project folder, with `/`. */
  readonly root: string;
  /** Moment of the plan, RFC 3339 UTC; null where there is none yet (validation). */
  readonly planTime: string | null;
  /** Whether values may be told only when they are used: false while planning, where `timestamp()` is unknown. */
  readonly now: (() => string) | null;
  /** Outputs of another stack of the project by its name, as its state has them; null while it has none. */
  readonly outputsOf: (stack: string) => Readonly<Record<string, OutputState>> | null;
  /** Content of a file, null when there is none. A relative path is one of `cwd`. Throws an Error that says why it cannot be read. */
  readonly readFile: (path: string) => Uint8Array | null;
  /** Loads the YAML library at its first use. Absent where nothing decodes YAML. */
  readonly yaml?: () => YamlLibrary;
}
