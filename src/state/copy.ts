import { KeyformError } from '../core/error.ts';
import type { State } from '../core/state.ts';
import { guarded } from './fault.ts';
import { encodeSnapshot } from './format.ts';
import { sealingFor } from './keys.ts';
import { contentOf } from './leftover.ts';
import { noIdentity, seal } from './seal.ts';
import { readSteadily, statePaths } from './snapshot.ts';
import { openStore, type StoreOptions } from './store.ts';

/** A state in one sealed file. */
export interface SealedCopy {
  /** An age file as a snapshot is. */
  readonly bytes: Uint8Array;
  readonly lineage: string;
  readonly serial: number;
  /** False: the snapshot byte for byte. True: sealed anew, since a journal or a rescue file holds more than it. */
  readonly merged: boolean;
  /** What a person should know, as of reading. */
  readonly notes: readonly string[];
}

/**
 * All that is known of a state now, as one sealed file. What a journal or a rescue file holds is in it; then it has the serial that
 * the next snapshot will have, and a journal that lies beside it is folded already as far as it is concerned. Changes nothing and
 * takes no lock. Throws what {@link Store.read} throws, and `invalid-usage` when there is no state.
 */
export async function sealedCopy(options: StoreOptions): Promise<SealedCopy> {
  const { stack, clock, keys } = options;
  const paths = statePaths(options.folder, stack);
  const pause = () => clock.sleep(50);
  for (let attempt = 0; attempt < 20; attempt++) {
    const { snapshot, bytes, replay } = await readSteadily({ ...options, paths }, pause);
    const read = await openStore(options).read();
    if (!read.exists || snapshot === null || bytes === null) throw noState(stack);
    if (keys === null) throw noIdentity(paths.snapshot);
    const { lineage, serial } = read.state;
    // Somebody folded between the two.
    if (snapshot.state.lineage !== lineage || snapshot.state.serial !== serial) continue;
    const { recipients, history } = snapshot;
    const isWhole = (replay?.records.length ?? 0) === 0 && contentOf(snapshot.state) === contentOf(read.state);
    if (isWhole) return { bytes, lineage, serial, merged: false, notes: read.notes };
    const sealed = await sealAnew(options, read.state, { recipients, history });
    return { bytes: sealed, lineage, serial: serial + 1, merged: true, notes: read.notes };
  }
  throw new KeyformError('state-locked', `The state of "${stack}" changes faster than it can be read`, {
    detail: 'Another process works on it. Try again when it is done.',
  });
}

/** The next snapshot of `state`, with a journal key of its own; nothing is written. */
export async function sealAnew(
  options: Pick<StoreOptions, 'keys' | 'sealing' | 'clock' | 'random' | 'stack'>,
  state: State,
  content: Pick<Parameters<typeof encodeSnapshot>[0], 'recipients' | 'history'>,
): Promise<Uint8Array> {
  const { keys, clock, random, stack } = options;
  if (keys === null) throw noIdentity(`The state of "${stack}"`);
  const sealing = options.sealing ?? (await sealingFor(keys, content.recipients));
  const next = {
    ...state,
    serial: state.serial + 1,
    writtenAt: new Date(clock.now()).toISOString(),
    resources: new Map(state.resources),
    intents: new Map(state.intents),
  };
  const recipients = 'recipients' in sealing ? sealing.recipients : [];
  return seal(
    encodeSnapshot({ ...content, state: next, recipients, journalKey: random.bytes(32), folded: null }),
    sealing,
  );
}

/**
 * Writes a sealed copy to `path`, or, if that is null, beside the snapshot under a name that tells serial and time; never over a
 * file that is there. Throws what {@link sealedCopy} throws, `invalid-usage` when `path` is there already, `state-io`.
 */
export async function backupState(
  options: StoreOptions,
  path: string | null,
): Promise<SealedCopy & { readonly path: string }> {
  const copy = await sealedCopy(options);
  if (path === null) {
    const { snapshot } = statePaths(options.folder, options.stack);
    return { ...copy, path: await keepAside(options, snapshot, copy.serial, copy.bytes) };
  }
  if (await guarded('write the backup', path, () => options.files.createExclusive(path, copy.bytes, 0o600))) {
    return { ...copy, path };
  }
  throw new KeyformError('invalid-usage', `There is something at ${path} already`, {
    detail: 'A backup never replaces a file. Give another name, or none.',
  });
}

/**
 * Writes `bytes` beside `path` as `<path>.backup-<serial>-<UTC time>`, never over a file that is there; `serial` null: it is not
 * known. Returns the name. Throws `state-io`.
 */
export async function keepAside(
  options: Pick<StoreOptions, 'files' | 'clock'>,
  path: string,
  serial: number | null,
  bytes: Uint8Array,
): Promise<string> {
  // Without colons, which some file systems do not take.
  const time = new Date(options.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let number = 1; ; number++) {
    const name = `${path}.backup-${serial ?? 'unread'}-${time}${number === 1 ? '' : `-${number}`}`;
    if (await guarded('write the backup', name, () => options.files.createExclusive(name, bytes, 0o600))) return name;
  }
}

/** The error of a command that needs a state, for a stack without one. */
export function noState(stack: string): KeyformError {
  return new KeyformError('invalid-usage', `Stack "${stack}" has no state yet`, {
    detail: 'Run "keyform apply" first.',
  });
}
