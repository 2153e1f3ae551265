import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { seal } from '../../src/state/seal.ts';
import {
  type EmulatorProcess,
  type Ended,
  keyform,
  linkPackages,
  makePlace,
  onTerminal,
  type Place,
  ROOT,
  type Running,
  run,
  sharedIdentity,
  startEmulator,
} from './tool.ts';

/*
 * Tests of the command line, written as what one would type and what one would see. A script is lines of commands, then
 * files, each after a line `-- path --`; they are put into the project folder, but for those under want/, which hold
 * expected output. Words are separated by blanks; 'single quotes' keep everything, "double quotes" keep blanks, and $NAME
 * outside of single quotes is a variable of the script's environment. `#` begins a comment.
 *
 *   keyform ARGS            runs the tool; exit code 0 expected, with `!` in front 1, with `?N` N
 *   run PROGRAM ARGS        runs any program; exit code as for keyform
 *   terminal 'A|B' ARGS     the same on a terminal, with A and B for answers to its questions; `^C` presses Ctrl-C. All is stdout
 *   background ARGS         starts the tool and goes on; there may be several
 *   wait [N|SIGNAL]         waits until the oldest of them ends, with exit code N (0) or by a signal
 *   signal NAME             sends the oldest a signal
 *   await-stderr REGEX      waits until the newest has printed this
 *   stdout|stderr REGEX     what the last command printed matches (with `!`: does not)
 *   count N stdout|stderr REGEX   matches so many times
 *   cmp stdout|stderr FILE  what it printed is, normalized, this text
 *   cmp-file FILE WANTED    the same of a file
 *   diagnostic FILE         the same for standard error, which must be one single diagnostic
 *   json stdout|FILE PATH VALUE   a value in JSON, compared as JSON: json stdout errors[0].summary '"Cycle"'
 *   events TYPE...          standard output is one JSON object a line, of these types in this order (`*`: any number of any)
 *   save NAME [REGEX]       puts what it printed (or the first group of REGEX in it) into a variable
 *   same $A $B              two variables are equal (with `!`: are not)
 *   grep REGEX FILE, exists FILE..., mode OCTAL FILE          (`!` for the first two)
 *   write FILE TEXT, replace FILE OLD NEW, copy A B, move A B, remove FILE, mkdir FOLDER, cd FOLDER
 *   flip FILE OFFSET, truncate FILE BYTES      damages a file (a negative offset counts from the end)
 *   seal STACK VERSION      gives the stack a state that claims to be of that version of the format
 *   env NAME=VALUE | env -NAME    ($WORK is the folder of the test, $REPOSITORY that of the sources)
 *   emulator start ARGS... | stop | fault JSON | clear | requests | await 'CLOUD ACTION' COUNT | sinch METHOD PATH [JSON]
 *   emulator keys METHOD [PATH] [JSON]   what a person does in a vendor's console (docs/emulator.md): emulator keys PATCH /sinch/$ID '{…}'
 *   await FILE              waits until a file is there
 *   packages NAME...        lets the project import these packages of this repository
 *   port NAME, tls NAME     a closed port; an https server with a certificate that nobody signed
 *   need age|openssl|root|script|terraform    skips the rest, and says why, where that is missing
 *   tmpfs FOLDER BYTES      a file system of that size (needs root); `grow FOLDER BYTES` gives it another
 *
 * UPDATE_SCRIPTS=1 writes what was printed into the files under want/. Read the difference before you commit it.
 */

/** The rest of a script cannot run here; the message says why. */
export class Skipped extends Error {}

interface Archive {
  readonly lines: readonly string[];
  readonly files: Map<string, string>;
}

export function parseArchive(text: string): Archive {
  const [head = '', ...rest] = text.split(/^-- (.+) --\n/m);
  const files = new Map<string, string>();
  for (let index = 0; index < rest.length; index += 2) files.set(rest[index] ?? '', rest[index + 1] ?? '');
  return { lines: head.split('\n'), files };
}

