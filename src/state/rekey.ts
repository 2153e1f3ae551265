import { KeyformError } from '../core/error.ts';
import type { Files, Random } from '../core/port.ts';
import type { Secret } from '../core/secret.ts';
import { guarded } from './fault.ts';
import { decodeSnapshot } from './format.ts';
import {
  briefly,
  identityToRecipient,
  type Opening,
  parseRecipients,
  type Sealing,
  type StateKeys,
  sealingFor,
} from './keys.ts';
import type { LockHolder } from './lock.ts';
import { findRescues } from './rescue.ts';
import { noIdentity } from './seal.ts';
import type { Session } from './session.ts';
import { same, statePaths } from './snapshot.ts';
import type { Store } from './store.ts';
import { filesOf, openAny, type Proof, prove, type Swept, sweep } from './sweep.ts';

/** Whom a state shall be sealed for from now on. */
export interface RekeyRequest {
  /** Recipients to add to those of now, and to take away from them. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** The recipients of cdktf.json. */
  readonly configured: readonly string[];
  /** A passphrase in place of recipients, or of the passphrase of now; null for none. */
  readonly passphrase: Secret | null;
}

export interface RekeyOptions {
  /** The state folder, without a slash at its end. */
  readonly folder: string;
  readonly stack: string;
  readonly files: Files;
  readonly random: Random;
  /** All keys at hand: those that open the state now, and one at least that is to open it afterwards. */
  readonly hand: Opening;
  readonly request: RekeyRequest;
  /** As in {@link StoreOptions.refuges}. */
  readonly refuges: readonly string[];
  /** Opens the stack's store, to be read with `keys` and written with `sealing`. */
  readonly store: (keys: StateKeys, sealing: Sealing) => Promise<Store>;
  readonly lockTimeoutMs: number;
  readonly onWait?: (holder: LockHolder | null) => void;
  readonly signal?: AbortSignal;
}

/** What a change of keys came to. */
export interface Rekeyed {
  /** Recipients before and after; null: under a passphrase. */
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
  /** Serial of the new snapshot. */
  readonly serial: number;
  /** Every file that something was done to, or should be, the snapshot first. */
  readonly files: readonly Swept[];
  /** How many keys at hand open nothing any more; each was tried on every file. */
  readonly former: number;
  readonly proof: Proof;
  /** What a person should know besides. */
  readonly notes: readonly string[];
}

/**
 * Seals the state of a stack anew, and every other file of it in the state folder (see {@link sweep}), then proves it. The snapshot
 * comes first, so that nothing that is written from then on is for the old keys; a crash at any point leaves a whole state, and
 * running it again finishes.
 *
 * Throws, before anything is written, `invalid-usage` and `invalid-configuration` for a request that makes no sense, or that would
 * leave nobody in whose key is at hand; `wrong-identity` and the other errors of reading a state; `state-locked`; `state-io`.
 */
export async function rekey(options: RekeyOptions): Promise<Rekeyed> {
  const { folder, stack, files, hand, request } = options;
  // After a crash the state may be under the new passphrase already.
  const fresh = request.passphrase === null ? [] : [{ identities: [], passphrase: request.passphrase }];
  const openings: readonly Opening[] = [hand, ...fresh];
  const present = await readPresent(options, openings);
  const { sealing, notes } = await chooseSealing(request, present, hand);

  const { identities } = hand;
  const before = await listing(options);
  const first = await begin(options, { ...present.opening, recipients: [] }, sealing);
  notes.push(...first.notes);
  await refuseChanged(options, first, openings, present, sealing);
  first.rewrite('recipients' in sealing ? `for ${sealing.recipients.map(briefly).join(', ')}` : 'under a passphrase');
  const closed = await end(first);
  notes.push(...closed.notes);

  const passphrase = 'passphrase' in sealing ? sealing.passphrase : hand.passphrase;
  const second = await begin(options, { identities, passphrase, recipients: [] }, sealing);
  let swept: readonly Swept[];
  let proof: Proof;
  const { kept, former } = await partition(hand, sealing);
  try {
    const { serial, lineage } = second.state;
    const rescues = await findRescues(files, { stack, lineage, folders: options.refuges });
    notes.push(...rescues.notes);
    const where = { folder, stack, elsewhere: rescues.paths, files, sealing };
    swept = await sweep({ ...where, random: options.random, serial, openings });
    proof = await prove({ ...where, hand: kept, former, swept });
  } catch (error) {
    await end(second);
    throw error;
  }
  await end(second);
  const { snapshot } = statePaths(folder, stack);
  const after = new Set([...(await listing(options)), ...swept.map(({ path }) => path)]);
  const gone = before
    .filter((path) => !after.has(path))
    .map((path): Swept => ({ path, done: 'removed', why: 'what it held is in the state' }));
  return {
    before: present.recipients.length === 0 ? null : present.recipients,
    after: 'recipients' in sealing ? sealing.recipients : null,
    serial: closed.serial,
    files: [{ path: snapshot, done: 'sealed', why: 'with a new key for its journal' }, ...swept, ...gone],
    former: former.length,
    proof,
    notes,
  };
}

