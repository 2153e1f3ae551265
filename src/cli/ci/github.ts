import { relative, resolve } from 'node:path';
import { type Diagnostic, mergeDiagnostics } from '../../core/diagnostic.ts';
import { counts, type DriftReport } from '../../core/drift/report.ts';
import { countChanges, hasChanges, type Plan } from '../../core/plan/plan.ts';
import type { ApplyResult } from '../../engine/walk.ts';
import { flagValue } from '../argv.ts';
import type { Outside } from '../context.ts';
import { code } from '../render/drift/markdown.ts';
import { plural } from '../render/drift/words.ts';
import { planMarkdown } from '../render/planmarkdown.ts';
import { countDone } from '../render/ui.ts';
import { linesIn, prefixIn } from './place.ts';

/*
 * What a command tells GitHub Actions beside what it prints. Source: GitHub's documentation, "Workflow commands for GitHub Actions", and
 * the runner's sources (ActionCommand.cs, ActionCommandManager.cs) for what it takes for a command.
 */

/** Commands that report. Others print data that is used as it is, such as a secret. */
const REPORTING: ReadonlySet<string> = new Set(['plan', 'apply', 'destroy', 'rotate', 'drift', 'validate', 'show']);

/** Bytes of all summaries of one step; GitHub refuses more. */
const SUMMARY_BYTES = 1024 * 1024;

/** Characters that a plan may take of a summary, tried one after the other. */
const PLAN_LIMITS = [250_000, 60_000, 5_000];

/** Annotations of one kind that GitHub shows for a step. */
const ANNOTATIONS = 10;

/** What a command tells of itself to the job that it runs in. */
export interface Job {
  /** A plan that was printed. */
  plan(plan: Plan): void;
  /** What became of a plan that was carried out. */
  applied(stack: string, result: ApplyResult): void;
  /** What `drift` found. */
  drift(reports: readonly DriftReport[]): void;
}

/** A job, with what the command is to run on in place of the real `outside`. */
export interface OpenJob {
  readonly outside: Outside;
  /** Writes the summary, the outputs and the annotations. What cannot be written becomes a warning. */
  end(exitCode: number): Promise<void>;
}

/** The job of GitHub Actions that this run is a step of; null where it is none, or where the command has nothing to tell. */
export function githubJob(outside: Outside): OpenJob | null {
  const name = outside.words.find((word) => !word.startsWith('-'));
  if (outside.environment.GITHUB_ACTIONS !== 'true' || name === undefined || !REPORTING.has(name)) return null;
  return new GithubJob(outside, name);
}

/**
 * Text without anything that the runner would take for a command: names of keys come from strangers, and a line `::set-output …::`, or `##[…]`
 * anywhere in a line, would be obeyed. The marks become JSON escapes, so that JSON stays the same. Masks are let through: they only hide.
 */
export function tame(text: string): string {
  return text.replaceAll(/^(?!::add-mask::).+$/gm, (line) =>
    line.replaceAll('##[', '##\\u005b').replace(/^(\s*)::/, '$1\\u003a:'),
  );
}

/** A diagnostic as an annotation, without a line break at its end. `line`: null where it is not known. */
export function annotation(
  { severity, summary, detail }: Diagnostic,
  file: string | null,
  line: number | null,
): string {
  const properties = [
    ...(file === null ? [] : [`file=${property(file)}`]),
    ...(file === null || line === null ? [] : [`line=${line}`]),
    `title=${property(`Keyform: ${summary}`)}`,
  ];
  return `::${severity} ${properties.join(',')}::${data(detail === '' ? summary : detail)}`;
}

// As escapeData and escapeProperty of GitHub's own toolkit (packages/core/src/command.ts).
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

class GithubJob implements Job, OpenJob {
  readonly outside: Outside;
  readonly #real: Outside;
  readonly #command: string;
  readonly #plans: Plan[] = [];
  readonly #applied: { readonly stack: string; readonly result: ApplyResult }[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #drift: readonly DriftReport[] | null = null;

  constructor(outside: Outside, command: string) {
    this.#real = outside;
    this.#command = command;
    const { terminal } = outside;
    this.outside = {
      ...outside,
      job: this,
      terminal: {
        ...terminal,
        out: (text) => terminal.out(tame(text)),
        err: (text) => terminal.err(tame(text)),
      },
      printDiagnostics: (diagnostics) => {
        this.#diagnostics.push(...diagnostics);
        outside.printDiagnostics(diagnostics);
      },
    };
  }

  plan(plan: Plan): void {
    this.#plans.push(plan);
  }

  applied(stack: string, result: ApplyResult): void {
    this.#applied.push({ stack, result });
  }

  drift(reports: readonly DriftReport[]): void {
    this.#drift = reports;
  }

