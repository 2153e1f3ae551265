// Preloaded into `keyform apply -json` (`node --import`, Linux only): watches from outside the tool in which order answers
// arrive, the journal is synced and steps are reported done. On exit it writes what it saw to the file that
// KEYFORM_BENCH_WITNESS names:
//
//   { answers, done, syncs, early }
//
// `early` counts steps that were reported done while the journal's synced records could not yet hold their secret: when more
// steps are done than answers had arrived before the latest record that is synced was written. Answers are counted and not
// told apart, so a single step that overtakes its own sync can hide behind others; a tool that does not wait cannot.

import diagnostics from 'node:diagnostics_channel';
import { readlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

const seen = { answers: 0, done: 0, syncs: 0, early: 0 };
/** Answers that had arrived when the last record was written, and when the last one that is synced was. */
let written = 0;
let synced = 0;

const created = new WeakSet();
diagnostics.subscribe('undici:request:headers', ({ request, response }) => {
  const { method, path } = request;
  if (method === 'POST' && /\/accessKeys(\?|$)/.test(path) && response.statusCode < 300) created.add(request);
});
diagnostics.subscribe('undici:request:trailers', ({ request }) => {
  if (created.has(request)) seen.answers += 1;
});

const probe = await open(new URL(import.meta.url));
const handles = Object.getPrototypeOf(probe);
await probe.close();

const isJournal = (handle) => readlinkSync(`/proc/self/fd/${handle.fd}`).endsWith('.journal');

const { write, datasync, sync } = handles;
handles.write = function (bytes, ...rest) {
  // Zeros are room for records to come, and hold no secret.
  if (isJournal(this) && ArrayBuffer.isView(bytes) && bytes.some((byte) => byte !== 0)) written = seen.answers;
  return write.call(this, bytes, ...rest);
};
const watched = (original) =>
  async function () {
    const holds = isJournal(this) ? written : null;
    await original.call(this);
    if (holds === null) return;
    synced = holds;
    seen.syncs += 1;
  };
handles.datasync = watched(datasync);
handles.sync = watched(sync);

const print = process.stdout.write;
process.stdout.write = function (text, ...rest) {
  for (const _ of String(text).matchAll(/"type":"apply_complete"/g)) {
    seen.done += 1;
    if (seen.done > synced) seen.early += 1;
  }
  return print.call(this, text, ...rest);
};

// Read now: the tool takes its environment out of process.env.
const report = process.env.KEYFORM_BENCH_WITNESS;
process.on('exit', () => writeFileSync(report, JSON.stringify(seen)));
