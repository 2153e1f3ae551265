import { fingerprintOf, unreadFingerprintOf } from './fingerprint.ts';
import { counts, type DriftReport, EVERY_OWNER, type Finding, type FindingKind, type UnreadOwner } from './report.ts';

/** What is remembered of a finding that somebody was told of: enough to say later that it is resolved. Holds no secret. */
export interface Told {
  readonly fingerprint: string;
  /** `unread`: an owner that could not be read. */
  readonly kind: FindingKind | 'unread';
  readonly stack: string;
  readonly address: string | null;
  readonly type: string;
  /** Provider block; null where it is not known. */
  readonly provider: string | null;
  readonly owner: string;
  /** Empty for an owner. */
  readonly keyId: string;
  readonly summary: string;
}

/** A finding that counts, with what it is recognised by. */
export interface Open {
  readonly fingerprint: string;
  readonly finding: Finding;
}

/** An owner that could not be read, with what it is recognised by. */
export interface OpenOwner {
  readonly fingerprint: string;
  readonly owner: UnreadOwner;
}

/** What a look at the clouds tells beyond what was told before. */
export interface News {
  readonly fresh: readonly Open[];
  readonly unread: readonly OpenOwner[];
  readonly resolved: readonly Told[];
  /** What is to be remembered once all this has been told. */
  readonly told: readonly Told[];
}

/** Whether there is nothing to tell. */
export function isQuiet({ fresh, unread, resolved }: News): boolean {
  return fresh.length + unread.length + resolved.length === 0;
}

/**
 * What is new and what is resolved since `told`. Findings of an owner that could not be read this time are neither: nobody knows whether they
 * still hold, and they stay remembered. The same goes for stacks that `reports` is silent about, and for a report with errors beside its owners: it may
 * lack findings.
 */
export function newsOf(reports: readonly DriftReport[], told: readonly Told[]): News {
  const known = new Set(told.map(({ fingerprint }) => fingerprint));
  const open = new Map<string, Open>();
  const unread = new Map<string, OpenOwner>();
  for (const report of reports) {
    for (const finding of report.findings) {
      if (!counts(finding)) continue;
      const fingerprint = fingerprintOf(finding);
      open.set(fingerprint, { fingerprint, finding });
    }
    for (const owner of report.unread) {
      const fingerprint = unreadFingerprintOf(owner);
      unread.set(fingerprint, { fingerprint, owner });
    }
  }
  const gone = told.filter(({ fingerprint }) => !open.has(fingerprint) && !unread.has(fingerprint));
  const resolved = gone.filter((one) => isCertain(one, reports));
  const kept = gone.filter((one) => !isCertain(one, reports));
  return {
    fresh: [...open.values()].filter(({ fingerprint }) => !known.has(fingerprint)),
    unread: [...unread.values()].filter(({ fingerprint }) => !known.has(fingerprint)),
    resolved,
    told: [...[...open.values()].map(toldOf), ...[...unread.values()].map(toldOfOwner), ...kept],
  };
}

/** Whether the reports would show it if it still held. */
function isCertain(one: Told, reports: readonly DriftReport[]): boolean {
  const report = reports.find(({ stack }) => stack === one.stack);
  if (report === undefined || report.diagnostics.some(({ severity }) => severity === 'error')) return false;
  return !report.unread.some(
    ({ owner, type, provider }) =>
      (one.provider === null || provider === one.provider) &&
      (owner.startsWith(EVERY_OWNER) || (type === one.type && owner === one.owner)),
  );
}

function toldOf({ fingerprint, finding }: Open): Told {
  const { kind, stack, address, type, provider, owner, keyId, summary } = finding;
  return { fingerprint, kind, stack, address, type, provider, owner, keyId, summary };
}

function toldOfOwner({ fingerprint, owner }: OpenOwner): Told {
  const { stack, type, provider, summary } = owner;
  return { fingerprint, kind: 'unread', stack, address: null, type, provider, owner: owner.owner, keyId: '', summary };
}
