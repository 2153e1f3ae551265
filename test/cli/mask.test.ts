import { describe, expect, it } from 'vitest';
import { maskSecrets } from '../../src/cli/mask.ts';
import { Secret } from '../../src/core/secret.ts';

type Terminal = Parameters<typeof maskSecrets>[0]['terminal'];

function masked(secrets: readonly string[], environment: Record<string, string>, how: Partial<Terminal> = {}) {
  const said: string[] = [];
  const terminal = {
    err: (text: string) => said.push(text),
    out: () => expect.unreachable(),
    errIsTerminal: false,
    errIsFile: false,
    ...how,
  } as unknown as Terminal;
  maskSecrets(
    { environment, terminal },
    secrets.map((secret) => new Secret(secret)),
  );
  return said.join('');
}

/** What the runner makes of a line (actions/runner, ActionCommand: data is unescaped). */
function told(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, data = ''] = /^::add-mask::(.*)$/.exec(line) ?? [];
      return data.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
    });
}

describe('masks', () => {
  it('are told to the runner of GitHub Actions, line by line', () => {
    const text = masked(['plain', 'a%0Ab%25', 'one\n\n two\r\nthree\r'], { GITHUB_ACTIONS: 'true' });
    expect(told(text)).toEqual(['plain', 'a%0Ab%25', 'one', ' two', 'three']);
  });

  it('are told to nobody else', () => {
    expect(masked(['s'], {})).toBe('');
    expect(masked(['s'], { CI: 'true', GITHUB_ACTIONS: 'false' })).toBe('');
    expect(masked(['s'], { GITHUB_ACTIONS: 'true' }, { errIsTerminal: true })).toBe('');
    expect(masked(['s'], { GITHUB_ACTIONS: 'true' }, { errIsFile: true })).toBe('');
  });
});
