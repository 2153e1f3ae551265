import { describe, expect, it } from 'vitest';
import { faultWords, stateIo } from '../../src/state/fault.ts';

const fault = (code: string) => Object.assign(new Error(`${code}: it says no, open 'x'`), { code });

describe('what a file system says', () => {
  it.each(['ENOSPC', 'EROFS', 'EBUSY', 'ELOOP', 'EMFILE', 'ESTALE'])('%s comes with words and a remedy', (code) => {
    const { message, detail } = stateIo('write', 'x', fault(code));
    expect(message).toBe(`Cannot write x (${code})`);
    expect(detail).not.toContain('In its own words');
    expect(detail).toMatch(/^[A-Z].*\.$/);
  });

  it('is quoted where Keyform has no words of its own', () => {
    expect(stateIo('write', 'x', fault('EWEIRD')).detail).toBe(
      "The operating system refused. In its own words: EWEIRD: it says no, open 'x'",
    );
    expect(stateIo('write', 'x', null).detail).toBe('The operating system refused.');
  });

  it('is said in few words in a note', () => {
    expect(faultWords(fault('ENOSPC'))).toBe('the disk is full (ENOSPC)');
    expect(faultWords(fault('EWEIRD'))).toBe("EWEIRD: it says no, open 'x'");
    expect(faultWords('no')).toBe('no');
  });
});
