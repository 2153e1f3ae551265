import { KeyformError } from '../../core/error.ts';
import { type CloudSchema, describeClouds, type SchemaDocument } from '../../core/schema.ts';
import { didYouMean } from '../../core/suggest.ts';
import { DONE, type Outcome, type Outside } from '../context.ts';
import { renderCloud, renderResourceType, renderSchema } from '../render/schema.ts';

/**
 * `keyform schema`: clouds, resource types, data sources, arguments, attributes and capabilities, from the code itself; with
 * a name, of that one resource type, data source or cloud. `-json` prints what `schemas/schema_output.json` describes.
 */
export async function schemaCommand(
  outside: Outside,
  flags: { readonly json: boolean; readonly type?: string },
): Promise<Outcome> {
  const { terminal, style } = outside;
  const document = await describeClouds(outside.clouds, outside.version);
  const chosen = flags.type === undefined ? null : choose(document, flags.type);
  if (flags.json) {
    terminal.out(`${JSON.stringify(chosen?.document ?? document, null, 2)}\n`);
  } else if (chosen === null) {
    terminal.out(renderSchema(document, style.out));
  } else if (chosen.type === null) {
    terminal.out(renderCloud(chosen.name, chosen.cloud, style.out));
  } else {
    terminal.out(renderResourceType(chosen.type, chosen.cloud, style.out));
  }
  return DONE;
}

interface Chosen {
  /** The cloud. */
  readonly name: string;
  readonly cloud: CloudSchema;
  /** The resource type; null when the whole cloud is meant. */
  readonly type: string | null;
  /** The document, of what is chosen only. */
  readonly document: SchemaDocument;
}

/** What `name` means. A data source belongs to the resource type whose keys it reads. Throws `invalid-usage` for nothing. */
function choose(document: SchemaDocument, name: string): Chosen {
  const wanted = name.replace(/^data\./, '');
  for (const [key, cloud] of Object.entries(document.providers)) {
    const of = (part: CloudSchema) => ({ ...document, providers: { [key]: part } });
    if (wanted === key) return { name: key, cloud, type: null, document: of(cloud) };
    const type = cloud.data_sources[wanted]?.resource ?? wanted;
    const resource = cloud.resources[type];
    if (resource === undefined) continue;
    const sources = Object.entries(cloud.data_sources).filter(([, source]) => source.resource === type);
    const part = { ...cloud, resources: { [type]: resource }, data_sources: Object.fromEntries(sources) };
    return { name: key, cloud, type, document: of(part) };
  }
  const clouds = Object.entries(document.providers);
  const types = clouds.flatMap(([, cloud]) => Object.keys(cloud.resources));
  const known = [
    ...types,
    ...clouds.flatMap(([, cloud]) => Object.keys(cloud.data_sources)),
    ...clouds.map(([key]) => key),
  ];
  throw new KeyformError('invalid-usage', `There is no resource type "${name.slice(0, 80)}"`, {
    detail: `There are ${types.join(', ')}.${didYouMean(wanted, known)}`,
  });
}
