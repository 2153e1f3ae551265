import { checkExpiry, completeExpiry } from '../../core/expiry.ts';
import { textOrNull } from '../../core/json.ts';
import type { Cloud, ResourceType } from '../../core/provider.ts';
import { argumentSpecs, attributeSpecs, DEFAULT_REQUESTS_PER_SECOND, settingSpecs } from './schema.ts';

const accessKey: ResourceType = {
  type: 'keyform_outscale_access_key',
  description: 'A 3DS OUTSCALE access key of the root user or of an EIM user (OUTSCALE API, AccessKey).',
  get arguments() {
    return argumentSpecs();
  },
  get attributes() {
    return attributeSpecs();
  },
  owner: { word: 'user', arguments: ['user_name'] },
  capabilities: {
    disable: true,
    regenerate: false,
    expiry: 'optional',
    secretReadable: false,
    name: null,
    // Ten for the root user and ten for each EIM user (source: docs.outscale.com, About Access Keys).
    quota: { keys: 10, per: 'user', perOwner: true },
    rateLimits: [{ actions: [], perSecond: DEFAULT_REQUESTS_PER_SECOND, together: true, published: false }],
    pageSize: null,
    verify: true,
    lastUsed: 'none',
    asynchronous: false,
    customId: null,
  },
  told: { changedAt: 'updated_at' },
  credential: {
    // Read by osc-cli, octl, the SDKs and the Terraform provider (source: osc-sdk-python, "Environment variables").
    environment: { id: 'OSC_ACCESS_KEY', secret: 'OSC_SECRET_KEY' },
    // A profile or a password beside a key pair is a second way to authenticate, and tools differ in which they take.
    clears: ['OSC_PROFILE', 'OSC_LOGIN', 'OSC_PASSWORD'],
    // OUTSCALE Object Storage is used with AWS's tools (source: docs.outscale.com, "Configuring AWS CLI").
    aws: true,
    documents: {
      'outscale-config': {
        describe: "Profiles of 3DS OUTSCALE's tools and SDKs, which look for them in ~/.osc/config.json.",
        profiles: true,
        // Source: osc-sdk-python and osc-cli, "Credentials files". `region` is left out: a key is good for the whole account.
        write: ({ accessKeyId, secret }) => ({ access_key: accessKeyId, secret_key: secret }),
      },
    },
  },
  // https://github.com/outscale/terraform-provider-outscale, v1.8.0. `secret_key` is not marked sensitive there.
  terraform: {
    type: 'outscale_access_key',
    id: ({ access_key_id, id }) => textOrNull(access_key_id) ?? textOrNull(id),
    secret: 'secret_key',
    encrypted: null,
    arguments: ({ user_name, tag, expiration_date, state }) => ({
      user_name: textOrNull(user_name),
      tag: textOrNull(tag),
      expires_at: textOrNull(expiration_date),
      enabled: state === 'INACTIVE' ? false : null,
    }),
  },
  example: { user_name: 'backup', tag: 'nightly backup', expires_in: '90d' },
  complete: completeExpiry,
  check: checkExpiry,
};

/** 3DS OUTSCALE: access keys over the OUTSCALE API v1 (facts as of API 1.40.1). */
export const outscale: Cloud = {
  name: 'outscale',
  title: '3DS OUTSCALE',
  get settings() {
    return settingSpecs();
  },
  resources: [accessKey],
  async connect(settings, ports) {
    const { connectOutscale } = await import('./resource.ts');
    return connectOutscale(settings, ports);
  },
  async emulator() {
    const { outscaleEmulator, options } = await import('./emulator.ts');
    return { start: outscaleEmulator, options };
  },
};
