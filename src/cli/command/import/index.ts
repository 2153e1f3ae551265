import { KeyformError } from '../../../core/error.ts';
import type { Outcome, Outside } from '../../context.ts';
import type { ApplyFlags } from '../apply.ts';

/** Flags of `keyform import`, in all its forms. */
export interface ImportFlags extends Pick<ApplyFlags, 'chdir' | 'sandbox' | 'identity-file' | 'lock-timeout'> {
  readonly address?: string;
  readonly id?: string;
  readonly stack?: string;
  readonly 'secret-file'?: string;
  readonly 'from-tfstate'?: string;
  readonly 'removed-out'?: string;
  readonly generate: boolean;
  readonly typescript: boolean;
  readonly 'include-credential': boolean;
  readonly type?: string;
  readonly owner?: string | readonly string[];
  readonly out?: string;
  readonly 'dry-run': boolean;
}

/**
 * `keyform import ADDRESS ID`: takes one existing key over; `-from-tfstate FILE`: all that another Terraform state has; `-generate`: writes
 * what a stack would say of the keys that nobody manages.
 */
export async function importCommand(outside: Outside, flags: ImportFlags): Promise<Outcome> {
  const { address, id, generate } = flags;
  const forms = [address !== undefined, flags['from-tfstate'] !== undefined, generate].filter((given) => given).length;
  if (forms !== 1 || (address !== undefined) !== (id !== undefined)) {
    throw new KeyformError('invalid-usage', 'What is to be imported?', {
      detail:
        'One key: keyform import ADDRESS ID. Those of a Terraform state: keyform import -from-tfstate=FILE. What a stack would say of unmanaged keys: keyform import -generate.',
    });
  }
  if (generate) return (await import('./generate.ts')).generateImports(outside, flags);
  const file = flags['from-tfstate'];
  if (file !== undefined) return (await import('./tfstate.ts')).importState(outside, flags, file);
  return (await import('./one.ts')).importOne(outside, flags, address ?? '', id ?? '');
}
