// A program over the state's own code, for states that nobody wants to make key by key. It is bundled before it runs, since the
// sources are TypeScript (see state.mjs).
//
//   fill FOLDER IDENTITY COUNT close|abandon   makes the state of "main" with COUNT keys, folded, or all of it in a journal
//   fold FOLDER IDENTITY                       opens it, which folds a journal that was left, and ends
//   record FOLDER IDENTITY STEPS               records STEPS creates one after the other, and prints the median of one in milliseconds

import { readFileSync } from 'node:fs';
import { Secret } from '../src/core/secret.ts';
import { systemClock } from '../src/io/clock.ts';
import { createFiles } from '../src/io/files.ts';
import { createProcessPort } from '../src/io/machine.ts';
import { systemRandom } from '../src/io/random.ts';
import { parseIdentities, stateKeys } from '../src/state/keys.ts';
import { openStore } from '../src/state/store.ts';
import { median } from './table.mjs';

/** Steps under way at a time, as in an apply. */
const AT_ONCE = 10;

const [task, folder, identity, count, end] = process.argv.slice(2);

/** `foldAt`: bytes of journal. */
function begin(foldAt) {
  const identities = parseIdentities(readFileSync(identity, 'utf8'), identity);
  return openStore({
    folder,
    stack: 'main',
    files: createFiles(systemRandom),
    clock: systemClock,
    random: systemRandom,
    keys: stateKeys({ identities, passphrase: null, recipients: [] }),
    process: createProcessPort(),
    version: '0.0.0',
    machineFolder: null,
    refuges: [],
    inventory: null,
    foldAt,
  }).begin('apply', { lockTimeoutMs: 0 });
}

const uuid = (kind, index) => `00000000-0000-4000-${kind}-${String(index).padStart(12, '0')}`;

/** The intent and the result of making one key, as a Sinch key has them. */
function step(name, index) {
  const common = { scope: 'https://access.sinch.com', sensitiveArgs: [] };
  const args = { project_id: uuid('8000', Math.floor(index / 10)), display_name: `service ${index}` };
  const at = new Date(systemClock.now()).toISOString();
  const type = 'keyform_sinch_access_key';
  const intent = {
    ...common,
    id: uuid('8001', name === 'key' ? index : 1e11 + index),
    at,
    operation: 'create',
    address: `${type}.${name}_${index}`,
    type,
    provider: 'keyform',
    owner: `project ${args.project_id}`,
    generation: 1,
    keyId: null,
    args,
    knownIds: [],
    secret: null,
  };
  const generation = {
    ...common,
    number: 1,
    id: uuid('8002', index),
    accessKeyId: uuid('8002', index),
    secret: new Secret(Buffer.from(systemRandom.bytes(32)).toString('base64url')),
    createdAt: at,
    expiresAt: null,
    enabled: true,
    args,
    attributes: { updated_at: at },
  };
  return [
    { kind: 'intent', intent },
    { kind: 'created', intent: intent.id, generation, dependencies: [] },
  ];
}

async function fill(total) {
  // Never folded on the way: what is to be replayed is all of it.
  const session = await begin(Number.MAX_SAFE_INTEGER);
  let next = 0;
  const worker = async () => {
    while (next < total) for (const entry of step('key', next++)) await session.record(entry);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await session[end]();
}

async function record(steps) {
  const session = await begin();
  const times = [];
  for (let index = 0; index < steps; index++) {
    const entries = step('more', index);
    const begun = performance.now();
    for (const entry of entries) await session.record(entry);
    times.push(performance.now() - begun);
  }
  await session.abandon();
  process.stdout.write(`${JSON.stringify({ ms: median(times) })}\n`);
}

const tasks = { fill, record, fold: async () => (await begin()).close() };
await tasks[task](Number(count));
