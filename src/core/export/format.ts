import { KeyformError } from '../error.ts';
import type { Json } from '../json.ts';
import type { CredentialDocument, CredentialForm } from '../provider.ts';
import { didYouMean } from '../suggest.ts';
import { awsCredentials, awsProcess } from './aws.ts';
import { type Credential, sentId } from './credential.ts';
import { dockerEnv } from './dockerenv.ts';
import { dotenv } from './dotenv.ts';
import { githubEnv } from './githubenv.ts';
import { json } from './json.ts';
import { kubernetesSecret } from './kubernetes.ts';
import { profilesOf } from './profile.ts';
import { shell } from './shell.ts';
import type { Variable } from './variable.ts';

/** What an export is made of beside the keys. */
export interface ExportOptions {
  /** Of the Kubernetes Secret, or of a profile; null when not given. */
  readonly name: string | null;
  readonly namespace: string | null;
  /** For `github-env`: a new, unpredictable word. */
  readonly delimiter: string;
}

/** Formats of variables: the names are asked for, or are those of the vendor's tools. */
const OF_VARIABLES: Readonly<Record<string, (variables: readonly Variable[], options: ExportOptions) => string>> = {
  dotenv,
  'docker-env': dockerEnv,
  shell,
  'github-env': (variables, { delimiter }) => githubEnv(variables, delimiter),
  'k8s-secret': kubernetesSecret,
};

/** Formats that any key fits, without names of variables. */
const OF_ALL = ['json'] as const;
const OF_AWS = ['aws-credentials', 'aws-process'] as const;

/** Whether a format is one of variables, which -prefix and -env name. */
export function isOfVariables(format: string): boolean {
  return Object.hasOwn(OF_VARIABLES, format);
}

/** The formats that a key of this form can be written in; `form` null where the vendor's tools have no names for it. */
export function formatsOf(form: CredentialForm | null): readonly string[] {
  return [
    ...Object.keys(OF_VARIABLES),
    ...OF_ALL,
    ...(form?.aws === true ? OF_AWS : []),
    ...Object.keys(form?.documents ?? {}),
  ];
}

/** Throws `invalid-usage` for a format that there is not; `forms` are those of all resource types. */
export function requireFormat(format: string | undefined, forms: readonly (CredentialForm | null)[]): string {
  const known = [...new Set(forms.flatMap(formatsOf))];
  if (format !== undefined && known.includes(format)) return format;
  throw new KeyformError(
    'invalid-usage',
    format === undefined ? 'Which format?' : `There is no format "${format.slice(0, 40)}"`,
    {
      detail: `Say -format=NAME. Formats: ${known.join(', ')}.${format === undefined ? '' : didYouMean(format, known)}`,
    },
  );
}

/**
 * The text of an export, which ends with a line end. `variables` are used by the formats of variables only. Throws `refused` for a key that
 * the format does not fit, naming those that do, or for a value that has no spelling in it; `invalid-usage` for wrong names.
 */
export function exportText(
  format: string,
  credentials: readonly Credential[],
  variables: readonly Variable[],
  options: ExportOptions,
): string {
  for (const { address, type, form } of credentials) {
    const fitting = formatsOf(form);
    if (fitting.includes(format)) continue;
    throw new KeyformError('refused', `${address} does not fit the format ${format}`, {
      detail: `No program takes a ${type} in that form. It fits ${fitting.join(', ')}.`,
    });
  }
  const write = OF_VARIABLES[format];
  if (write !== undefined) return write(variables, options);
  if (format === 'json') return json(credentials);
  if (format === 'aws-credentials') return awsCredentials(profilesOf(credentials, options.name));
  if (format === 'aws-process') return awsProcess(single(format, credentials));
  return document(format, credentials, options);
}

/** A file in a vendor's own form, which all of the keys fit. */
function document(format: string, credentials: readonly Credential[], { name }: ExportOptions): string {
  const contentOf = (credential: Credential): Json => {
    const { generation, secret } = credential;
    const { id, args, createdAt, expiresAt } = generation;
    const facts = { id, accessKeyId: sentId(credential), secret: secret.reveal(), args, createdAt, expiresAt };
    return documentOf(format, credential)?.write(facts) ?? null;
  };
  const inProfiles = credentials.every((credential) => documentOf(format, credential)?.profiles === true);
  const content: Json = inProfiles
    ? Object.fromEntries(profilesOf(credentials, name).map((one) => [one.name, contentOf(one.credential)]))
    : contentOf(single(format, credentials));
  return `${JSON.stringify(content, null, 2)}\n`;
}

function documentOf(format: string, { form }: Credential): CredentialDocument | undefined {
  return form?.documents?.[format];
}

function single(format: string, credentials: readonly Credential[]): Credential {
  const [only, more] = credentials;
  if (only !== undefined && more === undefined) return only;
  throw new KeyformError('invalid-usage', `The format ${format} holds one key`, {
    detail: `Name one address. There are ${credentials.length}: ${credentials
      .slice(0, 5)
      .map(({ address }) => address)
      .join(', ')}${credentials.length > 5 ? ', …' : ''}.`,
  });
}
