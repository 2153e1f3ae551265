import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { type DriftOutput, driftOutput, driftOutputSchema } from '../../../src/core/drift/output.ts';
import {
  counts,
  countsByKind,
  type DriftReport,
  exitCodeOf,
  FINDING_KINDS,
  type Finding,
} from '../../../src/core/drift/report.ts';
import { toJsonSchema } from '../../../src/core/shape.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'schemas', 'drift_output.json');
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(file, 'utf8')),
);

function finding(over: Partial<Finding>): Finding {
  return {
    kind: 'changed',
    severity: 'warning',
    stack: 'main',
    address: 'keyform_acme_key.a',
    type: 'keyform_acme_key',
    cloud: 'acme',
    provider: 'keyform',
    owner: 'project p1',
    keyId: 'k-1',
    accessKeyId: 'AK1',
    generation: 2,
    deposed: false,
    name: 'ci',
    summary: 'It was changed',
    detail: 'So it was.',
    remedy: 'keyform plan main',
    at: '2026-01-01T00:00:00.000Z',
    by: 'somebody',
    attributes: [
      { name: 'tags', before: { a: ['b', 1, null] }, after: null, sensitive: false },
      { name: 'password', before: null, after: null, sensitive: true },
    ],
    ignored: null,
    place: { file: 'stacks/main/main.tf.json', path: ['resource', 'keyform_acme_key', 'a'] },
    ...over,
  };
}

function report(over: Partial<DriftReport> = {}): DriftReport {
  return {
    formatVersion: '1.0',
    stack: 'main',
    at: '2026-01-01T00:00:00.000Z',
    findings: [],
    unread: [],
    credentials: [],
    coverage: { managed: 1, total: 3, ratio: 1 / 3 },
    owners: { asked: 2, read: 1 },
    addresses: ['keyform_acme_key.a'],
    calls: 3,
    oldestSeconds: null,
    rotationDue: 0,
    diagnostics: [],
    ...over,
  };
}

const WHOLE = report({
  findings: [
    ...FINDING_KINDS.map((kind) => finding({ kind, attributes: kind === 'changed' ? finding({}).attributes : [] })),
    finding({
      kind: 'unmanaged',
      severity: 'note',
      address: null,
      generation: null,
      name: null,
      at: null,
      by: null,
      place: null,
      ignored: { pattern: 'name "*"', reason: 'why', until: '2027-01-01' },
    }),
  ],
  unread: [
    {
      stack: 'main',
      owner: 'project p2',
      type: 'keyform_acme_key',
      provider: 'keyform',
      code: 'unavailable',
      summary: 'It is down',
      detail: 'Wait.',
      addresses: ['keyform_acme_key.b'],
    },
  ],
  credentials: [{ cloud: 'acme', type: 'keyform_acme_key', owner: 'project p1', keyId: 'k-0', accessKeyId: 'AK0' }],
  diagnostics: [
    { severity: 'warning', summary: 'a', detail: '' },
    { severity: 'error', summary: 'b', detail: 'c', address: 'keyform_acme_key.b', place: { file: 'x', path: [] } },
  ],
});

describe('what is printed for programs', () => {
  it('is what schemas/drift_output.json says, with every kind and every member', () => {
    for (const reports of [
      [WHOLE],
      [report(), report({ stack: 'other', coverage: { managed: 0, total: 0, ratio: null } })],
      [],
    ]) {
      const printed = JSON.parse(JSON.stringify(driftOutput(reports)));
      validate(printed);
      expect(validate.errors).toBeNull();
      expect(driftOutputSchema.parse(printed)).toEqual(printed);
    }
  });

  it('has a committed schema that is the present one', () => {
    const { $schema: _, $id: __, title, description, ...schema } = JSON.parse(readFileSync(file, 'utf8'));
    expect(schema).toEqual(toJsonSchema(driftOutputSchema));
    expect([title, description].every((text) => typeof text === 'string')).toBe(true);
  });

  it.each<[string, (output: DriftOutput) => void]>([
    [
      'a member that nobody documented',
      (output) => Object.assign(output.reports[0]?.findings[0] ?? {}, { secret: 'x' }),
    ],
    ['an unknown kind', (output) => Object.assign(output.reports[0]?.findings[0] ?? {}, { kind: 'odd' })],
    ['a missing coverage', (output) => delete (output.reports[0] as { coverage?: unknown }).coverage],
    ['another exit code', (output) => Object.assign(output, { exit_code: 130 })],
  ])('has a schema that refuses %s', (_, damage) => {
    const output = structuredClone(driftOutput([WHOLE]));
    damage(output);
    expect(validate(output)).toBe(false);
    expect(driftOutputSchema.safeParse(output).success).toBe(false);
  });
});

describe('the exit code', () => {
  const drift = report({ findings: [finding({})] });
  const unread = report({ unread: WHOLE.unread });
  it.each<[string, readonly DriftReport[], 0 | 1 | 2]>([
    ['nothing', [report()], 0],
    ['no stack', [], 0],
    ['drift', [report(), drift], 2],
    ['a note', [report({ findings: [finding({ severity: 'note' })] })], 0],
    [
      'what a rule leaves alone',
      [report({ findings: [finding({ severity: 'error', ignored: WHOLE.findings.at(-1)?.ignored ?? null })] })],
      0,
    ],
    ['an owner that was not read', [unread], 1],
    ['that beside drift', [drift, unread], 1],
    ['an error', [report({ diagnostics: [{ severity: 'error', summary: 'a', detail: '' }] }), drift], 1],
    ['a warning', [report({ diagnostics: [{ severity: 'warning', summary: 'a', detail: '' }] })], 0],
  ])('of %s', (_, reports, code) => {
    expect(exitCodeOf(reports)).toBe(code);
  });
});

it('counts by kind what counts', () => {
  expect(countsByKind(WHOLE.findings)).toEqual(FINDING_KINDS.map((kind) => ({ kind, count: 1 })));
  expect(WHOLE.findings.filter(counts)).toHaveLength(FINDING_KINDS.length);
});
