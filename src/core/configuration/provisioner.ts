import type { Place } from '../diagnostic.ts';
import {
  type Body,
  bodiesOf,
  entriesOf,
  type Path,
  placeIn,
  type Report,
  refuseUnknownKeys,
  type Written,
  writtenArguments,
} from './block.ts';

/** A `provisioner "local-exec"`: a command that is run beside a resource. */
export interface Provisioner {
  readonly when: 'create' | 'destroy';
  readonly onFailure: 'fail' | 'continue';
  /** Of `command`, `interpreter`, `working_dir`, `environment`, `quiet`, those that are set. */
  readonly args: ReadonlyMap<string, Written>;
  readonly place: Place;
}

const META = ['when', 'on_failure'];
const ARGUMENTS = ['command', 'interpreter', 'working_dir', 'environment', 'quiet'];

/** Reads the provisioners of a resource block, in their order. Problems are reported. */
export function readProvisioners(body: Body, address: string, report: Report): readonly Provisioner[] {
  const value = body.value.provisioner;
  if (value === undefined || value === null) return [];
  // One object by kind, an array of them, or arrays of bodies under a kind: the order of an array is the order of running.
  return bodiesOf(body.file, [...body.path, 'provisioner'], value, '"provisioner"', report).flatMap((group) =>
    entriesOf(group).flatMap(([kind, item]) => {
      const path: Path = [...group.path, kind];
      if (kind !== 'local-exec') {
        report.error(
          { file: group.file, path },
          `Unsupported provisioner "${kind}"`,
          'Keyform runs "local-exec" only: a command on this machine.',
          address,
        );
        return [];
      }
      return bodiesOf(group.file, path, item, '"local-exec"', report).map((one) => readOne(one, address, report));
    }),
  );
}

function readOne(body: Body, address: string, report: Report): Provisioner {
  const refusal = 'A command runs on this machine, so there is nothing to connect to.';
  refuseUnknownKeys(
    body,
    [...META, ...ARGUMENTS],
    'A local-exec provisioner',
    report,
    { connection: refusal },
    address,
  );
  const args = writtenArguments(body, META, report);
  if (!args.has('command'))
    report.error(placeIn(body), 'Missing required argument "command"', 'It is the command to run.', address);
  return {
    when: choice(body, 'when', ['create', 'destroy'], report),
    onFailure: choice(body, 'on_failure', ['fail', 'continue'], report),
    args: new Map([...args].filter(([name]) => ARGUMENTS.includes(name))),
    place: placeIn(body),
  };
}

/** One of the words, the first where nothing is set; `${…}` around it is allowed, as CDKTF may write it. */
function choice<T extends string>(body: Body, key: string, words: readonly [T, ...T[]], report: Report): T {
  const value = body.value[key];
  const bare = typeof value === 'string' ? value.replace(/^\$\{\s*(\w+)\s*\}$/, '$1') : value;
  if (bare === undefined || bare === null) return words[0];
  const found = words.find((word) => word === bare);
  if (found !== undefined) return found;
  report.error(
    placeIn(body, key),
    `Invalid "${key}" of a provisioner`,
    `Write ${words.map((word) => `"${word}"`).join(' or ')}.`,
  );
  return words[0];
}
