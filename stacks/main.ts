// The example of a TypeScript stack: the keys of a company that sends text messages and keeps its files at Outscale.
// No credential stands here: they come from the environment, or from the sandbox.

import { App, TerraformOutput, TerraformStack, TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { KeyformProvider, OutscaleAccessKey, SinchAccessKey } from 'keyform/constructs';

class Messaging extends TerraformStack {
  constructor(scope: Construct, name: string) {
    super(scope, name);

    new KeyformProvider(this, 'keyform');
    const america = new KeyformProvider(this, 'america', { alias: 'america', outscale: { region: 'us-east-2' } });

    const project = new TerraformVariable(this, 'sinch_project', {
      type: 'string',
      default: '2b1f8c6e-5d0a-4c1e-9a53-6f1d3c7e9b20',
      description: 'The Sinch project that sends.',
    });

    // The same key as in the JSON stack stacks/backup.
    const deploy = new SinchAccessKey(this, 'deploy', {
      projectId: project.stringValue,
      displayName: 'deploy',
      keepers: { month: '2026-11' },
    });

    // One key for each service that sends.
    const senders = ['billing', 'login', 'newsletter'].map(
      (service) =>
        new SinchAccessKey(this, service, { projectId: project.stringValue, displayName: `${service} service` }),
    );

    const archive = new OutscaleAccessKey(this, 'archive', {
      userName: 'archive',
      tag: `archives what ${deploy.accessKeyId} sends`,
      rotation: { every: '90d', overlap: '24h', disableFor: '7d' },
    });

    // Spare: it exists, and works only once `enabled` is true.
    new OutscaleAccessKey(this, 'spare', {
      userName: 'archive',
      tag: 'spare',
      enabled: false,
      provider: america,
      dependsOn: [archive],
    });

    new TerraformOutput(this, 'sender_ids', { value: senders.map((sender) => sender.accessKeyId) });
    new TerraformOutput(this, 'archive_id', {
      value: archive.accessKeyId,
      description: 'Id that the archive signs with.',
    });
    new TerraformOutput(this, 'archive_secret', { value: archive.secret, sensitive: true });
  }
}

const app = new App();
new Messaging(app, 'messaging');
app.synth();