/** Files of the stack that may hold secrets. */
async function listing({ folder, stack, files }: RekeyOptions): Promise<readonly string[]> {
  const found = await filesOf({ folder, stack, elsewhere: [], files });
  return found.flatMap(({ path, kind }) => (/^(?:journal|sealed|temporary)/.test(kind) ? [path] : []));
}

interface Present {
  /** Of the snapshot. */
  readonly bytes: Uint8Array;
  /** Of now; none: under a passphrase. */
  readonly recipients: readonly string[];
  /** What the snapshot opened with. */
  readonly opening: Opening;
}

async function readPresent(options: RekeyOptions, openings: readonly Opening[]): Promise<Present> {
  const { snapshot: path } = statePaths(options.folder, options.stack);
  const bytes = await guarded('read', path, () => options.files.read(path));
  if (bytes === null) {
    throw new KeyformError('invalid-usage', `Stack "${options.stack}" has no state yet`, {
      detail: 'Its first apply seals it for the recipients of cdktf.json, or else for your own identity.',
    });
  }
  if (openings.every(({ identities, passphrase }) => identities.length === 0 && passphrase === null)) {
    throw noIdentity(path);
  }
  const { text, opening } = await openAny(bytes, openings, path);
  return { bytes, recipients: decodeSnapshot(text, path).recipients, opening };
}

/** Another change of keys may have come between the look at the recipients and the lock: it must not be undone. */
async function refuseChanged(
  options: RekeyOptions,
  session: Session,
  openings: readonly Opening[],
  before: Present,
  sealing: Sealing,
): Promise<void> {
  const { snapshot: path } = statePaths(options.folder, options.stack);
  let changed: boolean;
  try {
    const bytes = await guarded('read', path, () => options.files.read(path));
    if (same(bytes, before.bytes)) return;
    const now = (await readPresent(options, openings)).recipients.join();
    // The run may have folded a journal, and that is sealed in the new way already.
    const anew = 'recipients' in sealing ? sealing.recipients.join() : '';
    changed = now !== before.recipients.join() && now !== anew;
  } catch (error) {
    await session.abandon();
    throw error;
  }
  if (!changed) return;
  await session.abandon();
  throw new KeyformError('state-locked', `The recipients of "${options.stack}" were just changed by another process`, {
    detail: 'Nothing was done. Look at what they are now, then run the command again.',
  });
}

/** Throws `invalid-usage` for a request that contradicts itself or cdktf.json; `passphrase`: whether there is to be one. */
export function checkRequest(request: Omit<RekeyRequest, 'passphrase'> & { readonly passphrase: boolean }): void {
  const edits = request.add.length + request.remove.length > 0;
  if (request.passphrase && edits) {
    throw new KeyformError('invalid-usage', '-passphrase cannot be given together with -add or -remove', {
      detail: 'An age file is sealed either under one passphrase or for recipients, never both.',
    });
  }
  if (request.configured.length > 0 && (edits || request.passphrase)) {
    const how = request.passphrase
      ? 'Take context.keyform.recipients away there, then run this command again.'
      : 'Change context.keyform.recipients there, then run "keyform state rekey" without -add and -remove.';
    throw new KeyformError('invalid-usage', 'The recipients of this project stand in cdktf.json', {
      detail: `${how} Otherwise the next apply would undo what this command does.`,
    });
  }
}

