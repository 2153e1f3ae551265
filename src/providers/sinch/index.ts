import type { Cloud } from '../../core/provider.ts';
import { argumentSpecs, attributeSpecs, CAPABILITIES, settingSpecs } from './schema.ts';

/** Sinch: the access keys (OAuth2 client id and secret) that nearly every Sinch API is called with. */
export const sinch: Cloud = {
  name: 'sinch',
  title: 'Sinch',
  get settings() {
    return settingSpecs();
  },
  resources: [
    {
      type: 'keyform_sinch_access_key',
      description:
        'An access key of a Sinch project (Access Keys Management API v1): the pair of key id and key secret that is exchanged for OAuth2 tokens, or sent as HTTP Basic, to call other Sinch APIs. It cannot be disabled and does not expire; a deleted key gets no new token at once, while tokens already given out may work for up to one more minute.',
      get arguments() {
        return argumentSpecs();
      },
      get attributes() {
        return attributeSpecs();
      },
      owner: { word: 'project', arguments: ['project_id'] },
      capabilities: CAPABILITIES,
      told: { changedAt: 'updated_at' },
      // Source: Sinch's SDKs for Java, Node.js and Python, whose examples and configuration read these three.
      credential: {
        environment: { id: 'SINCH_KEY_ID', secret: 'SINCH_KEY_SECRET' },
        beside: { project_id: 'SINCH_PROJECT_ID' },
      },
      example: {
        project_id: '6f1c2a9e-4b7d-4e0c-9d35-8a2f7c51b640',
        display_name: 'billing service',
        keepers: { month: '2026-11' },
      },
    },
  ],
  async connect(settings, ports) {
    const { connect } = await import('./resource.ts');
    return connect(settings, ports);
  },
  async emulator() {
    const { emulator, options } = await import('./emulator.ts');
    return { start: emulator, options };
  },
};
