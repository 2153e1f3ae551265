// Whether an apply reports a step done only after its secret is synced: watched from outside, apart from the timed runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { KEYS_PER_OWNER, projectKeys } from './stack.mjs';
import { Project } from './world.mjs';

const OWNERS = 100;

/**
 * Watches one apply that creates 1,000 keys.
 *
 * @param {string} main the tool
 * @param {string} scratch
 * @returns {Promise<{ answers: number, done: number, syncs: number, early: number, holds: boolean } | { skipped: string }>}
 */
export async function watchOrder(main, scratch) {
  if (process.platform !== 'linux') return { skipped: 'it needs /proc' };
  const project = await Project.open(main, scratch, projectKeys(OWNERS));
  try {
    const report = join(project.folder, 'order.json');
    await run(
      project.command(['apply', '-json', '-auto-approve'], {
        node: ['--import', new URL('witness.mjs', import.meta.url).href],
        env: { KEYFORM_BENCH_WITNESS: report },
      }),
    );
    const seen = JSON.parse(readFileSync(report, 'utf8'));
    const keys = OWNERS * KEYS_PER_OWNER;
    // A watcher that saw nothing proves nothing.
    return { ...seen, holds: seen.early === 0 && seen.answers === keys && seen.done === keys && seen.syncs > 0 };
  } finally {
    await project.close();
  }
}
