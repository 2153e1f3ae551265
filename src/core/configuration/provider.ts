import { isName } from '../address.ts';
import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import type { Cloud, SettingSpec } from '../provider.ts';
import { didYouMean } from '../suggest.ts';
import {
  bodiesOf,
  entriesOf,
  expressionIn,
  labelledBodies,
  literalString,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
  type Written,
} from './block.ts';

/** A provider block: one per alias. */
export interface ProviderBlock {
  /** `keyform` or `keyform.<alias>`. */
  readonly reference: string;
  /** By cloud name, then setting. */
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, Written>>;
  readonly place: Place;
}

/** Providers of Terraform whose resources Keyform carries out itself; they have no settings. */
export const BUILT_IN_PROVIDERS = ['null', 'terraform'];

/** Reads the `provider` section of a file into `providers`. Problems are reported. */
export function readProviders(
  file: string,
  path: Path,
  value: Json,
  clouds: readonly Cloud[],
  providers: Map<string, ProviderBlock>,
  report: Report,
): void {
  for (const { labels, body } of labelledBodies(file, path, value, 1, 'provider', report)) {
    const [name = ''] = labels;
    const builtIn = BUILT_IN_PROVIDERS.includes(name);
    if (name !== 'keyform' && !builtIn) {
      report.error(
        placeIn(body),
        `Unsupported provider "${name}"`,
        `Keyform runs its own provider "keyform" only; run other providers with Terraform in a stack of their own.${didYouMean(name, ['keyform'])}`,
      );
      continue;
    }
    const alias = literalString(body, 'alias', report);
    if (alias !== null && !isName(alias)) {
      report.error(
        placeIn(body, 'alias'),
        `Invalid provider alias "${alias}"`,
        'An alias is letters, digits, "_" and "-".',
      );
    }
    const reference = alias === null ? name : `${name}.${alias}`;
    const known = builtIn ? [] : clouds;
    refuseUnknownKeys(body, ['alias', 'version', ...known.map((cloud) => cloud.name)], 'The provider block', report);
    if (providers.has(reference)) {
      report.error(
        placeIn(body),
        `Provider configuration "${reference}" is declared twice`,
        'Give each further provider block an alias of its own.',
      );
      continue;
    }
    const settings = new Map<string, ReadonlyMap<string, Written>>();
    for (const cloud of known) {
      const written = body.value[cloud.name];
      if (written === undefined || written === null) continue;
      const group = bodiesOf(file, [...body.path, cloud.name], written, `"${cloud.name}"`, report);
      const found = new Map<string, Written>();
      for (const inner of group) {
        refuseUnknownKeys(
          inner,
          Object.keys(cloud.settings),
          `The object "${cloud.name}" of the provider block`,
          report,
        );
        for (const [key, value] of entriesOf(inner)) {
          const spec = cloud.settings[key];
          if (spec === undefined) continue;
          found.set(key, { expression: expressionIn(inner, key, report), place: placeIn(inner, key) });
          const misfit = literalMisfit(spec, value);
          if (misfit !== null) {
            const detail = `It ${misfit}. ${spec.schema.description ?? ''}`.trim();
            report.error(placeIn(inner, key), `Invalid setting "${key}" of ${cloud.title}`, detail);
          }
          if (spec.sensitive && typeof value === 'string' && !value.includes('${')) {
            report.warn(
              placeIn(inner, key),
              'A credential is written into the stack',
              `Whoever can read the file has it. Take it out of the file and its history, replace it at the cloud, and give it by ${spec.environment[0] ?? 'a sensitive variable'}.`,
            );
          }
        }
      }
      settings.set(cloud.name, found);
    }
    providers.set(reference, { reference, settings, place: placeIn(body) });
  }
}

/** What is wrong with a setting that is written out; null for nothing, or for one that is only known later. */
function literalMisfit(spec: SettingSpec, value: Json): string | null {
  if (value === null || (typeof value === 'string' && value.includes('${'))) return null;
  const tries = [value, ...(typeof value === 'string' && Number.isFinite(Number(value)) ? [Number(value)] : [])];
  const [first, ...others] = tries.map((one) => spec.schema.safeParse(one));
  if (first === undefined || first.success || others.some((result) => result.success)) return null;
  const said = (first.error.issues[0]?.message ?? 'does not fit').replace(/^Invalid input: /, '');
  return /^(must|does|is) /.test(said) ? said : `is not right: ${said.charAt(0).toLowerCase()}${said.slice(1)}`;
}
