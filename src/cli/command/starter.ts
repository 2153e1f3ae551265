// The stacks that `keyform init` writes. They are examples, to be read and changed, so clouds are named here and nowhere else
// outside src/providers.

/** In Terraform's JSON syntax. */
export const JSON_STACK = {
  terraform: { required_providers: { keyform: { source: 'keyform/keyform' } } },
  provider: { keyform: {} },
  variable: {
    sinch_project: {
      type: 'string',
      default: '00000000-0000-4000-8000-000000000000',
      description: 'The Sinch project whose keys these are. Put your own here.',
    },
  },
  resource: {
    keyform_sinch_access_key: {
      ci: { project_id: '${var.sinch_project}', display_name: 'ci' },
    },
    keyform_outscale_access_key: {
      backup: { user_name: 'backup', tag: 'nightly backup', expires_in: '90d' },
    },
  },
  output: {
    ci_access_key_id: { value: '${keyform_sinch_access_key.ci.access_key_id}' },
  },
};

/** The same as a CDKTF app. */
export const TYPESCRIPT_STACK = `import { App, TerraformOutput, TerraformStack } from 'cdktf';
import { KeyformProvider, OutscaleAccessKey, SinchAccessKey } from 'keyform/constructs';

const app = new App();
const stack = new TerraformStack(app, 'main');

new KeyformProvider(stack, 'keyform');

const ci = new SinchAccessKey(stack, 'ci', {
  // The Sinch project whose keys these are. Put your own here.
  projectId: '00000000-0000-4000-8000-000000000000',
  displayName: 'ci',
});

new OutscaleAccessKey(stack, 'backup', {
  userName: 'backup',
  tag: 'nightly backup',
  expiresIn: '90d',
});

new TerraformOutput(stack, 'ci_access_key_id', { value: ci.accessKeyId });

app.synth();
`;
