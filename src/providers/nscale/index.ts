import { AWS_CREDENTIAL } from '../../core/credential.ts';
import { textOrNull } from '../../core/json.ts';
import type { Cloud } from '../../core/provider.ts';
import { argumentSpecs, attributeSpecs, CAPABILITIES, completeKey, settingSpecs } from './schema.ts';

/** Nscale: the S3 access keys of object storage endpoints (Storage Service API v1). */
export const nscale: Cloud = {
  name: 'nscale',
  title: 'Nscale',
  get settings() {
    return settingSpecs();
  },
  resources: [
    {
      type: 'keyform_nscale_access_key',
      description:
        'An access key of an Nscale object storage endpoint (Storage Service API v1): the pair of S3 key id and secret that clients sign with. Nothing about a living key can change, it cannot be disabled and it does not expire; a new key is provisioned for a while before it works.',
      get arguments() {
        return argumentSpecs();
      },
      get attributes() {
        return attributeSpecs();
      },
      owner: { word: 'endpoint', arguments: ['endpoint_id'] },
      capabilities: CAPABILITIES,
      told: { changedAt: 'updated_at', changedBy: 'updated_by', createdBy: 'created_by' },
      credential: AWS_CREDENTIAL,
      // https://github.com/nscaledev/terraform-provider-nscale, v1.4.0: the import id is ENDPOINT/ID, `id` the second part of it.
      terraform: {
        type: 'nscale_object_storage_access_key',
        id: ({ id }) => textOrNull(id),
        secret: 'secret',
        encrypted: null,
        arguments: ({ endpoint_id, name, description, identity_policy }) => ({
          endpoint_id: textOrNull(endpoint_id),
          name: textOrNull(name),
          description: textOrNull(description),
          identity_policy: textOrNull(identity_policy),
        }),
      },
      example: {
        endpoint_id: 'a64f9269-36e0-4312-b8d1-52d93d569b7b',
        name: 'nightly-backup',
        description: 'What the nightly backup writes with',
        tags: { team: 'storage' },
        identity_policy: 'bucket-admin',
      },
      complete: completeKey,
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
