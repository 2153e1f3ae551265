import type { Diagnostic, Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';

/**
 * What `keyform drift` found of one stack: a value that renderers print and that holds no secret.
 */

/**
 * What is wrong with a key.
 *
 * - `changed`: attributes differ from state; `gone`: state has it, its API no longer; `disabled`: somebody else disabled it
 * - `secret-not-live`: the secret in state is no longer the key's
 * - `superseded`: it is gone, and a newer one just like it is there and in no state: the state may be an older copy
 * - `orphaned`: an interrupted create may have left it behind; `unmanaged`: no state of the project holds it
 * - `expired`, `expiring`: by its own end of life; `over-age`: older than its policy, or the longest age that was asked for, allows
 * - `never-used`, `unused`: its API tells no use, or none for the time that was asked for
 */
export const FINDING_KINDS = [
  'gone',
  'superseded',
  'secret-not-live',
  'disabled',
  'changed',
  'orphaned',
  'expired',
  'expiring',
  'over-age',
  'never-used',
  'unused',
  'unmanaged',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** One attribute that differs. */
export interface ChangedAttribute {
  readonly name: string;
  /** In state; null where it has no value, or is sensitive. */
  readonly before: Json;
  /** At the API; null where it has no value, or is sensitive. */
  readonly after: Json;
  /** Then both values are null. */
  readonly sensitive: boolean;
}

/** Something about one key that its owner should know of. Never holds a secret. */
export interface Finding {
  readonly kind: FindingKind;
  /** `error`: something does not work, or is forbidden; `warning`: something is to be done; `note`: good to know, and no drift. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly stack: string;
  /** Of the stack's resource; null for an unmanaged key. */
  readonly address: string | null;
  readonly type: string;
  /** The cloud's name, as provider blocks spell it. */
  readonly cloud: string;
  /** Provider block, `keyform` or `keyform.<alias>`, through which the key was seen. */
  readonly provider: string | null;
  /** Whose key, in words: {@link import('../provider.ts').Owner.label}. */
  readonly owner: string;
  /** The id that the API's paths use. */
  readonly keyId: string;
  /** The id that a client sends; empty where the API does not tell it. */
  readonly accessKeyId: string;
  /** Which key of the address; null for one that is in no state. */
  readonly generation: number | null;
  /** Whether it is a replaced key that is still alive. */
  readonly deposed: boolean;
  /** The value of the type's naming argument; null where keys have no name, or it is sensitive. Strangers choose it: escape it. */
  readonly name: string | null;
  /** One line, a capital first, no full stop. */
  readonly summary: string;
  /** Full sentences: the circumstances. */
  readonly detail: string;
  /** What to do: a command to run, or a sentence where there is none. */
  readonly remedy: string;
  /** When it happened, or happens, RFC 3339 UTC; null where nobody tells. */
  readonly at: string | null;
  /** Who did it, as the API says it; null where it does not tell. */
  readonly by: string | null;
  /** For `changed` and `disabled`; else empty. */
  readonly attributes: readonly ChangedAttribute[];
  /** The rule of the project by which it does not count; null for none. */
  readonly ignored: Ignored | null;
  /** Where the stack declares the address; null when it does not. */
  readonly place: Place | null;
}

/** Why an unmanaged key does not count. */
export interface Ignored {
  /** The rule's patterns in words: `owner "project p1*", name "legacy-*"`. */
  readonly pattern: string;
  readonly reason: string;
  /** The last day on which the rule holds, `YYYY-MM-DD`, UTC. */
  readonly until: string;
}

/** How {@link UnreadOwner.owner} begins where it stands for every owner behind a provider block, of whatever type. */
export const EVERY_OWNER = 'every owner at ';

/** An owner whose keys are not known: nothing was concluded about them. */
export interface UnreadOwner {
  readonly stack: string;
  /** In words. See {@link EVERY_OWNER}. */
  readonly owner: string;
  readonly type: string;
  readonly provider: string;
  /** {@link import('../error.ts').ErrorCode}. */
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  /** Addresses of the state whose keys are there, at most five. */
  readonly addresses: readonly string[];
}

/** The key that Keyform itself authenticates with, in no state: shown, guarded, and neither drift nor counted. */
export interface OwnCredential {
  readonly cloud: string;
  readonly type: string;
  readonly owner: string;
  readonly keyId: string;
  readonly accessKeyId: string;
}

/** What one look at the clouds found of one stack. */
export interface DriftReport {
  readonly formatVersion: '1.0';
  readonly stack: string;
  /** When the look began, RFC 3339 UTC. */
  readonly at: string;
  /** By address, then what is in no state by owner; ignored ones included. */
  readonly findings: readonly Finding[];
  readonly unread: readonly UnreadOwner[];
  readonly credentials: readonly OwnCredential[];
  /**
   * Keys that a state of the project manages, and all keys, of the owners that were read. The key that Keyform authenticates with does not
   * count. `ratio`: 0 to 1, null where there is no key.
   */
  readonly coverage: { readonly managed: number; readonly total: number; readonly ratio: number | null };
  readonly owners: { readonly asked: number; readonly read: number };
  /** Addresses of the state whose keys could be looked at, sorted: those without a finding are as state remembers them. */
  readonly addresses: readonly string[];
  /** Requests that were asked for, tokens included; repetitions of a failed one are not counted. */
  readonly calls: number;
  /** Age in seconds of the oldest current key of the state that was seen; null where no age is known. */
  readonly oldestSeconds: number | null;
  /** Current keys whose rotation their policy makes due by now. */
  readonly rotationDue: number;
  /** What went wrong or is worth knowing beside findings and unread owners. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether a finding is drift: neither ignored nor a mere note. */
export function counts(finding: Finding): boolean {
  return finding.ignored === null && finding.severity !== 'note';
}

/** Whether something could not be looked at, so that no drift there means nothing. */
export function isIncomplete(report: DriftReport): boolean {
  return report.unread.length > 0 || report.diagnostics.some(({ severity }) => severity === 'error');
}

/** The exit code of a drift run: 1 when something could not be looked at, whatever was found; else 2 for drift; else 0. */
export function exitCodeOf(reports: readonly DriftReport[]): 0 | 1 | 2 {
  if (reports.some(isIncomplete)) return 1;
  return reports.some(({ findings }) => findings.some(counts)) ? 2 : 0;
}

/** How many findings of each kind count, in the order of {@link FINDING_KINDS}; kinds without any are left out. */
export function countsByKind(
  findings: readonly Finding[],
): readonly { readonly kind: FindingKind; readonly count: number }[] {
  return FINDING_KINDS.map((kind) => ({
    kind,
    count: findings.filter((finding) => finding.kind === kind && counts(finding)).length,
  })).filter(({ count }) => count > 0);
}