/** Runs a script; throws with the line that failed and everything that was said before it. */
export async function runScript(path: string): Promise<void> {
  const archive = parseArchive(readFileSync(path, 'utf8'));
  const inputs = [...archive.files].filter(([name]) => !name.startsWith('want/'));
  const place = await makePlace(Object.fromEntries(inputs));
  const script = new Script(place, archive.files);
  try {
    for (const [index, line] of archive.lines.entries()) {
      try {
        await script.line(line);
      } catch (error) {
        if (error instanceof Skipped) throw error;
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(
          `${relative(process.cwd(), path)}:${index + 1}: ${line}\n${why}\n\nWhat happened:\n${script.log.slice(-12_000)}`,
        );
      }
    }
  } finally {
    await script.end();
    place.remove();
  }
  if (script.updated) {
    const files = [...archive.files].map(([name, text]) => `-- ${name} --\n${text}`);
    writeFileSync(path, `${archive.lines.join('\n')}${files.join('')}`);
  }
}

/** Where the lines of a diagnostic's paragraph are wrapped. */
const WRAPPED = /(?<=\S)\n│ (?=\S)/g;

class Script {
  log = '';
  updated = false;
  readonly #place: Place;
  readonly #files: Map<string, string>;
  readonly #env: Record<string, string>;
  readonly #ends: (() => Promise<void> | void)[] = [];
  #folder: string;
  #last: Ended = { code: 0, signal: null, out: '', err: '' };
  /** Oldest first. */
  readonly #background: Running[] = [];
  #emulator: EmulatorProcess | null = null;

  constructor(place: Place, files: Map<string, string>) {
    this.#place = place;
    this.#files = files;
    this.#env = { ...place.env, REPOSITORY: ROOT };
    this.#folder = place.project;
  }

  async line(text: string): Promise<void> {
    const words = this.#split(text);
    let [name = '', ...args] = words;
    if (name === '') return;
    this.log += `> ${text}\n`;
    let code = 0;
    let negated = false;
    if (name === '!' || /^\?\d+$/.test(name)) {
      negated = name === '!';
      code = negated ? 1 : Number(name.slice(1));
      [name = '', ...args] = args;
    }
    const action = this.#actions[name];
    if (action === undefined) throw new Error(`there is no command "${name}"`);
    await action(args, { code, negated });
  }

