import { formatDataAddress } from '../address.ts';
import { type DataSource, dataSourcesOf, selectorsOf } from '../datasource.ts';
import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import type { Cloud } from '../provider.ts';
import { didYouMean, nearest } from '../suggest.ts';
import {
  type Body,
  checkName,
  entriesOf,
  expressionIn,
  labelledBodies,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
  type StaticReference,
  staticReferences,
  type Written,
} from './block.ts';
import { type Lifecycle, readDataLifecycle } from './lifecycle.ts';
import { REMOTE_STATE, type RemoteBlock, readRemote } from './remote.ts';
import { type Repetition, readRepetition } from './repetition.ts';
import { readProvider } from './resource.ts';

/** A data block, or one instance of it: keys that are read. */
export interface DataBlock {
  /** Of the block, `data.TYPE.NAME`, behind its module; of an instance with its keys. */
  readonly address: string;
  /** As in a resource block. */
  readonly module: string;
  readonly name: string;
  readonly cloud: Cloud;
  readonly source: DataSource;
  /** `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  /** Set arguments only; null values count as left out. */
  readonly args: ReadonlyMap<string, Written>;
  readonly repetition: Repetition;
  readonly dependsOn: readonly StaticReference[];
  /** Conditions only. */
  readonly lifecycle: Lifecycle;
  readonly place: Place;
}

const META = ['provider', 'depends_on', 'count', 'for_each', 'lifecycle'];

/** Reads the `data` section of a file into `data` and `remotes`, by address. Problems are reported. */
export function readDataBlocks(
  file: string,
  path: Path,
  value: Json,
  module: string,
  clouds: readonly Cloud[],
  provider: (written: string | null, place: Place) => string,
  data: Map<string, DataBlock>,
  remotes: Map<string, RemoteBlock>,
  report: Report,
): void {
  const sources = new Map<string, { cloud: Cloud; source: DataSource }>();
  for (const cloud of clouds) {
    for (const type of cloud.resources)
      if (type.local !== true) for (const source of dataSourcesOf(type)) sources.set(source.name, { cloud, source });
  }
  const unknown = new Set<string>();
  for (const { labels, body } of labelledBodies(file, path, value, 2, 'data', report)) {
    const [type = '', name = ''] = labels;
    if (type === REMOTE_STATE) {
      readRemote(name, body, module, remotes, report);
      continue;
    }
    const known = sources.get(type);
    if (known === undefined) {
      // Once, at the type's own place, as for resources.
      if (unknown.has(type)) continue;
      unknown.add(type);
      report.error(
        { file, path: body.path.slice(0, body.path.indexOf(type, path.length) + 1) },
        `Unknown data source "${type}"`,
        `Keyform reads keys of its own resource types: one key by the name of the type, all keys of an owner by that name with an "s".${didYouMean(type, [...sources.keys()])}`,
      );
      continue;
    }
    if (!checkName(placeIn(body), 'data source', name, report)) continue;
    const address = `${module === '' ? '' : `${module}.`}${formatDataAddress(type, name)}`;
    if (data.has(address)) {
      report.error(
        placeIn(body),
        `Data source ${address} is declared twice`,
        'Give one of them another name.',
        address,
      );
      continue;
    }
    data.set(address, readBlock({ address, module, name, ...known }, body, provider, report));
  }
}

/** Reads one block. Problems are reported; the result then lacks what was wrong. */
function readBlock(
  where: Pick<DataBlock, 'address' | 'module' | 'name' | 'cloud' | 'source'>,
  body: Body,
  provider: (written: string | null, place: Place) => string,
  report: Report,
): DataBlock {
  const { address, source } = where;
  const known = [...Object.keys(source.arguments), ...META];
  refuseUnknownKeys(body, known, source.name, report, {}, address);
  const args = new Map<string, Written>();
  // As in a resource: a slip in a required argument is one error and not two.
  const meant = new Set<string | null>();
  for (const [key, value] of entriesOf(body)) {
    if (Object.hasOwn(source.arguments, key)) {
      if (value !== null) args.set(key, { expression: expressionIn(body, key, report), place: placeIn(body, key) });
    } else meant.add(META.includes(key) ? null : nearest(key, known));
  }
  for (const [argument, spec] of Object.entries(source.arguments)) {
    if (!spec.required || args.has(argument) || meant.has(argument)) continue;
    report.error(
      placeIn(body),
      `Missing required argument "${argument}"`,
      `${source.name} needs it: ${spec.schema.description ?? ''}`,
      address,
    );
  }
  const selectors = source.kind === 'one' ? selectorsOf(source.resource) : [];
  if (selectors.length > 0 && !selectors.some((argument) => args.has(argument) || meant.has(argument)))
    report.error(placeIn(body), 'Nothing says which key is read', chooseOne(selectors), address);
  return {
    ...where,
    provider: provider(readProvider(body, report), placeIn(body, 'provider')),
    args,
    repetition: readRepetition(body, report, address),
    dependsOn: staticReferences(body, 'depends_on', report),
    lifecycle: readDataLifecycle(body, address, report),
    place: placeIn(body),
  };
}

/** What to write when none or several of the selectors are set. */
export function chooseOne(selectors: readonly string[]): string {
  const words = selectors.map((name) => `"${name}"`);
  return `Set exactly one of ${words.slice(0, -1).join(', ')} and ${words.at(-1)}.`;
}
