import { isKeyformError, KeyformError } from '../core/error.ts';
import { isObject } from '../core/json.ts';
import { decodePlan, encodePlan, PLAN_VERSION } from '../core/plan/codec.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Files } from '../core/port.ts';
import type { Value } from '../core/value.ts';
import type { StateKeys } from '../state/keys.ts';
import { sealingFor } from '../state/keys.ts';
import { noIdentity, open, seal } from '../state/seal.ts';
import { readInput, writeOutput } from './input.ts';
import type { StackText } from './source.ts';

/** All that apply needs of a plan that was saved: what to do, and the stack as it was then. */
export interface SavedPlan {
  readonly plan: Plan;
  readonly text: StackText;
  readonly variables: ReadonlyMap<string, Value>;
  /** {@link ReadState.revision} of the state that it was made from. */
  readonly revision: string;
  /** {@link Owner.scope} of each step whose owner was known, by step id. */
  readonly scopes: Readonly<Record<string, string>>;
}

const KIND = 'keyform-plan';

/** Writes a plan, sealed as a new state would be, mode 0600. Throws `no-identity`. */
export async function savePlan(path: string, saved: SavedPlan, keys: StateKeys | null, files: Files): Promise<void> {
  if (keys === null) throw noIdentity('A plan file');
  const content = JSON.stringify({
    kind: KIND,
    version: PLAN_VERSION,
    text: saved.text,
    revision: saved.revision,
    scopes: saved.scopes,
    variables: encodePlan(Object.fromEntries(saved.variables) as unknown as Plan),
    plan: encodePlan(saved.plan),
  });
  const sealed = await seal(new TextEncoder().encode(content), await sealingFor(keys, []));
  await writeOutput(files, path, `The plan file ${path}`, sealed, 0o600);
}

/** Reads a plan file. Throws `no-identity`, `wrong-identity`, `damaged-state`, `empty-state`, `wrong-kind`, `newer-state`. */
export async function readPlan(path: string, keys: StateKeys | null, files: Files): Promise<SavedPlan> {
  const bytes = await readInput(files, path, `The plan file ${path}`);
  if (bytes === null) {
    throw new KeyformError('invalid-usage', `There is no plan file ${path}`, {
      detail: '"keyform plan -out=FILE" writes one.',
    });
  }
  const content = parse(new TextDecoder().decode(await unseal(bytes, keys, path)));
  if (!isObject(content) || content.kind !== KIND) {
    throw new KeyformError('wrong-kind', `${path} is not a plan file`, {
      detail: '"keyform plan -out=FILE" writes one.',
    });
  }
  if (content.version !== PLAN_VERSION) {
    throw new KeyformError('newer-state', `The plan file ${path} was written by another version of Keyform`, {
      detail: 'Plan again with this version.',
    });
  }
  return {
    plan: decodePlan(String(content.plan)),
    text: content.text as StackText,
    revision: String(content.revision),
    scopes: content.scopes as SavedPlan['scopes'],
    variables: new Map(Object.entries(decodePlan(String(content.variables)) as unknown as Record<string, Value>)),
  };
}

async function unseal(bytes: Uint8Array, keys: StateKeys | null, path: string): Promise<Uint8Array> {
  try {
    return await open(bytes, keys, `The plan file ${path}`);
  } catch (cause) {
    if (!isKeyformError(cause, 'damaged-state', 'empty-state')) throw cause;
    // What a damaged state calls for, backups and care, a plan does not: it can be made again.
    throw new KeyformError(cause.code, cause.message, {
      detail: 'Nothing was done. Plan again: "keyform plan -out=FILE" writes a plan file.',
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
