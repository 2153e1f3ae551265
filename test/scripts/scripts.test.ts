import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { runScript, Skipped } from './script.ts';
import { requireBuild } from './tool.ts';

beforeAll(requireBuild);

const scripts = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.txt'))
  .sort();

describe('the command line', () => {
  test.concurrent.for(scripts)('%s', { timeout: 120_000 }, async (file, { skip }) => {
    try {
      await runScript(join(import.meta.dirname, file));
    } catch (error) {
      if (!(error instanceof Skipped)) throw error;
      process.stderr.write(`${file} skipped: ${error.message}\n`);
      skip(error.message);
    }
  });
});
