import type { Diagnostic } from '../../../core/diagnostic.ts';
import { readChronicle } from '../../../state/chronicle.ts';
import type { HistoryLine } from '../../../state/history.ts';
import { type Outcome, type Outside, Workspace, wholeNumber } from '../../context.ts';
import { renderHistory } from '../../render/history.ts';
import { addressOf } from './look.ts';
import { noResource, optionsOf, printNotes, type StateFlags } from './read.ts';

interface HistoryFlags extends StateFlags {
  readonly address?: string;
  readonly json: boolean;
  readonly limit?: string;
}

/**
 * `keyform state history [ADDRESS]`: who changed which key when, newest last. A history that is not as it was written is an error, which
 * names the line; what can be read is printed all the same.
 */
export async function stateHistoryCommand(outside: Outside, flags: HistoryFlags): Promise<Outcome> {
  const { address } = flags;
  if (address !== undefined) addressOf(address);
  const limit = wholeNumber('limit', flags.limit, Number.MAX_SAFE_INTEGER, 1);
  const chronicle = await readChronicle(await optionsOf(new Workspace(outside, flags), flags));
  printNotes(outside, chronicle.notes);
  const { state, findings, pending, path } = chronicle;
  const all = address === undefined ? chronicle.lines : linesOf(chronicle.lines, address);
  const isOpen = [...state.intents.values()].some((intent) => intent.address === address);
  if (address !== undefined && all.length === 0 && findings.length === 0 && !state.resources.has(address) && !isOpen) {
    throw noResource(state, address);
  }
  const lines = all.slice(-limit);
  const { out } = outside.terminal;
  if (flags.json) for (const line of lines) out(`${JSON.stringify(line)}\n`);
  else if (lines.length > 0) out(renderHistory(lines, outside.style.out));
  else if (findings.length === 0)
    out(`The history has no entry${address === undefined ? '' : ` of ${address}`} yet.\n`);
  if (lines.length < all.length && !flags.json) {
    printNotes(outside, [
      `${all.length - lines.length} earlier ${all.length - lines.length === 1 ? 'entry is' : 'entries are'} not shown.`,
    ]);
  }
  if (pending > 0) {
    printNotes(outside, [
      `A run that has not ended left ${pending} journal ${pending === 1 ? 'record' : 'records'}: what they tell becomes history at its end, or at the next apply.`,
    ]);
  }
  if (findings.length === 0) return { code: 0 };
  const diagnostic: Diagnostic = {
    severity: 'error',
    summary: `The history ${path} is not as it was written`,
    detail: `${findings.map(({ message }) => `${message}.`).join('\n')}\nSomething else than Keyform changed it. No key and no secret is concerned. Put the file back from git or a backup of the state folder; else the next apply sets it aside and begins a new one.`,
  };
  return { code: 1, diagnostics: [diagnostic] };
}

/**
 * The lines of what belongs to `address` now, or did last: under the names, too, that it had before it was moved; and that it was
 * moved away.
 */
function linesOf(lines: readonly HistoryLine[], address: string): readonly HistoryLine[] {
  const found: HistoryLine[] = [];
  let name = address;
  for (const line of [...lines].reverse()) {
    const from = line.action === 'moved' ? (/^from ([^,]+)/.exec(line.reason ?? '')?.[1] ?? null) : null;
    if (line.address !== name && from !== name) continue;
    found.push(line);
    if (line.address === name && from !== null) name = from;
  }
  return found.reverse();
}
