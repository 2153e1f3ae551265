import { KeyformError } from './error.ts';
import type { SettingSpec, Settings } from './provider.ts';

/** The settings of one cloud, as its `connect` reads them. Errors name settings and variables, never a value. */
export interface SettingReader<Name extends string> {
  /** The value, or the setting's default, or null where there is neither. Throws `invalid-configuration` for one that does not fit. */
  value(name: Name): string | number | boolean | null;
  /** As {@link SettingReader.value}, for a setting that is text. */
  text(name: Name): string | null;
  /**
   * Both halves of a credential, or null when neither is set. Half a pair throws `missing-credential`, so that a slip never
   * makes Keyform act as somebody else.
   */
  pair(first: Name, second: Name): readonly [first: string, second: string] | null;
  /** The `missing-credential` error of a connection for which none of the ways to authenticate is set; `more` follows what to do. */
  missing(names: readonly Name[], more: string): KeyformError;
}

/** A reader for the cloud `cloud` (the object's name in the provider block), which messages call `service`. */
export function readSettings<Name extends string>(
  cloud: string,
  service: string,
  specs: Readonly<Record<Name, SettingSpec>>,
  given: Settings,
): SettingReader<Name> {
  /** Where the settings are made: the block, and the first variable of each. */
  function whereTo(names: readonly Name[]): string {
    const variables = names.flatMap((name) => specs[name].environment.slice(0, 1));
    const block = `${names.map((name) => `"${name}"`).join(' and ')} in the provider block’s "${cloud}" object`;
    return variables.length === 0 ? block : `${block}, or ${variables.join(' and ')} in the environment`;
  }

  function value(name: Name): string | number | boolean | null {
    const { schema, environment, default: fallback } = specs[name];
    const written = given[name] ?? null;
    const found = written === null || written === '' ? fallback : written;
    if (found === null) return null;
    const result = schema.safeParse(found);
    if (result.success) return found;
    // The messages of these schemas say what is expected and never quote the value.
    const reason = result.error.issues[0]?.message ?? 'does not fit';
    const variables = environment.length === 0 ? '' : `, or ${environment.join(', ')} in the environment`;
    throw new KeyformError('invalid-configuration', `${service}: the setting "${name}" ${reason}`, {
      detail: `Change "${name}" in the provider block’s "${cloud}" object${variables}.`,
    });
  }

  function text(name: Name): string | null {
    const found = value(name);
    return found === null ? null : String(found);
  }

  return {
    value,
    text,
    pair(first, second) {
      const [one, other] = [text(first), text(second)];
      if (one !== null && other !== null) return [one, other];
      if (one === null && other === null) return null;
      const [there, absent] = one === null ? [second, first] : [first, second];
      throw new KeyformError('missing-credential', `${service}: "${there}" is set but "${absent}" is not`, {
        detail: `Set ${whereTo([absent])}.`,
      });
    },
    missing(names, more) {
      return new KeyformError('missing-credential', `${service}: no credential is set`, {
        detail: `Set ${whereTo(names)}. ${more}`,
      });
    },
  };
}
