import { KeyformError } from '../error.ts';
import { type Credential, nameOf } from './credential.ts';

/** A key under the name of a profile. */
export interface Profile {
  readonly name: string;
  readonly credential: Credential;
}

/** What every reader of such files takes as the name of a profile without quotes. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]*$/;

/**
 * Names profiles: `name`, or `default`, for one key; the names of the resources for several. Throws `invalid-usage` for several keys
 * under one name, and for a name that readers of such files do not take.
 */
export function profilesOf(credentials: readonly Credential[], name: string | null): readonly Profile[] {
  if (credentials.length > 1 && name !== null) {
    throw new KeyformError('invalid-usage', '-name is for one key', {
      detail: 'Several keys get the names of their resources as profiles. Name one key, or leave -name out.',
    });
  }
  const taken = new Map<string, string>();
  return credentials.map((credential) => {
    const { address } = credential;
    const profile =
      name ?? (credentials.length === 1 ? 'default' : nameOf(address).replaceAll(/[^A-Za-z0-9_.@-]+/g, '-'));
    if (!NAME.test(profile)) {
      throw new KeyformError('invalid-usage', `This is no name of a profile: "${profile.slice(0, 63)}"`, {
        detail:
          'Letters, digits and "_", ".", "@", "-", a letter or a digit first. Give one key a name with -name=NAME.',
      });
    }
    const other = taken.get(profile);
    if (other !== undefined) {
      throw new KeyformError('invalid-usage', `There would be two profiles "${profile}"`, {
        detail: `${other} and ${address} have one name. Write them into files of their own, each with -name=NAME.`,
      });
    }
    taken.set(profile, address);
    return { name: profile, credential };
  });
}
