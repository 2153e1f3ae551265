// Builds dist/: the command line tool with its dependencies inside, and what TypeScript stacks import.
//
//   dist/main.cjs                    `keyform`: starts the tool
//   dist/keyform.cjs                the tool, with the packages that it uses
//   dist/constructs/                ESM, CommonJS and types, against the cdktf that the user installed
//   dist/constructs-cdktn/          the same, against cdktn
//   dist/THIRD-PARTY-NOTICES.txt    the licences of every package inside the bundle

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { sourceHash } from './prepare.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that a user brings along; never inside the bundle. */
const PEERS = ['cdktf', 'cdktn', 'constructs', '@cdktf/provider-null'];

/** Packages that cost start-up time and that no command needs before it knows what it is asked to do. */
const LAZY = ['cdktf', 'cdktn', 'constructs', 'undici', 'age-encryption', 'yargs'];

/** A module's own URL, which CommonJS does not have. */
const urlBanner = { js: "const keyformUrl=require('node:url').pathToFileURL(__filename).href;" };

/**
 * Bundles the command line tool into two files: `main.cjs`, which starts it, and `keyform.cjs`, which is the tool. One file,
 * because reading it in one piece, and its compiled form with it, is faster than a chunk for each thing that a command may
 * need; what a command does not use is in it, but not run. CommonJS, because only that can be run from a compiled
 * form. Throws when the tool runs a lazy package as soon as it is loaded.
 *
 * @param {{ launch: string, tool: string, outdir: string, version: string, names?: boolean }} options sources relative to
 *   the repository; `names` keeps the names of modules and functions, to look into what runs
 * @returns {Promise<import('esbuild').Metafile>} of the tool
 */
export async function buildTool({ launch, tool, outdir, version, names = false }) {
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    // Names too: that takes a sixth off a small plan. A defect's stack trace is read beside a build with names.
    minifyIdentifiers: !names,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'warning',
  };
  const { metafile } = await build({
    ...common,
    entryPoints: [tool],
    outfile: join(outdir, 'keyform.cjs'),
    format: 'cjs',
    // Packages ship their ES modules under `module`; esbuild's order for Node would take UMD files that it cannot bundle.
    mainFields: ['module', 'main'],
    // What is imported when it is needed stays in the file, and is run then.
    supported: { 'dynamic-import': false },
    external: PEERS,
    plugins: [englishOnly, noHttp2],
    define: { 'import.meta.url': 'keyformUrl' },
    banner: urlBanner,
    metafile: true,
  });
  const eager = LAZY.flatMap((name) => findChain(metafile, tool, name) ?? []);
  if (eager.length > 0)
    throw new Error(`must be loaded by a dynamic import, but is loaded at start:\n${eager.join('\n')}`);
  const hash = createHash('sha256')
    .update(readFileSync(resolve(root, outdir, 'keyform.cjs')))
    .digest('hex');
  await build({
    ...common,
    entryPoints: [launch],
    outfile: join(outdir, 'main.cjs'),
    // CommonJS too: starting Node's loader for ES modules would cost 5 ms.
    format: 'cjs',
    define: {
      KEYFORM_VERSION: JSON.stringify(version),
      KEYFORM_BUILD: JSON.stringify(hash),
      'import.meta.url': 'keyformUrl',
    },
    banner: urlBanner,
  });
  return metafile;
}

/** zod carries its messages in some fifty languages, which `z.locales` keeps alive; Keyform speaks one. */
const englishOnly = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: join(root, 'node_modules', 'zod', 'v4', 'locales'),
    }));
  },
};

/** undici loads Node's HTTP/2 (6 ms) for a protocol that Keyform never asks for: `allowH2` is off. */
const noHttp2 = {
  name: 'no-http2',
  setup(build) {
    build.onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: "module.exports = () => { throw new Error('HTTP/2 is not part of this build'); };",
    }));
  },
};

/** The shortest chain of static imports from the entry to a file of the package, as a line; null when there is none. */
function findChain(metafile, entry, name) {
  const queue = [[entry]];
  const seen = new Set([entry]);
  for (const path of queue) {
    for (const next of metafile.inputs[path.at(-1)]?.imports ?? []) {
      if (next.kind === 'dynamic-import' || seen.has(next.path)) continue;
      seen.add(next.path);
      const longer = [...path, next.path];
      if (packageOf(next.external === true ? `node_modules/${next.path}` : next.path) === name)
        return `  ${longer.join(' → ')}`;
      queue.push(longer);
    }
  }
  return null;
}

