import {
  type ChangedAttribute,
  counts,
  countsByKind,
  type DriftReport,
  type Finding,
} from '../../../core/drift/report.ts';
import { plain } from '../quote.ts';

/**
 * What a finding is about, in a few words: the address, with the id of a key that is not its current one; for a key without an address its type, id and
 * name. No two findings of one kind and stack have the same.
 */
export function subjectOf({ address, deposed, generation, keyId, type, name }: Finding): string {
  if (address !== null) {
    if (deposed) return `${address} (deposed key ${keyId})`;
    return generation === null ? `${address} (key ${keyId})` : address;
  }
  return name === null || name === '' ? `${type} ${keyId}` : `${type} ${keyId} ${JSON.stringify(name)}`;
}

/** `name: before -> after`, values as JSON. */
export function attributeText({ name, before, after, sensitive }: ChangedAttribute): string {
  return sensitive ? `${name}: (sensitive value)` : `${name}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
}

/** `2 gone, 1 unmanaged`; empty when nothing counts. */
export function countText(reports: readonly DriftReport[]): string {
  return countsByKind(reports.flatMap(({ findings }) => findings))
    .map(({ kind, count }) => `${count} ${kind}`)
    .join(', ');
}

/** How many findings of all reports count. */
export function countedIn(reports: readonly DriftReport[]): number {
  return reports.reduce((sum, { findings }) => sum + findings.filter(counts).length, 0);
}

/** `3 findings`, `1 finding`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `83.3 %`, cut and not rounded, so that 100 is only said of every key; null for no key. */
export function percentText(ratio: number | null): string | null {
  return ratio === null ? null : `${Math.floor(ratio * 1000) / 10} %`;
}

/** One line of foreign origin that any reader takes: nothing in it that a terminal acts on, nor half a character. Cut to `length` characters. */
export function foreignLine(text: string, length = Number.POSITIVE_INFINITY): string {
  const line = plain(text);
  const cut = line.length > length ? `${line.slice(0, length - 1)}…` : line;
  return cut.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}
