import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createWebhook, signatureOf, type Webhook, webhookUrl } from '../../../src/cli/webhook.ts';
import type { DriftReport } from '../../../src/core/drift/report.ts';
import { Secret } from '../../../src/core/secret.ts';
import { type Handler, rig, serve } from '../../io/server.ts';
import { MemoryDisk } from '../../state/memory.ts';
import { finding, HOSTILE, report, unread } from './sample.ts';

const PATH = '/services/T0/B0/PATH-SECRET?token=QUERY-SECRET';
const MEMORY = '/project/.keyform/drift-told.json';

interface Post {
  readonly body: { readonly [key: string]: unknown; readonly text: string };
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A webhook on loopback that answers as `status` says. */
async function hook({
  status = (() => 204) as () => number,
  key = null as string | null,
  disk = new MemoryDisk(),
} = {}) {
  const posts: Post[] = [];
  const handler: Handler = (request, response, count, body) => {
    posts.push({ body: JSON.parse(body), text: body, headers: request.headers });
    response.writeHead((status as (count: number) => number)(count)).end('no');
  };
  const { origin } = await serve(handler);
  const { http, clock, log } = rig();
  const open = (): Webhook =>
    createWebhook({
      url: webhookUrl(`${origin}${PATH}`, '-webhook'),
      key: key === null ? null : new Secret(key),
      http,
      files: disk,
      clock,
      folder: '/project',
      signal: new AbortController().signal,
    });
  return { posts, open, disk, log };
}

const one: DriftReport = report({ findings: [finding()] });

describe('a webhook', () => {
  test('is told what is new and what is resolved, and nothing twice', async () => {
    const { posts, open } = await hook();
    const webhook = open();
    for (const round of [one, one, report(), report()]) expect(await webhook.tell([round], null)).toEqual([]);
    expect(posts.map(({ body }) => [body.new_count, body.resolved_count])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(posts[0]?.body).toMatchObject({
      format_version: '1.0',
      event: 'drift',
      new: [
        {
          kind: 'changed',
          key_id: 'k1',
          address: 'keyform_sinch_access_key.ci',
          fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      ],
      stacks: [{ stack: 'prod', findings: 1, unread: 0, coverage: { managed: 3, total: 3, ratio: 1 } }],
    });
    expect(posts[0]?.body.text).toBe(
      'Keyform drift: 1 new; 1 finding now.\n• warning: A key was changed: `keyform_sinch_access_key.ci` (stack `prod`, `project p1`)',
    );
    expect(posts[1]?.body.text).toBe(
      'Keyform drift: 1 resolved; 0 findings now.\n• resolved: changed: `keyform_sinch_access_key.ci` (stack `prod`)',
    );
  });

  test('is told by the next run of what the last run told it: only what changed', async () => {
    const { posts, open, disk } = await hook();
    await open().tell([one], null);
    await open().tell([one], null);
    expect(posts).toHaveLength(1);
    expect(disk.content()[MEMORY]?.toString()).not.toMatch(/PATH-SECRET|QUERY-SECRET|127\.0\.0\.1/);
  });

  test('that refuses is a warning, and is told again', async () => {
    let status = 403;
    const { posts, open } = await hook({ status: () => status });
    const webhook = open();
    const [warning] = await webhook.tell([one], null);
    expect(warning).toMatchObject({ severity: 'warning', summary: 'The webhook was not told' });
    expect(warning?.detail).toContain('HTTP 403');
    expect(JSON.stringify(warning)).not.toMatch(/PATH-SECRET|QUERY-SECRET/);
    status = 200;
    expect(await webhook.tell([one], null)).toEqual([]);
    expect(await webhook.tell([one], null)).toEqual([]);
    expect(posts).toHaveLength(2);
  });

  test('that fails for a moment is tried again at once, under one id', async () => {
    const { posts, open } = await hook({ status: ((count: number) => (count === 0 ? 503 : 200)) as () => number });
    expect(await open().tell([one], null)).toEqual([]);
    expect(posts).toHaveLength(2);
    expect(posts[0]?.headers['x-keyform-delivery']).toBe(posts[1]?.headers['x-keyform-delivery']);
  });

  test('that is nowhere is a warning that does not show where', async () => {
    const { http, clock } = rig({ maxAttempts: 1 });
    const disk = new MemoryDisk();
    const webhook = createWebhook({
      url: webhookUrl(`http://127.0.0.1:1${PATH}`, '-webhook'),
      key: null,
      http,
      files: disk,
      clock,
      folder: '/project',
      signal: new AbortController().signal,
    });
    const warnings = await webhook.tell([one], null);
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toMatch(/PATH-SECRET|QUERY-SECRET/);
    expect(disk.content()[MEMORY]).toBeUndefined();
  });

  test('is signed where there is a key', async () => {
    const { posts, open } = await hook({ key: 'KEY-SECRET' });
    await open().tell([one], null);
    const [post] = posts;
    const expected = createHmac('sha256', 'KEY-SECRET')
      .update(post?.text ?? '')
      .digest('hex');
    expect(post?.headers['x-keyform-signature']).toBe(`sha256=${expected}`);
    expect(post?.text).not.toContain('KEY-SECRET');
    // RFC 4231, test case 2.
    expect(signatureOf('what do ya want for nothing?', new Secret('Jefe'))).toBe(
      'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test('its path is in no log', async () => {
    const { open, log } = await hook();
    await open().tell([one], null);
    expect(log.map(({ url }) => url)).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
    expect(JSON.stringify(log)).not.toMatch(/PATH-SECRET|QUERY-SECRET/);
  });

  test('is told of a run that fails, once, and of the first one that works again', async () => {
    const { posts, open } = await hook();
    const webhook = open();
    const failure = { summary: 'The state is damaged', detail: 'Run keyform state verify.' };
    await webhook.tell([one], null);
    await webhook.tell([], failure);
    await webhook.tell([], failure);
    await webhook.tell([one], null);
    expect(posts.map(({ body }) => body.failure)).toEqual([null, failure, null]);
    expect(posts.map(({ body }) => body.text.split('\n')[0])).toEqual([
      'Keyform drift: 1 new; 1 finding now.',
      'Keyform could not look for drift: `The state is damaged`',
      'Keyform drift: looks again; 1 finding now.',
    ]);
  });

  test('is told of owners that could not be read, and their findings are not called resolved', async () => {
    const { posts, open } = await hook();
    const webhook = open();
    await webhook.tell([one], null);
    await webhook.tell([report({ unread: [unread({ owner: 'project p1', type: 'keyform_sinch_access_key' })] })], null);
    await webhook.tell([one], null);
    expect(posts.map(({ body }) => [body.new_count, body.unread_count, body.resolved_count])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  test('a name is never a mention, a link or a format of a chat', async () => {
    const { posts, open } = await hook();
    await open().tell(
      [report({ findings: [finding({ address: null, generation: null, name: HOSTILE, owner: '<!here> `@all`' })] })],
      null,
    );
    const { text = '' } = posts[0]?.body ?? {};
    const outside = text.split('`').filter((_, index) => index % 2 === 0);
    expect(outside.join('')).not.toMatch(/[@<>&[\]]/);
    expect(text).not.toMatch(/[<>]/);
  });

  test('of thousands of findings says how many, and stays small', async () => {
    const { posts, open } = await hook();
    const findings = Array.from({ length: 5000 }, (_, i) => finding({ keyId: `k${i}` }));
    await open().tell([report({ findings })], null);
    const [post] = posts;
    expect(post?.body.new_count).toBe(5000);
    expect(post?.body.new).toHaveLength(500);
    expect(post?.body.text.length).toBeLessThan(4000);
    expect(post?.body.text).toMatch(/… and 4980 more\.$/);
  });

  test('whose memory is damaged is told all again, and that is said', async () => {
    const disk = MemoryDisk.of({ [MEMORY]: Buffer.from('{"version":1,') });
    const { posts, open } = await hook({ disk });
    const warnings = await open().tell([one], null);
    expect(warnings.map(({ summary }) => summary)).toEqual(['What the webhook was told before is not known']);
    expect(posts).toHaveLength(1);
    expect(await open().tell([one], null)).toEqual([]);
  });
});

describe('the URL of a webhook', () => {
  test.each([
    ['not a URL', 'hooks'],
    ['plain http to another machine', 'http://hooks.example.com/x'],
    ['another scheme', 'file:///etc/passwd'],
    ['a password', 'https://u:PASSWORD@hooks.example.com/x'],
    ['a fragment', 'https://hooks.example.com/x#y'],
    ['nothing', ''],
  ])('is refused: %s', (_, text) => {
    const attempt = () => webhookUrl(text, '-webhook');
    expect(attempt).toThrow('-webhook is not the URL of a webhook');
    if (text !== '') expect(attempt).not.toThrow(text);
  });

  test.each(['https://hooks.example.com/x?y=z', 'http://127.0.0.1:9/x', 'http://localhost/x', 'http://[::1]:9/'])(
    '%s is taken',
    (text) => {
      expect(webhookUrl(text, '-webhook').reveal()).toBe(text);
    },
  );
});
