import type { Cloud, ResourceType } from '../../core/provider.ts';
import { ACCESS_KEY_ARGUMENTS, ACCESS_KEY_ATTRIBUTES, checkAccessKey, completeAccessKey, SETTINGS } from './schema.ts';

const accessKey: ResourceType = {
  type: 'keyform_outscale_access_key',
  description: 'A 3DS OUTSCALE access key of the root user or of an EIM user (OUTSCALE API, AccessKey).',
  arguments: ACCESS_KEY_ARGUMENTS,
  attributes: ACCESS_KEY_ATTRIBUTES,
  capabilities: {
    disable: true,
    expiry: 'optional',
    secretReadable: false,
    name: null,
    // Ten for the root user and ten for each EIM user (source: docs.outscale.com, About Access Keys).
    quotaPerOwner: 10,
    verify: true,
    lastUsed: false,
    asynchronous: false,
    customIds: false,
  },
  complete: completeAccessKey,
  check: checkAccessKey,
};

/** 3DS OUTSCALE: access keys over the OUTSCALE API v1 (facts as of API 1.40.1). */
export const outscale: Cloud = {
  name: 'outscale',
  title: '3DS OUTSCALE',
  settings: SETTINGS,
  resources: [accessKey],
  async connect(settings, ports) {
    const { connectOutscale } = await import('./resource.ts');
    return connectOutscale(settings, ports);
  },
  async emulator() {
    return (await import('./emulator.ts')).outscaleEmulator;
  },
};
