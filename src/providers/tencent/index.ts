import type { Cloud } from '../../core/provider.ts';
import { accountKey } from './accountschema.ts';
import { gatewayKey } from './gatewayschema.ts';
import { settingSpecs } from './schema.ts';

/** Tencent Cloud: account keys (CAM, API 2019-01-16) and API Gateway keys (API 2018-08-08). */
export const tencent: Cloud = {
  name: 'tencent',
  title: 'Tencent Cloud',
  get settings() {
    return settingSpecs();
  },
  resources: [gatewayKey, accountKey],
  async connect(settings, ports) {
    const { connectTencent } = await import('./resource.ts');
    return connectTencent(settings, ports);
  },
  async emulator() {
    const { tencentEmulator, options } = await import('./emulator.ts');
    return { start: tencentEmulator, options };
  },
};
