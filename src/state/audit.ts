import { z } from 'zod';
import { HISTORY_ACTIONS, type HistoryAnchor, type HistoryLine, lineHash } from './history.ts';

const line = z.strictObject({
  n: z.int().min(1),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.string().nullable(),
  run: z.string().nullable(),
  by: z.string().nullable(),
  operation: z.string().nullable(),
  action: z.enum(HISTORY_ACTIONS),
  address: z.string().nullable(),
  type: z.string().nullable(),
  key: z.string().nullable(),
  generation: z.int().nullable(),
  changed: z.array(z.string()),
  reason: z.string().nullable(),
});

/** One way in which a history is not what it was. */
export interface HistoryFinding {
  /** Line of the file, from 1; for `removed` and `cut` the one before which, or where, something is missing. */
  readonly line: number;
  readonly problem: 'changed' | 'removed' | 'inserted' | 'cut';
  /** For people: one line, a capital first, no full stop. */
  readonly message: string;
}

/** What a history file holds. */
export interface HistoryReport {
  /** Those up to the anchored one that have the form of a line, in the order of the file: no proof where there are findings. */
  readonly lines: readonly HistoryLine[];
  /** In the order of the file. Empty exactly when every byte up to the anchor is as it was written. */
  readonly findings: readonly HistoryFinding[];
  /** Bytes after the anchored line: what a crash left, or a run that is under way. No finding. */
  readonly beyond: number;
}

interface Found {
  readonly hash: string;
  /** Null for one that has not the form of a line. */
  readonly parsed: HistoryLine | null;
  /** Offset after its line feed. */
  readonly end: number;
}

/**
 * Reads a whole history and checks each line of it. `bytes` null: there is no file. It goes backwards, because only the last line
 * is vouched for from outside; each line that is, vouches for the one before it.
 */
export function readHistory(bytes: Uint8Array | null, anchor: HistoryAnchor, lineage: string): HistoryReport {
  const content = Buffer.from(bytes ?? new Uint8Array());
  if (anchor.entries === 0) return { lines: [], findings: [], beyond: content.length };
  const all = splitLines(content);
  const anchored = (found: Found) => found.hash === anchor.hash;
  const inPlace = all.findIndex((found) => anchored(found) && found.end === anchor.bytes);
  const head = inPlace === -1 ? all.findLastIndex(anchored) : inPlace;
  const counted = all.slice(0, head === -1 ? anchor.entries : head + 1);
  const findings = head === -1 ? headless(counted, content.length, anchor) : [];
  walk(counted, anchor, lineage, findings);
  const end = counted.at(-1)?.end ?? 0;
  if (findings.length === 0 && (end !== anchor.bytes || counted.length !== anchor.entries)) {
    findings.push(finding(counted.length, 'changed', 'is the last one, and the state knows the last one elsewhere'));
  }
  return {
    lines: counted.flatMap(({ parsed }) => (parsed === null ? [] : [parsed])),
    findings: findings.reverse(),
    beyond: head === -1 ? 0 : content.length - end,
  };
}

/**
 * Where a history stands with the whole lines that follow `anchor` and are chained to it; `anchor` itself when there are none, or the
 * lines up to it are not what was written. They prove nothing but that they belong together: no snapshot vouches for them.
 */
export function followHistory(bytes: Uint8Array | null, anchor: HistoryAnchor, lineage: string): HistoryAnchor {
  const content = Buffer.from(bytes ?? new Uint8Array());
  if (readHistory(content, anchor, lineage).findings.length > 0) return anchor;
  let last = { ...anchor, hash: anchor.entries === 0 ? lineHash(Buffer.from(lineage, 'utf8')) : anchor.hash };
  for (const { hash, parsed, end } of splitLines(content)) {
    if (end <= anchor.bytes) continue;
    if (parsed === null || parsed.n !== last.entries + 1 || parsed.prev !== last.hash) break;
    last = { entries: parsed.n, bytes: end, hash };
  }
  return last.entries === anchor.entries ? anchor : last;
}

/** Why the line that the state names is nowhere. */
function headless(counted: readonly Found[], length: number, anchor: HistoryAnchor): HistoryFinding[] {
  if (length < anchor.bytes || counted.length < anchor.entries - 1) {
    const were = anchor.entries === 1 ? 'one line was' : `${anchor.entries} lines were`;
    return [finding(counted.length + 1, 'cut', `and what follows is cut off: ${were} written`)];
  }
  return [finding(anchor.entries, 'changed', 'is not what was written')];
}

/** From the last line to the first; findings are added in that order. */
function walk(counted: readonly Found[], anchor: HistoryAnchor, lineage: string, findings: HistoryFinding[]): void {
  const first = lineHash(Buffer.from(lineage, 'utf8'));
  /** Number of the entry that is to come next on the way back, and its hash; null when no line vouches for it. */
  let expected = anchor.entries;
  let wanted: string | null = anchor.hash;
  for (let at = counted.length - 1; at >= 0; at--) {
    const { hash, parsed } = counted[at] as Found;
    const number = at + 1;
    const genuine = wanted === null ? parsed?.n === expected : hash === wanted;
    if (!genuine) {
      const elsewhere = wanted !== null && counted.slice(0, at).some((other) => other.hash === wanted);
      if (expected === 0 || elsewhere || (parsed !== null && parsed.n > expected)) {
        findings.push(finding(number, 'inserted', 'does not belong there'));
        continue;
      }
      if (parsed !== null && parsed.n < expected) {
        const gap = expected - parsed.n === 1 ? `entry ${expected} is` : `entries ${parsed.n + 1} to ${expected} are`;
        if (number < counted.length || findings.length === 0) {
          findings.push(finding(number + 1, 'removed', `is not the next one: ${gap} missing`));
        }
      } else if (findings.at(-1)?.line !== number) {
        findings.push(finding(number, 'changed', 'is not what was written'));
      }
    }
    if (genuine && parsed === null) {
      // As it was written, and nobody knows what it says, nor what came before it.
      findings.push(finding(number, 'changed', 'does not have the form of an entry'));
    }
    expected = (genuine ? expected : (parsed?.n ?? expected)) - 1;
    // A changed line still says what came before it; one that says so falsely shows at the next.
    wanted = parsed?.prev ?? null;
    if (expected === 0 && wanted !== null && wanted !== first && genuine) {
      findings.push(finding(number, 'changed', 'is the first of another state'));
    }
  }
  if (expected > 0 && counted.length > 0) {
    findings.push(
      finding(1, 'removed', `is not the first one: ${expected} before it ${expected === 1 ? 'is' : 'are'} missing`),
    );
  }
}

function finding(number: number, problem: HistoryFinding['problem'], text: string): HistoryFinding {
  return { line: number, problem, message: `Line ${number} ${text}` };
}

/** What follows the last line feed is no line. */
function splitLines(content: Buffer): Found[] {
  const lines: Found[] = [];
  for (let start = 0; ; ) {
    const feed = content.indexOf(10, start);
    if (feed === -1) return lines;
    const raw = content.subarray(start, feed);
    start = feed + 1;
    lines.push({ hash: lineHash(raw), parsed: parseLine(raw), end: start });
  }
}

function parseLine(raw: Buffer): HistoryLine | null {
  let value: unknown;
  try {
    value = JSON.parse(raw.toString('utf8'));
  } catch {
    return null; // A finding names the line; the parser's message would quote it.
  }
  const result = line.safeParse(value);
  return result.success ? result.data : null;
}
