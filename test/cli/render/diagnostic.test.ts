import { describe, expect, test } from 'vitest';
import { style } from '../../../src/cli/render/color.ts';
import { renderDiagnostics } from '../../../src/cli/render/diagnostic.ts';
import { type Diagnostic, mergeDiagnostics } from '../../../src/core/diagnostic.ts';

const SINCH = 'keyform_sinch_access_key';
const error = (over: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'error',
  summary: 'The credential was refused',
  detail: 'Check it.',
  ...over,
});

describe('the box of a diagnostic', () => {
  test('has everything in its place', () => {
    const diagnostic = error({
      summary: 'Invalid value for "display_name"',
      detail: `${'A display name has at most 64 characters and this one has more than that. '.repeat(2)}\n  keyform state show ${'x'.repeat(70)}`,
      address: `${SINCH}.ci`,
      place: { file: 'stacks/prod/main.tf.json', path: ['resource', SINCH, 'ci', 'display name', 0], column: 3 },
    });
    expect(renderDiagnostics([diagnostic], style(false))).toBe(`╷
│ Error: Invalid value for "display_name"
│
│   with keyform_sinch_access_key.ci,
│   on stacks/prod/main.tf.json, at resource.keyform_sinch_access_key.ci["display name"][0], column 3:
│
│ A display name has at most 64 characters and this one has more than that. A
│ display name has at most 64 characters and this one has more than that.
│   keyform state show ${'x'.repeat(70)}
╵
`);
  });

  test('leaves out what there is not', () => {
    expect(renderDiagnostics([error({ severity: 'warning', detail: '' }), error()], style(false))).toBe(`╷
│ Warning: The credential was refused
╵
╷
│ Error: The credential was refused
│
│ Check it.
╵
`);
    expect(renderDiagnostics([], style(false))).toBe('');
  });

  test('lets no answer of an API act on the terminal', () => {
    const text = renderDiagnostics(
      [error({ detail: 'said: \u001b]0;owned\u0007 \u009b31m \u202e', summary: 'a\rb' })],
      style(false),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('\\u001b]0;owned\\u0007');
  });
});

describe('merging', () => {
  test('one wrong credential over a hundred owners is one message', () => {
    const merged = mergeDiagnostics(Array.from({ length: 100 }, (_, i) => error({ address: `${SINCH}.k[${i}]` })));
    expect(merged).toEqual([
      error({
        address: `${SINCH}.k[0]`,
        detail: `Check it.\nThe same holds for 99 more: ${[1, 2, 3, 4, 5].map((i) => `${SINCH}.k[${i}]`).join(', ')}, …`,
      }),
    ]);
  });

  test('keeps first places, tells apart what differs, and lists few by name', () => {
    const place = { file: 'a.tf.json', path: [] };
    const merged = mergeDiagnostics([
      error({ address: 'a.a', place }),
      error({ detail: 'Other.' }),
      error({ severity: 'warning' }),
      error({ address: 'a.b' }),
      error({ address: 'a.b' }),
      error({ detail: 'Other.' }),
    ]);
    expect(merged).toEqual([
      error({ address: 'a.a', place, detail: 'Check it.\nThe same holds for 2 more: a.b.' }),
      error({ detail: 'Other.\nThe same holds for 1 more.' }),
      error({ severity: 'warning' }),
    ]);
  });
});
