// A look for drift over a thousand owners: what it asks, what it costs, and what stays in memory of it.

import { KEYS_PER_OWNER } from './stack.mjs';

/** Owners of the widest stack. */
export const DRIFT_OWNERS = 1000;
const KEYS = DRIFT_OWNERS * KEYS_PER_OWNER;
/** What comes and goes while owners are asked and compared, sixteen at once. */
const ROOM_MB = 30;

/**
 * @param {() => Promise<import('./world.mjs').Project>} project with all keys applied, and none changed
 * @param {(project: () => Promise<import('./world.mjs').Project>, lists: object, args: readonly string[]) => object} asking makes a row's
 *   `command` and `check`: these arguments, and exactly so many calls of each action
 * @returns {import('./rows.mjs').Row[]}
 */
export function driftRows(project, asking) {
  const keys = KEYS.toLocaleString('en');
  return [
    {
      id: 'drift-none-asked',
      title: `\`keyform plan -refresh=false\`, ${keys} keys`,
      groups: ['drift'],
      ...asking(project, {}, ['plan', '-refresh=false', '-detailed-exitcode']),
      base: 'node',
      limits: [],
    },
    {
      id: 'drift-10000',
      title: `\`keyform drift\`, ${keys} keys, ${DRIFT_OWNERS.toLocaleString('en')} owners, none`,
      groups: ['drift'],
      ...asking(project, { 'sinch ListAccessKeys': DRIFT_OWNERS }, ['drift']),
      base: 'node',
      limits: [
        {
          words: '≤ 2 s CPU',
          holds: ({ cpu }) => cpu('drift-10000') !== null && cpu('drift-10000') <= 2000,
        },
        {
          words: `≤ no owner asked + ${ROOM_MB} MB`,
          holds: ({ peak }) => {
            const [all, none] = [peak('drift-10000'), peak('drift-none-asked')];
            return all !== null && none !== null && all <= none + ROOM_MB;
          },
        },
        // Checked after every run: one that asks another number of times fails, and there is no table.
        { words: `${DRIFT_OWNERS.toLocaleString('en')} lists`, holds: () => true },
      ],
    },
  ];
}
