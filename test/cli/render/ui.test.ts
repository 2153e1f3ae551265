import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Progress, progressText, textProgress } from '../../../src/cli/render/progress.ts';
import { UiStream } from '../../../src/cli/render/ui.ts';
import type { StepKind } from '../../../src/core/plan/plan.ts';
import type { ApplyEvent } from '../../../src/engine/walk.ts';
import { OUTSCALE, PLANS, plan, SINCH, step } from './plans.ts';

const START = Date.parse('2026-03-04T05:06:07.000Z');
const clock = { now: () => START, sleep: () => Promise.resolve() };
const golden = (name: string) => fileURLToPath(new URL(`../../golden/render/${name}`, import.meta.url));

function stream(): { ui: UiStream; lines: string[] } {
  const lines: string[] = [];
  return { ui: new UiStream((line) => lines.push(line), clock, '0.1.0'), lines };
}

const KINDS: readonly StepKind[] = ['create', 'rotate', 'verify', 'update', 'enable', 'disable', 'delete', 'recover'];

const EVENTS: ApplyEvent[] = KINDS.flatMap((kind): ApplyEvent[] => {
  const keyId = kind === 'create' || kind === 'rotate' || kind === 'verify' ? null : 'k-1';
  const each = step(kind, `${SINCH}.${kind}`, { keyId });
  return [
    { kind: 'started', step: each, at: START },
    { kind: 'done', step: each, at: START + 1400, keyId: 'k-1' },
    { kind: 'started', step: each, at: START },
    { kind: 'failed', step: each, at: START + 3_725_000, diagnostics: [] },
    { kind: 'skipped', step: each, at: START },
  ];
});

for (const event of ['started', 'done'] as const)
  EVENTS.push({
    kind: event,
    step: step('read', `data.${SINCH}s.read`, { type: SINCH }),
    at: START,
    ...(event === 'done' ? { keyId: null } : {}),
  } as ApplyEvent);

describe('the machine-readable stream', () => {
  test.each(Object.keys(PLANS))('of the plan "%s"', async (name) => {
    const { ui, lines } = stream();
    const value = PLANS[name] ?? plan();
    ui.version();
    ui.refresh(1, 2);
    ui.driftAndChanges(value);
    for (const diagnostic of value.diagnostics) ui.diagnostic(diagnostic);
    ui.changeSummary(value, 'plan');
    ui.outputs(value);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden(`ui-${name.replaceAll(' ', '-')}.jsonl`));
  });

  test('of an apply', async () => {
    const { ui, lines } = stream();
    for (const event of EVENTS) ui.apply(event);
    ui.progress(step('delete', `${OUTSCALE}.ci["a"]`, { keyId: 'AKIA1' }), 10);
    ui.progress(step('create', `${OUTSCALE}.ci[0]`), 70);
    ui.outputs({
      b: { value: ['x', 1, { k: null }], sensitive: false },
      a: { value: { key: 'CANARY' }, sensitive: true },
    });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('ui-apply.jsonl'));
  });

  test('tells of a command in messages of its own, also in a module', () => {
    const { ui, lines } = stream();
    const run = step('run', 'module.a["x"].null_resource.hook[0]', {
      type: 'null_resource',
      keyId: 'k-1',
      provisioner: 0,
    });
    ui.apply({ kind: 'started', step: run, at: START });
    ui.apply({ kind: 'output', step: run, at: START, line: '\u001b[1mbold\u001b[0m\t\u202eturned' });
    ui.apply({ kind: 'failed', step: run, at: START, diagnostics: [] });
    ui.apply({ kind: 'skipped', step: run, at: START });
    const address = 'module.a["x"].null_resource.hook[0]';
    expect(lines.map((line) => JSON.parse(line)).map((m) => [m.type, m['@message'], m.hook.output])).toEqual([
      ['provision_start', `${address}: Provisioning with 'local-exec'...`, undefined],
      // What a terminal would act on is for programs only.
      ['provision_progress', `${address}: (local-exec): bold\t\\u202eturned`, '\u001b[1mbold\u001b[0m\t\u202eturned'],
      ['provision_errored', `${address}: (local-exec) Provisioning errored`, undefined],
      ['log', `${address}: (local-exec) Provisioning skipped`, undefined],
    ]);
    expect(JSON.parse(lines[0] ?? '').hook).toEqual({
      resource: {
        addr: address,
        module: 'module.a["x"]',
        resource: 'null_resource.hook[0]',
        implied_provider: 'null',
        resource_type: 'null_resource',
        resource_name: 'hook',
        resource_key: 0,
      },
      provisioner: 'local-exec',
      step: 'run',
    });
  });

  test('an output named "steps" is an output', () => {
    const { ui, lines } = stream();
    ui.outputs({ steps: { value: [], sensitive: false } });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outputs: { steps: { type: ['tuple', []], value: [] } } });
  });

  test('counts what an apply has done: a rename on the way to a new key is no change of its own', () => {
    const { ui, lines } = stream();
    const done = [
      step('update', `${SINCH}.a`),
      step('rotate', `${SINCH}.a`),
      step('verify', `${SINCH}.a`),
      step('delete', `${SINCH}.a`),
      step('recover', `${SINCH}.b`),
      step('create', `${SINCH}.b`),
      step('update', `${SINCH}.c`),
      step('disable', `${SINCH}.c`),
    ];
    const result = { done, failed: [step('create', `${SINCH}.d`)], skipped: [], diagnostics: [], cancelled: false };
    ui.changeSummary(result, 'apply');
    ui.changeSummary(result, 'destroy');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        '@message': 'Apply complete! Resources: 2 added, 1 changed, 2 destroyed.',
        changes: { add: 2, change: 1, import: 0, remove: 2, operation: 'apply' },
      },
      { '@message': 'Destroy complete! Resources: 2 destroyed.', changes: { operation: 'destroy' } },
    ]);
  });
});

