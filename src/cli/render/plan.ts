import {
  countChanges,
  hasChanges,
  type OutputChange,
  type Plan,
  type ResourceChange,
  type Step,
} from '../../core/plan/plan.ts';
import { Sensitive, sensitive, type Value } from '../../core/value.ts';
import type { Style } from './color.ts';
import { deferredReads, readBlock, readLegend } from './data.ts';
import {
  adoptionBlock,
  adoptSteps,
  coverageLine,
  driftBlock,
  orphanBlock,
  orphanNotes,
  recoverSteps,
  unmanagedNote,
} from './drift.ts';
import { plain, quote } from './quote.ts';
import { upcomingNote } from './upcoming.ts';
import { attributeLines, difference, type Mark, paint, whole } from './value.ts';

/** What stands for the actions of a replacement whose old key stays for now. */
const OVERLAPPING = 'create retire';

/** How one kind of change is drawn. */
interface Drawing {
  readonly symbol: string;
  readonly legend: string;
}

const DRAWINGS: Readonly<Record<string, Drawing>> = {
  create: { symbol: '+', legend: 'create' },
  update: { symbol: '~', legend: 'update in-place' },
  delete: { symbol: '-', legend: 'destroy' },
  'delete create': { symbol: '-/+', legend: 'destroy and then create replacement' },
  'create delete': { symbol: '+/-', legend: 'create replacement and then destroy' },
  [OVERLAPPING]: { symbol: '+/~', legend: 'create replacement, and keep the old key for its overlap' },
  forget: { symbol: '.', legend: 'forget' },
};

const INTENT: Readonly<Record<Plan['mode'], string>> = {
  normal: 'Keyform will perform the following actions:',
  destroy: 'Keyform will destroy these keys:',
  'refresh-only': '',
  rotate: 'Keyform will rotate and retire these keys:',
};

/**
 * A plan for people, in Terraform's layout: drift, what happens to each key and why, outputs, notes, cost, and the counts
 * as the last line. Ends with a line break. Diagnostics are not in it; where they hold something back it says so. Shows no
 * part of a sensitive value.
 */
