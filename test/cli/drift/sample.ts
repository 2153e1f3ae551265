import type { DriftReport, Finding, UnreadOwner } from '../../../src/core/drift/report.ts';

/** A name that tries to be everything but a name: Markdown, HTML, XML, a mention, a link, a terminal's command. */
export const HOSTILE =
  '| `x` | <script>alert(1)</script> @everyone <!channel> [a](javascript:b) {0} ]]> &amp; "q" \\| #1 \u001b[31m\u0000\ud800\u202e **b**';

/** A finding of the key `k1` at the address `keyform_sinch_access_key.ci`, warning `changed`. */
export function finding(more: Partial<Finding> = {}): Finding {
  return {
    kind: 'changed',
    severity: 'warning',
    stack: 'prod',
    address: 'keyform_sinch_access_key.ci',
    type: 'keyform_sinch_access_key',
    cloud: 'sinch',
    provider: 'keyform',
    owner: 'project p1',
    keyId: 'k1',
    accessKeyId: 'k1',
    generation: 1,
    deposed: false,
    name: 'ci',
    summary: 'display_name differs from the state',
    detail: 'Somebody renamed the key.',
    remedy: 'keyform apply prod',
    at: null,
    by: null,
    attributes: [],
    ignored: null,
    place: { file: 'stacks/prod/main.tf.json', path: ['resource', 'keyform_sinch_access_key', 'ci'] },
    ...more,
  };
}

/** An owner that was not read. */
export function unread(more: Partial<UnreadOwner> = {}): UnreadOwner {
  return {
    stack: 'prod',
    owner: 'service account aje1',
    type: 'keyform_yandex_api_key',
    provider: 'keyform',
    code: 'unauthorized',
    summary: 'Yandex Cloud does not accept the credential',
    detail: 'Check YC_TOKEN.',
    addresses: ['keyform_yandex_api_key.reader'],
    ...more,
  };
}

/** A report without findings about the stack `prod`. */
export function report(more: Partial<DriftReport> = {}): DriftReport {
  return {
    formatVersion: '1.0',
    stack: 'prod',
    at: '2026-11-23T04:00:00Z',
    findings: [],
    unread: [],
    credentials: [],
    coverage: { managed: 3, total: 3, ratio: 1 },
    owners: { asked: 2, read: 2 },
    addresses: ['keyform_outscale_access_key.batch["a.b"]', 'keyform_sinch_access_key.ci'],
    calls: 2,
    oldestSeconds: 86_400,
    rotationDue: 0,
    diagnostics: [],
    ...more,
  };
}

const UNMANAGED = {
  kind: 'unmanaged',
  address: null,
  generation: null,
  place: null,
  summary: 'A key is in no state of the project',
  detail: 'It was made on 2026-01-02.',
  remedy: 'keyform import -generate',
} as const;

/** One finding of each kind, an ignored one, one with a hostile name, and an owner that was not read. */
export const FULL: DriftReport = report({
  findings: [
    finding({
      attributes: [
        { name: 'display_name', before: 'ci', after: HOSTILE, sensitive: false },
        { name: 'tags', before: { team: 'a' }, after: null, sensitive: false },
        { name: 'token', before: null, after: null, sensitive: true },
      ],
      at: '2026-11-22T10:00:00Z',
      by: 'mallory',
    }),
    finding({ kind: 'gone', severity: 'error', keyId: 'k2', summary: 'The key is gone' }),
    finding({ kind: 'superseded', severity: 'error', keyId: 'k3', summary: 'A newer key is there' }),
    finding({ kind: 'secret-not-live', severity: 'error', keyId: 'k4', summary: 'The secret is not the live one' }),
    finding({ kind: 'disabled', severity: 'error', keyId: 'k5', deposed: true, summary: 'The key was disabled' }),
    finding({ kind: 'orphaned', keyId: 'k6', generation: null, summary: 'A key may have been left behind' }),
    finding({
      kind: 'expired',
      severity: 'error',
      keyId: 'k7',
      at: '2026-11-01T00:00:00Z',
      summary: 'The key has expired',
    }),
    finding({ kind: 'expiring', keyId: 'k8', at: '2026-11-25T00:00:00Z', summary: 'The key expires soon' }),
    finding({ kind: 'over-age', keyId: 'k9', summary: 'The key is 100 days old' }),
    finding({ kind: 'never-used', severity: 'note', keyId: 'k10', summary: 'The key was never used' }),
    finding({ kind: 'unused', severity: 'note', keyId: 'k11', summary: 'The key was not used for 60 days' }),
    finding({ ...UNMANAGED, keyId: 'u1', accessKeyId: 'AKIAU1', name: HOSTILE }),
    finding({
      ...UNMANAGED,
      keyId: 'u2',
      accessKeyId: '',
      name: null,
      ignored: { pattern: 'owner "project p1"', reason: 'legacy | until moved', until: '2027-01-01' },
    }),
  ],
  unread: [unread()],
  coverage: { managed: 5, total: 6, ratio: 5 / 6 },
  owners: { asked: 3, read: 2 },
  diagnostics: [{ severity: 'warning', summary: 'A rule no longer holds', detail: 'It ended on 2026-01-01.' }],
});

/** Three reports: everything, nothing wrong, nothing there. */
export const REPORTS: readonly DriftReport[] = [
  FULL,
  report({ stack: 'quiet' }),
  report({
    stack: 'empty',
    addresses: [],
    coverage: { managed: 0, total: 0, ratio: null },
    owners: { asked: 0, read: 0 },
    oldestSeconds: null,
  }),
];
