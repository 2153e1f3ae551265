import { describe, expect, test } from 'vitest';
import { annotation, tame } from '../../../src/cli/ci/github.ts';

/**
 * What GitHub's runner takes for a command in a line. Source: actions/runner, src/Runner.Common/ActionCommand.cs: the second form begins a line
 * but for blanks, the first stands anywhere.
 */
function obeyed(text: string): boolean {
  return text.split(/\r?\n/).some((line) => line.trimStart().startsWith('::') || line.includes('##['));
}

describe('in a job of GitHub Actions', () => {
  test.each([
    ['::set-output name=changes::false'],
    ['ok\n   ::add-path::/tmp/x'],
    ['a key ##[set-output name=changes]false'],
    ['##[##[error]'],
    ['\t::stop-commands::x'],
  ])('%j is no command any more', (text) => {
    expect(obeyed(text)).toBe(true);
    expect(obeyed(tame(text))).toBe(false);
  });

  test('JSON says the same as before, and all else is left alone', () => {
    const json = JSON.stringify({ name: '##[error] ::x::', list: ['a::b'] });
    expect(JSON.parse(tame(json))).toEqual(JSON.parse(json));
    expect(tame('a::b # [x] :: c\n+ x = "::"')).toBe('a::b # [x] :: c\n+ x = "::"');
    expect(tame('::add-mask::secret')).toBe('::add-mask::secret');
  });

  test('a diagnostic is an annotation that cannot be left', () => {
    const text = annotation(
      { severity: 'error', summary: 'Bad: 5 %, "x"', detail: 'One.\nTwo::three,\r\n::error::four' },
      'infra/a,b:c.tf.json',
      7,
    );
    expect(text).toBe(
      '::error file=infra/a%2Cb%3Ac.tf.json,line=7,title=Keyform%3A Bad%3A 5 %25%2C "x"::One.%0ATwo::three,%0D%0A::error::four',
    );
    expect(annotation({ severity: 'warning', summary: 'S', detail: '' }, null, null)).toBe(
      '::warning title=Keyform%3A S::S',
    );
  });
});
