import { overlay } from '../plan/object.ts';
import { differences, isLate } from '../plan/refresh.ts';
import { same } from '../plan/same.ts';
import type { ActualKey } from '../provider.ts';
import { NO_ROTATION, policyOf } from '../rotation/policy.ts';
import { ageBase, dueAt } from '../rotation/schedule.ts';
import type { Generation, Intent } from '../state.ts';
import { changedAttributes, commandLine, type HeldKey, heldFinding, type Told } from './finding.ts';
import { attemptKey, type Grounds, type Seen } from './ground.ts';
import { ends, old, used } from './lifetime.ts';
import type { Finding } from './report.ts';

/** What one owner's keys came to. */
export interface Compared {
  readonly findings: readonly Finding[];
  /** Current keys that are gone: whether a newer one like each is there is for whoever knows the other stacks. */
  readonly gone: readonly HeldKey[];
  /** Keys of the state that are there. */
  readonly present: number;
  /** Current keys whose rotation is due. */
  readonly due: number;
  /** Age of the oldest current key that is there, in milliseconds; null when none is known. */
  readonly oldest: number | null;
}

/** Compares the keys that state holds of one owner with what its API shows. Pure; keys in no state are not looked at. */
export function compareOwner(seen: Seen, grounds: Grounds): Compared {
  const findings: Finding[] = [];
  const gone: HeldKey[] = [];
  let present = 0;
  let due = 0;
  let oldest: number | null = null;
  for (const held of seen.held) {
    const { resource, generation } = held;
    const key = seen.keys.get(generation.id);
    const attempt = grounds.attempts.get(attemptKey({ address: resource.address, generation: generation.number }));
    if (key === undefined) {
      // A key that an interrupted run was deleting is gone because of that.
      if (isLate(generation, seen.owner.entry.type, grounds.now) || attempt?.operation === 'delete') continue;
      if (generation === resource.current) gone.push(held);
      else findings.push(goneFinding(held, seen, grounds));
      continue;
    }
    present += 1;
    const after = overlay(generation, key);
    const told = differ(held, key, after, attempt, seen, grounds);
    if (generation === resource.current) {
      const base = ageBase(after);
      if (base !== null) oldest = Math.max(oldest ?? 0, grounds.now - base);
      const policy = policyOf(generation.args);
      const schedule = policy === NO_ROTATION ? null : dueAt(after, policy);
      if (schedule !== null && schedule.at <= grounds.now) due += 1;
      const known = { key, after, base, policy };
      told.push(...ends(held, known, grounds), ...old(held, known, grounds), ...used(held, known, seen, grounds));
    }
    for (const one of told) findings.push(heldFinding(grounds.configuration, seen.owner, held, one));
  }
  return { findings, gone, present, due, oldest };
}

/** The finding for a key that its API shows no longer. */
export function goneFinding(held: HeldKey, { owner }: Pick<Seen, 'owner'>, { configuration }: Grounds): Finding {
  const { resource, generation } = held;
  const current = generation === resource.current;
  return heldFinding(configuration, owner, held, {
    kind: 'gone',
    severity: current ? 'error' : 'warning',
    summary: current ? 'The key is gone' : 'A replaced key is gone before its time',
    detail: current
      ? `State holds key ${generation.id}, and ${owner.label} has it no longer. Whoever uses it is locked out. The next apply makes a new key, if the stack still has this address.`
      : `State holds key ${generation.id}, which was replaced and was to stay valid for a while, and ${owner.label} has it no longer. Whoever has not taken the new key yet is locked out.`,
    remedy: current
      ? commandLine('keyform', 'apply', configuration.name)
      : commandLine('keyform', 'apply', '-refresh-only', configuration.name),
  });
}

/** What the API shows differently from state. */
function differ(
  { resource, generation }: HeldKey,
  key: ActualKey,
  after: Generation,
  attempt: Intent | undefined,
  seen: Seen,
  { configuration }: Grounds,
): Told[] {
  const { type } = seen.owner.entry;
  const shown = new Set(differences(type, generation, after).shown);
  const stale = staleSecret(generation, key, after, seen, shown.has('secret'));
  if (stale === null && shown.size === 0) return [];
  const found: Told[] = [];
  const { name: stack } = configuration;
  const { changedAt, changedBy } = type.told ?? {};
  const text = (attribute: string | undefined) => {
    const value = attribute === undefined ? null : (key.attributes[attribute] ?? null);
    return typeof value === 'string' ? value : null;
  };
  const who = { at: text(changedAt), by: text(changedBy) };

  if (stale !== null) {
    found.push({
      ...who,
      kind: 'secret-not-live',
      severity: 'error',
      summary: 'The secret in state is not the live one',
      detail: `${stale} Whoever takes the secret from Keyform is locked out.${attempt?.operation === 'regenerate' ? ` A run that was interrupted at ${attempt.at} was giving it a new one.` : ''}`,
      remedy: type.capabilities.secretReadable
        ? commandLine('keyform', 'apply', '-refresh-only', stack)
        : commandLine('keyform', 'rotate', '-force', `-stack=${stack}`, resource.address),
    });
  }
  // The secret's own finding has told it, under whatever names it goes.
  shown.delete('secret');
  if (key.secret !== null)
    for (const [name, spec] of Object.entries(type.arguments))
      if (spec.sensitive && after.args[name] === key.secret.reveal()) shown.delete(name);

  const ours = attempt !== undefined;
  if (shown.has('enabled') && generation.enabled && !key.enabled) {
    const mine =
      generation.disabledAt !== undefined || attempt?.operation === 'disable' || attempt?.operation === 'delete';
    if (!mine)
      found.push({
        ...who,
        kind: 'disabled',
        severity: 'error',
        summary: 'The key was disabled behind our back',
        detail: `State holds it as enabled, and ${seen.owner.label} shows it disabled: whoever uses it is locked out. The next apply enables it again, if the stack wants it enabled.`,
        remedy: commandLine('keyform', 'plan', stack),
        attributes: changedAttributes(type, generation, after, ['enabled']),
      });
    shown.delete('enabled');
  }
  if (attempt?.operation === 'enable' || (generation.disabledAt !== undefined && !key.enabled)) shown.delete('enabled');
  if (attempt?.operation === 'update')
    for (const name of shown)
      if (same(after.args[name] ?? null, attempt.args[name] ?? null, type.arguments[name]?.same)) shown.delete(name);
  if (shown.size > 0) {
    found.push({
      ...who,
      kind: 'changed',
      severity: 'warning',
      summary: `The key was changed: ${[...shown].join(', ')}`,
      detail: `Its API shows other values than the state remembers.${ours ? ` A run that was interrupted at ${attempt.at} may have done a part of it.` : ''} A plan shows what the stack says to that; "keyform apply -refresh-only" takes the values into the state.`,
      remedy: commandLine('keyform', 'plan', stack),
      attributes: changedAttributes(type, generation, after, [...shown]),
    });
  }
  return found;
}

/** Why the secret in state is not the key's any more, in a sentence; null when nothing says so. */
function staleSecret(
  generation: Generation,
  key: ActualKey,
  after: Generation,
  { owner, tried }: Seen,
  differs: boolean,
): string | null {
  if (generation.secret === null) return null;
  if (key.secret !== null && differs) return 'Its API tells another secret than the one in state.';
  if (owner.entry.type.shows?.(after.attributes, generation.secret) === false)
    return 'The part of the secret that its API shows is not of the one in state.';
  return tried.get(generation.id) === false ? 'It was tried, and its API refused it.' : null;
}
