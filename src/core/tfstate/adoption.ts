import { blockAddress } from '../address.ts';
import { literalObject } from '../import/literal.ts';
import { namesByType, uniqueName } from '../import/name.ts';
import type { JsonObject } from '../json.ts';
import type { ResourceType } from '../provider.ts';
import { Secret } from '../secret.ts';
import { addressOf, type TerraformInstance, type TerraformState } from './read.ts';

/** A key of another Terraform provider that Keyform takes over. */
export interface Adoption {
  readonly type: ResourceType;
  /** Of the resource in the stack. */
  readonly name: string;
  /** `TYPE.NAME`. */
  readonly address: string;
  /** The key's id in the API's paths. */
  readonly id: string;
  /** Set arguments. */
  readonly args: JsonObject;
  /** Null where the state does not hold it in plain text. */
  readonly secret: Secret | null;
  /** In words, why there is no secret; null where there is one. */
  readonly without: string | null;
  readonly from: TerraformInstance;
}

/** What a Terraform state has for Keyform. */
export interface Adoptions {
  readonly adoptions: readonly Adoption[];
  /** What is left where it is, each with why. */
  readonly left: readonly { readonly address: string; readonly why: string }[];
}

/**
 * The keys of a Terraform state that are of a type that Keyform has, by the {@link ResourceType.terraform} of `types`. `declared`: addresses
 * of the stack, whose names are taken.
 */
export function adoptionsOf(
  { instances }: TerraformState,
  types: readonly ResourceType[],
  declared: readonly string[] = [],
): Adoptions {
  const forms = new Map(
    types.flatMap((type) => (type.terraform === undefined ? [] : [[type.terraform.type, type] as const])),
  );
  const taken = namesByType(declared);
  const ids = new Map<string, string>();
  const adoptions: Adoption[] = [];
  const left: { address: string; why: string }[] = [];
  for (const from of instances) {
    const type = forms.get(from.type);
    const form = type?.terraform;
    if (type === undefined || form === undefined) continue;
    const address = addressOf(from);
    const id = form.id(from.attributes);
    const leave = (why: string) => void left.push({ address, why });
    if (from.deposed) {
      leave('it was replaced there already, and waits to be deleted');
      continue;
    }
    if (id === null) {
      leave(`${from.path}.attributes does not tell its id`);
      continue;
    }
    const other = ids.get(`${type.type} ${id}`);
    if (other !== undefined) {
      leave(`it is the key of ${other} too`);
      continue;
    }
    ids.set(`${type.type} ${id}`, address);
    const names = taken.get(type.type) ?? new Set<string>();
    taken.set(type.type, names);
    const name = uniqueName(
      [(from.module ?? '').replaceAll('module.', ''), from.name, from.key ?? ''].join(' '),
      names,
    );
    const plain = from.attributes[form.secret];
    const secret = typeof plain === 'string' && plain !== '' ? new Secret(plain) : null;
    const encrypted = form.encrypted === null ? undefined : from.attributes[form.encrypted];
    adoptions.push({
      type,
      name,
      address: `${type.type}.${name}`,
      id,
      args: withoutNulls(form.arguments(from.attributes)),
      secret,
      without:
        secret !== null
          ? null
          : typeof encrypted === 'string' && encrypted !== ''
            ? 'the state holds it encrypted with a PGP key, for its holder alone'
            : `${from.path}.attributes.${form.secret} is empty`,
      from,
    });
  }
  return { adoptions, left };
}

function withoutNulls(args: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}

/** The stack that declares the keys as they are; with `whole`, one that stands by itself. Terraform JSON text. */
export function stackText(adoptions: readonly Adoption[], whole: boolean): string {
  const resource: Record<string, Record<string, JsonObject>> = {};
  for (const { type, name, args, from } of adoptions) {
    resource[type.type] ??= {};
    (resource[type.type] as Record<string, JsonObject>)[name] = {
      '//': `Was ${addressOf(from)}`,
      ...literalObject(args),
    };
  }
  const content = {
    ...(whole
      ? { terraform: { required_providers: { keyform: { source: 'keyform/keyform' } } }, provider: { keyform: {} } }
      : {}),
    resource,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * `removed` blocks for the configuration that declared the keys before: Terraform forgets them, and leaves them at the cloud (from version 1.7
 * on). Such a block names a whole resource, never one instance of it.
 */
export function removedText(adoptions: readonly Adoption[]): string {
  const places = adoptions.map(({ from }) => blockAddress(addressOf({ ...from, key: null })));
  const removed = [...new Set(places)].sort().map((from) => ({ from, lifecycle: { destroy: false } }));
  return `${JSON.stringify({ removed }, null, 2)}\n`;
}
