import type { JsonObject } from '../../core/json.ts';
import { nameIn } from '../../core/plan/object.ts';
import type { Drift, OrphanKey, Plan, Step, UnmanagedKey } from '../../core/plan/plan.ts';
import type { Style } from './color.ts';
import { plain, quote } from './quote.ts';
import { attributeLines, paint } from './value.ts';

/** Unmanaged keys that are listed one by one; the others are counted. */
const LISTED = 10;

/** Managed and all keys at the owners that were read; `percent` has one decimal, is cut and not rounded, null for no key. */
export function coverageJson(plan: Plan): JsonObject {
  return { ...plan.coverage, percent: percent(plan) };
}

/** An unmanaged key for programs. `self`: the key that Keyform authenticates with. */
export function unmanagedJson(key: UnmanagedKey): JsonObject {
  return {
    cloud: key.cloud,
    type: key.type,
    owner: key.ownerLabel,
    id: key.id,
    access_key_id: key.accessKeyId,
    name: key.name,
    created_at: key.createdAt,
    enabled: key.enabled,
    self: key.self,
  };
}

/** The steps that delete orphans. */
export function recoverSteps(plan: Plan): Step[] {
  return plan.steps.filter((step) => step.kind === 'recover');
}

/** The steps that take orphans over. */
export function adoptSteps(plan: Plan): Step[] {
  return plan.steps.filter((step) => step.kind === 'adopt');
}

/** One key that differs from state, in the layout of a plan. */
export function driftBlock(drift: Drift, style: Style): string {
  const name = `${drift.address}${drift.deposed === null ? '' : ` (deposed key ${plain(drift.deposed)})`}`;
  const gone = drift.kind === 'gone';
  const symbol = paint(gone ? '-' : '~', style);
  const shown = gone
    ? attributeLines(
        { id: drift.before.id ?? drift.keyId, access_key_id: drift.before.access_key_id ?? null },
        null,
        6,
        style,
      )
    : attributeLines(drift.before, drift.after, 6, style, { only: drift.changed });
  return [
    style.bold(`  # ${name} has ${gone ? 'been deleted' : 'changed'}`),
    `  ${symbol} resource ${quote(drift.type)} ${quote(drift.name)} {`,
    ...shown,
    '    }',
  ].join('\n');
}

const INTERRUPTED = 'an attempt to create it was interrupted, and this key appeared since, recorded by nobody';

/** A key that an interrupted create left behind, and that a step takes over. */
export function adoptionBlock(plan: Plan, step: Step, style: Style): string {
  const key = plan.orphans.find(({ address, keyId }) => address === step.address && keyId === step.keyId);
  const created = key?.createdAt == null ? '' : `, created ${plain(key.createdAt)}`;
  return [
    style.bold(`  # ${step.address} will be recovered`),
    '  # (because an attempt to create it was interrupted, and this key appeared since; its secret is at hand)',
    `  - ${plain(step.keyId ?? '?')}${created}`,
  ].join('\n');
}

/**
 * A key that an interrupted create left behind, and that a step deletes. Its arguments are not shown: they come from the
 * record of the attempt, which keeps sensitive ones unmarked.
 */
export function orphanBlock(plan: Plan, step: Step, style: Style): string {
  const key = plan.orphans.find(({ address, keyId }) => address === step.address && keyId === step.keyId);
  return [
    style.bold(`  # ${step.address} (orphan ${plain(step.keyId ?? '?')}) will be destroyed`),
    `  # (because ${INTERRUPTED})`,
    `  ${paint('-', style)} resource ${quote(step.type)} ${quote(nameIn(step.address))} {`,
    ...attributeLines({ created_at: key?.createdAt ?? null, id: step.keyId }, null, 6, style),
    '    }',
  ].join('\n');
}

/** Orphans that no step deletes: a plan that changes nothing shows them, and one that refuses to choose among several. */
export function orphanNotes(plan: Plan, style: Style): string[] {
  const taken = new Set([...recoverSteps(plan), ...adoptSteps(plan)].map((step) => `${step.address} ${step.keyId}`));
  return plan.orphans
    .filter(({ address, keyId }) => !taken.has(`${address} ${keyId}`))
    .map((key) => orphanNote(key, style));
}

function orphanNote(key: OrphanKey, style: Style): string {
  const owner = key.ownerLabel === null ? '' : `${plain(key.ownerLabel)}: `;
  const created = key.createdAt === null ? '' : `, created ${plain(key.createdAt)}`;
  return [
    style.bold(`  # ${key.address} may have an orphan`),
    `  # (${INTERRUPTED})`,
    `  - ${owner}${plain(key.keyId)}${created}`,
  ].join('\n');
}

/** An orphan for programs. */
export function orphanJson(key: OrphanKey): JsonObject {
  return {
    address: key.address,
    type: key.type,
    key_id: key.keyId,
    owner: key.ownerLabel,
    created_at: key.createdAt,
  };
}

/** The note on unmanaged keys, and on the credential in use, as one section; no section when there is neither. */
export function unmanagedNote(plan: Plan, style: Style): string[] {
  const others = strangers(plan);
  const own = plan.unmanaged.filter((key) => key.self);
  const sections: string[] = [];
  if (others.length > 0) {
    const title =
      others.length === 1
        ? '1 key of these owners is not managed by this stack:'
        : `${others.length} keys of these owners are not managed by this stack:`;
    sections.push(
      [
        `${style.bold(style.cyan('Note:'))} ${title}`,
        ...others.slice(0, LISTED).map(unmanagedLine),
        ...(others.length > LISTED ? [`  … and ${others.length - LISTED} more`] : []),
      ].join('\n'),
    );
  }
  const credentials = own.map((key) => `${unmanagedLine(key)}: Keyform authenticates with it`);
  if (credentials.length > 0) {
    if (sections.length > 0) sections[0] = [sections[0], ...credentials].join('\n');
    else sections.push([`${style.bold(style.cyan('Note:'))} not managed, and guarded:`, ...credentials].join('\n'));
  }
  return sections;
}

/** How many of the keys that were seen are managed; no line where no key was seen. */
export function coverageLine(plan: Plan): string[] {
  const { managed, total } = plan.coverage;
  if (total === 0) return [];
  return [`Coverage: ${managed} of ${total} key${total === 1 ? '' : 's'} managed (${percent(plan)} %).`];
}

/** Cut, not rounded: 100 only when every key is managed. */
function percent(plan: Plan): number | null {
  const { managed, total } = plan.coverage;
  return total === 0 ? null : Math.floor((managed / total) * 1000) / 10;
}

function strangers(plan: Plan): UnmanagedKey[] {
  return plan.unmanaged.filter((key) => !key.self);
}

/** An unmanaged key in one line, indented. */
export function unmanagedLine(key: UnmanagedKey): string {
  return [
    `  - ${plain(key.cloud)}, ${plain(key.ownerLabel)}: ${plain(key.id)}`,
    ...(key.accessKeyId === key.id ? [] : [` (${plain(key.accessKeyId)})`]),
    ...(key.name === null ? [] : [` ${quote(key.name)}`]),
    ...(key.createdAt === null ? [] : [`, created ${plain(key.createdAt)}`]),
    ...(key.enabled ? [] : [', disabled']),
  ].join('');
}
