import { formatAddress } from '../address.ts';
import { BUILT_IN } from '../builtin.ts';
import type { Diagnostic, Place } from '../diagnostic.ts';
import { isObject, type Json } from '../json.ts';
import type { Cloud, ResourceType } from '../provider.ts';
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
  refuseUnknownKeys,
  staticReferences,
} from './block.ts';
import { type ImportBlock, type MovedBlock, type RemovedBlock, readImports, readMoved, readRemoved } from './change.ts';
import { type CheckBlock, readChecks } from './check.ts';
import { type DataBlock, readDataBlocks } from './data.ts';
import { readConditions } from './lifecycle.ts';
import { type LocalBlock, type ModuleBlock, type ModuleCall, type OutputBlock, readCalls } from './module.ts';
import { BUILT_IN_PROVIDERS, type ProviderBlock, readProviders } from './provider.ts';
import type { RemoteBlock } from './remote.ts';
import { type ResourceBlock, readResource } from './resource.ts';
import { readVariables, type Variable } from './variable.ts';

/** A file, parsed as JSON but not understood yet. `file` is as the user would name it. */
export interface SourceFile {
  readonly file: string;
  readonly content: Json;
}

/** The text of a stack. */
export interface StackSource {
  readonly name: string;
  /** In order of name. */
  readonly files: readonly SourceFile[];
  /** The files of each local module, by its folder relative to the stack's, with `/`: `modules/team`, `../shared`. */
  readonly modules: ReadonlyMap<string, readonly SourceFile[]>;
}

/** A stack, understood as far as that goes without any value. */
export interface Configuration {
  readonly name: string;
  readonly providers: ReadonlyMap<string, ProviderBlock>;
  /** By path; the root's is empty. */
  readonly modules: ReadonlyMap<string, ModuleBlock>;
  /** Of the root module. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Of the root module. */
  readonly outputs: ReadonlyMap<string, OutputBlock>;
  /** Of all modules, by block address. */
  readonly resources: ReadonlyMap<string, ResourceBlock>;
  /** Of all modules, by block address, `data.TYPE.NAME`. */
  readonly data: ReadonlyMap<string, DataBlock>;
  /** Outputs of other stacks, of all modules, by address, `data.terraform_remote_state.NAME`. */
  readonly remotes: ReadonlyMap<string, RemoteBlock>;
  readonly checks: ReadonlyMap<string, CheckBlock>;
  readonly moved: readonly MovedBlock[];
  readonly removed: readonly RemovedBlock[];
  readonly imports: readonly ImportBlock[];
  readonly warnings: readonly Diagnostic[];
}

const LATER: Readonly<Record<string, string>> = {
  ephemeral: 'Ephemeral resources are not supported.',
};

const SECTIONS = [
  'terraform',
  'provider',
  'variable',
  'locals',
  'output',
  'resource',
  'data',
  'module',
  'check',
  'moved',
  'removed',
  'import',
];

/** Modules within modules: more is a call that leads back to itself. */
const DEEPEST = 20;

/**
 * Understands a stack. Everything that is not understood is an error with its place and a remedy; all errors of the
 * stack come together in `report`, and the result is then only good for finding more of them.
 */
export function readConfiguration(source: StackSource, clouds: readonly Cloud[], report: Report): Configuration {
  const reader = new Reader(source, clouds, report);
  reader.module('', '.', null, source.files, (written) => written);
  return reader.configuration();
}

/** Root provider configuration for one that a module names; null when the module was not given it. */
type ProviderNames = (reference: string) => string | null;

class Reader {
  readonly #source: StackSource;
  readonly #clouds: readonly Cloud[];
  readonly #report: Report;
  readonly #types: ReadonlyMap<string, { cloud: Cloud; type: ResourceType }>;
  readonly #providers = new Map<string, ProviderBlock>();
  readonly #modules = new Map<string, ModuleBlock>();
  readonly #resources = new Map<string, ResourceBlock>();
  readonly #data = new Map<string, DataBlock>();
  readonly #remotes = new Map<string, RemoteBlock>();
  readonly #checks = new Map<string, CheckBlock>();
  readonly #moved: MovedBlock[] = [];
  readonly #removed: RemovedBlock[] = [];
  readonly #imports: ImportBlock[] = [];

