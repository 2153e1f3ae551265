import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../src/core/port.ts';
import { Secret } from '../../src/core/secret.ts';
import {
  applyEntry,
  emptyState,
  type Generation,
  type Intent,
  type JournalEntry,
  type MutableState,
  type State,
} from '../../src/core/state.ts';
import { encodeSnapshot } from '../../src/state/format.ts';
import { NO_HISTORY } from '../../src/state/history.ts';
import type { StateKeys } from '../../src/state/keys.ts';
import type { ProcessPort } from '../../src/state/lock.ts';
import { openStore, type Store, type StoreOptions } from '../../src/state/store.ts';
import type { MemoryDisk } from './memory.ts';

/** Made for these tests with age-keygen; it opens nothing else. */
export const IDENTITY = 'AGE-SECRET-KEY-1YPKPZLH5A9C6Q0ALSQJPE3S8DMJ7Z0K0VUK4V0895KZT4ZYTGW8S9TE093';

export const START = Date.parse('2026-03-04T05:06:07.000Z');

/** A clock that moves only by sleeping; `onSleep` runs in each. */
export function testClock(onSleep: () => void | Promise<void> = () => {}): Clock {
  let now = START;
  return {
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
      await onSleep();
      // Others get on meanwhile: a step of the test disk is one turn of the event loop, and counts as 10 ms.
      for (let turn = 0; turn <= ms; turn += 10) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Chance from a seed: never repeats, always the same. */
export function testRandom(seed: string): Random {
  let drawn = 0;
  const draw = () => createHash('sha512').update(`${seed} ${drawn++}`).digest();
  return {
    bytes(length) {
      const parts: Buffer[] = [];
      for (let have = 0; have < length; have += 64) parts.push(draw());
      return new Uint8Array(Buffer.concat(parts).subarray(0, length));
    },
    fraction: () => draw().readUInt32BE(0) / 2 ** 32,
  };
}

/** A machine on which the processes with the given pids live, each with its start time. */
export function testProcess(pid: number, living: ReadonlyMap<number, string>, host = 'build-1'): ProcessPort {
  return {
    pid,
    host,
    user: 'alice',
    alive: (other) => living.has(other),
    started: (other) => living.get(other) ?? null,
  };
}

let boots = 0;

/** A store of stack `prod` on `disk`, in a process of its own that is alone on its machine. */
export function testStore(
  disk: MemoryDisk,
  keys: StateKeys | null,
  options: Partial<Omit<StoreOptions, 'folder' | 'keys'>> = {},
): Store {
  const pid = 1000 + ++boots;
  return openStore({
    folder: 'state',
    stack: 'prod',
    files: disk,
    clock: testClock(),
    random: testRandom(`boot ${boots}`),
    keys,
    process: testProcess(pid, new Map([[pid, `start ${pid}`]])),
    version: '0.0.0',
    machineFolder: null,
    refuges: [],
    inventory: null,
    ...options,
  });
}

export const SECRET = 'canary-5ecret-of-generation';

export function generation(number: number, changes: Partial<Generation> = {}): Generation {
  return {
    number,
    id: `id-${number}`,
    accessKeyId: `AK${number}`,
    secret: new Secret(`${SECRET}-${number}`),
    createdAt: '2026-03-04T05:06:07Z',
    expiresAt: null,
    enabled: true,
    args: { user_name: 'ci', tag: { deep: [1, null, true] } },
    sensitiveArgs: [],
    attributes: { last_used: null },
    scope: 'https://api.example',
    ...changes,
  };
}

export function intent(id: string, address: string, changes: Partial<Intent> = {}): Intent {
  return {
    id,
    at: '2026-03-04T05:06:07Z',
    operation: 'create',
    address,
    type: 'keyform_outscale_access_key',
    provider: 'keyform',
    owner: 'user ci',
    scope: 'https://api.example',
    generation: 1,
    keyId: null,
    args: { user_name: 'ci' },
    sensitiveArgs: [],
    secret: null,
    knownIds: ['id-0'],
    ...changes,
  };
}

/** The two entries of one key made at `address`. */
export function creation(
  address: string,
  number = 1,
): [Extract<JournalEntry, { kind: 'intent' }>, Extract<JournalEntry, { kind: 'created' }>] {
  const id = `intent ${address} ${number}`;
  return [
    { kind: 'intent', intent: intent(id, address, { generation: number }) },
    { kind: 'created', intent: id, generation: generation(number), dependencies: [] },
  ];
}

/** Everything a state remembers, as text: equal for equal states, whichever snapshot they are from. Secrets included. */
export function contentOf(state: State): string {
  const { resources, intents, outputs } = state;
  const bare: MutableState = {
    ...emptyState('prod', 'lineage'),
    resources: new Map(resources),
    intents: new Map(intents),
    outputs,
  };
  const rest = { recipients: [], journalKey: new Uint8Array(32), history: NO_HISTORY, folded: null };
  return Buffer.from(encodeSnapshot({ state: bare, ...rest })).toString();
}

/** The contents of the states that `entries` lead through, from none to all of them. */
export function contentsAlong(entries: readonly JournalEntry[]): string[] {
  const state = emptyState('prod', 'lineage');
  const contents = [contentOf(state)];
  for (const entry of entries) {
    applyEntry(state, entry);
    contents.push(contentOf(state));
  }
  return contents;
}

/** Keys of {@link IDENTITY}. */
export const KEYS: StateKeys = { identities: [new Secret(IDENTITY)], passphrase: null, recipients: [] };
