import type { Place } from '../diagnostic.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import {
  type Body,
  checkName,
  literalString,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
  soleBody,
} from './block.ts';

/** A `data "terraform_remote_state"` block: the outputs of another stack of the project. */
export interface RemoteBlock {
  /** `data.terraform_remote_state.NAME`, behind its module. */
  readonly address: string;
  readonly module: string;
  readonly name: string;
  /** The stack whose outputs it reads. */
  readonly stack: string;
  readonly place: Place;
}

export const REMOTE_STATE = 'terraform_remote_state';

/** Reads the blocks of one file's `data.terraform_remote_state` into `remotes`. Problems are reported. */
export function readRemote(
  name: string,
  body: Body,
  module: string,
  remotes: Map<string, RemoteBlock>,
  report: Report,
): void {
  if (!checkName(placeIn(body), 'data source', name, report)) return;
  const address = `${module === '' ? '' : `${module}.`}data.${REMOTE_STATE}.${name}`;
  refuseUnknownKeys(body, ['backend', 'config', 'workspace'], REMOTE_STATE, report, {
    defaults: 'Use try(data.terraform_remote_state.NAME.outputs.OUTPUT, DEFAULT) where it is needed.',
  });
  if (remotes.has(address)) {
    report.error(placeIn(body), `Data source ${address} is declared twice`, 'Give one of them another name.', address);
    return;
  }
  const backend = literalString(body, 'backend', report);
  if (backend !== null && backend !== 'local') {
    report.error(
      placeIn(body, 'backend'),
      `The outputs of a "${backend}" backend are not read`,
      'Keyform reads the outputs of other stacks of this project, from their sealed states: write "local".',
      address,
    );
    return;
  }
  const config = soleBody(body, 'config', report);
  const path = config === null ? null : literalString(config, 'path', report);
  const stack = path === null ? null : stackOf(path);
  if (config === null || stack === null) {
    report.error(
      config === null ? placeIn(body) : placeIn(config, 'path'),
      'Nothing says which stack is read',
      'Write "config": { "path": "../STACK/terraform.tfstate" }: the folder, or the name as in terraform.STACK.tfstate, is the stack.',
      address,
    );
    return;
  }
  remotes.set(address, { address, module, name, stack, place: placeIn(body) });
}

/** The stack that a path of a local backend stands for: CDKTF names the file by it, by hand it is the folder. Null for neither. */
function stackOf(path: string): string | null {
  const [file = '', folder] = path.split(/[\\/]/).reverse();
  const named = /^terraform\.(.+)\.tfstate$/.exec(file)?.[1];
  if (named !== undefined) return named;
  return file === 'terraform.tfstate' && folder !== undefined && !/^\.*$/.test(folder) ? folder : null;
}

/** The stacks whose outputs a file reads; what is odd about it is left to {@link readRemote}. */
export function remotesIn(content: Json): readonly string[] {
  const found: string[] = [];
  const look = (value: Json | undefined, path: Path) => {
    if (Array.isArray(value)) for (const item of value as Json[]) look(item, path);
    else if (isObject(value)) {
      const object = value as JsonObject;
      const [next, ...rest] = path;
      if (next === undefined) {
        const config = object.config;
        const written = isObject(config) ? (config as JsonObject).path : undefined;
        const stack = typeof written === 'string' ? stackOf(written) : null;
        if (stack !== null) found.push(stack);
      } else if (next === '*') for (const item of Object.values(object)) look(item, rest);
      else look(object[next], rest);
    }
  };
  look(content, ['data', REMOTE_STATE, '*']);
  return found;
}
