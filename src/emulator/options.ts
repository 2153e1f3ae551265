import { formatPath } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import { isObject } from '../core/json.ts';
import type { Cloud } from '../core/provider.ts';
import { didYouMean } from '../core/suggest.ts';

/**
 * Checks switches by cloud, as `keyform emulator -options` and cdktf.json give them, before anything is started. Throws
 * `invalid-configuration` that names the cloud and the switch, and the one that was probably meant.
 */
export async function checkOptions(clouds: readonly Cloud[], given: Readonly<Record<string, unknown>>): Promise<void> {
  const names = clouds.map(({ name }) => name);
  for (const [name, switches] of Object.entries(given)) {
    const cloud = clouds.find((one) => one.name === name);
    if (cloud === undefined) {
      throw new KeyformError('invalid-configuration', `Options for "${name}", which is not a cloud of the emulator`, {
        detail: `It serves ${names.join(', ')}.${didYouMean(name, names)}`,
      });
    }
    await checkSwitches(cloud, switches);
  }
}

async function checkSwitches(cloud: Cloud, given: unknown): Promise<void> {
  const { options } = await cloud.emulator();
  const known = Object.keys(options.shape);
  for (const name of isObject(given) ? Object.keys(given) : []) {
    if (known.includes(name)) continue;
    throw new KeyformError('invalid-configuration', `The emulator of ${cloud.title} has no option "${name}"`, {
      detail: `It has ${known.join(', ')}.${didYouMean(name, known)}`,
    });
  }
  const result = options.safeParse(given);
  if (result.success) return;
  const issue = result.error.issues[0];
  const path = formatPath((issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part))));
  throw new KeyformError(
    'invalid-configuration',
    `The emulator of ${cloud.title} does not take ${path === '' ? 'its options' : `the option "${path}"`}`,
    { detail: `${issue?.message ?? 'It does not fit'}. "keyform schema ${cloud.name}" tells what each option may be.` },
  );
}
