import { formatAddress, isName } from '../address.ts';
import type { Diagnostic, Place } from '../diagnostic.ts';
import { isObject, type Json } from '../json.ts';
import type { Expression } from '../language/expression.ts';
import type { Cloud, ResourceType, SettingSpec } from '../provider.ts';
import { didYouMean } from '../suggest.ts';
import {
  bodiesOf,
  checkName,
  entriesOf,
  expressionIn,
  labelledBodies,
  literalBoolean,
  literalString,
  type Path,
  placeIn,
  type Report,
  readAddresses,
  refuseUnknownKeys,
} from './block.ts';
import { type DataBlock, readDataBlocks } from './data.ts';
import { type ResourceBlock, readResource } from './resource.ts';
import { readVariables, type Variable } from './variable.ts';

/** The text of a stack, parsed as JSON but not understood yet. */
export interface StackSource {
  readonly name: string;
  /** In order of name. `file` is as the user would name it. */
  readonly files: readonly { readonly file: string; readonly content: Json }[];
}

/** A provider block: one per alias. */
export interface ProviderBlock {
  /** `keyform` or `keyform.<alias>`. */
  readonly reference: string;
  /** By cloud name, then setting. */
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, { expression: Expression; place: Place }>>;
  readonly place: Place;
}

export interface LocalBlock {
  readonly name: string;
  readonly expression: Expression;
  readonly place: Place;
}

export interface OutputBlock {
  readonly name: string;
  readonly expression: Expression;
  readonly sensitive: boolean;
  readonly dependsOn: readonly string[];
  readonly place: Place;
}

/** A stack, understood as far as that goes without any value. */
export interface Configuration {
  readonly name: string;
  readonly providers: ReadonlyMap<string, ProviderBlock>;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly locals: ReadonlyMap<string, LocalBlock>;
  readonly outputs: ReadonlyMap<string, OutputBlock>;
  /** By address. */
  readonly resources: ReadonlyMap<string, ResourceBlock>;
  /** By address, `data.TYPE.NAME`. */
  readonly data: ReadonlyMap<string, DataBlock>;
  readonly warnings: readonly Diagnostic[];
}

/** Sections of Terraform's language that this version refuses, with what to do instead. */
const LATER: Readonly<Record<string, string>> = {
  module: 'Modules arrive in a later version. Put the resources into the stack itself.',
  import: 'Import blocks arrive in a later version. Declare the key to have a new one made.',
  moved: 'Moved blocks arrive in a later version. Keep the address until then.',
  removed: 'Removed blocks arrive in a later version.',
  check: 'Check blocks arrive in a later version.',
  ephemeral: 'Ephemeral resources are not supported.',
};

const SECTIONS = ['terraform', 'provider', 'variable', 'locals', 'output', 'resource', 'data'];

/**
 * Understands a stack. Everything that is not understood is an error with its place and a remedy; all errors of the
 * stack come together in `report`, and the result is then only good for finding more of them.
 */
export function readConfiguration(source: StackSource, clouds: readonly Cloud[], report: Report): Configuration {
  const providers = new Map<string, ProviderBlock>();
  const variables = new Map<string, Variable>();
  const locals = new Map<string, LocalBlock>();
  const outputs = new Map<string, OutputBlock>();
  const resources = new Map<string, ResourceBlock>();
  const data = new Map<string, DataBlock>();
  const types = new Map(
    clouds.flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)),
  );

  for (const { file, content } of source.files) {
    for (const root of bodiesOf(file, [], content, 'A stack file', report)) {
      refuseUnknownKeys(root, SECTIONS, 'A stack', report, LATER);
      const section = (name: string, read: (path: Path, value: Json) => void) => {
        const value = root.value[name];
        if (value !== undefined) read([...root.path, name], value);
      };
      section('terraform', (path, value) => readTerraform(file, path, value, report));
      section('provider', (path, value) => readProviders(file, path, value, clouds, providers, report));
      section('variable', (path, value) => readVariables(file, path, value, variables, report));
      section('locals', (path, value) => readLocals(file, path, value, locals, report));
      section('output', (path, value) => readOutputs(file, path, value, outputs, report));
      section('resource', (path, value) => readResources(file, path, value, types, resources, report));
      section('data', (path, value) => readDataBlocks(file, path, value, clouds, data, report));
    }
  }
  if (!providers.has('keyform')) {
    providers.set('keyform', {
      reference: 'keyform',
      settings: new Map(),
      place: { file: source.files[0]?.file ?? source.name, path: ['provider'] },
    });
  }
  for (const { address, provider, place } of [...resources.values(), ...data.values()]) {
    if (!providers.has(provider)) {
      report.error(
        { file: place.file, path: [...place.path, 'provider'] },
        `Provider configuration "${provider}" is not declared`,
        `Declare a provider block "keyform" with that alias.${didYouMean(provider, [...providers.keys()])}`,
        address,
      );
    }
  }
  return {
    name: source.name,
    providers,
    variables,
    locals,
    outputs,
    resources,
    data,
    warnings: report.diagnostics.filter((d) => d.severity === 'warning'),
  };
}

