import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error: the build is plain JavaScript, so that it runs before anything is built.
import { buildTool } from '../.ci/build.mjs';

const root = join(import.meta.dirname, '..');

let folder: string;
beforeAll(() => {
  mkdirSync(join(root, '.keyform'), { recursive: true });
  folder = mkdtempSync(join(root, '.keyform', 'test-build-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function build(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const outdir = join(folder, 'out');
  rmSync(outdir, { recursive: true, force: true });
  const tool = relative(root, join(folder, 'main.ts')).replaceAll('\\', '/');
  await buildTool({ launch: 'src/cli/launch.ts', tool, outdir, version: '1.2.3' });
  return outdir;
}

describe('the build refuses what would slow every command down', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['directly', { 'main.ts': `import yargs from 'yargs';\nyargs();` }, /main\.ts → node_modules\/yargs\//],
    [
      'through another file',
      {
        'main.ts': `import { a } from './a.ts';\na();`,
        'a.ts': `import { Agent } from 'undici';\nexport const a = () => new Agent();`,
      },
      /main\.ts → .*a\.ts → node_modules\/undici\//,
    ],
    ['a peer', { 'main.ts': `import { App } from 'cdktf';\nnew App();` }, /main\.ts → cdktf/],
  ])('%s', async (_, files, message) => {
    await expect(build(files)).rejects.toThrow(message);
  });

  test('but takes it when it is loaded late, and runs', async () => {
    const out = await build({
      'main.ts': `import { a } from './a.ts';\nexport async function main(o: { version: string }) { console.log(o.version, await a()); }`,
      'a.ts': `export const a = async () => (await import('./b.ts')).b();`,
      'b.ts': `import { Agent } from 'undici';\nimport { z } from 'zod';\nexport const b = () => typeof Agent + z.string().safeParse(1).error?.issues[0]?.message;`,
    });
    const cache = join(folder, 'cache');
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const start = (words: string[], more: NodeJS.ProcessEnv = {}) =>
      execFileSync(process.execPath, [join(out, 'main.cjs'), ...words], { encoding: 'utf8', env: { ...env, ...more } });
    expect(start(['version'])).toBe('keyform 1.2.3\n');
    expect(existsSync(cache), 'the version needs nothing compiled').toBe(false);
    const said = '1.2.3 functionInvalid input: expected string, received number\n';
    expect(start(['x'], { NODE_DISABLE_COMPILE_CACHE: '1' })).toBe(said);
    expect(existsSync(cache), 'switched off').toBe(false);
    expect(start(['x']), 'compiled anew, and kept').toBe(said);
    const [kept = ''] = readdirSync(join(cache, 'keyform'));
    expect(statSync(join(cache, 'keyform', kept)).mode & 0o777).toBe(0o600);
    expect(start(['x']), 'from the compiled form').toBe(said);
    expect(readFileSync(join(out, 'keyform.cjs'), 'utf8'), 'messages in other languages are left out').not.toContain(
      'Eingabe',
    );
    writeFileSync(join(cache, 'keyform', kept), 'damaged');
    expect(start(['x']), 'a damaged compiled form is not used').toBe(said);
    expect(statSync(join(cache, 'keyform', kept)).size, 'and is written anew').toBeGreaterThan(1000);
    chmodSync(join(cache, 'keyform', kept), 0o666);
    const before = statSync(join(cache, 'keyform', kept)).ino;
    expect(start(['x']), 'nor one that others could have written').toBe(said);
    expect(statSync(join(cache, 'keyform', kept)).ino).not.toBe(before);
  });
});
