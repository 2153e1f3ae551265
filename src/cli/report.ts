import { join } from 'node:path';
import { type Diagnostic, mergeDiagnostics, toDiagnostics } from '../core/diagnostic.ts';
import { isQuiet, newsOf, type Told } from '../core/drift/news.ts';
import { type DriftReport, exitCodeOf } from '../core/drift/report.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import { formatMoment } from '../core/moment.ts';
import type { Outcome, Outside, Workspace } from './context.ts';
import { type Destination, destinationOf, FORMATS, type ReportFlags } from './destination.ts';
import { countedIn, plural } from './render/drift/words.ts';
import type { RoundEnd } from './watch.ts';

/** What looks and what prints, as the command has it. */
export interface Looking {
  readonly look: () => Promise<readonly DriftReport[]>;
  /** Prints for people, or JSON on one line. */
  readonly print: (reports: readonly DriftReport[]) => Promise<void>;
  /** Prints what could not be looked at, on standard error. */
  readonly explain: (reports: readonly DriftReport[]) => Promise<void>;
}

/**
 * Looks once, or round after round with `-watch`, and reports as the flags say. The code is that of the last whole round. Throws `invalid-usage` for
 * flags that do not go together, before anything is looked at.
 */
export async function reportDrift(workspace: Workspace, flags: ReportFlags, looking: Looking): Promise<Outcome> {
  const { outside } = workspace;
  const reporter = new Reporter(workspace, await destinationOf(workspace, flags), looking);
  const { interval } = reporter.destination;
  if (interval === null) return { code: await reporter.once() };
  const { watch } = await import('./watch.ts');
  const { clock, random, signal } = outside;
  return { code: await watch({ interval, clock, random, signal, round: () => reporter.round() }) };
}

class Reporter {
  readonly destination: Destination;
  readonly #outside: Outside;
  readonly #workspace: Workspace;
  readonly #looking: Looking;
  /** What the last printed round held; null before the first. */
  #told: readonly Told[] | null = null;
  #lastSuccessAt: number | null = null;

  constructor(workspace: Workspace, destination: Destination, looking: Looking) {
    this.destination = destination;
    this.#workspace = workspace;
    this.#outside = workspace.outside;
    this.#looking = looking;
  }

  /** One look. Throws what the look throws, once it is told. */
  async once(): Promise<0 | 1 | 2> {
    const reports = await this.#look();
    await this.#print(reports);
    this.#outside.job?.drift(reports);
    await this.#deliver(reports);
    return exitCodeOf(reports);
  }

  /** A round of a watch: tells its failures and goes on. Rejects when it is stopped. */
  async round(): Promise<RoundEnd> {
    const { signal, clock, printDiagnostics } = this.#outside;
    let reports: readonly DriftReport[];
    try {
      reports = await this.#look();
    } catch (error) {
      if (signal.aborted) throw error;
      this.#note(`${formatMoment(clock.now())} This round failed; the next one tries again.`);
      printDiagnostics(mergeDiagnostics(toDiagnostics(error)));
      return { code: 1, reached: false };
    }
    await this.#printRound(reports);
    try {
      await this.#deliver(reports);
    } catch (error) {
      if (signal.aborted) throw error;
      printDiagnostics(mergeDiagnostics(toDiagnostics(error)));
      return { code: 1, reached: true };
    }
    return { code: exitCodeOf(reports), reached: reports.some(({ owners }) => owners.asked === 0 || owners.read > 0) };
  }

