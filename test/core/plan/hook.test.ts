import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { Lab } from './lab.ts';

const stack = (trigger: string): Json => ({
  resource: {
    keyform_sinch_access_key: { a: { project_id: 'p1', display_name: 'a', keepers: { t: trigger } } },
    null_resource: {
      hook: {
        triggers: { key: '${keyform_sinch_access_key.a.id}' },
        provisioner: [
          { 'local-exec': { command: 'true', environment: { S: '${keyform_sinch_access_key.a.secret}' } } },
        ],
      },
    },
  },
});

describe('a resource whose command never ran', () => {
  it('is made anew by the next apply, wherever the run ended', async () => {
    const lab = await Lab.open();
    // Everything from the command on is lost, as when the process is killed in it.
    await lab.apply(stack('1'), { drop: (entry) => entry.kind === 'tainted' });
    expect(lab.state.resources.get('null_resource.hook')?.tainted).toBe(
      'the commands that belong to its making have not run',
    );
    const plan = await lab.plan(stack('1'));
    expect(plan.steps.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^delete null_resource\.hook /),
      'rotate null_resource.hook',
      'run null_resource.hook create0',
    ]);
  });

  it('goes before the key that its own replaced, which waits until it has run', async () => {
    const lab = await Lab.open();
    await lab.apply(stack('1'), { drop: (entry) => entry.kind === 'tainted' });
    const plan = await lab.plan(stack('2'));
    const last = plan.steps.find(({ kind, type }) => kind === 'delete' && type === 'keyform_sinch_access_key');
    expect(last?.after).toContain('run null_resource.hook create0');
  });

  it('is refused at once where its command line would show a secret', async () => {
    const lab = await Lab.open();
    const open = stack('1') as { resource: { null_resource: { hook: { provisioner: Json } } } };
    open.resource.null_resource.hook.provisioner = {
      'local-exec': { command: 'echo ${keyform_sinch_access_key.a.secret}' },
    };
    const plan = await lab.plan(open as unknown as Json);
    expect(plan.blocked).toBe(true);
    expect(plan.diagnostics).toMatchObject([
      { summary: 'Sensitive value in "command" of a provisioner', place: { column: 8 }, address: 'null_resource.hook' },
    ]);
  });
});
