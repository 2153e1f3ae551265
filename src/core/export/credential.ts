import { parseAddress } from '../address.ts';
import { KeyformError } from '../error.ts';
import type { CredentialForm } from '../provider.ts';
import type { Secret } from '../secret.ts';
import type { Generation } from '../state.ts';

/** A key of state with its secret, on its way to a consumer. */
export interface Credential {
  readonly address: string;
  readonly type: string;
  readonly generation: Generation;
  readonly secret: Secret;
  /** How programs take it; null where the vendor's tools have no names for it. */
  readonly form: CredentialForm | null;
}

/**
 * The name of a key among others: that of its resource, with the instance's key behind it. Without the module, so two may be
 * equal.
 */
export function nameOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null) return address;
  return parsed.key === null ? parsed.name : `${parsed.name}-${parsed.key}`;
}

/** {@link nameOf} as a part of a variable's name: capitals, digits and `_`. */
export function variableName(address: string): string {
  return nameOf(address)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_');
}

/** The id that a client sends. Throws `invalid-state` for a key whose API has not told it yet. */
export function sentId({ address, generation }: Credential): string {
  if (generation.accessKeyId !== '') return generation.accessKeyId;
  throw new KeyformError('invalid-state', `The id that a client of ${address} sends is not known yet`, {
    detail: 'The cloud was still setting the key up when it was last seen. Run "keyform apply" to look again.',
  });
}
