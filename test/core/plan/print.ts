import { countChanges, type Plan, type ResourceChange, type Step } from '../../../src/core/plan/plan.ts';
import { Sensitive, Unknown, type Value } from '../../../src/core/value.ts';

/**
 * A plan as stable lines for goldens: everything that a reader or apply acts on. Key ids become `key1`, `key2`, … in order
 * of appearance, and the start of one (in a retired name) `key1~`.
 */
export function printPlan(plan: Plan): string {
  const { add, change, destroy } = countChanges(plan);
  const lines = [
    `${plan.mode}${plan.blocked ? ', blocked' : ''}: +${add} ~${change} -${destroy}`,
    ...section('drift', plan.drift, (drift) => [
      `${drift.kind} ${drift.address} ${drift.keyId}${drift.deposed === null ? '' : ' (deposed)'} ${drift.changed.join(', ')}`,
      ...drift.changed.map(
        (name) =>
          `    ${name}: ${show(drift.before[name])} -> ${show(drift.after === null ? null : drift.after[name])}`,
      ),
    ]),
    ...section('changes', plan.changes, printChange),
    ...section('data', plan.data, (read) => [
      `${read.address}${read.deferred === null ? '' : ` ${read.deferred}`}`,
      ...Object.entries(read.values).map(([name, value]) => `    ${name}: ${show(value)}`),
    ]),
    ...section('steps', plan.steps, printStep),
    ...section('outputs', plan.outputs, (output) => [
      `${output.actions.join('/')} ${output.name}${output.sensitive ? ' sensitive' : ''}: ${show(output.before)} -> ${show(output.after)}`,
    ]),
    ...section('unmanaged', plan.unmanaged, (key) => [
      `${key.cloud} ${key.ownerLabel} ${key.id} ${show(key.name)}${key.enabled ? '' : ' disabled'}${key.self ? ' self' : ''}`,
    ]),
    `coverage: ${plan.coverage.managed} of ${plan.coverage.total}`,
    `forecast: ${plan.forecast.calls.map((call) => `${call.count} ${call.cloud} ${call.action}`).join(', ') || 'nothing'}; ${plan.forecast.seconds} s`,
    ...section('entries', plan.entries, (entry) => [
      'address' in entry
        ? `${entry.kind} ${entry.address}${entry.kind === 'wired' ? ` ${entry.provider} [${entry.dependencies.join(', ')}]` : ''}${
            entry.kind === 'refreshed' && entry.generation.sensitiveArgs.length > 0
              ? `, sensitive: ${entry.generation.sensitiveArgs.join(', ')}`
              : ''
          }`
        : entry.kind,
    ]),
    ...section('diagnostics', plan.diagnostics, ({ severity, summary, detail, address }) => [
      `${severity}${address === undefined ? '' : ` ${address}`}: ${summary}`,
      ...(detail === '' ? [] : [`    ${detail}`]),
    ]),
  ];
  return named(`${lines.join('\n')}\n`, plan);
}

function section<T>(title: string, items: readonly T[], print: (item: T) => string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, ...items.flatMap((item) => print(item).map((line) => `  ${line}`))];
}

function printChange(change: ResourceChange): string[] {
  const { actions, address, deposed, ownerLabel, provider, reasons, actionReason, replacePaths, before, after } =
    change;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const differing = names.filter((name) => show(before?.[name]) !== show(after?.[name]));
  return [
    `${actions.join('/')} ${address}${deposed === null ? '' : ` (deposed ${deposed})`} of ${ownerLabel ?? '?'}${provider === 'keyform' ? '' : ` by ${provider}`}${reasons.length === 0 ? '' : `, because ${reasons.join('; ')}`}`,
    ...(actionReason === null ? [] : [`    ${actionReason} ${replacePaths.join(', ')}`]),
    ...(before === null || after === null
      ? []
      : differing.map((name) => `    ${name}: ${show(before[name])} -> ${show(after[name])}`)),
  ];
}

function printStep(step: Step): string[] {
  const { id, kind, generation, keyId, after, changed, args, owner, knownIds } = step;
  const makes = kind === 'create' || kind === 'rotate';
  return [
    `${id}${generation === 0 ? '' : ` #${generation}`}${keyId === null || id.endsWith(keyId) ? '' : ` ${keyId}`}${
      after.length === 0 ? '' : ` after ${[...after].sort().join(' + ')}`
    }${owner === null ? ' (owner open)' : ''}${makes && knownIds === null ? ' (owner not listed)' : ''}`,
    ...changed.map((name) => `    ${name} = ${show(args[name])}`),
  ];
}

function show(value: Value | undefined): string {
  if (value === undefined) return '-';
  if (value instanceof Unknown) return '?';
  if (value instanceof Sensitive) return value.reveal() instanceof Unknown ? '(sensitive ?)' : '(sensitive)';
  return JSON.stringify(value);
}

function named(text: string, plan: Plan): string {
  const ids = new Set<string>();
  const add = (value: Value | undefined) => {
    if (typeof value === 'string') ids.add(value);
  };
  for (const drift of plan.drift) ids.add(drift.keyId);
  for (const { before } of plan.changes) add(before?.id);
  for (const step of plan.steps) if (step.keyId !== null) ids.add(step.keyId);
  for (const key of plan.unmanaged) ids.add(key.id);
  for (const { values } of plan.data) {
    for (const id of Array.isArray(values.ids) ? values.ids : [values.id]) add(id);
  }
  for (const output of plan.outputs) add(output.before instanceof Sensitive ? undefined : output.before);
  const order = [...ids].filter((id) => id.length >= 16 && text.includes(id));
  order.sort((a, b) => text.indexOf(a) - text.indexOf(b));
  let result = text;
  for (const [index, id] of order.entries()) {
    result = result.replaceAll(id, `key${index + 1}`).replaceAll(id.slice(0, 8), `key${index + 1}~`);
  }
  return result;
}
