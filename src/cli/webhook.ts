import { createHash, createHmac } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Diagnostic } from '../core/diagnostic.ts';
import { isQuiet, type News, newsOf, type Told } from '../core/drift/news.ts';
import { type DriftReport, FINDING_KINDS } from '../core/drift/report.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import type { HttpPort } from '../core/http.ts';
import { formatMoment } from '../core/moment.ts';
import type { Clock, Files } from '../core/port.ts';
import { SENSITIVE, Secret } from '../core/secret.ts';
import { type Failure, newsBody } from './render/drift/news.ts';

/** Where news of drift are posted to, and by what they are signed. */
export interface WebhookOptions {
  /** {@link webhookUrl} has checked it. Whoever knows it can post there too. */
  readonly url: Secret;
  /** Key of the signature; null: unsigned. */
  readonly key: Secret | null;
  readonly http: HttpPort;
  readonly files: Files;
  readonly clock: Clock;
  /** The project folder: what was told is remembered in its `.keyform/drift-told.json`. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Tells a webhook what is new. */
export interface Webhook {
  /**
   * Posts what is new and what is resolved since the last post that was taken; nothing when that is nothing. `failure`: why the run as a whole
   * failed, null when it did not. Returns warnings: what could not be posted is tried again by the next call, in this run or a later one. Never throws
   * but `cancelled`.
   */
  tell(reports: readonly DriftReport[], failure: Failure | null): Promise<readonly Diagnostic[]>;
}

/**
 * The URL of a webhook, checked: https, or http to this machine; without a fragment. Throws `invalid-usage`, and never quotes it: whoever knows it
 * can post there. `where` names what it was given by, such as `-webhook`.
 */
export function webhookUrl(text: string, where: string): Secret {
  const refuse = (detail: string) =>
    new KeyformError('invalid-usage', `${where} is not the URL of a webhook`, { detail });
  if (!URL.canParse(text)) throw refuse('Give it as https://HOST/PATH. Nothing was done.');
  const { protocol, hostname, username, password, hash } = new URL(text);
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && local)) {
    throw refuse('It must begin with https://; plain http:// is for this machine only. Nothing was done.');
  }
  if (username !== '' || password !== '' || hash !== '') {
    throw refuse('It must hold no user name, password or fragment. Nothing was done.');
  }
  return new Secret(text);
}

const toldSchema: z.ZodType<Told> = z.object({
  fingerprint: z.string(),
  kind: z.enum([...FINDING_KINDS, 'unread']),
  stack: z.string(),
  address: z.string().nullable(),
  type: z.string(),
  provider: z.string().nullable(),
  owner: z.string(),
  keyId: z.string(),
  summary: z.string(),
});

/** What each webhook was told, by a digest of its URL. */
const memorySchema = z.object({
  version: z.literal(1),
  webhooks: z.record(z.string(), z.object({ told: z.array(toldSchema), failing: z.boolean() })),
});

type Memory = z.infer<typeof memorySchema>;

/** The webhook; nothing is sent before the first {@link Webhook.tell}. */
export function createWebhook(options: WebhookOptions): Webhook {
  const { url, files, clock } = options;
  const path = join(options.folder, '.keyform', 'drift-told.json');
  const name = createHash('sha256').update(url.reveal()).digest('hex').slice(0, 16);
  let memory: Memory | null = null;

  /** A memory that is lost costs a repetition; one that cannot be read is said to be lost. */
  async function remember(warnings: Diagnostic[]): Promise<Memory> {
    const empty: Memory = { version: 1, webhooks: {} };
    try {
      const bytes = await files.read(path);
      return bytes === null ? empty : memorySchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      warnings.push({
        severity: 'warning',
        summary: 'What the webhook was told before is not known',
        detail: `${path} cannot be read as what an earlier run wrote. All that is found now is told as new, and the file is replaced.`,
      });
      return empty;
    }
  }

  return {
    async tell(reports, failure) {
      const warnings: Diagnostic[] = [];
      memory ??= await remember(warnings);
      const before = memory.webhooks[name] ?? { told: [], failing: false };
      const news = newsOf(reports, before.told);
      const failing = failure !== null;
      if (isQuiet(news) && failing === before.failing) return warnings;
      const body = JSON.stringify(newsBody({ news, reports, failure, at: formatMoment(clock.now()) }));
      try {
        await post(options, body);
      } catch (error) {
        if (isKeyformError(error, 'cancelled')) throw error;
        return [...warnings, undelivered(error, news, options)];
      }
      memory = { ...memory, webhooks: { ...memory.webhooks, [name]: { told: [...news.told], failing } } };
      try {
        await files.replace(path, new TextEncoder().encode(`${JSON.stringify(memory)}\n`), 0o600);
      } catch (error) {
        warnings.push({
          severity: 'warning',
          summary: 'What the webhook was told cannot be remembered',
          detail: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}. The next run will tell it again.`,
        });
      }
      return warnings;
    },
  };
}

/** Signature of a body: HMAC-SHA-256, hexadecimal, after `sha256=`. */
export function signatureOf(body: string, key: Secret): string {
  return `sha256=${createHmac('sha256', key.reveal()).update(body, 'utf8').digest('hex')}`;
}

async function post({ url, key, http, signal }: WebhookOptions, body: string): Promise<void> {
  // Repetitions of one post carry one id, so that whoever takes them can leave out what it has.
  const delivery = createHash('sha256').update(body).digest('hex').slice(0, 32);
  const response = await http.send({
    action: 'webhook',
    safe: true,
    secretPath: true,
    signal,
    build: () => ({
      method: 'POST',
      url: url.reveal(),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-keyform-event': 'drift',
        'x-keyform-delivery': delivery,
        ...(key === null ? {} : { 'x-keyform-signature': signatureOf(body, key) }),
      },
      body,
    }),
    judge: ({ status }) => (status === 429 ? 'throttled' : status >= 500 || status === 408 ? 'transient' : 'final'),
  });
  if (response.status >= 200 && response.status < 300) return;
  const moved = response.status >= 300 && response.status < 400;
  throw new KeyformError('unavailable', `it answered HTTP ${response.status}`, {
    detail: moved ? 'Redirections are not followed: give the URL that it leads to.' : '',
  });
}

function undelivered(error: unknown, news: News, { url }: WebhookOptions): Diagnostic {
  const about = news.fresh.length + news.unread.length + news.resolved.length;
  const said = error instanceof Error ? error.message : String(error);
  const more = isKeyformError(error) ? error.detail : '';
  // A wire's own words may quote the URL.
  const reason = [`${said}.`, more]
    .filter((part) => part !== '')
    .join(' ')
    .replaceAll(url.reveal(), SENSITIVE);
  return {
    severity: 'warning',
    summary: 'The webhook was not told',
    detail: `${reason}\n${about} new or resolved: the next run tries again.`,
  };
}
