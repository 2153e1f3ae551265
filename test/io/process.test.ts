import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createAttach, createProcesses } from '../../src/io/process.ts';

const node = process.execPath;
const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'keyform-process-')));
afterAll(() => rmSync(cwd, { recursive: true }));
const processes = createProcesses({ grace: 100 });
const run = (program: string, more: Partial<Parameters<typeof processes.run>[1]> = {}) =>
  processes.run(node, { args: ['-e', program], cwd, env: {}, ...more });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a child process', () => {
  it('tells how it exited and what it wrote, in its own folder and environment', async () => {
    const program = `process.stdout.write(process.cwd() + ' ' + JSON.stringify(process.env)); console.error('é'); process.exit(3)`;
    const heard: string[] = [];
    const output: string[] = [];
    const result = await run(program, {
      env: { A: '1', B: undefined },
      onStdout: (text) => output.push(text),
      onStderr: (text) => heard.push(text),
    });
    expect(result).toEqual({ code: 3, signal: null, stdout: `${cwd} {"A":"1"}`, stderr: 'é\n', truncated: false });
    expect(heard.join('')).toBe('é\n');
    expect(output.join('')).toBe(result.stdout);
  });

  it('is heard while it runs, a character in two pieces as one', async () => {
    const stop = new AbortController();
    let heard = '';
    const program = `process.stdout.write(Buffer.from([0xc3])); setTimeout(() => process.stdout.write(Buffer.from([0xa9])), 100); setInterval(() => {}, 1000)`;
    const onStdout = (text: string) => {
      heard += text;
      if (heard !== '') stop.abort(new Error('heard'));
    };
    await expect(run(program, { signal: stop.signal, onStdout })).rejects.toThrow('heard');
    expect(heard).toBe('é');
  });

  it('gets its input, or none', async () => {
    const echo = 'process.stdin.pipe(process.stdout)';
    expect((await run(echo, { input: 'héllo' })).stdout).toBe('héllo');
    expect((await run(echo)).stdout).toBe('');
    // One that does not read: not an error.
    expect((await run('', { input: 'x'.repeat(1_000_000) })).code).toBe(0);
  });

  it('with shell is a command line', async () => {
    const env = { PATH: process.env.PATH };
    expect((await processes.run('echo "$((1 + 1))" && exit 4', { cwd, env, shell: true })).code).toBe(4);
  });

  it('that cannot be started rejects', async () => {
    await expect(processes.run('no-such-program', { cwd, env: {} })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(run('', { cwd: join(cwd, 'none') })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that writes more than the cap leaves the end of it', async () => {
    const program = `for (let i = 0; i < 20000; i++) console.log(i)`;
    const result = await run(program, { maxOutput: 1000 });
    expect(result.truncated).toBe(true);
    expect(result.stdout).toHaveLength(1000);
    expect(result.stdout.endsWith('19998\n19999\n')).toBe(true);
  });

  it('that is killed tells the signal', async () => {
    expect(await run(`process.kill(process.pid, 'SIGKILL')`)).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it.each([
    { what: 'ends when asked', ignore: '' },
    { what: 'is killed when it does not listen', ignore: `process.on('SIGTERM', () => {});` },
  ])('and what it started $what, on abort', async ({ ignore }) => {
    const stop = new AbortController();
    let heard = '';
    const grandchild = `${ignore} console.error(process.pid); setInterval(() => {}, 1000)`;
    const program = `${ignore} require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    const running = run(program, {
      signal: stop.signal,
      onStderr: (text) => {
        heard += text;
        if (heard.includes('\n')) stop.abort(new Error('Ctrl-C'));
      },
    });
    await expect(running).rejects.toThrow('Ctrl-C');
    const pid = Number(heard);
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
  });

  it('is not started after an abort', async () => {
    await expect(run('', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });
});

describe.skipIf(process.platform === 'win32')('a child in the place of this process', () => {
  const attach = createAttach(false);

  it('exits as itself', async () => {
    expect(await attach(node, { args: ['-e', 'process.exit(3)'], cwd, env: {} })).toBe(3);
    const program = `process.exit(process.cwd() === ${JSON.stringify(cwd)} && JSON.stringify(process.env) === '{"A":"1"}' ? 0 : 1)`;
    expect(await attach(node, { args: ['-e', program], cwd, env: { A: '1', B: undefined } })).toBe(0);
  });

  it('that a signal ended exits as a shell would say it', async () => {
    expect(await attach(node, { args: ['-e', `process.kill(process.pid, 'SIGKILL')`], cwd, env: {} })).toBe(137);
    expect(await attach(node, { args: ['-e', `process.kill(process.pid, 'SIGTERM')`], cwd, env: {} })).toBe(143);
  });

  it('that cannot be started rejects, and leaves no handler behind', async () => {
    const before = process.listenerCount('SIGTERM');
    await expect(attach('no-such-program', { args: [], cwd, env: {} })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(attach(cwd, { args: [], cwd, env: {} })).rejects.toMatchObject({ code: 'EACCES' });
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});
