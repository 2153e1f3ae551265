import { KeyformError } from '../../core/error.ts';
import { isObject } from '../../core/json.ts';
import type { CloudPorts, Settings } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { readSettings } from '../../core/setting.ts';
import { type AuthorizedKey, readAuthorizedKey } from './auth.ts';
import { SERVICE } from './failure.ts';
import { settingSpecs } from './schema.ts';

/** What Keyform authenticates with: one of these, never two. */
export type Credential =
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'oauth'; readonly token: Secret }
  | { readonly kind: 'key'; readonly key: AuthorizedKey }
  | { readonly kind: 'file'; readonly path: string };

const WAYS = ['service_account_key_file', 'token_file', 'token'] as const;

/**
 * The one credential that is set. Two are an error and not a matter of rank: a variable that was left over in a shell must
 * not decide who Keyform acts as. Reads the key file, and sends nothing. Throws `missing-credential` or `invalid-configuration`.
 */
export async function readCredential(given: Settings, ports: Pick<CloudPorts, 'readText'>): Promise<Credential> {
  const settings = readSettings('yandex', SERVICE, settingSpecs(), given);
  const set = WAYS.filter((name) => settings.text(name) !== null);
  const [way, other] = set;
  if (way === undefined) {
    throw settings.missing(
      ['service_account_key_file'],
      'Or set "token" (YC_TOKEN, YC_IAM_TOKEN) to an IAM token, or "token_file" (KEYFORM_YANDEX_TOKEN_FILE) to the path of a file that holds one.',
    );
  }
  if (other !== undefined) {
    throw new KeyformError('invalid-configuration', `${SERVICE}: ${set.map(quoted).join(' and ')} are both set`, {
      detail: `Keyform authenticates in one way only, and does not guess which is meant. Keep one; each may come from the provider block or from the environment (${set.map((name) => `${quoted(name)}: ${settingSpecs()[name].environment.join(', ')}`).join('; ')}).`,
    });
  }
  const value = settings.text(way) ?? '';
  switch (way) {
    case 'service_account_key_file': {
      // Contents begin with a brace; no path that anybody writes does.
      const contents = value.trimStart().startsWith('{') ? value : await ports.readText(value);
      return { kind: 'key', key: readAuthorizedKey(contents) };
    }
    case 'token_file':
      return { kind: 'file', path: value };
    case 'token':
      return readTokenSetting(value);
  }
}

/** What a text in the place of a token is, by its beginning. The vendor says that the form of IAM tokens may change. */
export function kindOfToken(token: string): 'iam' | 'oauth' | 'api-key' {
  if (/^y\d_/.test(token) || token.startsWith('AQAA')) return 'oauth';
  return token.startsWith('AQVN') ? 'api-key' : 'iam';
}

function readTokenSetting(token: string): Credential {
  const kind = kindOfToken(token);
  if (kind === 'api-key') {
    throw new KeyformError('invalid-configuration', `${SERVICE}: "token" holds an API key`, {
      detail:
        'An API key cannot manage keys. Set an IAM token (`yc iam create-token`), or "service_account_key_file" with an authorized key.',
    });
  }
  return { kind: kind === 'oauth' ? 'oauth' : 'token', token: new Secret(token) };
}

/** What a token file says: the token, and how many seconds it had when it was written (null where the file does not tell). */
export interface TokenFile {
  readonly token: Secret;
  readonly expiresIn: number | null;
}

/**
 * Reads a token file: the JSON that the instance metadata service answers with, or the token by itself. Throws
 * `invalid-configuration`, which names the file and never quotes it.
 */
export function readTokenFile(contents: string, path: string): TokenFile {
  const refuse = (what: string, todo: string) =>
    new KeyformError('invalid-configuration', `${SERVICE}: the token file ${path} ${what}`, { detail: todo });
  const trimmed = contents.trim();
  let token: unknown = trimmed;
  let expiresIn: unknown = null;
  if (trimmed.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(trimmed);
      token = isObject(value) ? value.access_token : null;
      expiresIn = isObject(value) ? value.expires_in : null;
    } catch {
      throw refuse(
        'is not JSON, though it begins so',
        'It may have been read while it was being written: replace it whole.',
      );
    }
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse(
      'holds no token',
      'It must hold an IAM token and nothing else, or the JSON of the instance metadata service with "access_token".',
    );
  }
  if (kindOfToken(token) !== 'iam') {
    throw refuse('holds something else than an IAM token', 'An OAuth token belongs into "token" (YC_TOKEN).');
  }
  return { token: new Secret(token), expiresIn: typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : null };
}

/** Who the credential stands for, as far as it can be told without asking; the same from run to run. Holds no secret. */
export function identityOf(credential: Credential): string {
  return credential.kind === 'key' ? `service account ${credential.key.serviceAccountId}` : credential.kind;
}

function quoted(name: string): string {
  return `"${name}"`;
}