  /** The reports; a look that fails as a whole is told to the metrics and the webhook before it is thrown on. */
  async #look(): Promise<readonly DriftReport[]> {
    const { clock, signal, printDiagnostics } = this.#outside;
    try {
      return await this.#looking.look();
    } catch (error) {
      if (signal.aborted) throw error;
      const [first] = toDiagnostics(error);
      const failure = { summary: first?.summary ?? 'unknown', detail: first?.detail ?? '' };
      try {
        await this.#measure([], false, clock.now());
        printDiagnostics((await this.destination.webhook?.tell([], failure)) ?? []);
      } catch (second) {
        // What made the look fail matters more, and is thrown; this is told beside.
        if (signal.aborted) throw second;
        printDiagnostics(toDiagnostics(second));
      }
      throw error;
    }
  }

  /** In full when something is new or resolved; else in a line, so that a log shows what changed. */
  async #printRound(reports: readonly DriftReport[]): Promise<void> {
    const { clock, terminal } = this.#outside;
    const news = newsOf(reports, this.#told ?? []);
    const first = this.#told === null;
    this.#told = news.told;
    const time = formatMoment(clock.now());
    if (this.destination.format === 'json') {
      await this.#print(reports);
    } else if (first || !isQuiet(news)) {
      terminal.out(`${time}\n`);
      await this.#print(reports);
      for (const { kind, address, keyId, owner } of news.resolved) {
        const { plain } = await import('./render/quote.ts');
        terminal.out(`Resolved: ${kind}: ${plain(address ?? (keyId === '' ? owner : keyId))}\n`);
      }
    } else {
      const unread = reports.reduce((sum, report) => sum + report.unread.length, 0);
      const silent = unread === 0 ? '' : `; ${plural(unread, 'owner')} could not be read`;
      terminal.out(`${time} Nothing new: ${plural(countedIn(reports), 'finding')}${silent}.\n`);
    }
  }

  async #print(reports: readonly DriftReport[]): Promise<void> {
    const { format } = this.destination;
    if (format === 'human' || format === 'json') return this.#looking.print(reports);
    this.#outside.terminal.out(await this.#document(format, reports));
    await this.#looking.explain(reports);
  }

  async #document(format: (typeof FORMATS)[number], reports: readonly DriftReport[]): Promise<string> {
    if (format === 'markdown') return (await import('./render/drift/markdown.ts')).driftMarkdown(reports);
    if (format === 'junit') return (await import('./render/drift/junit.ts')).driftJunit(reports);
    if (format === 'json') {
      const { driftOutput } = await import('../core/drift/output.ts');
      return `${JSON.stringify(driftOutput(reports))}\n`;
    }
    const { driftSarif } = await import('./render/drift/sarif.ts');
    const { version } = this.#outside;
    const { linesIn, prefixIn } = await import('./ci/place.ts');
    const { files } = this.#outside;
    const { folder } = this.#workspace;
    const [lineOf, prefix, fallback] = await Promise.all([
      linesIn(
        files,
        folder,
        reports.flatMap(({ findings }) => findings),
      ),
      prefixIn(files, folder),
      this.#fallback(reports),
    ]);
    return `${JSON.stringify(driftSarif(reports, { version, fallback, prefix, lineOf }), null, 2)}\n`;
  }

  /** A file of the project to show findings at that have no place: viewers want one that is there. */
  async #fallback(reports: readonly DriftReport[]): Promise<string> {
    const usual = 'cdktf.json';
    // Whatever keeps the folder from being listed, the name is as good as any.
    const entries = (await this.#outside.files.list(this.#workspace.folder).catch(() => null)) ?? [];
    if (entries.some(({ name }) => name === usual)) return usual;
    const [place] = reports.flatMap(({ findings }) => findings.flatMap((finding) => finding.place ?? []));
    return place?.file ?? usual;
  }

  /** Writes the files and tells the webhook. Throws `state-io` for a file that cannot be written, after all else is done. */
  async #deliver(reports: readonly DriftReport[]): Promise<void> {
    const { destination } = this;
    const { clock, printDiagnostics } = this.#outside;
    const failures: unknown[] = [];
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (!isKeyformError(error, 'state-io')) throw error;
        failures.push(error);
      }
    };
    const { folder } = destination;
    if (folder !== null) {
      const names = { json: 'drift.json', markdown: 'drift.md', junit: 'drift.xml', sarif: 'drift.sarif' } as const;
      for (const format of FORMATS)
        await attempt(async () => this.#write(join(folder, names[format]), await this.#document(format, reports)));
    }
    await attempt(() => this.#measure(reports, true, clock.now()));
    const warnings: readonly Diagnostic[] = (await destination.webhook?.tell(reports, null)) ?? [];
    printDiagnostics(warnings);
    if (failures.length > 0) throw failures[0];
  }

  async #measure(reports: readonly DriftReport[], finished: boolean, endedAt: number): Promise<void> {
    const { metrics } = this.destination;
    if (finished && exitCodeOf(reports) !== 1) this.#lastSuccessAt = endedAt;
    if (metrics === null) return;
    const { driftMetrics } = await import('./render/drift/metrics.ts');
    await this.#write(metrics, driftMetrics({ reports, endedAt, finished, lastSuccessAt: this.#lastSuccessAt }));
  }

  /** Whole or not at all, and for everybody to read: there is no secret in it. */
  async #write(path: string, text: string): Promise<void> {
    try {
      await this.#outside.files.replace(path, new TextEncoder().encode(text), 0o644);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new KeyformError('state-io', `${path} cannot be written: ${code}`, {
        detail: 'The report itself is complete: it was printed, or stands in the other files.',
        cause,
      });
    }
  }

  #note(text: string): void {
    this.#outside.terminal.err(`${text}\n`);
  }
}