function readTerraform(file: string, path: Path, value: Json, report: Report): void {
  for (const body of bodiesOf(file, path, value, '"terraform"', report)) {
    refuseUnknownKeys(
      body,
      ['required_providers', 'required_version', 'backend', 'cloud', 'provider_meta'],
      'The terraform block',
      report,
      { experiments: 'Language experiments are not supported.' },
    );
    for (const group of bodiesOf(
      file,
      [...body.path, 'required_providers'],
      body.value.required_providers ?? [],
      '"required_providers"',
      report,
    )) {
      const keyform = group.value.keyform;
      const from = isObject(keyform) ? keyform.source : undefined;
      if (typeof from === 'string' && !/^([^/]+\/)?keyform\/keyform$/i.test(from)) {
        report.error(
          placeIn(group, 'keyform', 'source'),
          'The provider "keyform" has another source',
          'Keyform answers to the source "keyform/keyform".',
        );
      }
    }
    for (const backend of bodiesOf(file, [...body.path, 'backend'], body.value.backend ?? [], '"backend"', report)) {
      // CDKTF writes a local backend into every stack; it says where Terraform would keep its state.
      const others = Object.keys(backend.value).filter((kind) => kind !== '//' && kind !== 'local');
      for (const kind of others) {
        report.warn(
          placeIn(backend, kind),
          `The backend "${kind}" is for Terraform only`,
          'Keyform keeps its own encrypted state where context.keyform.state in cdktf.json says.',
        );
      }
    }
    if (body.value.cloud !== undefined) {
      report.warn(
        placeIn(body, 'cloud'),
        'The cloud block is for Terraform only',
        'Keyform keeps its own encrypted state.',
      );
    }
  }
}

function readProviders(
  file: string,
  path: Path,
  value: Json,
  clouds: readonly Cloud[],
  providers: Map<string, ProviderBlock>,
  report: Report,
): void {
  for (const { labels, body } of labelledBodies(file, path, value, 1, 'provider', report)) {
    const [name = ''] = labels;
    if (name !== 'keyform') {
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
    const reference = alias === null ? 'keyform' : `keyform.${alias}`;
    refuseUnknownKeys(body, ['alias', 'version', ...clouds.map((cloud) => cloud.name)], 'The provider block', report);
    if (providers.has(reference)) {
      report.error(
        placeIn(body),
        `Provider configuration "${reference}" is declared twice`,
        'Give each further provider block an alias of its own.',
      );
      continue;
    }
    const settings = new Map<string, ReadonlyMap<string, { expression: Expression; place: Place }>>();
    for (const cloud of clouds) {
      const written = body.value[cloud.name];
      if (written === undefined || written === null) continue;
      const group = bodiesOf(file, [...body.path, cloud.name], written, `"${cloud.name}"`, report);
      const found = new Map<string, { expression: Expression; place: Place }>();
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

function readLocals(file: string, path: Path, value: Json, locals: Map<string, LocalBlock>, report: Report): void {
  for (const body of bodiesOf(file, path, value, '"locals"', report)) {
    for (const [name] of entriesOf(body)) {
      if (!checkName(placeIn(body, name), 'local value', name, report)) continue;
      if (locals.has(name)) report.error(placeIn(body, name), `Local value "${name}" is declared twice`, 'Remove one.');
      locals.set(name, { name, expression: expressionIn(body, name, report), place: placeIn(body, name) });
    }
  }
}

function readOutputs(file: string, path: Path, value: Json, outputs: Map<string, OutputBlock>, report: Report): void {
  for (const { labels, body } of labelledBodies(file, path, value, 1, 'output', report)) {
    const [name = ''] = labels;
    if (!checkName(placeIn(body), 'output', name, report)) continue;
    refuseUnknownKeys(body, ['value', 'description', 'sensitive', 'depends_on'], 'An output block', report, {
      precondition: 'Preconditions arrive with the whole language of stacks.',
      ephemeral: 'Ephemeral outputs are not supported.',
    });
    literalString(body, 'description', report);
    if (body.value.value === undefined) {
      report.error(placeIn(body), `Output "${name}" has no value`, 'Add the argument "value".');
      continue;
    }
    if (outputs.has(name)) report.error(placeIn(body), `Output "${name}" is declared twice`, 'Remove one.');
    outputs.set(name, {
      name,
      expression: expressionIn(body, 'value', report),
      sensitive: literalBoolean(body, 'sensitive', false, report),
      dependsOn: readAddresses(body, 'depends_on', report),
      place: placeIn(body, 'value'),
    });
  }
}

function readResources(
  file: string,
  path: Path,
  value: Json,
  types: ReadonlyMap<string, { cloud: Cloud; type: ResourceType }>,
  resources: Map<string, ResourceBlock>,
  report: Report,
): void {
  const unknown = new Set<string>();
  for (const { labels, body } of labelledBodies(file, path, value, 2, 'resource', report)) {
    const [typeName = '', name = ''] = labels;
    const known = types.get(typeName);
    if (known === undefined) {
      // Once, at the type's own place: ten resources of one misspelt type are one slip.
      if (unknown.has(typeName)) continue;
      unknown.add(typeName);
      report.error(
        { file, path: body.path.slice(0, body.path.indexOf(typeName, path.length) + 1) },
        `Unknown resource type "${typeName}"`,
        `Keyform manages: ${[...types.keys()].join(', ')}.${didYouMean(typeName, [...types.keys()])}`,
      );
      continue;
    }
    if (!checkName(placeIn(body), 'resource', name, report)) continue;
    const address = formatAddress({ type: typeName, name, key: null });
    if (resources.has(address)) {
      report.error(placeIn(body), `Resource ${address} is declared twice`, 'Give one of them another name.', address);
      continue;
    }
    resources.set(address, readResource(address, body, known.cloud, known.type, report));
  }
}
