#!/usr/bin/env node
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/**
 * What runs first: answers `keyform version` by itself, and else loads the tool, which the build puts into one file beside
 * this one. Compiling that file anew takes a third of a plan's whole time, so V8's compiled form of it is kept in the
 * user's cache folder, as Node's own compile cache (from version 22 on) does. Imports nothing of Keyform's.
 */

declare const KEYFORM_VERSION: string;
/** SHA-256 of the tool's file, hexadecimal: the two files are built together. */
declare const KEYFORM_BUILD: string;

/** Days after which a compiled form that nobody wrote again is taken away. */
const KEPT_DAYS = 30;

const here = dirname(fileURLToPath(import.meta.url));
const argv = process.argv.slice(2);

// `keyform plan | head` closes our output early; that is no error worth a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`Error: Standard output cannot be written: ${error.message}\n`);
  process.exit(1);
});

if (argv.length === 1 && /^(version|-{1,2}version)$/.test(argv[0] ?? '')) {
  process.stdout.write(`keyform ${KEYFORM_VERSION}\n`);
} else {
  leaveParserAsCompiled();
  loadTool(join(here, 'keyform.cjs'))
    .main({ argv, version: KEYFORM_VERSION, packageFolder: dirname(here) })
    .catch((error: unknown) => {
      process.stderr.write(
        `Error: Keyform could not start: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      process.exitCode = 1;
    });
}

/**
 * V8 optimizes the WebAssembly of undici's HTTP parser on another thread, which takes 70 ms, and the process waits for it
 * at its end: more than Node's own start. As first compiled it is fast enough for the little that key APIs send. The number
 * only says how soon code counts as hot. Set before anything is compiled, because compiled forms are only good for
 * the flags that they were made under; and only where V8 is known to have it.
 */
function leaveParserAsCompiled(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20 && major <= 24) setFlagsFromString('--wasm-tiering-budget=1000000000');
}

interface Tool {
  main(options: { argv: readonly string[]; version: string; packageFolder: string }): Promise<void>;
}

/** Runs the tool's file as Node would run it, from its compiled form where there is one that fits. */
function loadTool(file: string): Tool {
  // The build writes nothing but ASCII, and this is the quickest way to read it.
  const source = readFileSync(file, 'latin1');
  const cache = cacheFile();
  const cachedData = cache === null ? undefined : readOwn(cache);
  const script = new Script(`(function(exports,require,module,__filename){${source}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cache !== null && (cachedData === undefined || script.cachedDataRejected === true)) {
    // At the end, when it holds what this run has compiled on its way.
    process.once('exit', () => keep(cache, script));
  }
  const module = { exports: {} as Tool };
  script.runInThisContext()(module.exports, createRequire(file), module, file);
  return module.exports;
}

/**
 * Where the compiled form of this very source is kept. V8 itself tells sources apart by their length only, so the name
 * holds their hash; and the tag of V8's version, its flags and the processor, which a compiled form is good for. One for each
 * command: a form holds what the run that made it came by. Null where Node's switch for its own cache says that there shall be none.
 */
function cacheFile(): string | null {
  if (process.env.NODE_DISABLE_COMPILE_CACHE === '1') return null;
  let base = process.env.XDG_CACHE_HOME ?? '';
  try {
    if (base === '') base = join(homedir(), '.cache');
  } catch {
    // A user without a home folder, as containers have.
    return null;
  }
  const command = /^[a-z]{2,12}$/.test(argv[0] ?? '') ? argv[0] : 'other';
  return join(base, 'keyform', `${KEYFORM_BUILD.slice(0, 24)}-${cachedDataVersionTag()}-${command}.compiled`);
}

/** The file, if nobody but this user can have written it: it is code. */
function readOwn(path: string): Buffer | undefined {
  try {
    for (const part of [dirname(path), path]) {
      const { uid, mode } = statSync(part);
      if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    }
    return readFileSync(path);
  } catch {
    // Not there, or not readable: the source is compiled, as it would be without a cache.
    return undefined;
  }
}

/** Writes the compiled form, whole or not at all, and takes away what nobody used for long. */
function keep(path: string, script: Script): void {
  const folder = dirname(path);
  const beside = `${path}.${process.pid}`;
  try {
    // Two levels at most, one by one: Node's own recursion never ends where a folder cannot be made, as below /proc.
    if (!existsSync(dirname(folder))) mkdirSync(dirname(folder), { mode: 0o700 });
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    writeFileSync(beside, script.createCachedData(), { mode: 0o600, flag: 'wx' });
    renameSync(beside, path);
    for (const name of readdirSync(folder)) {
      if (!name.includes('.compiled')) continue;
      const old = Date.now() - statSync(join(folder, name)).mtimeMs > KEPT_DAYS * 86_400_000;
      if (old) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // A full disk or a read-only home costs the next start some milliseconds, and must not cost this run anything.
    try {
      rmSync(beside, { force: true });
    } catch {
      // Nor may the clearing up: an error here, at the very end, would make a done run look failed.
    }
  }
}
