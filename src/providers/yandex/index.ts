import { AWS_CREDENTIAL } from '../../core/credential.ts';
import { completeExpiry } from '../../core/expiry.ts';
import { textOrNull } from '../../core/json.ts';
import type { Cloud } from '../../core/provider.ts';
import { printedKey } from './printed.ts';
import {
  API_KEY_CAPABILITIES,
  apiKeyArguments,
  apiKeyAttributes,
  checkApiKey,
  STATIC_KEY_CAPABILITIES,
  settingSpecs,
  showsSecret,
  staticKeyArguments,
  staticKeyAttributes,
} from './schema.ts';

const owner = { word: 'service account', arguments: ['service_account_id'] } as const;

/** Yandex Cloud: API keys and AWS-compatible static access keys of service accounts (IAM API v1). */
export const yandex: Cloud = {
  name: 'yandex',
  title: 'Yandex Cloud',
  get settings() {
    return settingSpecs();
  },
  resources: [
    {
      type: 'keyform_yandex_api_key',
      description:
        'An API key of a service account (Yandex Cloud IAM, ApiKey), sent as `Authorization: Api-Key` to services that take one. It cannot be disabled; it may expire.',
      get arguments() {
        return apiKeyArguments();
      },
      get attributes() {
        return apiKeyAttributes();
      },
      owner,
      capabilities: API_KEY_CAPABILITIES,
      credential: {
        // Source: Yandex AI Studio SDK, APIKeyAuth. The id is never sent.
        environment: { id: null, secret: 'YC_API_KEY' },
        documents: { 'yc-key': printedKey('api_key') },
      },
      // https://github.com/yandex-cloud/terraform-provider-yandex, 2026-08-22.
      terraform: {
        type: 'yandex_iam_service_account_api_key',
        id: ({ id }) => textOrNull(id),
        secret: 'secret_key',
        encrypted: 'encrypted_secret_key',
        arguments: ({ service_account_id, description, scopes, expires_at }) => ({
          service_account_id: textOrNull(service_account_id),
          description: textOrNull(description),
          scopes: Array.isArray(scopes) && scopes.length > 0 ? scopes : null,
          expires_at: textOrNull(expires_at),
        }),
      },
      example: {
        service_account_id: 'ajevision00000000000',
        description: 'vision of the mobile app',
        scopes: ['yc.ai.vision.execute'],
        expires_in: '90d',
      },
      complete: completeExpiry,
      check: checkApiKey,
      shows: showsSecret,
    },
    {
      type: 'keyform_yandex_static_access_key',
      description:
        'A static access key of a service account (Yandex Cloud IAM, AWS-compatible AccessKey), with which clients of Object Storage and other AWS-compatible services sign. `access_key_id` is what they send. It cannot be disabled and does not expire.',
      get arguments() {
        return staticKeyArguments();
      },
      get attributes() {
        return staticKeyAttributes();
      },
      owner,
      capabilities: STATIC_KEY_CAPABILITIES,
      credential: { ...AWS_CREDENTIAL, documents: { 'yc-key': printedKey('access_key') } },
      terraform: {
        type: 'yandex_iam_service_account_static_access_key',
        id: ({ id }) => textOrNull(id),
        secret: 'secret_key',
        encrypted: 'encrypted_secret_key',
        arguments: ({ service_account_id, description }) => ({
          service_account_id: textOrNull(service_account_id),
          description: textOrNull(description),
        }),
      },
      example: {
        service_account_id: 'ajestorage0000000000',
        description: 'nightly backup',
        keepers: { month: '2026-11' },
      },
    },
  ],
  async connect(settings, ports) {
    const { connect } = await import('./resource.ts');
    return connect(settings, ports);
  },
  async emulator() {
    const [{ emulator }, { options }] = await Promise.all([import('./emulator.ts'), import('./option.ts')]);
    return { start: emulator, options };
  },
};
