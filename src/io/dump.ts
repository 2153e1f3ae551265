import { writeFileSync } from 'node:fs';
import type { Environment } from '../core/port.ts';

/*
 * What a crash, or a signal, may write about this process: Node's diagnostic report lists the environment, in which credentials and
 * the identity of the state come; a core dump is a copy of all memory. Heap snapshots (`--heapsnapshot-signal`) cannot be kept from
 * holding secrets: whoever can set Node's options can have everything that a run knows. docs/logging.md says so.
 */

/**
 * Variables that Node and the libraries in it read when they come to need them, by their names in capitals. Whatever else the
 * environment holds is of no use to them, and may be a secret, whatever it is called.
 */
const KEPT: ReadonlySet<string> = new Set(
  [
    'HOME PATH PWD SHELL TMPDIR TMP TEMP TZ XDG_CACHE_HOME',
    'LANG LANGUAGE LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME',
    'TERM COLORTERM COLUMNS LINES NO_COLOR FORCE_COLOR NODE_DISABLE_COLORS CI TMUX',
    'NODE_DEBUG NODE_EXTRA_CA_CERTS NODE_OPTIONS NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE NODE_DISABLE_COMPILE_CACHE',
    'SSL_CERT_DIR SSL_CERT_FILE OPENSSL_CONF OPENSSL_MODULES UNDICI_NO_WASM_SIMD UV_THREADPOOL_SIZE UV_USE_IO_URING',
    'LD_LIBRARY_PATH LD_PRELOAD LOCALDOMAIN RES_OPTIONS HOSTALIASES',
    'APPDATA COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA OS PATHEXT PROGRAMDATA PROGRAMFILES SYSTEMDRIVE SYSTEMROOT USERPROFILE WINDIR',
  ].flatMap((names) => names.split(' ')),
);

/**
 * Takes the environment out of `live` (process.env): the copy is for whoever is handed it, and for children, which get theirs
 * explicitly; only what Node itself may still read stays behind. So a diagnostic report, which lists what is there when it is
 * made, holds no secret from here on. (Node has a switch for this, `process.report.excludeEnv`, from version 22.13 on only.)
 *
 * What the process was started with stays readable for its user in `/proc/<pid>/environ`, as with every program.
 */
export function takeEnvironment(live: Record<string, string | undefined>): Environment {
  const taken = { ...live };
  for (const name of Object.keys(taken)) if (!KEPT.has(name.toUpperCase())) delete live[name];
  return taken;
}

/**
 * Asks the system to leave all memory out of a core dump of this process and its children (Linux, core(5); null for others). The
 * limit on a core's size would be the usual way, and setting it is not open to a Node program. Where the file is not there or not
 * writable things stay as they are: it is a second wall, not the first.
 */
export function leaveMemoryOutOfDumps(file = process.platform === 'linux' ? '/proc/self/coredump_filter' : null): void {
  if (file === null) return;
  try {
    writeFileSync(file, '0', { flag: 'r+' });
  } catch {
    // A kernel without core dumps, or a container whose /proc is read-only.
  }
}
