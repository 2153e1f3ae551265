import { describe, expect, test } from 'vitest';
import { GITHUB_LIMIT, planMarkdown, planMarker } from '../../../src/cli/render/planmarkdown.ts';
import { change, drift, OUTSCALE, PLANS, plan, SINCH, sinchKey, step, unmanaged } from './plans.ts';

const HOSTILE =
  '`x` | <img src=x onerror=y> @everyone #1 [a](http://b) ```\n::set-output name=a::b\n--> <!-- ##[error]';

/** The text without what stands in code, where nothing has a meaning. */
function outsideCode(text: string): string {
  return text
    .replaceAll(/^(`{3,})text\n[\s\S]*?^\1$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .replaceAll(/<code>[^<]*<\/code>/g, '');
}

describe('a plan in Markdown', () => {
  test.each(Object.keys(PLANS))('"%s" has the marker first, its counts, and its whole text', (name) => {
    const value = PLANS[name as keyof typeof PLANS];
    if (value === undefined) throw new Error('no such plan');
    const text = planMarkdown([value], ['prod'], GITHUB_LIMIT);
    expect(text.split('\n')[0]).toBe('<!-- keyform-plan:prod -->');
    expect(text).toContain('## ');
    expect(text).toContain('<details><summary>The whole plan</summary>');
    expect(text).not.toContain('CANARY');
    expect(text.split('<details>').length).toBe(text.split('</details>').length);
  });

  test('tells changes, drift, what is to come, unmanaged keys and errors', () => {
    const text = planMarkdown(
      [
        plan({
          steps: [step('rotate', `${SINCH}.ci`), step('recover', `${SINCH}.lost`, { keyId: 'k-9' })],
          changes: [
            change(`${SINCH}.ci`, {
              actions: ['create', 'delete'],
              actionReason: 'replace_because_due',
              overlaps: true,
              reasons: ['it is 91 days old'],
              ownerLabel: 'project p1',
              before: sinchKey(),
              after: sinchKey(),
            }),
          ],
          drift: [drift(`${OUTSCALE}.x`, { kind: 'gone' }), drift(`${SINCH}.ci`, { changed: ['display_name'] })],
          upcoming: [
            {
              address: `${SINCH}.b`,
              kind: 'rotate',
              at: '2026-04-01T10:00:00.000Z',
              keyId: 'k-5',
              why: 'it is 90 days old then',
            },
          ],
          unmanaged: [unmanaged('AKIA7', { name: 'old' }), unmanaged('AKIA8', { self: true })],
          diagnostics: [{ severity: 'error', summary: 'It is so', detail: 'Do this.', address: `${SINCH}.z` }],
          coverage: { managed: 3, total: 4 },
        }),
      ],
      ['prod'],
      GITHUB_LIMIT,
    );
    const [head] = text.split('<details><summary>The whole plan');
    expect(head).toMatchInlineSnapshot(`
      "<!-- keyform-plan:prod -->

      ## ❌ Keyform plan: \`prod\`

      **Plan: 1 to add, 0 to change, 1 to destroy.**

      \`\`\`text
      Error: It is so
        with keyform_sinch_access_key.z
      Do this.
      \`\`\`

      | Address | Action | Because | Owner |
      | --- | --- | --- | --- |
      | \`keyform_sinch_access_key.ci\` | will be rotated (beside the old key) | \`it is 91 days old\` | \`project p1\` |
      | \`keyform_sinch_access_key.lost\` | orphan is destroyed | \`k-9\` |  |

      ### Changed outside of Keyform

      | Address | Key | What |
      | --- | --- | --- |
      | \`keyform_outscale_access_key.x\` | \`k\` | has been deleted |
      | \`keyform_sinch_access_key.ci\` | \`k\` | has changed: \`display_name\` |

      ### Upcoming, not before

      | When | Address | What | Key | Because |
      | --- | --- | --- | --- | --- |
      | \`2026-04-01 10:00 UTC\` | \`keyform_sinch_access_key.b\` | is rotated | \`k-5\` | \`it is 90 days old then\` |

      <details><summary>1 key of these owners not managed by this stack</summary>

      \`\`\`text
        - outscale, user ci-bot: AKIA7 "old", created 2025-01-01T00:00:00.000Z
      \`\`\`

      </details>

      Coverage: 3 of 4 keys managed (75 %).

      "
    `);
  });

  test('holds what strangers chose in code only', () => {
    const text = planMarkdown(
      [
        plan({
          stack: 'prod',
          changes: [
            change(`${SINCH}.ci["${HOSTILE}"]`, {
              actions: ['delete'],
              reasons: [HOSTILE],
              ownerLabel: HOSTILE,
              deposed: HOSTILE,
              before: sinchKey({ display_name: HOSTILE, id: HOSTILE }),
            }),
          ],
          drift: [drift(`${SINCH}.d`, { keyId: HOSTILE, changed: [HOSTILE] })],
          unmanaged: [unmanaged(HOSTILE, { name: HOSTILE, ownerLabel: HOSTILE })],
          upcoming: [
            { address: HOSTILE, kind: 'delete', at: '2026-04-01T10:00:00.000Z', keyId: HOSTILE, why: HOSTILE },
          ],
          diagnostics: [{ severity: 'warning', summary: HOSTILE, detail: HOSTILE, address: HOSTILE }],
        }),
      ],
      [HOSTILE],
      GITHUB_LIMIT,
    );
    const open = outsideCode(text);
    for (const part of ['<img', '@everyone', '#1', '](', '::set-output', '##[']) expect(open).not.toContain(part);
    expect(open.match(/-->/g)).toHaveLength(1);
    expect(text.split('\n')[0]).toMatch(/^<!-- keyform-plan:[A-Za-z0-9_.*,-]+ -->$/);
    // Each row of a table has the bars that its head has.
    for (const table of text.split('\n\n').filter((block) => block.startsWith('| '))) {
      const bars = table.split('\n').map((line) => line.split('|').length);
      expect(new Set(bars).size).toBe(1);
    }
  });

  test('is never longer than it may be, and says what is left out', () => {
    const many = (count: number, stack = 'prod') =>
      plan({
        stack,
        steps: Array.from({ length: count }, (_, index) => step('create', `${SINCH}.k${index}`)),
        changes: Array.from({ length: count }, (_, index) =>
          change(`${SINCH}.k${index}`, {
            actions: ['create'],
            reasons: ['it does not exist yet'],
            ownerLabel: '`'.repeat(30),
            after: sinchKey({ display_name: '`|<'.repeat(20) }),
          }),
        ),
        unmanaged: Array.from({ length: count }, (_, index) => unmanaged(`AKIA${index}`, { name: '`'.repeat(200) })),
        diagnostics: Array.from({ length: count }, (_, index) => ({
          severity: 'error' as const,
          summary: `Problem ${index}`,
          detail: 'x'.repeat(5000),
        })),
      });
    for (const limit of [GITHUB_LIMIT, 20_000, 5_000, 1_000]) {
      for (const count of [1, 50, 800]) {
        const text = planMarkdown([many(count)], ['prod'], limit);
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(text).toContain('<!-- keyform-plan:prod -->');
        expect(text).toContain(`${count} to add`);
        expect(text.split('<details>').length).toBe(text.split('</details>').length);
      }
    }
    expect(planMarkdown([many(800)], ['prod'], GITHUB_LIMIT)).toMatch(/… and [0-9]+ more changes\./);
    const stacks = Array.from({ length: 400 }, (_, index) => many(30, `stack-${index}`));
    const all = planMarkdown(stacks, ['*'], GITHUB_LIMIT);
    expect(all.length).toBeLessThanOrEqual(GITHUB_LIMIT);
    expect(all).toContain('`stack-399`');
  });

  test('a short plan under a small limit keeps its beginning', () => {
    const value = plan({
      changes: [change(`${SINCH}.a`, { actions: ['create'], after: sinchKey({ display_name: 'y'.repeat(3000) }) })],
      steps: [step('create', `${SINCH}.a`)],
    });
    const text = planMarkdown([value], ['prod'], 1_800);
    expect(text).toContain('will be created');
    expect(text).toMatch(/[0-9]+ more lines did not fit in here/);
  });

  test('the marker is that of what was asked for, in one line that nothing can end', () => {
    expect(planMarker(['a', 'b'])).toBe('<!-- keyform-plan:a,b -->');
    expect(planMarker(['*'])).toBe('<!-- keyform-plan:* -->');
    expect(planMarker(['x-->\n<b>---'])).not.toMatch(/-->.*-->|\n/);
  });
});
