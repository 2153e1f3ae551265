import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const CI = join(import.meta.dirname, '..', '..', '..', 'docs', 'ci');
const TOKEN = 'CANARY-token';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyform-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[], env: Record<string, string>) {
  return new Promise<{ code: number | null; out: string }>((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, env: { PATH: process.env.PATH ?? '', HOME: folder, ...env } });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out }));
  });
}

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return name;
};

describe('on GitHub', () => {
  /** A `gh` that writes down how it is called, one JSON list a line, and answers questions with what `answers` says. */
  function gh(answer: string): Record<string, string> {
    const script = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const words = process.argv.slice(2);
appendFileSync('calls', JSON.stringify(words) + '\\n');
const asks = words.includes('--jq');
if (asks) process.stdout.write(${JSON.stringify(answer)});
const body = words.find((word) => word.startsWith('body=@'))?.slice(6) ?? words[words.indexOf('--body-file') + 1];
if (!asks && body && words.some((word) => word === '--body-file' || word.startsWith('body=@'))) appendFileSync('bodies', readFileSync(body, 'utf8'));
`;
    write('gh', script);
    chmodSync(join(folder, 'gh'), 0o755);
    return {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      GH_TOKEN: TOKEN,
      GITHUB_REPOSITORY: 'o/r',
      GH_REPO: 'o/r',
      RUN_URL: 'https://x/1',
    };
  }
  const calls = () =>
    readFileSync(join(folder, 'calls'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as string[]).join(' '));
  const comment = (env: Record<string, string>, file: string) =>
    run('bash', [join(CI, 'github', 'comment.sh'), file, '5'], env);
  const issue = (env: Record<string, string>, file: string, code: string) =>
    run('bash', [join(CI, 'github', 'issue.sh'), file, code], env);

  test('the first plan is a new comment, the next ones change it', async () => {
    const file = write('plan.md', '<!-- keyform-plan:main -->\n\n## Plan\n');
    expect(await comment(gh(''), file)).toEqual({ code: 0, out: '' });
    expect(calls()[0]).toContain('api --paginate repos/o/r/issues/5/comments?per_page=100');
    expect(calls()[1]).toBe('api --silent --method POST repos/o/r/issues/5/comments --field body=@plan.md');
    expect(await comment(gh('41\n42\n'), file)).toEqual({ code: 0, out: '' });
    expect(calls()[3]).toBe('api --silent --method PATCH repos/o/r/issues/comments/42 --field body=@plan.md');
    expect(calls().join('\n')).not.toContain(TOKEN);
  });

  test('a job that failed before there was a plan says so in the comment', async () => {
    expect((await comment(gh(''), '.keyform/report/plan.md')).code).toBe(0);
    expect(readFileSync(join(folder, 'bodies'), 'utf8')).toContain('There is no plan: [the job failed](https://x/1)');
  });

  test('drift opens an issue, changes the open one, and closes it when it is gone', async () => {
    const file = write('drift.md', '# Drift\n');
    expect((await issue(gh(''), file, '2')).code).toBe(0);
    expect(calls().at(-1)).toContain('issue create --title Keyform: keys have drifted --label keyform-drift');
    expect((await issue(gh('9\n'), file, '2')).code).toBe(0);
    expect(calls().at(-1)).toBe('issue edit 9 --body-file drift.md');
    expect((await issue(gh('9\n'), file, '0')).code).toBe(0);
    expect(calls().at(-1)).toContain('issue close 9');
    const before = calls().length;
    expect((await issue(gh(''), file, '0')).code).toBe(0);
    expect(
      calls()
        .slice(before)
        .some((call) => /issue (create|close|edit)/.test(call)),
    ).toBe(false);
    expect((await issue(gh(''), 'r/none.md', '1')).code).toBe(0);
    expect(readFileSync(join(folder, 'bodies'), 'utf8')).toContain('nothing could be looked at');
  });
});

describe('on GitLab', () => {
  let server: Server;
  let log: { readonly call: string; readonly body: Record<string, string> }[];
  let pages: Record<string, unknown>;
  let env: Record<string, string>;
  beforeEach(async () => {
    log = [];
    pages = {};
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      request.on('end', () => {
        const path = (request.url ?? '').replace('/api/v4/', '');
        if (request.headers['private-token'] !== TOKEN) response.statusCode = 401;
        log.push({
          call: `${request.method} ${path}`,
          body: text === '' ? {} : (JSON.parse(text) as Record<string, string>),
        });
        const answer = pages[`${request.method} ${path}`] ?? (request.method === 'GET' ? [] : {});
        const next =
          /[?&]page=1$/.test(path) && pages[`GET ${path.replace(/page=1$/, 'page=2')}`] !== undefined ? '2' : '';
        response.setHeader('x-next-page', next);
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    env = {
      CI_API_V4_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4`,
      CI_PROJECT_ID: '3',
      CI_MERGE_REQUEST_IID: '5',
      CI_JOB_URL: 'https://x/1',
      KEYFORM_API_TOKEN: TOKEN,
    };
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));
  const report = (...args: string[]) => run(process.execPath, [join(CI, 'gitlab', 'report.mjs'), ...args], env);
  const NOTES = 'projects/3/merge_requests/5/notes';
  const LIST = `GET ${NOTES}?sort=asc&order_by=created_at&per_page=100&page=`;

  test('the first plan is a new note, the next ones change it, and nobody else can take its place', async () => {
    const file = write('plan.md', '<!-- keyform-plan:main -->\n\n## Plan\n');
    pages['GET user'] = { id: 7 };
    expect(await report('note', file)).toEqual({ code: 0, out: '' });
    expect(log.at(-1)).toEqual({ call: `POST ${NOTES}`, body: { body: '<!-- keyform-plan:main -->\n\n## Plan\n' } });
    // On the second page, after that of somebody who copied the marker.
    pages[`${LIST}1`] = [{ id: 1, author: { id: 8 }, body: '<!-- keyform-plan:main --> mine' }];
    pages[`${LIST}2`] = [{ id: 2, author: { id: 7 }, body: '<!-- keyform-plan:main -->\nold' }];
    expect(await report('note', file)).toEqual({ code: 0, out: '' });
    expect(log.at(-1)?.call).toBe(`PUT ${NOTES}/2`);
  });

  test('drift opens an issue, changes the open one, and closes it when it is gone', async () => {
    const file = write('drift.md', '# Drift\n');
    await report('issue', file, '2');
    expect(log.at(-1)).toMatchObject({ call: 'POST projects/3/issues', body: { labels: 'keyform-drift' } });
    pages['GET projects/3/issues?state=opened&labels=keyform-drift&per_page=100&page=1'] = [{ iid: 9 }];
    await report('issue', file, '1');
    expect(log.at(-1)).toMatchObject({
      call: 'PUT projects/3/issues/9',
      body: { description: '# Drift\n\nhttps://x/1\n' },
    });
    await report('issue', file, '0');
    expect(log.at(-1)).toMatchObject({ call: 'PUT projects/3/issues/9', body: { state_event: 'close' } });
  });

  test('a token that is missing or wrong fails the job, and shows in nothing', async () => {
    const file = write('plan.md', 'x\n');
    env.KEYFORM_API_TOKEN = 'CANARY-other';
    const wrong = await report('note', file);
    expect(wrong.code).not.toBe(0);
    expect(wrong.out).toContain('HTTP 401');
    expect(wrong.out).not.toContain('CANARY');
    env.KEYFORM_API_TOKEN = '';
    expect(await report('note', file)).toMatchObject({
      code: 1,
      out: expect.stringContaining('KEYFORM_API_TOKEN is not set'),
    });
  });
});

