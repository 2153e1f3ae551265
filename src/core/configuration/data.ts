import { formatDataAddress } from '../address.ts';
import { type DataSource, dataSourcesOf, selectorsOf } from '../datasource.ts';
import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import type { Expression } from '../language/expression.ts';
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
  readAddresses,
  refuseUnknownKeys,
} from './block.ts';
import { readProvider } from './resource.ts';

/** A data block: keys that are read. */
export interface DataBlock {
  /** `data.TYPE.NAME`. */
  readonly address: string;
  readonly name: string;
  readonly cloud: Cloud;
  readonly source: DataSource;
  /** `keyform` or `keyform.<alias>`. */
  readonly provider: string;
  /** Set arguments only; null values count as left out. */
  readonly args: ReadonlyMap<string, { readonly expression: Expression; readonly place: Place }>;
  readonly dependsOn: readonly string[];
  readonly place: Place;
}

const META = ['provider', 'depends_on'];

const LATER: Readonly<Record<string, string>> = {
  count: 'It arrives with the whole language of stacks. Write one block for each key, or read all keys of an owner.',
  for_each: 'It arrives with the whole language of stacks. Write one block for each key, or read all keys of an owner.',
  lifecycle: 'It arrives with the whole language of stacks; in a data block it holds conditions only.',
};

/** Reads the `data` section of a file into `data`, by address. Problems are reported. */
export function readDataBlocks(
  file: string,
  path: Path,
  value: Json,
  clouds: readonly Cloud[],
  data: Map<string, DataBlock>,
  report: Report,
): void {
  const sources = new Map<string, { cloud: Cloud; source: DataSource }>();
  for (const cloud of clouds) {
    for (const type of cloud.resources)
      for (const source of dataSourcesOf(type)) sources.set(source.name, { cloud, source });
  }
  const unknown = new Set<string>();
  for (const { labels, body } of labelledBodies(file, path, value, 2, 'data', report)) {
    const [type = '', name = ''] = labels;
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
    const address = formatDataAddress(type, name);
    if (data.has(address)) {
      report.error(
        placeIn(body),
        `Data source ${address} is declared twice`,
        'Give one of them another name.',
        address,
      );
      continue;
    }
    data.set(address, readBlock(address, name, body, known.cloud, known.source, report));
  }
}

/** Reads one block. Problems are reported; the result then lacks what was wrong. */
function readBlock(
  address: string,
  name: string,
  body: Body,
  cloud: Cloud,
  source: DataSource,
  report: Report,
): DataBlock {
  const known = [...Object.keys(source.arguments), ...META];
  refuseUnknownKeys(body, known, source.name, report, LATER, address);
  const args = new Map<string, { expression: Expression; place: Place }>();
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
    address,
    name,
    cloud,
    source,
    provider: readProvider(body, report),
    args,
    dependsOn: readAddresses(body, 'depends_on', report),
    place: placeIn(body),
  };
}

/** What to write when none or several of the selectors are set. */
export function chooseOne(selectors: readonly string[]): string {
  const words = selectors.map((name) => `"${name}"`);
  return `Set exactly one of ${words.slice(0, -1).join(', ')} and ${words.at(-1)}.`;
}
