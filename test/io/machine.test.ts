import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createProcessPort } from '../../src/io/machine.ts';

describe('who runs Keyform', () => {
  it.each([[undefined], ['']])('is the user of the system when nobody else is named (%o)', (actor) => {
    expect(createProcessPort(actor).user).toBe(userInfo().username);
  });

  it.each(['nightly-keys #42', 'Ada Lovelace', 'Ольга', '鍵 🔑', 'x'.repeat(100), '🔑'.repeat(100)])(
    'is %s',
    (actor) => {
      expect(createProcessPort(actor).user).toBe(actor);
    },
  );

  it.each([
    ['a blank', ' '],
    ['too long', 'x'.repeat(101)],
    ['a line feed', 'a\nb'],
    ['an escape', 'a\u001b[2Jb'],
    ['a mark that turns the direction of text', 'a\u202eb'],
    ['a separator of lines', 'a\u2028b'],
    ['half a letter', 'a\ud83d'],
  ])('is no %s, and the message shows nothing that a terminal acts on', (_, actor) => {
    const machine = createProcessPort(actor);
    let error: unknown;
    try {
      void machine.user;
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'invalid-configuration', message: 'KEYFORM_ACTOR is not a name' });
    expect((error as { detail: string }).detail).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });
});