/**
 * How to seal a state from now on. Throws `invalid-usage` for a request that contradicts itself or cdktf.json, and
 * `invalid-configuration` for recipients that age does not allow together, or that leave out everybody whose key is at hand.
 */
export async function chooseSealing(
  request: RekeyRequest,
  present: Omit<Present, 'bytes'>,
  hand: Opening,
): Promise<{ readonly sealing: Sealing; readonly notes: string[] }> {
  const { configured, passphrase } = request;
  checkRequest({ ...request, passphrase: passphrase !== null });
  const add = parseRecipients(request.add, '-add');
  const remove = parseRecipients(request.remove, '-remove');
  const edits = add.length + remove.length > 0;
  if (passphrase !== null) return { sealing: { passphrase }, notes: [] };
  if (configured.length > 0) return { sealing: await including(configured, hand), notes: [] };

  const underPassphrase = present.recipients.length === 0;
  if (underPassphrase && remove.length > 0) {
    throw new KeyformError('invalid-usage', 'The state is under a passphrase and has no recipients to remove', {
      detail: 'keyform state rekey -passphrase gives it another passphrase, -add=RECIPIENT seals it for recipients.',
    });
  }
  if (underPassphrase && add.length === 0) {
    if (present.opening.passphrase === null) throw new Error('a state without recipients opened without a passphrase');
    return { sealing: { passphrase: present.opening.passphrase }, notes: [] };
  }
  const notes = remove
    .filter((recipient) => !present.recipients.includes(recipient))
    .map((recipient) => `${briefly(recipient)} was not among the recipients of the state.`);
  const wanted = [...present.recipients, ...add].filter((recipient) => !remove.includes(recipient));
  if (wanted.length === 0) {
    throw new KeyformError('invalid-usage', 'That would leave no recipient', {
      detail: 'Nobody could open the state again. Add another one in the same command: -add=RECIPIENT.',
    });
  }
  const recipients = parseRecipients(wanted, 'The new recipients');
  if (edits) return { sealing: await including(recipients, hand), notes };
  return { sealing: await sealingFor({ ...hand, passphrase: null, recipients: [] }, recipients), notes };
}

async function including(recipients: readonly string[], hand: Opening): Promise<Sealing> {
  if (hand.identities.length > 0) return sealingFor({ ...hand, passphrase: null, recipients }, []);
  throw new KeyformError('no-identity', 'No identity is at hand that could open the state afterwards', {
    detail: 'Name the identity of one of the recipients with -identity-file, so that it can be tried.',
  });
}

/** The keys at hand that open what is sealed so, and those, one by one, that must not. */
async function partition(hand: Opening, sealing: Sealing): Promise<{ kept: Opening; former: readonly Opening[] }> {
  const kept: Secret[] = [];
  const former: Opening[] = [];
  for (const identity of hand.identities) {
    const recipient = await identityToRecipient(identity);
    if ('recipients' in sealing && sealing.recipients.includes(recipient)) kept.push(identity);
    else former.push({ identities: [identity], passphrase: null });
  }
  const passphrase = 'passphrase' in sealing ? sealing.passphrase : null;
  if (hand.passphrase !== null && hand.passphrase.reveal() !== passphrase?.reveal()) {
    former.push({ identities: [], passphrase: hand.passphrase });
  }
  return { kept: { identities: kept, passphrase }, former };
}

async function begin(options: RekeyOptions, keys: StateKeys, sealing: Sealing): Promise<Session> {
  const { lockTimeoutMs, onWait, signal } = options;
  return (await options.store(keys, sealing)).begin('state rekey', {
    lockTimeoutMs,
    ...(onWait === undefined ? {} : { onWait }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Ends a session; when that fails the lock at least is released, and the first error is thrown. */
async function end(session: Session): Promise<{ readonly serial: number; readonly notes: readonly string[] }> {
  try {
    return await session.close();
  } catch (error) {
    await session.abandon().catch(() => {}); // It fails for the same reason, which is told.
    throw error;
  }
}
