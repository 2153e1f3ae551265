import { resolve } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import { KeyformError } from '../core/error.ts';
import { Secret } from '../core/secret.ts';
import type { Outside, Workspace } from './context.ts';
import type { Webhook } from './webhook.ts';

/** Flags that say how and where drift is reported. */
export interface ReportFlags {
  readonly json: boolean;
  readonly markdown: boolean;
  readonly junit: boolean;
  readonly sarif: boolean;
  readonly 'report-dir'?: string;
  readonly 'metrics-file'?: string;
  readonly webhook?: string;
  readonly watch?: string;
}

/** Formats for programs, of which standard output holds one. */
export const FORMATS = ['json', 'markdown', 'junit', 'sarif'] as const;

/** Shortest interval of a watch: rate limits of key APIs are shared with whoever else uses them. */
const SHORTEST = 10_000;

/** How the reports of a run reach whoever is to read them. */
export interface Destination {
  readonly format: (typeof FORMATS)[number] | 'human';
  /** Absolute; null for none. */
  readonly folder: string | null;
  /** Absolute; null for none. */
  readonly metrics: string | null;
  readonly webhook: Webhook | null;
  /** Milliseconds between rounds; null for one look. */
  readonly interval: number | null;
}

/** Reads the flags, and the environment for the webhook. Throws `invalid-usage`, before anything is looked at. */
export async function destinationOf({ outside, folder }: Workspace, flags: ReportFlags): Promise<Destination> {
  const asked = FORMATS.filter((name) => flags[name]);
  const [format = 'human', second] = asked;
  if (second !== undefined) {
    throw new KeyformError('invalid-usage', `-${format} and -${second} do not go together`, {
      detail: 'Standard output holds one format. -report-dir=FOLDER writes them all as files. Nothing was done.',
    });
  }
  const interval = flags.watch === undefined ? null : intervalOf(flags.watch);
  if (interval !== null && format !== 'human' && format !== 'json') {
    throw new KeyformError('invalid-usage', `-watch and -${format} do not go together`, {
      detail:
        'Round after round on standard output is no such document. -report-dir=FOLDER writes one anew each round. Nothing was done.',
    });
  }
  const path = (flag: 'report-dir' | 'metrics-file') => {
    const value = flags[flag];
    if (value === undefined) return null;
    if (value.trim() !== '') return resolve(folder, value);
    throw new KeyformError('invalid-usage', `-${flag} is empty`, {
      detail: 'It takes a path; a variable in it may not be set. Nothing was done.',
    });
  };
  return {
    format,
    interval,
    folder: path('report-dir'),
    metrics: path('metrics-file'),
    webhook: await hookOf(outside, folder, flags),
  };
}

async function hookOf(outside: Outside, folder: string, flags: ReportFlags): Promise<Webhook | null> {
  const { environment, files, clock, signal } = outside;
  const [text, where] =
    flags.webhook === undefined ? [environment.KEYFORM_WEBHOOK ?? '', 'KEYFORM_WEBHOOK'] : [flags.webhook, '-webhook'];
  if (text === '' && flags.webhook === undefined) return null;
  const { createWebhook, webhookUrl } = await import('./webhook.ts');
  const url = webhookUrl(text, where);
  const key = environment.KEYFORM_WEBHOOK_SECRET ?? '';
  return createWebhook({
    url,
    key: key === '' ? null : new Secret(key),
    http: outside.http(),
    files,
    clock,
    folder,
    signal,
  });
}

function intervalOf(text: string): number {
  let interval: number;
  try {
    interval = parseDuration(text);
  } catch (cause) {
    throw new KeyformError('invalid-usage', `-watch is no length of time: ${JSON.stringify(text.slice(0, 40))}`, {
      detail: 'Write it as 15m or 1h. Nothing was done.',
      cause,
    });
  }
  if (interval >= SHORTEST) return interval;
  throw new KeyformError('invalid-usage', `-watch=${text} is too often`, {
    detail: 'Ten seconds (10s) is the shortest. Nothing was done.',
  });
}
