import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** npm as a person would run it, not as a child of the npm that runs these tests. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

function npm(args: readonly string[], cwd: string): string {
  const shell = process.platform === 'win32';
  return execFileSync('npm', args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell,
  });
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

let folder: string;
let packed: Packed;
let installed: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyform-package-'));
  // `prepack` builds what is out of date.
  const report = JSON.parse(npm(['pack', '--json', '--loglevel=error', '--pack-destination', folder], root));
  packed = Object.values(report as Record<string, Packed>)[0] as Packed;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // Offline: nothing that the package needs is outside it.
  npm(['install', '--offline', '--loglevel=error', join(folder, packed.filename)], folder);
  installed = join(folder, 'node_modules', 'keyform');
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds the tool, the constructs, the schemas, the docs, and nothing else', () => {
  const expected = [
    /^package\.json$/,
    /^README\.md$/,
    /^LICENSE$/,
    /^docs\/[\w/-]+\.(md|svg|png)$/,
    // What `init -ci` writes.
    /^docs\/ci\/[\w./@-]+$/,
    /^schemas\/\w+\.json$/,
    /^dist\/(main|keyform)\.cjs$/,
    /^dist\/THIRD-PARTY-NOTICES\.txt$/,
    /^dist\/constructs(-cdktn)?\/index\.(js|cjs)$/,
    /^dist\/constructs(-cdktn)?\/(generated\/)?[\w-]+\.d\.(ts|cts)$/,
  ];
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => !expected.some((pattern) => pattern.test(path)))).toEqual([]);
  expect(expected.slice(0, 3).filter((pattern) => !paths.some((path) => pattern.test(path)))).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining([
      'dist/main.cjs',
      'dist/keyform.cjs',
      'schemas/stack.json',
      'dist/constructs/index.cjs',
      'dist/constructs-cdktn/index.d.ts',
    ]),
  );
  expect(packed.files.find(({ path }) => path === 'dist/main.cjs')?.mode).toBe(0o755);
});

test('it is small', () => {
  expect(packed.size).toBeLessThan(1_000_000);
  expect(packed.unpackedSize).toBeLessThan(5_000_000);
});

test('it brings no other package, and cdktf only to who wants it', () => {
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['keyform']);
});

test('no file tells where it was built, or carries a source map', () => {
  for (const path of readdirSync(installed, { recursive: true, encoding: 'utf8' })) {
    if (!statSync(join(installed, path)).isFile()) continue;
    const text = readFileSync(join(installed, path), 'utf8');
    expect(text.includes(root), path).toBe(false);
    expect(/\/\/# sourceMappingURL=/.test(text), path).toBe(false);
  }
});

test('the licences of what is bundled come along', () => {
  const notices = readFileSync(join(installed, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of ['age-encryption', 'undici', 'yargs', 'zod']) {
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  }
  expect(notices).toContain('Permission is hereby granted');
});

test('npx keyform version', () => {
  const result = spawnSync('npx', ['--offline', 'keyform', 'version'], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(result.stdout).toContain(version);
  expect(result.status).toBe(0);
});

test('npx keyform init makes a folder that plans on the sandbox', () => {
  const project = join(folder, 'project');
  mkdirSync(project);
  const npx = (...words: string[]) =>
    spawnSync('npx', ['--offline', 'keyform', ...words], {
      cwd: project,
      env: { ...environment, XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache') },
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
  const init = npx('init');
  expect(init.status).toBe(0);
  const plan = npx('plan', '-sandbox');
  expect(plan.stdout).toContain('Plan: 2 to add, 0 to change, 0 to destroy.');
  expect(plan.status).toBe(0);
});

test('every entry of `exports` is there', () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { exports: unknown };
  const targets: string[] = [];
  JSON.stringify(exports, (_, value: unknown) => {
    if (typeof value === 'string' && !value.includes('*')) targets.push(value);
    return value;
  });
  expect(targets.length).toBeGreaterThan(8);
  for (const target of targets) expect(statSync(join(installed, target)).isFile(), target).toBe(true);
});
