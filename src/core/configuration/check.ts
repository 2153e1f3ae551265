import type { Place } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import { checkName, labelledBodies, type Path, placeIn, type Report, refuseUnknownKeys } from './block.ts';
import { type Condition, readConditions } from './lifecycle.ts';

/** A `check` block: conditions that are told of when they do not hold, and stop nothing. */
export interface CheckBlock {
  /** `check.NAME`, behind its module. */
  readonly address: string;
  readonly module: string;
  readonly name: string;
  readonly assertions: readonly Condition[];
  readonly place: Place;
}

/** Reads the `check` section of a file into `checks`. Problems are reported. */
export function readChecks(
  file: string,
  path: Path,
  value: Json,
  module: string,
  checks: Map<string, CheckBlock>,
  report: Report,
): void {
  for (const { labels, body } of labelledBodies(file, path, value, 1, 'check', report)) {
    const [name = ''] = labels;
    if (!checkName(placeIn(body), 'check', name, report)) continue;
    refuseUnknownKeys(body, ['assert'], 'A check block', report, {
      data: 'Declare the data source beside the check block, and refer to it.',
    });
    const address = `${module === '' ? '' : `${module}.`}check.${name}`;
    const assertions = readConditions(body, 'assert', report);
    if (assertions.length === 0)
      report.error(
        placeIn(body),
        'A check block asserts nothing',
        'Add an "assert" block with "condition" and "error_message".',
      );
    if (checks.has(address)) report.error(placeIn(body), `Check "${name}" is declared twice`, 'Remove one.');
    checks.set(address, { address, module, name, assertions, place: placeIn(body) });
  }
}
