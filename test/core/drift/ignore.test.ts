import { describe, expect, it } from 'vitest';
import { type IgnoreRule, judgeUnmanaged } from '../../../src/core/drift/ignore.ts';
import type { Finding } from '../../../src/core/drift/report.ts';
import { isKeyformError } from '../../../src/core/error.ts';
import { openProject } from '../../../src/engine/project.ts';
import { MemoryDisk } from '../../state/memory.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');

function unmanaged(over: Partial<Finding> = {}): Finding {
  return {
    kind: 'unmanaged',
    severity: 'warning',
    stack: 'main',
    address: null,
    type: 'keyform_acme_key',
    cloud: 'acme',
    provider: 'keyform',
    owner: 'project p1',
    keyId: 'id-1',
    accessKeyId: 'AK1',
    generation: null,
    deposed: false,
    name: 'legacy/ci (old)',
    summary: '',
    detail: '',
    remedy: '',
    at: null,
    by: null,
    attributes: [],
    ignored: null,
    place: null,
    ...over,
  };
}

function ignored(rule: Partial<IgnoreRule>, over: Partial<Finding> = {}): boolean {
  const whole = { reason: 'why', until: '2026-12-31', ...rule };
  const { findings } = judgeUnmanaged([unmanaged(over)], { mode: 'report', ignore: [whole] }, NOW);
  return findings[0]?.ignored !== null;
}

describe('a rule', () => {
  it.each<[Partial<IgnoreRule>, boolean]>([
    [{ name: 'legacy/ci (old)' }, true],
    [{ name: 'legacy/ci' }, false],
    [{ name: 'Legacy/*' }, false],
    [{ name: 'legacy/*' }, true],
    [{ name: '*(old)' }, true],
    [{ name: 'l*ci*d)' }, true],
    [{ name: 'l*(old)*)' }, false],
    [{ name: '*' }, true],
    [{ name: '**' }, true],
    [{ name: '.*' }, false],
    [{ type: 'keyform_*_key', owner: 'project *' }, true],
    [{ type: 'keyform_*_key', owner: 'user *' }, false],
    [{ id: 'id-1' }, true],
    [{ id: 'AK*' }, true],
    [{ id: 'AK2' }, false],
  ])('%j: %s', (rule, expected) => {
    expect(ignored(rule)).toBe(expected);
  });

  it('for names passes over a key without one, and an empty id is nobody', () => {
    expect(ignored({ name: '*' }, { name: null })).toBe(false);
    expect(ignored({ id: '*x' }, { accessKeyId: '' })).toBe(false);
    expect(ignored({ name: 'aa*aa' }, { name: 'aaa' })).toBe(false);
  });

  it('leaves other findings alone', () => {
    expect(ignored({ type: '*' }, { kind: 'orphaned' })).toBe(false);
  });

  it('holds through its last day, in UTC', () => {
    const at = (now: string) =>
      judgeUnmanaged(
        [unmanaged()],
        { mode: 'fail', ignore: [{ name: '*', reason: 'why', until: '2026-06-15' }] },
        Date.parse(now),
      );
    expect(at('2026-06-15T23:59:59.999Z').findings[0]).toMatchObject({ severity: 'note', ignored: { reason: 'why' } });
    const over = at('2026-06-16T00:00:00Z');
    expect(over.findings[0]).toMatchObject({ severity: 'error', ignored: null });
    expect(over.diagnostics).toHaveLength(1);
    expect(over.diagnostics[0]?.detail).toContain('It held until 2026-06-15 for name "*" ("why")');
  });

  it('that is over is not told of while another holds, nor where nothing fits', () => {
    const rules = [
      { name: '*', reason: 'old', until: '2026-01-01' },
      { owner: 'project p1', reason: 'new', until: '2026-12-31' },
    ];
    expect(judgeUnmanaged([unmanaged()], { mode: 'fail', ignore: rules }, NOW)).toMatchObject({
      findings: [{ ignored: { reason: 'new' } }],
      diagnostics: [],
    });
    expect(judgeUnmanaged([], { mode: 'fail', ignore: rules }, NOW).diagnostics).toEqual([]);
  });

  it('of a hundred stars is fast on any name', () => {
    const rule = { name: `${'a*'.repeat(100)}b` };
    const began = process.cpuUsage().user;
    expect(ignored(rule, { name: 'a'.repeat(100_000) })).toBe(false);
    expect(process.cpuUsage().user - began).toBeLessThan(2_000_000);
  });
});

describe('context.keyform.unmanaged', () => {
  async function settings(unmanaged: unknown) {
    const disk = new MemoryDisk();
    await disk.replace('/p/cdktf.json', Buffer.from(JSON.stringify({ context: { keyform: { unmanaged } } })), 0o644);
    try {
      return (await openProject('/p', disk)).settings.unmanaged;
    } catch (error) {
      if (!isKeyformError(error, 'invalid-configuration')) throw error;
      return `${error.message}: ${error.detail.split(' Settings of Keyform')[0]}`;
    }
  }

  it('takes a mode, or an object', async () => {
    expect(await settings(undefined)).toBe('report');
    expect(await settings('fail')).toBe('fail');
    const rule = { owner: 'project *', reason: 'why', until: '2027-01-01' };
    expect(await settings({ ignore: [rule] })).toEqual({ mode: 'report', ignore: [rule] });
  });

  it.each<[unknown, RegExp]>([
    ['ignore', /at "context\.keyform\.unmanaged": It must be "report", "fail" or an object/],
    [{ mode: 'ignore' }, /at "context\.keyform\.unmanaged\.mode": /],
    [{ ingore: [] }, /at "context\.keyform\.unmanaged": Unrecognized key: "ingore"\. Did you mean "ignore"\?/],
    [{ ignore: [{ reason: 'a', until: '2027-01-01' }] }, /unmanaged\.ignore\[0\]": It must name at least one of type/],
    [{ ignore: [{ name: '*', until: '2027-01-01' }] }, /unmanaged\.ignore\[0\]\.reason": /],
    [{ ignore: [{ name: '*', reason: ' ', until: '2027-01-01' }] }, /ignore\[0\]\.reason": It must say why/],
    [{ ignore: [{ name: '*', reason: 'a' }] }, /unmanaged\.ignore\[0\]\.until": /],
    [{ ignore: [{ name: '*', reason: 'a', until: '2027-02-30' }] }, /until": It must be a day, such as "2027-01-31"/],
    [
      { ignore: [{ nmae: '*', reason: 'a', until: '2027-01-01' }] },
      /ignore\[0\]": Unrecognized key: "nmae"\. Did you mean "name"\?/,
    ],
  ])('refuses %j', async (value, message) => {
    expect(await settings(value)).toMatch(message);
  });
});
