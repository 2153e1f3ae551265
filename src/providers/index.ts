import type { Cloud } from '../core/provider.ts';
import { nscale } from './nscale/index.ts';
import { outscale } from './outscale/index.ts';
import { sinch } from './sinch/index.ts';
import { tencent } from './tencent/index.ts';
import { yandex } from './yandex/index.ts';

/** Every cloud that Keyform knows, in the order in which people read them. */
export const clouds: readonly Cloud[] = [nscale, outscale, sinch, tencent, yandex];
