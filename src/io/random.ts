import { randomBytes } from 'node:crypto';
import type { Random } from '../core/port.ts';

/** Chance from the operating system. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  fraction: () => Math.random(),
};
