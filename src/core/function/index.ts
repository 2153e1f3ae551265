import { COLLECTION_FUNCTIONS } from './collection.ts';
import { CONVERSION_FUNCTIONS, CONVERSION_WITHHELD } from './conversion.ts';
import { ENCODING_FUNCTIONS, ENCODING_WITHHELD } from './encoding.ts';
import { FILE_FUNCTIONS, FILE_WITHHELD } from './file.ts';
import { FORMAT_FUNCTIONS } from './format.ts';
import { HASH_FUNCTIONS, HASH_WITHHELD } from './hash.ts';
import { LIST_FUNCTIONS } from './list.ts';
import { MAP_FUNCTIONS } from './map.ts';
import { NETWORK_FUNCTIONS } from './network.ts';
import { NUMBER_FUNCTIONS } from './number.ts';
import { REGEX_FUNCTIONS } from './regex.ts';
import { SET_FUNCTIONS } from './set.ts';
import type { FunctionSpec } from './spec.ts';
import { TEXT_FUNCTIONS } from './text.ts';
import { TIME_FUNCTIONS } from './time.ts';

const ALL: readonly FunctionSpec[] = [
  ...COLLECTION_FUNCTIONS,
  ...CONVERSION_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...FILE_FUNCTIONS,
  ...FORMAT_FUNCTIONS,
  ...HASH_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...MAP_FUNCTIONS,
  ...NETWORK_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...REGEX_FUNCTIONS,
  ...SET_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TIME_FUNCTIONS,
];

const byName = new Map(ALL.map((spec) => [spec.name, spec]));

/** The names of all functions, for suggestions. */
export const functionNames: readonly string[] = [...byName.keys()];

/** Functions of Terraform that Keyform refuses on purpose, with the reason and what to do instead. */
export const WITHHELD: Readonly<Record<string, string>> = {
  ...CONVERSION_WITHHELD,
  ...ENCODING_WITHHELD,
  ...FILE_WITHHELD,
  ...HASH_WITHHELD,
};

/** The function of that name; undefined for none. */
export function findFunction(name: string): FunctionSpec | undefined {
  return byName.get(name);
}
