import type { Json } from '../../core/json.ts';
import type { CredentialDocument } from '../../core/provider.ts';

/**
 * What `yc iam api-key create --format=json` and `yc iam access-key create --format=json` print, for scripts that go on from there:
 * the API's own message of the key in snake case, without what is not set, and the secret beside it (source: ApiKey.Create and
 * AccessKey.Create of the IAM API; Yandex Cloud documentation, "Creating an API key"). `yc` itself reads no such file: it authenticates
 * by authorized keys, which are key pairs and no access keys.
 */
export function printedKey(word: 'api_key' | 'access_key'): CredentialDocument {
  return {
    describe: `What \`yc iam ${word.replace('_', '-')} create --format=json\` prints, for scripts that read that.`,
    profiles: false,
    write: ({ id, accessKeyId, secret, args, createdAt, expiresAt }) => {
      const fields: Record<string, Json> = {
        id,
        service_account_id: args.service_account_id ?? null,
        created_at: createdAt,
        description: args.description ?? null,
        // Of a static key, what a client sends; of an API key the secret alone is sent.
        key_id: word === 'access_key' ? accessKeyId : null,
        scopes: args.scopes ?? null,
        expires_at: expiresAt,
      };
      const set = Object.entries(fields).filter(([, value]) => value !== null && value !== '');
      return { [word]: Object.fromEntries(set), secret };
    },
  };
}