describe('under cron', () => {
  const cron = (env: Record<string, string>, ...args: string[]) =>
    run('bash', [join(CI, 'cron', 'run.sh'), ...args], env);

  test('it is silent when all is well, tells all when it is not, and keeps the code', async () => {
    write('keyform', '#!/bin/sh\necho "$@ $SINCH_KEY_ID" > called; echo found; exit "${CODE:-0}"\n');
    chmodSync(join(folder, 'keyform'), 0o755);
    write('settings', "SINCH_KEY_ID='an id'\n");
    const env = {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      KEYFORM_HOME: '/p',
      KEYFORM_SETTINGS: join(folder, 'settings'),
    };
    const open = await cron(env, 'drift', '*');
    expect(open).toMatchObject({ code: 1, out: expect.stringContaining('chmod 600') });
    expect(existsSync(join(folder, 'called'))).toBe(false);
    chmodSync(join(folder, 'settings'), 0o600);
    expect(await cron(env, 'drift', '-verify', '*')).toEqual({ code: 0, out: '' });
    expect(readFileSync(join(folder, 'called'), 'utf8')).toBe('drift -chdir=/p -no-color -verify * an id\n');
    expect(await cron({ ...env, CODE: '2' }, 'drift')).toEqual({
      code: 2,
      out: 'found\n\nkeyform drift ended with code 2.\n',
    });
  });
});
