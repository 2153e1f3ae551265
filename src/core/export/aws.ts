import { KeyformError } from '../error.ts';
import type { JsonObject } from '../json.ts';
import { type Credential, sentId } from './credential.ts';
import type { Profile } from './profile.ts';

/**
 * AWS's shared credentials file (`~/.aws/credentials`), a section for each profile (source: AWS SDKs and Tools reference guide, "Shared
 * config and credentials files"). Throws `refused` for a value that the file's readers would cut.
 */
export function awsCredentials(profiles: readonly Profile[]): string {
  return profiles
    .map(({ name, credential }) => {
      const id = sentId(credential);
      const secret = credential.secret.reveal();
      // A line end ends a value, outer blanks are dropped, and ` #` or ` ;` begins a comment for some readers.
      if ([id, secret].some((value) => /[\0\r\n]|^\s|\s$|\s[#;]/.test(value))) {
        throw new KeyformError('refused', `${credential.address} cannot be written as aws-credentials`, {
          detail:
            'Its id or secret holds line ends or blanks that the format has no spelling for. Use -format=aws-process.',
        });
      }
      return `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
    })
    .join('\n');
}

/**
 * What AWS's tools expect of a program that `credential_process` in their configuration names: JSON, version 1 (source: AWS SDKs and Tools
 * reference guide, "Process credential provider").
 */
export function awsProcess(credential: Credential): string {
  const { expiresAt } = credential.generation;
  const document: JsonObject = {
    Version: 1,
    AccessKeyId: sentId(credential),
    SecretAccessKey: credential.secret.reveal(),
    ...(expiresAt === null ? {} : { Expiration: expiresAt }),
  };
  return `${JSON.stringify(document)}\n`;
}