/** The package that a bundled file belongs to, or null for our own files. */
function packageOf(path) {
  const at = path.lastIndexOf('node_modules/');
  if (at < 0) return null;
  const [first = '', second = ''] = path.slice(at + 'node_modules/'.length).split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Licence texts of the packages whose code is in the bundle, by name. */
function notices(metafile) {
  const folders = new Map();
  for (const output of Object.values(metafile.outputs)) {
    for (const path of Object.keys(output.inputs)) {
      const name = packageOf(path);
      if (name !== null) folders.set(`${path.slice(0, path.lastIndexOf('node_modules/'))}node_modules/${name}`, name);
    }
  }
  const parts = ['Keyform contains the following packages, each under its own licence.\n'];
  for (const [folder] of [...folders].sort(([, a], [, b]) => (a < b ? -1 : 1))) {
    const about = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    if (files.length === 0) throw new Error(`${about.name} is in the bundle but has no licence file`);
    parts.push(`${'='.repeat(80)}\n${about.name} ${about.version} (${about.license})\n${'='.repeat(80)}\n`);
    for (const file of files.sort()) parts.push(`${readFileSync(join(root, folder, file), 'utf8').trim()}\n`);
  }
  return parts.join('\n');
}

/**
 * Builds what TypeScript stacks import, in both module forms and with types: `constructs` against cdktf, and
 * `constructs-cdktn` against cdktn, whose classes have the same names.
 *
 * @param {string} outdir absolute
 */
export async function buildLibrary(outdir) {
  const declarations = join(outdir, '.types');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', '.ci/constructs.tsconfig.json', '--outDir', declarations], {
    cwd: root,
    stdio: ['ignore', 2, 'inherit'],
  });
  for (const library of ['cdktf', 'cdktn']) {
    const folder = join(outdir, library === 'cdktf' ? 'constructs' : `constructs-${library}`);
    await bundleConstructs(folder, library);
    writeTypes(declarations, folder, library);
  }
  rmSync(declarations, { recursive: true });
}

async function bundleConstructs(outdir, library) {
  for (const [format, extension] of [
    ['esm', '.js'],
    ['cjs', '.cjs'],
  ]) {
    await build({
      absWorkingDir: root,
      entryPoints: { index: 'src/constructs/index.ts' },
      outdir,
      outExtension: { '.js': extension },
      bundle: true,
      format,
      platform: 'node',
      target: 'node20.19',
      external: ['constructs'],
      plugins: [
        {
          name: 'library',
          setup(build) {
            build.onResolve({ filter: /^cdktf$/ }, () => ({ path: library, external: true }));
          },
        },
      ],
      logLevel: 'warning',
    });
  }
}

/** Types, once for `import` (.d.ts, ES module) and once for `require` (.d.cts, CommonJS): the compiler tells them apart by name. */
function writeTypes(declarations, outdir, library) {
  for (const file of readdirSync(declarations, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = readFileSync(join(declarations, file), 'utf8').replaceAll("from 'cdktf'", `from '${library}'`);
    mkdirSync(dirname(join(outdir, file)), { recursive: true });
    writeFileSync(join(outdir, file), text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
    writeFileSync(
      join(outdir, file.replace(/\.d\.ts$/, '.d.cts')),
      text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.cjs'"),
    );
  }
}

async function main() {
  // Built aside and moved into place, so that a command that runs meanwhile never meets half a build.
  const work = join(root, 'node_modules', `.keyform-build-${process.pid}`);
  const hash = sourceHash();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  try {
    const dist = join(work, 'dist');
    const metafile = await buildTool({ launch: 'src/cli/launch.ts', tool: 'src/cli/main.ts', outdir: dist, version });
    chmodSync(join(dist, 'main.cjs'), 0o755);
    writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), notices(metafile));

    await buildLibrary(dist);

    writeFileSync(join(dist, '.stamp'), hash);
    const old = join(work, 'old');
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(dist, join(root, 'dist'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
