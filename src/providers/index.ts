import type { Cloud } from '../core/provider.ts';
import { outscale } from './outscale/index.ts';
import { sinch } from './sinch/index.ts';

/** Every cloud that Keyform knows, in the order in which people read them. */
export const clouds: readonly Cloud[] = [outscale, sinch];
