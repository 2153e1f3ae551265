import type { Cloud } from '../../core/provider.ts';
import { ARGUMENTS, ATTRIBUTES, CAPABILITIES, SETTINGS } from './schema.ts';

/** Sinch: the access keys (OAuth2 client id and secret) that nearly every Sinch API is called with. */
export const sinch: Cloud = {
  name: 'sinch',
  title: 'Sinch',
  settings: SETTINGS,
  resources: [
    {
      type: 'keyform_sinch_access_key',
      description:
        'An access key of a Sinch project (Access Keys Management API v1): the pair of key id and key secret that is exchanged for OAuth2 tokens, or sent as HTTP Basic, to call other Sinch APIs. It cannot be disabled and does not expire; a deleted key gets no new token at once, while tokens already given out may work for up to one more minute.',
      arguments: ARGUMENTS,
      attributes: ATTRIBUTES,
      capabilities: CAPABILITIES,
    },
  ],
  async connect(settings, ports) {
    const { connect } = await import('./resource.ts');
    return connect(settings, ports);
  },
  async emulator() {
    const { emulator } = await import('./emulator.ts');
    return emulator;
  },
};