  constructor(source: StackSource, clouds: readonly Cloud[], report: Report) {
    this.#source = source;
    this.#clouds = clouds;
    this.#report = report;
    this.#types = new Map(
      [...clouds, BUILT_IN].flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)),
    );
  }

  /** Reads one module and those that it calls. */
  module(
    path: string,
    folder: string,
    call: ModuleCall | null,
    files: readonly SourceFile[],
    names: ProviderNames,
  ): void {
    const report = this.#report;
    const variables = new Map<string, Variable>();
    const locals = new Map<string, LocalBlock>();
    const outputs = new Map<string, OutputBlock>();
    const calls = new Map<string, ModuleCall>();
    const sections = SECTIONS.filter((name) => call === null || name !== 'import');
    const later = call === null ? LATER : { ...LATER, import: 'Import blocks stand in the root module only.' };
    const roots = files.flatMap(({ file, content }) => bodiesOf(file, [], content, 'A stack file', report));
    const provider = (fallback: string) => (written: string | null, place: Place) =>
      this.#provider(written ?? fallback, place, names);
    for (const root of roots) {
      const { file } = root;
      refuseUnknownKeys(root, sections, call === null ? 'A stack' : 'A module', report, later);
      const section = (name: string, read: (at: Path, value: Json) => void) => {
        const value = root.value[name];
        if (value !== undefined && value !== null) read([...root.path, name], value);
      };
      section('terraform', (at, value) => readTerraform(file, at, value, report));
      section('provider', (at, value) => {
        if (call === null) readProviders(file, at, value, this.#clouds, this.#providers, report);
        else
          report.error(
            { file, path: at },
            'A module has no provider blocks of its own',
            'Declare them in the stack, and hand them in with "providers" of the module call.',
          );
      });
      section('variable', (at, value) => readVariables(file, at, value, variables, report));
      section('locals', (at, value) => readLocals(file, at, value, locals, report));
      section('output', (at, value) => readOutputs(file, at, value, outputs, report));
      section('resource', (at, value) => this.#readResources(file, at, value, path, provider));
      section('data', (at, value) =>
        readDataBlocks(file, at, value, path, this.#clouds, provider('keyform'), this.#data, this.#remotes, report),
      );
      section('module', (at, value) => readCalls(file, at, value, path, calls, report));
      section('check', (at, value) => readChecks(file, at, value, path, this.#checks, report));
      section('moved', (at, value) => this.#moved.push(...readMoved(file, at, value, path, report)));
      section('removed', (at, value) => this.#removed.push(...readRemoved(file, at, value, path, report)));
      if (call === null) section('import', (at, value) => this.#imports.push(...readImports(file, at, value, report)));
    }
    const prefix = path === '' ? '' : `${path}.`;
    this.#modules.set(path, { path, prefix, folder, call, variables, locals, outputs, calls });
    for (const inner of calls.values()) this.#call(inner, folder, names);
  }

  #call(call: ModuleCall, folder: string, names: ProviderNames): void {
    if (call.source === '') return;
    const report = this.#report;
    const inside = joinFolder(folder, call.source);
    const files = this.#source.modules.get(inside);
    const place = { ...call.place, path: [...call.place.path, 'source'] };
    if (files === undefined || files.length === 0) {
      report.error(
        place,
        `There is no module in ${inside}`,
        'A local module is a folder with *.tf.json files. The path is relative to the file that calls it.',
      );
      return;
    }
    if (call.path.split('.').length / 2 > DEEPEST) {
      report.error(place, 'Modules are nested too deep', 'A module calls itself, perhaps by way of another one.');
      return;
    }
    const { providers } = call;
    // Without a map a module sees the configurations without alias, as Terraform hands them on.
    const handed: ProviderNames = (reference) => {
      const outside =
        providers === null || (!providers.has(reference) && !reference.includes('.'))
          ? reference
          : (providers.get(reference) ?? null);
      return outside === null || (providers === null && reference.includes('.')) ? null : names(outside);
    };
    this.module(call.path, inside, call, files, handed);
    const module = this.#modules.get(call.path);
    if (module === undefined) return;
    for (const [name, { place: at }] of call.args) {
      if (module.variables.has(name)) continue;
      report.error(
        at,
        `Unsupported argument "${name}"`,
        `The module has no variable named "${name}".${didYouMean(name, [...module.variables.keys()])}`,
      );
    }
    for (const variable of module.variables.values()) {
      if (variable.default === null && !call.args.has(variable.name))
        report.error(
          call.place,
          `Missing required argument "${variable.name}"`,
          'The module has a variable of that name without a default: give it a value in the module block.',
        );
    }
  }

  #provider(reference: string, place: Place, names: ProviderNames): string {
    const found = names(reference);
    if (found !== null) return found;
    this.#report.error(
      place,
      `Provider configuration "${reference}" is not handed to the module`,
      `Add "providers": { "${reference}": "keyform.<alias>" } to the module block.`,
    );
    return reference;
  }

  #readResources(
    file: string,
    path: Path,
    value: Json,
    module: string,
    provider: (fallback: string) => (written: string | null, place: Place) => string,
  ): void {
    const report = this.#report;
    const types = this.#types;
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
      const address = `${module === '' ? '' : `${module}.`}${formatAddress({ module: [], type: typeName, name, key: null })}`;
      if (this.#resources.has(address)) {
        report.error(placeIn(body), `Resource ${address} is declared twice`, 'Give one of them another name.', address);
        continue;
      }
      const fallback = known.type.local === true ? providerOf(typeName) : 'keyform';
      this.#resources.set(address, readResource({ address, module, name, ...known }, body, provider(fallback), report));
    }
  }

  configuration(): Configuration {
    const report = this.#report;
    const file = this.#source.files[0]?.file ?? this.#source.name;
    for (const reference of ['keyform', ...BUILT_IN_PROVIDERS]) {
      if (!this.#providers.has(reference))
        this.#providers.set(reference, { reference, settings: new Map(), place: { file, path: ['provider'] } });
    }
    for (const { address, provider, place } of [...this.#resources.values(), ...this.#data.values()]) {
      if (this.#providers.has(provider)) continue;
      report.error(
        { file: place.file, path: [...place.path, 'provider'] },
        `Provider configuration "${provider}" is not declared`,
        `Declare a provider block "keyform" with that alias.${didYouMean(provider, [...this.#providers.keys()])}`,
        address,
      );
    }
    const root = this.#modules.get('') as ModuleBlock;
    return {
      name: this.#source.name,
      providers: this.#providers,
      modules: this.#modules,
      variables: root.variables,
      outputs: root.outputs,
      resources: this.#resources,
      data: this.#data,
      remotes: this.#remotes,
      checks: this.#checks,
      moved: this.#moved,
      removed: this.#removed,
      imports: this.#imports,
      warnings: report.diagnostics.filter((d) => d.severity === 'warning'),
    };
  }
}

/** The provider that a built-in resource type belongs to, as Terraform tells it by the first word of the type. */
function providerOf(type: string): string {
  return type.split('_')[0] ?? type;
}

/** The folder that `source` names from `folder`, both with `/`, relative to the stack's folder. */
export function joinFolder(folder: string, source: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${source.replaceAll('\\', '/')}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
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
    refuseUnknownKeys(
      body,
      ['value', 'description', 'sensitive', 'depends_on', 'precondition'],
      'An output block',
      report,
      {
        ephemeral: 'Ephemeral outputs are not supported.',
      },
    );
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
      dependsOn: staticReferences(body, 'depends_on', report),
      preconditions: readConditions(body, 'precondition', report),
      place: placeIn(body, 'value'),
    });
  }
}
