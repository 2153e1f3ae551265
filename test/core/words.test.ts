import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { codeForStatus, outcomeUnknown, readAnswer } from '../../src/core/answer.ts';
import {
  type Diagnostic,
  DiagnosticsError,
  formatPath,
  mergeDiagnostics,
  throwOnErrors,
  toDiagnostics,
} from '../../src/core/diagnostic.ts';
import { KeyformError } from '../../src/core/error.ts';
import { type Json, stableStringify } from '../../src/core/json.ts';
import { didYouMean, nearest } from '../../src/core/suggest.ts';

const CANARY = 'canary-s3cret';

describe('json', () => {
  it('prints equal values equally, whatever the order of their keys', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, reversed(item)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = stableStringify(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(stableStringify(reversed(value) as Json)).toBe(text);
      }),
    );
  });
});

describe('suggestions', () => {
  it.each([
    ['displayname', ['display_name', 'project_id'], 'display_name'],
    ['resuorce', ['resource', 'provider'], 'resource'],
    ['frobnicate', ['resource', 'provider'], null],
    ['x', [], null],
  ])('%s', (word, candidates, best) => {
    expect(nearest(word, candidates)).toBe(best);
    expect(didYouMean(word, candidates)).toBe(best === null ? '' : ` Did you mean "${best}"?`);
  });
});

describe('diagnostics', () => {
  it('prints paths', () => {
    expect(formatPath(['resource', 'a-b', 0, 'display name', ''])).toBe('resource.a-b[0]["display name"][""]');
    expect(formatPath([])).toBe('');
  });

  it('throws on errors, with all of them, and not on warnings', () => {
    const warning: Diagnostic = { severity: 'warning', summary: 'W', detail: '' };
    throwOnErrors([warning]);
    const all: Diagnostic[] = [warning, { severity: 'error', summary: 'E', detail: '' }];
    expect(() => throwOnErrors(all)).toThrow(DiagnosticsError);
    expect(toDiagnostics(new DiagnosticsError(all))).toEqual(all);
  });

  it('says what the vendor said', () => {
    const vendor = { status: 409, code: '9074', message: 'Taken', requestId: 'r1' };
    expect(toDiagnostics(new KeyformError('conflict', 'No', { detail: 'Do.', vendor }), { address: 'a.b' })).toEqual([
      {
        severity: 'error',
        summary: 'No',
        detail: 'Do.\nThe API answered HTTP 409, code 9074: Taken (request id r1).',
        address: 'a.b',
      },
    ]);
    expect(toDiagnostics('thrown')[0]).toMatchObject({ summary: 'Keyform met an error it did not expect' });
  });

  it('folds what says the same, and lists at most five more', () => {
    const of = (n: number): Diagnostic => ({ severity: 'error', summary: 'S', detail: 'D.', address: `t.k${n}` });
    const other: Diagnostic = { severity: 'warning', summary: 'S', detail: 'D.' };
    expect(mergeDiagnostics([of(0), other, of(1), of(2)])).toEqual([
      { ...of(0), detail: 'D.\nThe same holds for 2 more: t.k1, t.k2.' },
      other,
    ]);
    expect(mergeDiagnostics(Array.from({ length: 9 }, (_, n) => of(n)))[0]?.detail).toBe(
      'D.\nThe same holds for 8 more: t.k1, t.k2, t.k3, t.k4, t.k5, …',
    );
    expect(mergeDiagnostics([other, other])[0]?.detail).toBe('D.\nThe same holds for 1 more.');
  });
});

describe('answers', () => {
  const schema = z.object({ key: z.object({ secret: z.string(), kind: z.enum(['a', 'b']) }) });
  const read = (body: string, safe: boolean) =>
    readAnswer(
      schema,
      { status: 200, headers: { 'content-type': 'text/html', 'x-id': 'r-1' }, body },
      {
        service: 'Sinch',
        action: 'CreateAccessKey',
        safe,
        requestId: (response) => response.headers['x-id'] ?? null,
      },
    );

  it('are read through their schema', () => {
    expect(read('{"key":{"secret":"s","kind":"a"}}', false)).toEqual({ key: { secret: 's', kind: 'a' } });
  });

  it.each([
    [`<html>${CANARY}`, 'is not JSON (text/html, 19 characters)'],
    [`{"key":{"secret":"${CANARY}"`, 'is not JSON'],
    [`{"key":{"secret":["${CANARY}"],"kind":"a"}}`, '"key.secret"'],
    [`{"key":{"secret":"${CANARY}","kind":"${CANARY}"}}`, '"key.kind"'],
    [`"${CANARY}"`, 'at its root'],
  ])('%s names the place and no value', (body, place) => {
    for (const safe of [true, false]) {
      let caught: unknown;
      try {
        read(body, safe);
      } catch (error) {
        caught = error;
      }
      if (!(caught instanceof KeyformError)) throw new Error('it was taken');
      // What a call that changes something did is not known when its answer cannot be read.
      expect(caught.code).toBe(safe ? 'malformed-answer' : 'outcome-unknown');
      expect(caught.message).toContain(place);
      expect(caught.vendor).toEqual({ status: 200, code: null, message: null, requestId: 'r-1' });
      expect(JSON.stringify([caught, caught.message, caught.detail, String(caught.cause)])).not.toContain(CANARY);
    }
  });

  it('map a status by whether it can be repeated', () => {
    expect([400, 401, 403, 404, 409, 422, 429, 418].map((status) => codeForStatus(status, false))).toEqual([
      'invalid-argument',
      'unauthorized',
      'forbidden',
      'not-found',
      'conflict',
      'invalid-argument',
      'throttled',
      'malformed-answer',
    ]);
    expect([codeForStatus(503, true), codeForStatus(503, false)]).toEqual(['unavailable', 'outcome-unknown']);
    expect(outcomeUnknown({ service: 'S', action: 'A' }, 'cut off').message).toBe(
      'S A: cut off, so it is not known whether it took effect',
    );
  });
});