  async end(exitCode: number): Promise<void> {
    const { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY } = this.#real.environment;
    await this.#annotate();
    const outputs = Object.entries(this.#outputs(exitCode)).map(([name, value]) => `${name}=${value}\n`);
    await this.#append('GITHUB_OUTPUT', GITHUB_OUTPUT, () => outputs.join(''));
    await this.#append('GITHUB_STEP_SUMMARY', GITHUB_STEP_SUMMARY, (room) => this.#summary(room));
  }

  /** Values are numbers and words of Keyform's own: none needs a delimiter. */
  #outputs(exitCode: number): Readonly<Record<string, string | number | boolean>> {
    const exitcode = { exitcode: exitCode };
    if (this.#drift !== null) {
      const drift = this.#drift.reduce((sum, { findings }) => sum + findings.filter(counts).length, 0);
      const due = this.#drift.reduce((sum, { rotationDue }) => sum + rotationDue, 0);
      return { ...exitcode, changes: drift > 0, drift, due };
    }
    if (this.#plans.length === 0) return exitcode;
    const done = this.#command === 'plan' || this.#applied.length === 0;
    const changed = done ? this.#plans.map(countChanges) : this.#applied.map(({ result }) => countDone(result));
    const sum = (name: 'add' | 'change' | 'destroy') => changed.reduce((total, each) => total + each[name], 0);
    return {
      ...exitcode,
      changes: this.#plans.some(hasChanges),
      add: sum('add'),
      change: sum('change'),
      destroy: sum('destroy'),
      drift: this.#plans.reduce((total, { drift }) => total + drift.length, 0),
      due: this.#plans.reduce((total, plan) => total + dueIn(plan), 0),
    };
  }

  /** At most `room` bytes, or nothing. */
  async #summary(room: number): Promise<string> {
    if (this.#drift !== null) {
      const { driftMarkdown } = await import('../render/drift/markdown.ts');
      return fitting([driftMarkdown(this.#drift)], room);
    }
    const ends = this.#applied.map(({ stack, result }) => `${resultLine(stack, result)}\n`).join('\n');
    if (this.#plans.length === 0) return '';
    const names = this.#plans.map(({ stack }) => stack);
    return fitting(
      PLAN_LIMITS.map((limit) => `${planMarkdown(this.#plans, names, limit)}${ends === '' ? '' : `\n${ends}`}`),
      room,
    );
  }

  /** Straight to standard error, which the runner reads as it does standard output: data stays clean. */
  async #annotate(): Promise<void> {
    const { files, workingFolder, environment, words, terminal } = this.#real;
    const folder = resolve(workingFolder, flagValue(words, 'chdir') ?? '.');
    const all = mergeDiagnostics(this.#diagnostics);
    const shown = (['error', 'warning'] as const).flatMap((kind) =>
      all.filter(({ severity }) => severity === kind).slice(0, ANNOTATIONS),
    );
    const lineOf = await linesIn(files, folder, shown);
    const top = environment.GITHUB_WORKSPACE ?? '';
    const inside = top === '' ? await prefixIn(files, folder) : `${relative(top, folder)}/`.replace(/^\//, '');
    for (const diagnostic of shown) {
      const { place } = diagnostic;
      const file = place === undefined ? null : `${inside}${place.file}`;
      terminal.err(`${annotation(diagnostic, file, place === undefined ? null : lineOf(place))}\n`);
    }
  }

  async #append(
    variable: string,
    path: string | undefined,
    text: (room: number) => string | Promise<string>,
  ): Promise<void> {
    if (path === undefined || path === '') return;
    const { files, printDiagnostics } = this.#real;
    try {
      const length = (await files.read(path))?.length ?? 0;
      const bytes = new TextEncoder().encode(await text(SUMMARY_BYTES - length));
      if (bytes.length === 0) return;
      const file = await files.open(path, 0o644);
      try {
        await file.writeAt(length, bytes);
      } finally {
        await file.close();
      }
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      printDiagnostics([
        {
          severity: 'warning',
          summary: `The file that ${variable} names cannot be written: ${reason}`,
          detail: 'The command itself is not concerned. Steps that read its outputs or its summary see nothing of it.',
        },
      ]);
    }
  }
}

/** The first text that has room; a sentence that says so where none has. */
function fitting(texts: readonly string[], room: number): string {
  const fit = [...texts, 'The summary of this step has no room for more: see the log.\n'].find(
    (text) => new TextEncoder().encode(text).length <= room,
  );
  return fit ?? '';
}

function resultLine(stack: string, result: ApplyResult): string {
  const { add, change, destroy } = countDone(result);
  const failed = result.failed.length;
  const sign = failed > 0 ? '❌' : result.cancelled || result.skipped.length > 0 ? '⚠️' : '✅';
  const counted = [`${add} added`, `${change} changed`, `${destroy} destroyed`];
  const rest = [
    ...(failed === 0 ? [] : [`${plural(failed, 'step')} failed`]),
    ...(result.skipped.length === 0 ? [] : [`${plural(result.skipped.length, 'step')} not begun`]),
  ];
  return `**${sign} Applied ${code(stack)}: ${counted.join(', ')}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}.**`;
}

/** Addresses of which rotation rotates or retires a key. */
function dueIn(plan: Plan): number {
  const due = plan.changes.filter(
    ({ actionReason, deposed, actions }) =>
      actionReason === 'replace_because_due' || (deposed !== null && actions[0] !== 'no-op'),
  );
  return new Set(due.map(({ address }) => address)).size;
}
