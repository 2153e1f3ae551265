import type { Limits } from '../../core/drift/ground.ts';
import { unmanagedPolicy } from '../../core/drift/ignore.ts';
import type { DriftReport } from '../../core/drift/report.ts';
import { parseDuration } from '../../core/duration.ts';
import { KeyformError } from '../../core/error.ts';
import type { Engine } from '../../engine/stack.ts';
import { type CommonFlags, list, type Outcome, type Outside, Workspace } from '../context.ts';
import type { ReportFlags } from '../destination.ts';
import { load, readNamed, withOutputs } from './stack.ts';

/** Flags of `keyform drift`. */
export interface DriftFlags extends CommonFlags, ReportFlags {
  readonly stacks?: readonly string[];
  readonly verify: boolean;
  readonly 'expiring-within'?: string;
  readonly 'max-age'?: string;
  readonly 'unused-for'?: string;
}

/** How often a stack is looked at again because its state changed meanwhile. */
const LOOKS = 3;

/**
 * `keyform drift`: what the APIs show against what state remembers. It holds no path to a call that changes anything, nor to a write of
 * the state. Exit 0: none; 2: drift; 1: something could not be looked at, whatever else was found.
 */
export async function driftCommand(outside: Outside, flags: DriftFlags): Promise<Outcome> {
  const limits = limitsOf(flags);
  const workspace = new Workspace(outside, flags);
  const { reportDrift } = await import('../report.ts');
  return reportDrift(workspace, flags, {
    look: () => lookAround(workspace, flags, limits),
    print: (reports) => printReports(outside, reports, flags),
    explain: async (reports) => {
      const { driftDiagnostics } = await import('../render/drift/human.ts');
      for (const report of reports) outside.printDiagnostics(driftDiagnostics(report));
    },
  });
}

/** Reads the lengths of time among the flags. Throws `invalid-usage`. */
export function limitsOf(flags: Pick<DriftFlags, 'expiring-within' | 'max-age' | 'unused-for'>): Limits {
  const length = (flag: 'expiring-within' | 'max-age' | 'unused-for') => {
    const text = flags[flag];
    if (text === undefined) return null;
    try {
      return parseDuration(text);
    } catch (cause) {
      throw new KeyformError('invalid-usage', `-${flag} is no length of time: ${JSON.stringify(text.slice(0, 40))}`, {
        detail: 'Write it as 30d, 12h or 1d12h. Nothing was done.',
        cause,
      });
    }
  };
  return { expiringWithin: length('expiring-within'), maxAge: length('max-age'), unusedFor: length('unused-for') };
}

/** Looks once at every stack that the flags name. States are read anew each time; nothing is printed on standard output. */
export async function lookAround(workspace: Workspace, flags: DriftFlags, limits: Limits): Promise<DriftReport[]> {
  const texts = await readNamed(workspace, list(flags.stacks));
  const engine = await workspace.engine();
  const reports: DriftReport[] = [];
  for (const text of texts) {
    const loaded = await withOutputs(workspace, engine, await load(workspace, text));
    reports.push(await lookAt(workspace, engine, loaded, flags, limits));
  }
  return reports;
}

async function lookAt(
  workspace: Workspace,
  engine: Engine,
  loaded: Awaited<ReturnType<typeof load>>,
  flags: DriftFlags,
  limits: Limits,
): Promise<DriftReport> {
  const { outside } = workspace;
  const { terminal } = outside;
  const [{ findDrift }, { readerOf }, { readSiblings }] = await Promise.all([
    import('../../engine/drift.ts'),
    import('../../engine/reader.ts'),
    import('../../engine/sibling.ts'),
  ]);
  const { name } = loaded.configuration;
  const project = await workspace.project();
  const keys = await workspace.keys(name);
  const reader = readerOf(engine, project, name, keys);
  let read = await reader.read();
  for (const note of read.notes) terminal.err(`Note: ${note}\n`);
  for (let look = 1; ; look += 1) {
    const report = await findDrift(engine, loaded, read.state, {
      limits,
      verify: flags.verify,
      unmanaged: unmanagedPolicy(project.settings.unmanaged),
      siblings: () => readSiblings(engine, project, name, keys),
      signal: outside.signal,
      // Only where somebody is watching: a log of a CI job has no use for a counter.
      ...(terminal.errIsTerminal && !flags.json
        ? {
            onOwner: (done: number, all: number) =>
              terminal.err(done < all ? `\rAsking owners: ${done} of ${all}` : `\r${' '.repeat(40)}\r`),
          }
        : {}),
    });
    if (report.findings.length === 0) return report;
    // What an apply did meanwhile is no drift.
    const now = await reader.read();
    if (now.revision === read.revision) return report;
    read = now;
    if (look < LOOKS) continue;
    return {
      ...report,
      diagnostics: [
        ...report.diagnostics,
        {
          severity: 'warning',
          summary: 'The state changes while the clouds are looked at',
          detail: `Another run is at work on stack "${name}", and some of what was found may be its doing. Look again when it is done.`,
        },
      ],
    };
  }
}

/** Prints reports as the flags say: data on standard output, what could not be looked at beside it. */
export async function printReports(
  outside: Outside,
  reports: readonly DriftReport[],
  flags: Pick<DriftFlags, 'json'>,
): Promise<void> {
  const { terminal, style } = outside;
  if (flags.json) {
    const { driftOutput } = await import('../../core/drift/output.ts');
    terminal.out(`${JSON.stringify(driftOutput(reports))}\n`);
    return;
  }
  const { driftDiagnostics, renderDrift } = await import('../render/drift/human.ts');
  for (const report of reports) {
    if (reports.length > 1) terminal.out(`${style.out.bold(`Stack ${report.stack}`)}\n`);
    terminal.out(renderDrift(report, style.out));
    outside.printDiagnostics(driftDiagnostics(report));
  }
}
