import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error: plain JavaScript, so that it runs before anything is built.
import { buildTool } from '../../.ci/build.mjs';
import { MAIN, makePlace, type Place, requireBuild, run } from './tool.ts';

/**
 * The tool is one file in which each module is a function that runs when it is first imported. This builds it with the names
 * of those, and so that it tells which of them run, each on a line of a file.
 */
async function tellingCopy(folder: string): Promise<string> {
  const outdir = join(folder, 'named');
  await buildTool({ launch: 'src/cli/launch.ts', tool: 'src/cli/main.ts', outdir, version: '0.0.0', names: true });
  const tool = readFileSync(join(outdir, 'keyform.cjs'), 'utf8');
  const telling = tool.replace(
    /"((?:src|node_modules)\/[^"]+)"\(([\w, $]*)\)\{/g,
    (_, name: string, names: string) =>
      `"${name}"(${names}){require('node:fs').appendFileSync(LOADED,${JSON.stringify(`${name}\n`)});`,
  );
  mkdirSync(join(folder, 'dist'));
  // Read at once: the tool takes its environment out of process.env.
  writeFileSync(join(folder, 'dist', 'keyform.cjs'), `const LOADED=process.env.LOADED;${telling}`);
  cpSync(join(outdir, 'main.cjs'), join(folder, 'dist', 'main.cjs'));
  return join(folder, 'dist', 'main.cjs');
}

const STACK = JSON.stringify({
  provider: { keyform: {} },
  resource: { keyform_sinch_access_key: { ci: { project_id: 'p1', display_name: 'ci' } } },
});

let place: Place;
let main: string;
beforeAll(async () => {
  requireBuild();
  // The project has an app that must not be started, so a JSON stack is asked for by its name.
  place = await makePlace({
    'stacks/main/main.tf.json': STACK,
    'cdktf.json': JSON.stringify({ app: 'node no-such-app.js' }),
  });
  main = await tellingCopy(place.work);
});
afterAll(() => place.remove());

/** Names of the modules and packages that ran. */
async function ranBy(...args: string[]): Promise<Set<string>> {
  const file = join(place.work, 'loaded');
  writeFileSync(file, '');
  const env = { ...place.env, LOADED: file, NODE_DISABLE_COMPILE_CACHE: '1' };
  const ended = await run(process.execPath, [main, ...args], { cwd: place.project, env }).ended;
  expect(ended.err).toBe('');
  expect(ended.code).toBe(0);
  const names = readFileSync(file, 'utf8').trim().split('\n');
  return new Set(names.map((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? name));
}

describe('a command loads only what it uses', () => {
  test('validating a JSON stack runs neither yargs nor the HTTP client nor age nor the emulator', async () => {
    const ran = await ranBy('validate', 'main');
    expect(ran).toContain('src/engine/load.ts');
    for (const name of ['yargs', 'undici', 'age-encryption', 'src/emulator/server.ts', 'src/state/store.ts']) {
      expect(ran, name).not.toContain(name);
    }
  });

  test('planning on the sandbox runs the HTTP client and the emulator, which shows that the names are right', async () => {
    const ran = await ranBy('plan', '-sandbox', 'main');
    for (const name of ['undici', 'src/emulator/server.ts', 'src/state/store.ts']) expect(ran, name).toContain(name);
    expect(ran).not.toContain('yargs');
  });

  test('help is the business of yargs', async () => {
    expect(await ranBy('-help')).toContain('yargs');
  });

  test('the version needs nothing of the tool', async () => {
    expect(await ranBy('version')).toEqual(new Set(['']));
  });

  test('cdktf and its like are no part of the tool', () => {
    const tool = readFileSync(join(dirname(MAIN), 'keyform.cjs'), 'utf8');
    expect(
      [...tool.matchAll(/require\("([^".]+)"\)/g)]
        .map(([, name]) => name)
        .filter((name) => !name?.startsWith('node:') && !isBuiltin(name ?? '')),
    ).toEqual([]);
  });
});
