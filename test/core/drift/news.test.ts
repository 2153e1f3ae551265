import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../src/core/drift/fingerprint.ts';
import { isQuiet, type News, newsOf } from '../../../src/core/drift/news.ts';
import { finding, report, unread } from '../../cli/drift/sample.ts';

const keys = (news: News) => ({
  fresh: news.fresh.map(({ finding: { keyId } }) => keyId),
  unread: news.unread.map(({ owner: { owner } }) => owner),
  resolved: news.resolved.map(({ kind, keyId, owner }) => (kind === 'unread' ? owner : keyId)),
});
const NOTHING = { fresh: [], unread: [], resolved: [] };

const one = finding({ keyId: 'k1' });
const two = finding({ keyId: 'k2' });
const told = (...findings: (typeof one)[]) => newsOf([report({ findings })], []).told;

describe('news', () => {
  test('are what was not told, and what no longer holds', () => {
    expect(keys(newsOf([report({ findings: [one, two] })], []))).toEqual({ ...NOTHING, fresh: ['k1', 'k2'] });
    expect(isQuiet(newsOf([report({ findings: [one, two] })], told(one, two)))).toBe(true);
    expect(keys(newsOf([report({ findings: [two] })], told(one)))).toEqual({
      ...NOTHING,
      fresh: ['k2'],
      resolved: ['k1'],
    });
  });

  test('leave out what is ignored and mere notes; what is no longer ignored is new', () => {
    const ignored = { ...one, ignored: { pattern: '*', reason: 'r', until: '2027-01-01' } };
    const note = finding({ keyId: 'k3', severity: 'note' });
    const quiet = newsOf([report({ findings: [ignored, note] })], []);
    expect(isQuiet(quiet)).toBe(true);
    expect(keys(newsOf([report({ findings: [one, note] })], quiet.told)).fresh).toEqual(['k1']);
  });

  test('say nothing is resolved where nobody looked, and remember it', () => {
    const before = told(one);
    const silent = [
      report({ unread: [unread({ owner: one.owner, type: one.type, provider: 'keyform' })] }),
      report({ unread: [unread({ owner: 'every owner at Sinch', provider: 'keyform' })] }),
      report({ diagnostics: [{ severity: 'error', summary: 's', detail: '' }] }),
      report({ stack: 'another' }),
    ];
    for (const now of silent) {
      const news = newsOf([now], before);
      expect(keys(news).resolved).toEqual([]);
      // And once it is looked at again, all is as it was.
      expect(
        isQuiet(
          newsOf(
            [report({ findings: [one] })],
            news.told.filter(({ kind }) => kind !== 'unread'),
          ),
        ),
      ).toBe(true);
    }
    expect(newsOf([], before)).toEqual({ fresh: [], unread: [], resolved: [], told: before });
  });

  test('another owner that is not read does not hide what is resolved', () => {
    expect(keys(newsOf([report({ unread: [unread()] })], told(one))).resolved).toEqual(['k1']);
  });

  test('tell an owner that is not read once, and when it is read again', () => {
    const first = newsOf([report({ unread: [unread()] })], []);
    expect(keys(first).unread).toEqual(['service account aje1']);
    // Why it is not read may change: it is still the same owner.
    expect(isQuiet(newsOf([report({ unread: [unread({ code: 'timeout', summary: 'x' })] })], first.told))).toBe(true);
    expect(keys(newsOf([report()], first.told)).resolved).toEqual(['service account aje1']);
  });
});

describe('a finding is recognised', () => {
  test('whatever of its words, values and times changes', () => {
    const attributes = [{ name: 'a', before: 1, after: 2, sensitive: false }];
    const first = finding({ attributes });
    const later = finding({
      attributes: [{ name: 'a', before: 1, after: 3, sensitive: false }],
      summary: 'x',
      severity: 'error',
      at: '2026-11-23T04:00:00Z',
    });
    expect(fingerprintOf(later)).toBe(fingerprintOf(first));
  });

  test('apart from others of the same key: another kind, another attribute, another stack', () => {
    const attributes = [{ name: 'b', before: 1, after: 2, sensitive: false }];
    const all = [
      one,
      finding({ kind: 'gone' }),
      finding({ attributes }),
      finding({ stack: 'dev' }),
      finding({ owner: 'p2' }),
      two,
    ];
    expect(new Set(all.map(fingerprintOf)).size).toBe(all.length);
  });

  test('by the same digits for ever: they stand in alerts of others', () => {
    expect(fingerprintOf(one)).toMatchInlineSnapshot(`"cd105e9b6d962508d5edc9ab9712a8dd"`);
  });
});