  async end(): Promise<void> {
    for (const running of this.#background) {
      running.signal('SIGKILL');
      await running.ended;
    }
    await this.#emulator?.stop();
    for (const end of this.#ends.reverse()) await end();
  }

  readonly #actions: Record<string, (args: string[], how: { code: number; negated: boolean }) => unknown> = {
    keyform: async (args, { code }) => {
      this.#ended(await keyform(args, { cwd: this.#folder, env: this.#env }).ended, code);
    },
    run: async ([program = '', ...args], { code }) => {
      this.#ended(await run(program, args, { cwd: this.#folder, env: this.#env }).ended, code);
    },
    terminal: async ([answers = '', ...args], { code }) => {
      this.#ended(await onTerminal(answers.split('|'), args, { cwd: this.#folder, env: this.#env }), code);
    },
    background: (args) => {
      this.#background.push(keyform(args, { cwd: this.#folder, env: this.#env }));
    },
    wait: async ([expected = '0']) => {
      const running = this.#running();
      this.#background.shift();
      this.#ended(await running.ended, /^\d+$/.test(expected) ? Number(expected) : (expected as NodeJS.Signals));
    },
    signal: ([name]) => this.#running().signal(name as NodeJS.Signals),
    'await-stderr': ([pattern = '']) => {
      const newest = this.#background.at(-1) ?? this.#running();
      return newest.until((_, err) => new RegExp(pattern, 'm').test(err));
    },
    await: async ([file = '']) => {
      const running = this.#running();
      let over = false;
      void running.ended.then(() => {
        over = true;
      });
      while (!existsSync(this.#at(file))) {
        if (over) throw new Error(`the background command ended before there was ${file}:\n${running.err()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    stdout: (args, { negated }) => this.#matches('stdout', args, negated),
    stderr: (args, { negated }) => this.#matches('stderr', args, negated),
    count: ([number, stream = '', pattern = '']) => {
      const found = [...this.#text(stream).matchAll(new RegExp(pattern, 'gm'))].length;
      if (found !== Number(number)) throw new Error(`${stream} matches ${found} times`);
    },
    cmp: ([stream = '', file = '']) => this.#compare(this.#text(stream), file),
    'cmp-file': ([found = '', file = '']) =>
      this.#compare(this.#normalize(readFileSync(this.#at(found), 'utf8')), file),
    diagnostic: ([file = '']) => {
      const boxes = [...this.#text('stderr').matchAll(/^╷$/gm)].length;
      if (boxes !== 1) throw new Error(`there are ${boxes} diagnostics, not one`);
      this.#compare(this.#text('stderr'), file);
    },
    json: ([source = '', path = '', wanted = '']) => {
      const text = source === 'stdout' ? this.#last.out : readFileSync(this.#at(source), 'utf8');
      const found = path
        .split(/\.|\[(?=\d)/)
        .filter((part) => part !== '')
        .reduce<unknown>(
          (value, part) => (value as Record<string, unknown>)?.[part.replace(/\]$/, '')],
          JSON.parse(text),
        );
      const said = this.#normalize(JSON.stringify(found) ?? 'undefined');
      if (said !== JSON.stringify(JSON.parse(wanted))) throw new Error(`it is ${said}`);
    },
    events: (types) => {
      const lines = this.#last.out.split('\n').slice(0, -1);
      const found = lines.map((line) => {
        const event = JSON.parse(line) as Record<string, unknown>;
        for (const key of ['@level', '@message', '@module', '@timestamp', 'type']) {
          if (typeof event[key] !== 'string') throw new Error(`an event has no ${key}: ${line}`);
        }
        return String(event.type);
      });
      const pattern = types.map((type) => (type === '*' ? '( [a-z_]+)*' : `( ${type})`)).join('');
      if (!new RegExp(`^${pattern}$`).test(found.map((type) => ` ${type}`).join(''))) {
        throw new Error(`the types are: ${found.join(' ')}`);
      }
    },
    save: ([name = '', pattern]) => {
      const found = pattern === undefined ? this.#last.out.trim() : new RegExp(pattern, 'm').exec(this.#last.out)?.[1];
      if (found === undefined || found === '') throw new Error('nothing to save was printed');
      this.#env[name] = found;
    },
    same: ([one = '', other = ''], { negated }) => {
      if (negated && one === other) throw new Error(`both are:\n${one}`);
      if (!negated && one !== other) throw new Error(`they differ:\n${one}\n${other}`);
    },
    grep: ([pattern = '', file = ''], { negated }) => {
      const found = new RegExp(pattern, 'm').test(readFileSync(this.#at(file), 'latin1'));
      if (found === negated) throw new Error(`${file} ${found ? 'matches' : 'does not match'}`);
    },
    exists: (files, { negated }) => {
      for (const file of files) {
        if (existsSync(this.#at(file)) === negated) throw new Error(`${file} is ${negated ? '' : 'not '}there`);
      }
    },
    mode: ([octal = '', file = '']) => {
      const found = (statSync(this.#at(file)).mode & 0o777).toString(8).padStart(4, '0');
      if (found !== octal) throw new Error(`the mode of ${file} is ${found}`);
    },
    write: ([file = '', text = '']) => {
      mkdirSync(dirname(this.#at(file)), { recursive: true });
      writeFileSync(this.#at(file), text === '' ? '' : `${text}\n`);
    },
    replace: ([file = '', old = '', by = '']) => {
      const text = readFileSync(this.#at(file), 'utf8');
      if (!text.includes(old)) throw new Error(`${file} does not hold "${old}"`);
      writeFileSync(
        this.#at(file),
        text.replace(old, () => by),
      );
    },
    copy: ([from = '', to = '']) => cpSync(this.#at(from), this.#at(to), { recursive: true }),
    move: ([from = '', to = '']) => renameSync(this.#at(from), this.#at(to)),
    remove: ([file = '']) => rmSync(this.#at(file), { recursive: true }),
    mkdir: ([folder = '']) => mkdirSync(this.#at(folder), { recursive: true }),
    cd: ([folder = '']) => {
      this.#folder = this.#at(folder);
    },
    chmod: ([octal = '', file = '']) => chmodSync(this.#at(file), Number.parseInt(octal, 8)),
    flip: ([file = '', offset = '0']) => {
      const bytes = readFileSync(this.#at(file));
      const at = Number(offset) < 0 ? bytes.length + Number(offset) : Number(offset);
      bytes[at] = (bytes[at] ?? 0) ^ 0x01;
      writeFileSync(this.#at(file), bytes);
    },
    truncate: ([file = '', size = '0']) => truncateSync(this.#at(file), Number(size)),
    seal: async ([stack = '', version = '']) => {
      const { recipient } = await sharedIdentity();
      const content = JSON.stringify({
        format: 'keyform-state',
        version: Number(version),
        lineage: 'later',
        serial: 1,
      });
      const bytes = await seal(Buffer.from(content), { recipients: [recipient] });
      writeFileSync(this.#at(`state/${stack}.keyform.age`), bytes);
    },
    env: ([word = '']) => {
      if (word.startsWith('-')) delete this.#env[word.slice(1)];
      else this.#env[word.slice(0, word.indexOf('='))] = word.slice(word.indexOf('=') + 1);
    },
    emulator: async ([what, ...args]) => {
      if (what === 'start') {
        this.#emulator = await startEmulator({ cwd: this.#folder, env: this.#env }, args);
        Object.assign(this.#env, this.#emulator.environment);
        return;
      }
      const emulator = this.#emulator;
      if (emulator === null) throw new Error('there is no emulator');
      if (what === 'stop') {
        this.#emulator = null;
        await emulator.stop();
      } else if (what === 'fault') await emulator.fault(JSON.parse(args[0] ?? ''));
      else if (what === 'clear') await emulator.clear();
      else if (what === 'requests') this.#said(JSON.stringify(await emulator.requests()));
      else if (what === 'await') {
        const [action = '', count] = args;
        while (((await emulator.requests())[action] ?? 0) < Number(count)) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      } else if (what === 'sinch') {
        const [method = '', path = '', body] = args;
        const answer = await emulator.sinch(method, path, body === undefined ? undefined : JSON.parse(body));
        this.#said(JSON.stringify(answer, null, 1));
      } else if (what === 'keys') {
        const [method = '', ...more] = args;
        const path = more[0]?.startsWith('{') === true ? '' : (more.shift() ?? '');
        const answer = await emulator.keys(method, path, more[0] === undefined ? undefined : JSON.parse(more[0]));
        this.#said(JSON.stringify(answer, null, 1));
      } else throw new Error(`emulator ${what}?`);
    },
    packages: (names) => linkPackages(this.#place.project, names),
    port: async ([name = '']) => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((done) => server.once('listening', done));
      this.#env[name] = String((server.address() as AddressInfo).port);
      await new Promise((done) => server.close(done));
    },
    tls: async ([name = '']) => {
      const [key, cert] = [join(this.#place.work, 'tls.key'), join(this.#place.work, 'tls.pem')];
      const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
      execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'pipe' });
      const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => answer.end());
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      this.#ends.push(() => {
        server.closeAllConnections();
        server.close();
      });
      this.#env[name] = String((server.address() as AddressInfo).port);
    },
    need: ([what = '']) => {
      if (what === 'root') {
        if (process.getuid?.() !== 0) throw new Skipped('it takes root');
        return;
      }
      try {
        execFileSync(what, [what === 'age' || what === 'script' ? '--version' : 'version'], { stdio: 'pipe' });
      } catch {
        throw new Skipped(`${what} is not installed`);
      }
    },
    grow: ([folder = '', size = '']) => {
      execFileSync('mount', ['-o', `remount,size=${size}`, this.#at(folder)], { stdio: 'pipe' });
    },
    tmpfs: ([folder = '', size = '']) => {
      const at = this.#at(folder);
      mkdirSync(at, { recursive: true });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at], { stdio: 'pipe' });
      } catch (error) {
        throw new Skipped(`no file system can be mounted here: ${String(error).split('\n')[1] ?? error}`);
      }
      this.#ends.push(() => {
        execFileSync('umount', [at], { stdio: 'pipe' });
      });
    },
  };

  #ended(ended: Ended, expected: number | NodeJS.Signals): void {
    this.#last = ended;
    this.log += `${this.#text('stdout')}${this.#text('stderr')}`;
    const how = ended.code ?? ended.signal;
    if (how !== expected) throw new Error(`it ended with ${how}, not ${expected}`);
    // Whatever happens, nobody sees the inside of the program.
    const trace = /^\s+at .*:\d+:\d+\)?$|^Node\.js v\d|^\(node:\d+\)/m.exec(ended.err + ended.out);
    if (trace !== null) throw new Error(`a stack trace or a warning of Node was printed: ${trace[0]}`);
  }

  #said(out: string): void {
    this.#last = { code: 0, signal: null, out, err: '' };
    this.log += `${out}\n`;
  }

  #running(): Running {
    const [oldest] = this.#background;
    if (oldest === undefined) throw new Error('there is no background command');
    return oldest;
  }

  #text(stream: string): string {
    if (stream !== 'stdout' && stream !== 'stderr') throw new Error('stdout or stderr?');
    return this.#normalize(stream === 'stdout' ? this.#last.out : this.#last.err);
  }

  #matches(stream: 'stdout' | 'stderr', [pattern = '']: string[], negated: boolean): void {
    const text = this.#text(stream);
    const unwrapped = text.replace(WRAPPED, ' ');
    const expression = new RegExp(pattern, 'm');
    const found = expression.test(text) || expression.test(unwrapped);
    if (found === negated) throw new Error(`${stream} ${found ? 'matches' : 'does not match'}:\n${text}`);
  }