describe('progress for people', () => {
  test('has a line for each thing that happens to each kind of step', async () => {
    const text = EVENTS.map((event) => progressText(event, START)).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(golden('progress.txt'));
  });

  test('tells of steps that take long until they end, and of no other', () => {
    const lines: string[] = [];
    const timers = new Set<() => void>();
    const tick = () => {
      for (const action of timers) action();
    };
    const progress = new Progress(
      textProgress((line) => lines.push(line)),
      (ms, action) => {
        expect(ms).toBe(10_000);
        timers.add(action);
        return () => timers.delete(action);
      },
    );
    const slow = step('delete', `${SINCH}.slow`, { keyId: 'k-1' });
    const quick = step('create', `${SINCH}.quick`);
    progress.event({ kind: 'started', step: slow, at: START });
    progress.event({ kind: 'started', step: quick, at: START + 8000 });
    progress.event({ kind: 'done', step: quick, at: START + 9000, keyId: 'k-2' });
    for (let i = 0; i < 7; i++) tick();
    progress.event({ kind: 'failed', step: slow, at: START + 75_000, diagnostics: [] });
    tick();
    expect(timers.size).toBe(0);
    expect(lines).toEqual([
      `${SINCH}.slow: Destroying... [id=k-1]`,
      `${SINCH}.quick: Creating...`,
      `${SINCH}.quick: Creation complete after 1s [id=k-2]`,
      ...['10s', '20s', '30s', '40s', '50s', '1m0s', '1m10s'].map(
        (elapsed) => `${SINCH}.slow: Still destroying... [id=k-1, ${elapsed} elapsed]`,
      ),
      `${SINCH}.slow: Destruction errored after 1m15s`,
    ]);
  });

  test('shows what a command prints, and lets its time be told meanwhile', () => {
    const lines: string[] = [];
    let tick = () => {};
    const progress = new Progress(
      textProgress((line) => lines.push(line)),
      (_, action) => {
        tick = action;
        return () => {};
      },
    );
    const run = step('run', 'null_resource.x', { keyId: 'k-1', provisioner: 0 });
    progress.event({ kind: 'started', step: run, at: START });
    tick();
    progress.event({ kind: 'output', step: run, at: START + 11_000, line: 'a\tb \u001b[2J' });
    tick();
    progress.event({ kind: 'done', step: run, at: START + 21_000, keyId: 'k-1' });
    expect(lines).toEqual([
      "null_resource.x: Provisioning with 'local-exec'...",
      'null_resource.x: Still provisioning... [id=k-1, 10s elapsed]',
      'null_resource.x (local-exec): a\tb \\u001b[2J',
      'null_resource.x: Still provisioning... [id=k-1, 20s elapsed]',
    ]);
  });

  test('stops all its timers', () => {
    let running = 0;
    const progress = new Progress(
      textProgress(() => {}),
      () => {
        running += 1;
        return () => {
          running -= 1;
        };
      },
    );
    progress.event({ kind: 'started', step: step('create', `${SINCH}.a`), at: START });
    progress.event({ kind: 'started', step: step('create', `${SINCH}.b`), at: START });
    expect(running).toBe(2);
    progress.stop();
    expect(running).toBe(0);
  });
});
