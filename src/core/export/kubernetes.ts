import { KeyformError } from '../error.ts';
import type { Variable } from './variable.ts';

/** A DNS subdomain, as names of Secrets are (source: Kubernetes documentation, "Object Names and IDs"). */
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** A DNS label, as names of namespaces are. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * A Kubernetes Secret (v1, Opaque) in YAML, one entry for each variable, so that `envFrom` gives them to a container under these names. Throws
 * `invalid-usage` for a name or a namespace that Kubernetes does not take.
 */
export function kubernetesSecret(
  variables: readonly Variable[],
  { name, namespace }: { readonly name: string | null; readonly namespace: string | null },
): string {
  if (name === null) {
    throw new KeyformError('invalid-usage', 'A Kubernetes Secret needs a name', { detail: 'Say -name=NAME.' });
  }
  refuse('-name', name, SUBDOMAIN, 'lower-case letters, digits, "-" and ".", at most 253 characters');
  if (namespace !== null) refuse('-namespace', namespace, LABEL, 'lower-case letters, digits and "-", at most 63');
  // In quotes, because names and base64 may read as numbers or booleans: 1234, true, and for some readers NO.
  const quote = (text: string) => JSON.stringify(text);
  return [
    'apiVersion: v1',
    'kind: Secret',
    'metadata:',
    `  name: ${quote(name)}`,
    ...(namespace === null ? [] : [`  namespace: ${quote(namespace)}`]),
    'type: Opaque',
    'data:',
    ...variables.map(
      (variable) => `  ${quote(variable.name)}: ${quote(Buffer.from(variable.value, 'utf8').toString('base64'))}`,
    ),
    '',
  ].join('\n');
}

function refuse(flag: string, value: string, pattern: RegExp, what: string): void {
  if (pattern.test(value)) return;
  throw new KeyformError('invalid-usage', `${flag} is no name that Kubernetes takes: "${value.slice(0, 63)}"`, {
    detail: `It consists of ${what}, and begins and ends with a letter or a digit.`,
  });
}
