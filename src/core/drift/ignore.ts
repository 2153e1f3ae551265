import { z } from 'zod';
import type { Diagnostic } from '../diagnostic.ts';
import { parseMoment } from '../moment.ts';
import type { Finding, Ignored } from './report.ts';

/**
 * What a project says of keys that no state holds: `context.keyform.unmanaged` of cdktf.json.
 */

const pattern = (what: string) =>
  z.string().min(1).optional().describe(`${what}; \`*\` stands for any text, also for none.`);

const rule = z
  .strictObject({
    type: pattern('The resource type that the key would have, such as `keyform_*_access_key`'),
    owner: pattern('Whose key it is, in the words of a report, such as `project p1`'),
    name: pattern('Its name; a key without one does not fit'),
    id: pattern('Its id, or the id that a client sends'),
    reason: z
      .string()
      .refine((text) => text.trim() !== '', 'It must say why, for whoever reads the report')
      .describe('Why the key is left alone, for whoever reads the report.'),
    until: z
      .string()
      .refine(
        (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && parseMoment(text) !== null,
        'It must be a day, such as "2027-01-31"',
      )
      .describe('The last day (UTC) on which the rule holds, such as `2027-01-31`; after it, the key counts again.'),
  })
  .refine(
    ({ type, owner, name, id }) => [type, owner, name, id].some((one) => one !== undefined),
    'It must name at least one of type, owner, name and id; "*" fits all',
  );

const modes = ['report', 'fail'] as const;

/** `context.keyform.unmanaged`: a mode, or an object with rules. */
export const unmanagedSchema = z
  .union([
    z.enum(modes),
    z.strictObject({
      mode: z.enum(modes).default('report').describe('What an unmanaged key is when no rule leaves it alone.'),
      ignore: z
        .array(rule)
        .default([])
        .describe('Keys to leave alone, each for a reason and until a day. All patterns of a rule must fit.'),
    }),
  ])
  .default('report')
  .describe(
    'What `keyform drift` makes of keys that no stack manages: `report` (a warning), `fail` (an error), or an object with a mode and rules for keys to leave alone.',
  );

/** One rule: which keys, why, and until when. */
export type IgnoreRule = z.infer<typeof rule>;

/** What becomes of unmanaged keys. */
export interface UnmanagedPolicy {
  readonly mode: (typeof modes)[number];
  readonly ignore: readonly IgnoreRule[];
}

/** The setting, in its one form. */
export function unmanagedPolicy(setting: z.infer<typeof unmanagedSchema>): UnmanagedPolicy {
  return typeof setting === 'string' ? { mode: setting, ignore: [] } : setting;
}

const DAY = 24 * 3_600_000;

/** Applies a policy to findings of unmanaged keys; other findings stay as they are. `now`: milliseconds since 1970. */
export function judgeUnmanaged(
  findings: readonly Finding[],
  { mode, ignore }: UnmanagedPolicy,
  now: number,
): { readonly findings: readonly Finding[]; readonly diagnostics: readonly Diagnostic[] } {
  const rules = ignore.map((one) => ({ ...one, fits: matcher(one), over: isOver(one, now) }));
  const missed = new Set<IgnoreRule>();
  const judged = findings.map((finding): Finding => {
    if (finding.kind !== 'unmanaged') return finding;
    const fitting = rules.filter(({ fits }) => fits(finding));
    const holding = fitting.find(({ over }) => !over);
    if (holding !== undefined) return { ...finding, severity: 'note', ignored: wordsOf(holding) };
    for (const old of fitting) missed.add(old);
    return mode === 'fail' ? { ...finding, severity: 'error' } : finding;
  });
  const diagnostics = [...missed].map((old): Diagnostic => {
    const { pattern: words, reason, until } = wordsOf(old);
    return {
      severity: 'warning',
      summary: 'A rule that left unmanaged keys alone is over',
      detail: `It held until ${until} for ${words} ("${reason}"), and such keys are still there. They count again. Bring them under management, delete them, or give the rule in context.keyform.unmanaged of cdktf.json a later day.`,
    };
  });
  return { findings: judged, diagnostics };
}

/** The rule holds through the whole of its last day. */
function isOver({ until }: IgnoreRule, now: number): boolean {
  return now >= (parseMoment(until) ?? 0) + DAY;
}

function matcher({ type, owner, name, id }: IgnoreRule): (finding: Finding) => boolean {
  const [isType, isOwner, isName, isId] = [type, owner, name, id].map(glob);
  return (finding) =>
    (isType?.(finding.type) ?? true) &&
    (isOwner?.(finding.owner) ?? true) &&
    (isName === null || isName === undefined || (finding.name !== null && isName(finding.name))) &&
    (isId === null ||
      isId === undefined ||
      isId(finding.keyId) ||
      (finding.accessKeyId !== '' && isId(finding.accessKeyId)));
}

/** Whether a text fits a pattern as a whole. In time linear in both for each `*`: names come from strangers. Null for no pattern. */
function glob(text: string | undefined): ((value: string) => boolean) | null {
  if (text === undefined) return null;
  const [first = '', ...others] = text.split('*');
  const last = others.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (!value.startsWith(first)) return false;
    let at = first.length;
    for (const part of others) {
      const found = value.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return value.length - last.length >= at && value.endsWith(last);
  };
}

function wordsOf({ type, owner, name, id, reason, until }: IgnoreRule): Ignored {
  const parts = Object.entries({ type, owner, name, id }).filter(([, text]) => text !== undefined);
  return { pattern: parts.map(([word, text]) => `${word} "${text}"`).join(', '), reason, until };
}
