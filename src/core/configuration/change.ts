import { parseAddress, parseModuleAddress } from '../address.ts';
import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import {
  type Body,
  bodiesOf,
  keyedReference,
  literalBoolean,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
  soleBody,
  type Written,
  writtenIn,
} from './block.ts';

/** A `moved` block: what stands at `from` in state belongs to `to`. Addresses with the module that declares the block in front. */
export interface MovedBlock {
  readonly from: string;
  readonly to: string;
  readonly place: Place;
}

/** A `removed` block: what is at the address is no longer declared. */
export interface RemovedBlock {
  /** Of a resource or a module, without keys, with the declaring module in front. */
  readonly from: string;
  /** False: forget it and leave it at its cloud. */
  readonly destroy: boolean;
  readonly place: Place;
}

/** An `import` block: a key that exists already becomes that of an address. */
export interface ImportBlock {
  /** Address of the resource; its key is an expression where `for_each` is set. */
  readonly to: Written;
  readonly id: Written;
  readonly forEach: Written | null;
  /** As written; null when it is that of the resource. */
  readonly place: Place;
}

/** Reads the `moved` section. Problems are reported. */
export function readMoved(file: string, path: Path, value: Json, module: string, report: Report): MovedBlock[] {
  return bodiesOf(file, path, value, '"moved"', report).flatMap((body) => {
    refuseUnknownKeys(body, ['from', 'to'], 'A moved block', report);
    const from = readAddress(body, 'from', module, report);
    const to = readAddress(body, 'to', module, report);
    if (from === null || to === null) return [];
    if ((parseModuleAddress(from) === null) !== (parseModuleAddress(to) === null)) {
      report.error(
        placeIn(body, 'to'),
        'A moved block goes from a resource to a module, or the other way',
        'Both addresses name a resource, or both name a module.',
      );
      return [];
    }
    if (from === to) {
      report.error(
        placeIn(body, 'to'),
        'A moved block goes nowhere',
        `"from" and "to" are both ${from}. Remove the block.`,
      );
      return [];
    }
    return [{ from, to, place: placeIn(body) }];
  });
}

/** Reads the `removed` section. Problems are reported. */
export function readRemoved(file: string, path: Path, value: Json, module: string, report: Report): RemovedBlock[] {
  return bodiesOf(file, path, value, '"removed"', report).flatMap((body) => {
    refuseUnknownKeys(body, ['from', 'lifecycle'], 'A removed block', report, {
      provisioner: 'Run the command by hand, or keep the resource until its destroy provisioner has run.',
    });
    const from = readAddress(body, 'from', module, report);
    const lifecycle = soleBody(body, 'lifecycle', report);
    if (lifecycle !== null) refuseUnknownKeys(lifecycle, ['destroy'], 'The lifecycle block of a removed block', report);
    if (from?.includes('[')) {
      report.error(
        placeIn(body, 'from'),
        'A removed block names an instance',
        'It names a whole resource or module, without a key in brackets.',
      );
      return [];
    }
    const destroy = lifecycle === null || literalBoolean(lifecycle, 'destroy', true, report);
    return from === null ? [] : [{ from, destroy, place: placeIn(body, 'from') }];
  });
}

/** Reads the `import` section of the root module. Problems are reported. */
export function readImports(file: string, path: Path, value: Json, report: Report): ImportBlock[] {
  return bodiesOf(file, path, value, '"import"', report).flatMap((body) => {
    refuseUnknownKeys(body, ['to', 'id', 'for_each', 'provider'], 'An import block', report);
    const id = writtenIn(body, 'id', report);
    const forEach = writtenIn(body, 'for_each', report);
    const written = body.value.to;
    if (id === null || written === undefined || written === null) {
      report.error(
        placeIn(body),
        `Missing required argument "${id === null ? 'id' : 'to'}"`,
        'An import block says which key ("id") becomes that of which address ("to").',
      );
      return [];
    }
    if (typeof written !== 'string') {
      report.error(placeIn(body, 'to'), '"to" must be an address', 'Write the address of a resource as text.');
      return [];
    }
    // The bare address is an expression of the language: its key may be each.key.
    const bare = written.trim().replace(/^\$\{\s*(.*?)\s*\}$/s, '$1');
    const to = writtenIn({ ...body, value: { ...body.value, to: `\${${bare}}` } }, 'to', report);
    if (to === null) return [];
    const root = keyedReference(to.expression, to.place)?.root ?? null;
    if (root === null || ['var', 'local', 'data', 'each', 'count', 'self', 'path'].includes(root)) {
      report.error(
        to.place,
        'Invalid import address',
        'Write the address of a resource, such as TYPE.NAME or TYPE.NAME[each.key].',
      );
      return [];
    }
    return [{ to, id, forEach, place: placeIn(body) }];
  });
}

/** The address at `key`, with `module` in front; null and reported when it is not one. */
function readAddress(body: Body, key: string, module: string, report: Report): string | null {
  const value = body.value[key];
  if (value === undefined || value === null) {
    report.error(placeIn(body), `Missing required argument "${key}"`, 'It is an address of this module.');
    return null;
  }
  const bare = typeof value === 'string' ? value.trim().replace(/^\$\{\s*(.*?)\s*\}$/s, '$1') : '';
  if (parseAddress(bare) === null && parseModuleAddress(bare) === null) {
    report.error(
      placeIn(body, key),
      `"${key}" is not the address of a resource or module`,
      'Write "type.name" or "module.name", perhaps with a key in brackets.',
    );
    return null;
  }
  return module === '' ? bare : `${module}.${bare}`;
}
