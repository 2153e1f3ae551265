// Runs before every npm script, so that each works in a fresh clone with nothing but Node. Node's own modules only.
//
//   node .ci/prepare.mjs              install what is missing, then build what is out of date
//   node .ci/prepare.mjs --no-build   install only
//   node .ci/prepare.mjs --clients    the same, with the vendors' clients that tests and type checks need

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What dist is made from: dist is current when it carries this very hash. */
export function sourceHash() {
  const hash = createHash('sha256');
  for (const entry of ['src', '.ci/build.mjs', '.ci/constructs.tsconfig.json', 'package.json', 'package-lock.json']) {
    for (const file of filesUnder(join(root, entry))) {
      const bytes = readFileSync(file);
      hash.update(`${relative(root, file)}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest('hex');
}

/** @returns {string[]} */
function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/**
 * Vendors' clients that the emulators are tested with. They stay apart: as large as everything else together, and one of them
 * complains about Node 20, which is nothing to burden who only builds or tries Keyform.
 */
const clients = join(root, 'test', 'clients');

/**
 * npm writes node_modules/.package-lock.json last, from the lockfile: packages that differ there mean that an install is
 * due. Times would not do: a checkout gives the lockfile any time it likes.
 */
function installed(folder) {
  const record = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || present[path]?.version === version || (optional === true && present[path] === undefined),
  );
}

function run(command, args, folder = root) {
  const where = folder === root ? '' : ` (in ${relative(root, folder)})`;
  process.stderr.write(`> ${command} ${args.join(' ')}${where}\n`);
  // Windows starts npm through a .cmd file, which only a shell can do. Standard output is left to the script itself.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd: folder, stdio: ['inherit', 2, 'inherit'], shell });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`Keyform needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
    process.exit(1);
  }
  if (!installed(root)) run('npm', ['ci']);
  if (process.argv.includes('--clients') && !installed(clients)) run('npm', ['ci', '--loglevel=error'], clients);
  if (!process.argv.includes('--no-build')) {
    const stamp = join(root, 'dist', '.stamp');
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== sourceHash()) run(process.execPath, ['.ci/build.mjs']);
  }
}
