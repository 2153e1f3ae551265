import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder that goes with the running test, after its servers have ended. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyform-emulator-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
