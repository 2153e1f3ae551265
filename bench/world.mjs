// What is measured: the packed tool, in projects of its own, against emulators in processes of their own.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run, serve } from './child.mjs';
import { writeProject } from './stack.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const LEASH = pathToFileURL(join(here, 'leash.mjs')).href;

/**
 * Packs the repository as for publication and unpacks that: what a user gets, and no rebuild can change it under a run.
 *
 * @param {string} scratch
 * @returns {{ main: string, tarballBytes: number, unpackedBytes: number, distBytes: number, mainBytes: number }}
 */
export function unpackTool(scratch) {
  const shell = process.platform === 'win32';
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', scratch];
  const packed = spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell, env: withoutNpm(process.env) });
  if (packed.status !== 0) throw new Error(`npm pack failed\n${packed.stderr}`);
  const [about] = Object.values(JSON.parse(packed.stdout));
  const unpacked = spawnSync('tar', ['-xzf', about.filename], { cwd: scratch, encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`tar failed\n${unpacked.stderr}`);
  const sizeOf = (files) => files.reduce((sum, { size }) => sum + size, 0);
  return {
    main: join(scratch, 'package', 'dist', 'main.cjs'),
    tarballBytes: about.size,
    unpackedBytes: about.unpackedSize,
    distBytes: sizeOf(about.files.filter(({ path }) => path.startsWith('dist/'))),
    mainBytes: sizeOf(about.files.filter(({ path }) => path === 'dist/main.cjs')),
  };
}

/** npm tells its children so much that an npm among them takes it for its own settings. */
function withoutNpm(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^npm_/i.test(name)));
}

/**
 * A folder to run in and an environment that holds nothing of the user's.
 *
 * @param {string} scratch
 * @param {string} name
 */
export function makeRoom(scratch, name) {
  const folder = mkdtempSync(join(scratch, `${name}-`));
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_CONFIG_HOME: join(home, '.config'), NO_COLOR: '1' };
  return { folder, env };
}

/** A project, and an emulator for it alone, that keeps its data in memory and answers at once. */
export class Project {
  #main;
  #origin;
  #stop;
  #room;

  constructor(main, room, origin, environment, stop) {
    this.#main = main;
    this.#room = { folder: room.folder, env: { ...room.env, ...environment } };
    this.#origin = origin;
    this.#stop = stop;
  }

  /**
   * @param {string} main the tool
   * @param {string} scratch
   * @param {object} resource resources of its stack
   * @returns {Promise<Project>}
   */
  static async open(main, scratch, resource) {
    const room = makeRoom(scratch, 'keys');
    const { folder, env } = room;
    await run({ program: process.execPath, args: [main, 'init'], cwd: folder, env });
    const [recipient] = JSON.parse(readFileSync(join(folder, 'cdktf.json'), 'utf8')).context.keyform.recipients;
    writeProject(folder, resource, recipient);
    const args = ['--import', LEASH, main, 'emulator', '-port', '0', '-quiet'];
    const { ready, stop } = await serve(args, { cwd: folder, env, ready: /answer at (http:\/\/[^\s]+)/ });
    try {
      const environment = await getJson(`${ready[1]}/_keyform/environment`);
      return new Project(main, room, ready[1], environment, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** The command `keyform ...args` in this project; `node`: arguments for Node itself, `env`: on top of the project's. */
  command(args, { node = [], env = {} } = {}) {
    const { folder, env: own } = this.#room;
    return { program: process.execPath, args: [...node, this.#main, ...args], cwd: folder, env: { ...own, ...env } };
  }

  /** Requests that the emulator received so far, by `cloud action`. */
  async requests() {
    return (await getJson(`${this.#origin}/_keyform/requests`)).requests;
  }

  get folder() {
    return this.#room.folder;
  }

  get stateFile() {
    return join(this.#room.folder, 'state', 'main.keyform.age');
  }

  async close() {
    await this.#stop();
  }
}

async function getJson(url) {
  const response = await fetch(url, { headers: { connection: 'close' } });
  if (!response.ok) throw new Error(`GET ${url} was answered with ${response.status}`);
  return response.json();
}

/** Why there is nothing to compare with, or null when `terraform` is on PATH. */
export function noTerraform() {
  const found = spawnSync('terraform', ['version'], {
    encoding: 'utf8',
    env: { ...process.env, CHECKPOINT_DISABLE: '1' },
  });
  return found.status === 0 ? null : 'terraform is not on PATH';
}