  #compare(found: string, file: string): void {
    const wanted = this.#files.get(file) ?? '';
    if (found === wanted) return;
    if (process.env.UPDATE_SCRIPTS !== '1') {
      throw new Error(`it differs from ${file}.\n--- wanted\n${wanted}\n--- found\n${found}`);
    }
    this.#files.set(file, found);
    this.updated = true;
  }

  /** What differs from run to run gets a name: folders, ids, times, ports, processes. */
  #normalize(text: string): string {
    const { username } = userInfo();
    return (
      text
        .replaceAll(this.#place.work, '$WORK')
        .replaceAll(`${username}@${hostname()}`, '{user}@{host}')
        .replaceAll(`@${hostname()}`, '@{host}')
        .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:{port}')
        .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '{uuid}')
        .replace(/(\.backup-(?:\d+|unread))-\d{8}T\d{6}Z(?:-\d+)?/g, '$1-{time}')
        .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '{time}')
        .replace(/\b(?=[A-Z0-9]*\d)[A-Z0-9]{20}\b/g, '{key}')
        .replace(/\baje[0-9a-v]{17}\b/g, '{id}')
        .replace(/\bAKID[A-Za-z0-9]{32,36}\b/g, '{key}')
        .replace(/\bage1[02-9ac-hj-np-z]{58}\b/g, '{recipient}')
        .replace(/\(replaced [0-9a-f]{8}\)/g, '(replaced {hash})')
        .replace(/\bprocess \d+/g, 'process {pid}')
        // Which of the two a client sees depends on what the system hands it first.
        .replace(/the connection was closed by the other side|the answer was cut off/g, '{cut off}')
        .replace(/\bafter \d+s\b/g, 'after {n}s')
        // Where a paragraph is wrapped depends on how long such names are.
        .replace(/(?:│ \S.*\n)+/g, (lines) => (/\$WORK|\{[a-z ]+\}/.test(lines) ? lines.replace(WRAPPED, ' ') : lines))
    );
  }

  #at(path: string): string {
    return resolve(this.#folder, path);
  }

  #split(text: string): string[] {
    const words: string[] = [];
    let word: string | null = null;
    const value = (from: string) =>
      from.replace(/\$([A-Z_][A-Z0-9_]*)/g, (_, name: string) => {
        const found = this.#env[name];
        if (found === undefined) throw new Error(`there is no variable ${name}`);
        return found;
      });
    for (const [part, single, double] of text.matchAll(/'([^']*)'|"([^"]*)"|\s+|#.*|[^\s'"]+/g)) {
      if (/^\s+$/.test(part)) {
        if (word !== null) words.push(word);
        word = null;
      } else if (part.startsWith('#') && word === null) break;
      else word = (word ?? '') + (single ?? value(double ?? part));
    }
    if (word !== null) words.push(word);
    return words;
  }
}
