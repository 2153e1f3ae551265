// Runs child processes to their end: timed as a whole, or measured for memory and CPU; none outlives this process.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A child that runs longer than this hangs, and is killed. Milliseconds. */
const TIMEOUT = 120_000;

/** Process ids of living children; each leads a process group of its own, so that what it started dies with it. */
const living = new Set();

/** Kills every child that still runs; for the ways out that no `finally` sees. */
export function killAll() {
  for (const pid of living) kill(pid);
}

function kill(pid) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * @typedef {object} Command
 * @property {string} program
 * @property {readonly string[]} args
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} env whole; nothing is inherited
 */

/**
 * Runs `command` to its end with nothing around it. Rejects when it cannot be started, hangs, or exits with anything but
 * 0; the message ends with what it wrote to standard error.
 *
 * @param {Command} command
 * @param {{ poll?: boolean }} [options] `poll`: read its peak memory from /proc all along
 * @returns {Promise<{ ms: number, stdout: string, stderr: string, peakKb: number | null }>} `ms`: from spawn to exit
 */
export function run({ program, args, cwd, env }, { poll = false } = {}) {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    if (child.pid !== undefined) living.add(child.pid);
    let ms = 0;
    let hung = false;
    let peakKb = null;
    const stdout = [];
    const stderr = [];
    child.stdout.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    const watch = poll ? setInterval(() => (peakKb = readPeak(child.pid) ?? peakKb), 2) : undefined;
    const timer = setTimeout(() => {
      hung = true;
      kill(child.pid);
    }, TIMEOUT);
    child.on('error', (error) => {
      clearTimeout(timer);
      clearInterval(watch);
      reject(error);
    });
    child.on('exit', () => {
      ms = performance.now() - begun;
      living.delete(child.pid);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      const err = Buffer.concat(stderr).toString();
      if (code === 0) resolve({ ms, stdout: Buffer.concat(stdout).toString(), stderr: err, peakKb });
      else {
        const how = hung ? `hung for ${TIMEOUT / 1000} s and was killed` : `ended with ${code ?? signal}`;
        const tail = `${Buffer.concat(stdout).toString().slice(-1000)}${err.slice(-2000)}`;
        reject(new Error(`${program} ${args.join(' ')} ${how}\n${tail}`));
      }
    });
  });
}

/** High-water mark of a process's resident memory, in KiB; null when it cannot be told (ended, or no Linux). */
function readPeak(pid) {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}

/** GNU time knows what the kernel knows of a finished child; other systems' `time` says it in other words. */
const GNU_TIME = spawnSync('/usr/bin/time', ['--version'], { encoding: 'utf8' });
const HAS_GNU_TIME = GNU_TIME.status === 0 && /GNU/.test(`${GNU_TIME.stdout}${GNU_TIME.stderr}`);

/** How {@link measure} measures, for the report. */
export const MEASURED_BY = HAS_GNU_TIME
  ? 'GNU time'
  : process.platform === 'linux'
    ? '/proc/PID/status, every 2 ms'
    : 'nothing: neither GNU time nor /proc is here';

/**
 * Runs `command` once for its memory and CPU. Apart from the timed runs, because whatever looks on costs time of its own.
 *
 * @param {Command} command
 * @param {string} scratch folder for a file that is removed again
 * @returns {Promise<{ peakMb: number | null, userMs: number | null, systemMs: number | null, stdout: string }>} null: cannot be told here
 */
export async function measure(command, scratch) {
  if (!HAS_GNU_TIME) {
    const { peakKb, stdout } = await run(command, { poll: true });
    return { peakMb: peakKb === null ? null : peakKb / 1024, userMs: null, systemMs: null, stdout };
  }
  const file = join(scratch, 'time.txt');
  const args = ['--output', file, '--format', '%M %U %S', command.program, ...command.args];
  const { stdout } = await run({ ...command, program: '/usr/bin/time', args });
  const [kb, user, system] = readFileSync(file, 'utf8').trim().split(' ').map(Number);
  rmSync(file);
  return { peakMb: kb / 1024, userMs: user * 1000, systemMs: system * 1000, stdout };
}

/**
 * Starts a server that ends when this process does, however that ends: it is made to watch its standard input.
 *
 * @param {readonly string[]} args of Node; standard input must be watched by what they start
 * @param {{ cwd: string, env: Readonly<Record<string, string>>, ready: RegExp }} options `ready`: what its standard error says once it answers
 * @returns {Promise<{ ready: RegExpExecArray, stop: () => Promise<void> }>}
 */
export function serve(args, { cwd, env, ready }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['pipe', 'ignore', 'pipe'] });
    let text = '';
    const ended = new Promise((done) => child.once('exit', done));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server did not start within 20 s\n${text}`));
    }, 20_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code ?? signal}\n${text}`));
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
      const found = ready.exec(text);
      if (found === null) return;
      clearTimeout(timer);
      resolve({
        ready: found,
        stop: async () => {
          child.stdin.end();
          const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
          await ended;
          clearTimeout(late);
        },
      });
    });
  });
}