export function renderPlan(plan: Plan, style: Style): string {
  const recover = recoverSteps(plan);
  const changes = plan.changes.filter(
    ({ actions, previousAddress, importing }) =>
      actions[0] !== 'no-op' || previousAddress !== null || importing !== null,
  );
  const steps = stepsByAddress(plan);
  const adopt = adoptSteps(plan);
  const verified = verifiedBlocks(plan, steps, style);
  const reads = deferredReads(plan);
  const acts = changes.length + recover.length + adopt.length + verified.length + reads.length > 0;
  const sections = [
    ...driftSection(plan, style),
    ...(changes.length + recover.length + reads.length > 0
      ? [legend(changes, recover.length > 0, reads.length > 0, style)]
      : []),
    ...(acts ? [style.bold(INTENT[plan.mode])] : []),
    ...reads.map((read) => readBlock(read, style)),
    ...changes.map((change) => changeBlock(change, steps.get(change.address) ?? [], style)),
    ...verified,
    ...adopt.map((step) => adoptionBlock(plan, step, style)),
    ...recover.map((step) => orphanBlock(plan, step, style)),
    ...outputSection(plan.outputs, style),
    ...orphanNotes(plan, style),
    ...unmanagedNote(plan, style),
    ...coverageLine(plan),
    ...upcomingNote(plan, style),
    ...heldBack(plan, style),
    ...(acts && plan.forecast.calls.length > 0 ? [renderForecast(plan, style)] : []),
    renderSummary(plan, style),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** What the plan costs, in one sentence; empty when it makes no call. */
export function renderForecast(plan: Plan, _style: Style): string {
  const { calls, seconds } = plan.forecast;
  const total = calls.reduce((sum, call) => sum + call.count, 0);
  if (total === 0) return '';
  const listed = calls.map((call) => `${call.count} × ${call.cloud} ${call.action}`).join(', ');
  const wait = seconds < 1 ? '' : `; rate limits make that take at least ${duration(seconds)}`;
  return `This will make ${total} API call${total === 1 ? '' : 's'}: ${listed}${wait}.`;
}

/** The last line of a plan: the counts, or that there is nothing to do, which is never said of what could not be looked at. */
export function renderSummary(plan: Plan, style: Style): string {
  if (hasChanges(plan)) {
    const { add, change, destroy, adopt, import: imports, forget } = countChanges(plan);
    const first = [...(imports === 0 ? [] : [`${imports} to import`]), ...(adopt === 0 ? [] : [`${adopt} to recover`])];
    const last = forget === 0 ? [] : [`${forget} to forget`];
    return `${style.bold('Plan:')} ${[...first, `${add} to add`, `${change} to change`, `${destroy} to destroy`, ...last].join(', ')}.`;
  }
  if (plan.diagnostics.some(({ severity }) => severity === 'error')) {
    return style.bold('No changes can be planned until the errors are resolved.');
  }
  const none = style.bold(style.green('No changes.'));
  switch (plan.mode) {
    case 'destroy':
      return `${none} There is nothing to destroy: the state holds no keys.`;
    case 'refresh-only':
      return plan.drift.length > 0
        ? 'This is a refresh-only plan: applying it records what was found in the state and changes no key.'
        : `${none} The keys are as the state remembers them.`;
    case 'normal':
      return plan.drift.length > 0
        ? `${none} The stack asks for nothing else; the next apply records what was found in the state.`
        : `${none} The keys are as the stack declares them.`;
    case 'rotate':
      return `${none} No key is due for rotation or retirement.`;
  }
}

/** Seconds as `24 s`, `3 min 20 s` or `2 h 5 min`, rounded up: it is a least time. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 120) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Keys of which nothing changes, and which apply tries out, waits for until they are ready, or whose old keys begin their overlap. */
function verifiedBlocks(plan: Plan, steps: ReadonlyMap<string, readonly Step[]>, style: Style): string[] {
  return plan.changes
    .filter(({ actions, deposed }) => actions[0] === 'no-op' && deposed === null)
    .flatMap((change) => {
      const own = steps.get(change.address) ?? [];
      const verified = own.some((step) => step.kind === 'verify');
      const begins = own.filter((step) => step.kind === 'depose');
      if (!verified && begins.length === 0) return [];
      const lines = [
        ...(verified ? [style.bold(`  # ${change.address} will be verified`)] : []),
        ...begins.map(({ keyId }) =>
          style.bold(`  # ${change.address}: the overlap of its old key ${plain(keyId ?? '')} begins`),
        ),
        ...change.reasons.map((reason) => `  # (because ${plain(reason)})`),
      ];
      return [lines.join('\n')];
    });
}

function stepsByAddress(plan: Plan): Map<string, Step[]> {
  const steps = new Map<string, Step[]>();
  for (const step of plan.steps) {
    const list = steps.get(step.address);
    if (list === undefined) steps.set(step.address, [step]);
    else list.push(step);
  }
  return steps;
}

function driftSection(plan: Plan, style: Style): string[] {
  if (plan.drift.length === 0) return [];
  const title = style.bold(style.cyan('Note: Objects have changed outside of Keyform'));
  const text = 'Keyform found these changes since the last apply:';
  return [title, text, ...plan.drift.map((drift) => driftBlock(drift, style))];
}

function legend(changes: readonly ResourceChange[], recovers: boolean, reads: boolean, style: Style): string {
  const used = new Set(changes.map(drawingOf));
  if (recovers) used.add('delete');
  const lines = Object.entries(DRAWINGS)
    .filter(([actions]) => used.has(actions))
    .map(([, { symbol, legend }]) => `${' '.repeat(3 - symbol.length)}${paintAll(symbol, style)} ${legend}`);
  if (reads) lines.push(readLegend(style));
  if (lines.length === 0) return 'What is known of these keys changes, and nothing about the keys:';
  return ['Actions are indicated with the following symbols:', ...lines].join('\n');
}

function drawingOf({ actions, overlaps }: ResourceChange): string {
  return overlaps === true ? OVERLAPPING : actions.join(' ');
}

function paintAll(symbol: string, style: Style): string {
  return [...symbol].map((part) => ('/. '.includes(part) ? part : paint(part as '+' | '-' | '~', style))).join('');
}

function changeBlock(change: ResourceChange, steps: readonly Step[], style: Style): string {
  const { symbol } = DRAWINGS[drawingOf(change)] ?? { symbol: '' };
  const quiet = ['no-op', 'forget'].includes(change.actions[0] ?? '');
  const name = `${change.address}${change.deposed === null ? '' : ` (deposed key ${plain(change.deposed)})`}`;
  return [
    ...origins(change).map((text) => style.bold(`  # ${text}`)),
    ...(quiet && change.actions[0] === 'no-op' ? [] : [style.bold(`  # ${name} ${fateOf(change)}`)]),
    ...change.reasons.map((reason) => `  # (because ${plain(reason)})`),
    ...asides(change, steps).map((text) => `  # (${text})`),
    `${' '.repeat(3 - symbol.length)}${paintAll(symbol, style)} resource ${quote(change.type)} ${quote(change.name)} {`,
    ...attributeLines(change.before, quiet ? change.before : change.after, 6, style, { forces: change.replacePaths }),
    '    }',
  ].join('\n');
}

/** Where it comes from, in Terraform's words: another address, or its cloud. */
function origins({ previousAddress, importing, address }: ResourceChange): readonly string[] {
  return [
    ...(previousAddress === null ? [] : [`${previousAddress} has moved to ${address}`]),
    ...(importing === null ? [] : [`${address} will be imported (key ${plain(importing)})`]),
  ];
}

/** What happens to a resource, in Terraform's words: `will be created`. */
export function fateOf(change: ResourceChange): string {
  const [first, second] = change.actions;
  if (second === undefined) {
    if (first === 'create') return 'will be created';
    if (first === 'forget') return 'will no longer be managed by Keyform, but will not be destroyed';
    return first === 'update' ? 'will be updated in-place' : 'will be destroyed';
  }
  const order =
    change.overlaps === true
      ? ' (beside the old key)'
      : first === 'create'
        ? ' (create before destroy)'
        : ' (destroy before create)';
  switch (change.actionReason) {
    case 'replace_because_tainted':
      return `is tainted, so must be replaced${order}`;
    case 'replace_because_due':
      return `will be rotated${order}`;
    case 'replace_by_request':
      return `will be replaced, as requested${order}`;
    default:
      return `must be replaced${order}`;
  }
}

/** Effects of a replacement that its attribute lines do not tell. */
function asides(change: ResourceChange, steps: readonly Step[]): string[] {
  if (change.actions.length < 2) return [];
  const texts: string[] = [];
  for (const step of steps) {
    if (step.kind === 'update' && step.keyId !== null) {
      const [argument = ''] = step.changed;
      // The step repeats arguments as state holds them, without marks: the change before it tells which are sensitive.
      const hidden = change.before?.[argument] instanceof Sensitive || change.after?.[argument] instanceof Sensitive;
      const value = step.args[argument] ?? null;
      texts.push(
        `the old key is first renamed: ${argument} = ${typeof value === 'string' && !hidden ? quote(value) : '(sensitive value)'}`,
      );
    }
    if (step.kind === 'verify') texts.push('the new key is verified before the old one is retired');
  }
  return texts;
}

function outputSection(outputs: readonly OutputChange[], style: Style): string[] {
  const shown = outputs.filter((output) => output.actions[0] !== 'no-op');
  if (shown.length === 0) return [];
  const width = Math.max(...shown.map((output) => output.name.length));
  const row = (mark: Mark, name: string, text: string) => `  ${paint(mark, style)} ${name.padEnd(width)} = ${text}`;
  const lines = [...shown]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map((output) => {
      const marked = (value: Value) => (output.sensitive && value !== null ? sensitive(value) : value);
      const [before, after] = [marked(output.before), marked(output.after)];
      switch (output.actions[0]) {
        case 'create':
          return row('+', output.name, whole(after, '+', 2, style));
        case 'delete':
          return row('-', output.name, `${whole(before, '-', 2, style)}${style.dim(' -> null')}`);
        default:
          return row('~', output.name, difference(before, after, 2, style));
      }
    });
  return [[style.bold('Changes to Outputs:'), ...lines].join('\n')];
}

function heldBack(plan: Plan, style: Style): string[] {
  const errors = plan.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return [];
  if (plan.blocked) return [style.red('This plan cannot be applied: see the errors.')];
  const addresses = new Set(errors.flatMap(({ address }) => (address === undefined ? [] : [address])));
  const what = addresses.size === 1 ? '1 address' : addresses.size === 0 ? 'Something' : `${addresses.size} addresses`;
  return [style.yellow(`${what} of the stack had to be left out of this plan: see the errors.`)];
}
