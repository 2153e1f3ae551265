import { isName } from '../address.ts';
import type { Place } from '../diagnostic.ts';
import { isObject, type Json } from '../json.ts';
import {
  type Body,
  checkName,
  entriesOf,
  labelledBodies,
  literalString,
  type Path,
  placeIn,
  type Report,
  type StaticReference,
  staticReferences,
  type Written,
  writtenArguments,
} from './block.ts';
import type { Condition } from './lifecycle.ts';
import { type Repetition, readRepetition } from './repetition.ts';
import type { Variable } from './variable.ts';

export interface LocalBlock extends Written {
  readonly name: string;
}

export interface OutputBlock extends Written {
  readonly name: string;
  readonly sensitive: boolean;
  readonly dependsOn: readonly StaticReference[];
  readonly preconditions: readonly Condition[];
}

/** A call of a local module. */
export interface ModuleCall {
  /** `module.a.module.b`, without keys. */
  readonly path: string;
  readonly name: string;
  /** Path of the module that calls it; empty for the root. */
  readonly parent: string;
  /** `source` as it is written; empty where it is missing, which is reported. */
  readonly source: string;
  readonly repetition: Repetition;
  /** Values of the module's variables. */
  readonly args: ReadonlyMap<string, Written>;
  /** The caller's provider configurations by the names that the module knows them by; null to hand on those without alias. */
  readonly providers: ReadonlyMap<string, string> | null;
  readonly dependsOn: readonly StaticReference[];
  readonly place: Place;
}

/** What one module declares besides resources and data: the root, or a local module as called at one place. */
export interface ModuleBlock {
  /** `module.a.module.b`; empty for the root. */
  readonly path: string;
  /** {@link path} with the full stop that stands before what is inside; empty for the root. */
  readonly prefix: string;
  /** As `path.module` shows it: relative to the root's folder, `.` for the root. */
  readonly folder: string;
  /** Null for the root. */
  readonly call: ModuleCall | null;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly locals: ReadonlyMap<string, LocalBlock>;
  readonly outputs: ReadonlyMap<string, OutputBlock>;
  /** By name. */
  readonly calls: ReadonlyMap<string, ModuleCall>;
}

const META = ['source', 'version', 'count', 'for_each', 'providers', 'depends_on'];

/** Reads the `module` section of a file into `calls`. Problems are reported. */
export function readCalls(
  file: string,
  path: Path,
  value: Json,
  parent: string,
  calls: Map<string, ModuleCall>,
  report: Report,
): void {
  for (const { labels, body } of labelledBodies(file, path, value, 1, 'module', report)) {
    const [name = ''] = labels;
    if (!checkName(placeIn(body), 'module', name, report)) continue;
    if (calls.has(name)) {
      report.error(placeIn(body), `Module "${name}" is called twice`, 'Give one of the calls another name.');
      continue;
    }
    calls.set(name, {
      path: `${parent === '' ? '' : `${parent}.`}module.${name}`,
      name,
      parent,
      source: readSource(body, report),
      repetition: readRepetition(body, report),
      args: writtenArguments(body, META, report),
      providers: readProviderMap(body, report),
      dependsOn: staticReferences(body, 'depends_on', report),
      place: placeIn(body),
    });
  }
}

/** The sources of a file's module calls, for whoever reads the files; anything odd is left to {@link readCalls}. */
export function sourcesIn(content: Json): readonly string[] {
  const found: string[] = [];
  const look = (value: Json, depth: number) => {
    if (Array.isArray(value)) for (const item of value as Json[]) look(item, depth);
    else if (isObject(value) && depth === 0) {
      const { source } = value as { source?: Json };
      if (typeof source === 'string' && isLocal(source)) found.push(source);
    } else if (isObject(value))
      for (const item of Object.values(value as { [key: string]: Json })) look(item, depth - 1);
  };
  look(content, 1);
  return found;
}

/** Whether a module's source is a folder of this machine, relative to the module that calls it. */
function isLocal(source: string): boolean {
  return /^\.\.?(?:[\\/]|$)/.test(source);
}

function readSource(body: Body, report: Report): string {
  const source = literalString(body, 'source', report);
  if (source === null) {
    if (body.value.source === undefined)
      report.error(
        placeIn(body),
        'Missing required argument "source"',
        'It names the folder of the module, such as "./modules/team".',
      );
    return '';
  }
  if (!isLocal(source)) {
    report.error(
      placeIn(body, 'source'),
      'Only local modules are supported',
      'Keyform downloads nothing. Put the module into the project, and write its folder with "./" or "../" in front.',
    );
    return '';
  }
  if (body.value.version !== undefined)
    report.error(
      placeIn(body, 'version'),
      'A local module has no version',
      'Remove "version": it is for modules of a registry.',
    );
  return source;
}

function readProviderMap(body: Body, report: Report): ReadonlyMap<string, string> | null {
  const value = body.value.providers;
  if (value === undefined || value === null) return null;
  const place = placeIn(body, 'providers');
  if (!isObject(value)) {
    report.error(place, '"providers" must be an object', 'Write { "keyform": "keyform.<alias>" }.');
    return null;
  }
  const found = new Map<string, string>();
  for (const [inside, outside] of entriesOf({ ...body, value: value as Body['value'] })) {
    if (typeof outside === 'string' && inside.split('.').every(isName)) {
      found.set(inside, outside.replace(/^\$\{(.*)\}$/s, '$1'));
    } else
      report.error(
        { ...place, path: [...place.path, inside] },
        'Not a provider configuration',
        'Write "keyform" or "keyform.<alias>".',
      );
  }
  return found;
}
