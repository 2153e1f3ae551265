import { createHash } from 'node:crypto';
import type { Json } from '../json.ts';
import type { Finding, UnreadOwner } from './report.ts';

/**
 * What a finding is recognised by in later runs and on other machines, 32 hexadecimal digits: its kind, stack, address, owner, key, and the
 * names of changed attributes. Times, words, values and severities are not in it: they may change while the finding stays the same.
 */
export function fingerprintOf(finding: Finding): string {
  const { kind, stack, address, type, cloud, owner, keyId, attributes } = finding;
  const changed = kind === 'changed' ? attributes.map(({ name }) => name).sort() : [];
  return digest(['finding', kind, stack, address, type, cloud, owner, keyId, changed]);
}

/** As {@link fingerprintOf}, for an owner whose keys are not known; why they are not is not in it. */
export function unreadFingerprintOf({ stack, type, provider, owner }: Omit<UnreadOwner, 'code'>): string {
  return digest(['unread', stack, type, provider, owner]);
}

function digest(parts: Json): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
