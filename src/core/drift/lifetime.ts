import { formatDuration } from '../duration.ts';
import { formatMoment, parseMoment } from '../moment.ts';
import type { ActualKey } from '../provider.ts';
import type { Policy } from '../rotation/policy.ts';
import { dueAt } from '../rotation/schedule.ts';
import type { Generation } from '../state.ts';
import { commandLine, type HeldKey, type Told } from './finding.ts';
import type { Grounds, Seen } from './ground.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How near an end of life is told when nobody says otherwise. */
export const EXPIRING_WITHIN = 7 * DAY;

/** A length of time for people, cut to its largest unit unless that would be a single one: `100d`, `36h`, `90m`, `5s`. */
export function roughly(ms: number): string {
  const unit = [DAY, HOUR, MINUTE].find((one) => ms >= 2 * one);
  return formatDuration(unit === undefined ? ms : Math.floor(ms / unit) * unit);
}

/** A current key as it is now. */
export interface Known {
  readonly key: ActualKey;
  readonly after: Generation;
  /** Since when its secret exists, milliseconds since 1970; null when nobody knows. */
  readonly base: number | null;
  readonly policy: Policy;
}

/** What is told of a current key's end of life. Of a replaced key nothing is: it ends soon anyway. */
export function ends({ resource }: HeldKey, { key, policy }: Known, { configuration, limits, now }: Grounds): Told[] {
  const end = key.expiresAt === null ? null : parseMoment(key.expiresAt);
  if (end === null) return [];
  const within =
    limits.expiringWithin ??
    // Its rotation comes first, and is told when it does not.
    (policy.beforeExpiry === null ? EXPIRING_WITHIN : Math.min(EXPIRING_WITHIN, policy.beforeExpiry));
  if (end > now + within) return [];
  const planned = policy.beforeExpiry !== null;
  const remedy = planned
    ? commandLine('keyform', 'rotate', `-stack=${configuration.name}`, resource.address)
    : commandLine('keyform', 'rotate', '-force', `-stack=${configuration.name}`, resource.address);
  const base = { remedy, at: formatMoment(end) };
  if (end <= now)
    return [
      {
        ...base,
        kind: 'expired',
        severity: 'error',
        summary: 'The key has expired',
        detail: `It stopped working at ${base.at}, ${roughly(now - end)} ago.`,
      },
    ];
  return [
    {
      ...base,
      kind: 'expiring',
      severity: 'warning',
      summary: `The key expires in ${roughly(end - now)}`,
      detail: `It stops working at ${base.at}.${planned ? ' Its policy has it replaced by now.' : ''}`,
    },
  ];
}

/** What is told of a current key's age. */
export function old(
  { resource }: HeldKey,
  { after, base, policy }: Known,
  { configuration, limits, now }: Grounds,
): Told[] {
  const longest = policy.every ?? limits.maxAge;
  if (longest === null) return [];
  if (base === null && policy.every === null) return [];
  if (base !== null && now < base + longest) return [];
  // A rollback has put its rotation off.
  if (policy.every !== null && (dueAt(after, policy)?.at ?? 0) > now) return [];
  const age = base === null ? null : roughly(now - base);
  const rule =
    policy.every === null
      ? `The longest that was asked for is ${formatDuration(longest)}, and it has no policy of its own.`
      : `Its policy has it replaced every ${formatDuration(longest)}.`;
  return [
    {
      kind: 'over-age',
      severity: 'warning',
      summary: age === null ? 'The key may be over its age' : `The key is ${age} old`,
      detail: `${rule}${age === null ? ' Nobody knows how old it is, so it counts as old.' : ''}`,
      remedy:
        policy.every === null
          ? commandLine('keyform', 'rotate', '-force', `-stack=${configuration.name}`, resource.address)
          : commandLine('keyform', 'rotate', `-stack=${configuration.name}`, resource.address),
      at: base === null ? null : formatMoment(base + longest),
    },
  ];
}

/** What is told of a current key's use, where that was asked for and the API tells. */
export function used(
  { resource }: HeldKey,
  { key, after, base }: Known,
  seen: Seen,
  { configuration, limits, now }: Grounds,
): Told[] {
  const { lastUsed: way } = seen.owner.entry.type.capabilities;
  if (limits.unusedFor === null || way === 'none') return [];
  const listed = key.attributes.last_used_at;
  const told = way === 'listed' ? listed : seen.lastUsed.get(after.accessKeyId);
  if (told === undefined) return [];
  const remedy = `Take ${resource.address} out of stack "${configuration.name}" if nobody needs it, then: ${commandLine('keyform', 'apply', configuration.name)}`;
  const asked = formatDuration(limits.unusedFor);
  if (typeof told !== 'string') {
    if (base !== null && now < base + limits.unusedFor) return [];
    const since = base === null ? '' : ` It is ${roughly(now - base)} old.`;
    return [
      {
        kind: 'never-used',
        severity: 'warning',
        summary: 'The key was never used',
        detail: `Its API tells no use of it.${since} Asked for was use within ${asked}.`,
        remedy,
      },
    ];
  }
  const last = parseMoment(told);
  if (last === null || now < last + limits.unusedFor) return [];
  return [
    {
      kind: 'unused',
      severity: 'warning',
      summary: `The key has not been used for ${roughly(now - last)}`,
      detail: `Its API tells its last use at ${told}. Asked for was use within ${asked}.`,
      remedy,
      at: told,
    },
  ];
}
