import type { Credential } from './credential.ts';

/** JSON by address. `access_key_id` is null while the cloud has not told it; `expires_at` for a key that does not expire. */
export function json(credentials: readonly Credential[]): string {
  const all = credentials.map(({ address, type, generation, secret }) => [
    address,
    {
      type,
      generation: generation.number,
      id: generation.id,
      access_key_id: generation.accessKeyId === '' ? null : generation.accessKeyId,
      secret: secret.reveal(),
      created_at: generation.createdAt,
      expires_at: generation.expiresAt,
    },
  ]);
  return `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`;
}
