import type { FindingKind } from '../../../core/drift/report.ts';

/** What there is to say of a kind of finding, whatever the key. */
export interface Rule {
  /** In capitals-and-no-spaces, as SARIF names rules. */
  readonly name: string;
  /** A few words, a capital first, no full stop. */
  readonly title: string;
  /** What it means and what to do, in full sentences. Plain text that is harmless in Markdown. */
  readonly help: string;
  /** How grave it usually is: a finding says for itself. */
  readonly level: 'error' | 'warning';
}

/** By kind of finding. */
export const RULES: Readonly<Record<FindingKind, Rule>> = {
  gone: {
    name: 'KeyGone',
    title: 'A key is gone',
    help: 'The state holds a key that its API no longer has: somebody deleted it. Whoever uses it is refused. Run "keyform apply" to have a new one made.',
    level: 'error',
  },
  superseded: {
    name: 'KeySuperseded',
    title: 'A newer key has taken the place of this one',
    help: 'The key in state is gone, and a newer one just like it is there and in no state. The state may be an older copy: look at "keyform state history" and "keyform state restore" before anything is applied.',
    level: 'error',
  },
  'secret-not-live': {
    name: 'SecretNotLive',
    title: 'The secret in state is no longer the live one',
    help: 'Somebody gave the key another secret. Whoever uses the one from the state is refused. Run "keyform rotate -force ADDRESS" to have a key made whose secret is known.',
    level: 'error',
  },
  disabled: {
    name: 'KeyDisabled',
    title: 'A key was disabled',
    help: 'Somebody other than Keyform disabled the key. Find out why before it is enabled again: "keyform apply" enables it.',
    level: 'error',
  },
  changed: {
    name: 'KeyChanged',
    title: 'A key was changed',
    help: 'Attributes of the key differ from what the state remembers. "keyform apply" puts back what the stack says; "keyform apply -refresh-only" takes over what the API says.',
    level: 'warning',
  },
  orphaned: {
    name: 'KeyOrphaned',
    title: 'A key may have been left behind',
    help: 'An attempt to create a key was interrupted, and this key appeared since, recorded by nobody. Run "keyform plan": it says what to do with it.',
    level: 'warning',
  },
  expired: {
    name: 'KeyExpired',
    title: 'A key has expired',
    help: 'The end of the life of the key has passed, and its API refuses it. Run "keyform rotate" to have a new one made.',
    level: 'error',
  },
  expiring: {
    name: 'KeyExpiring',
    title: 'A key expires soon',
    help: 'Run "keyform rotate" in time, or declare rotation with before_expiry, so that the next scheduled run does it.',
    level: 'warning',
  },
  'over-age': {
    name: 'KeyOverAge',
    title: 'A key is older than allowed',
    help: 'The key is older than its rotation policy, or the longest age that was asked for, allows. Run "keyform rotate".',
    level: 'warning',
  },
  'never-used': {
    name: 'KeyNeverUsed',
    title: 'A key was never used',
    help: 'The API knows of no use of the key. A key that nobody needs is a risk without a benefit: take it out of the stack.',
    level: 'warning',
  },
  unused: {
    name: 'KeyUnused',
    title: 'A key is no longer used',
    help: 'The API has seen no use of the key for longer than was asked for. A key that nobody needs is a risk without a benefit: take it out of the stack.',
    level: 'warning',
  },
  unmanaged: {
    name: 'KeyUnmanaged',
    title: 'A key is not managed',
    help: 'No state of the project holds the key: somebody made it by hand, or another tool did. Import it, delete it, or tell why it is left alone in context.keyform.unmanaged of cdktf.json.',
    level: 'warning',
  },
};
