// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

export * from './provider.ts';
export * from './rotation.ts';
export * from './nscale-access-key.ts';
export * from './outscale-access-key.ts';
export * from './sinch-access-key.ts';
export * from './tencent-api-key.ts';
export * from './tencent-cam-access-key.ts';
export * from './yandex-api-key.ts';
export * from './yandex-static-access-key.ts';
export * from './data-keyform-nscale-access-key.ts';
export * from './data-keyform-nscale-access-keys.ts';
export * from './data-keyform-outscale-access-key.ts';
export * from './data-keyform-outscale-access-keys.ts';
export * from './data-keyform-sinch-access-key.ts';
export * from './data-keyform-sinch-access-keys.ts';
export * from './data-keyform-tencent-api-key.ts';
export * from './data-keyform-tencent-api-keys.ts';
export * from './data-keyform-tencent-cam-access-key.ts';
export * from './data-keyform-tencent-cam-access-keys.ts';
export * from './data-keyform-yandex-api-key.ts';
export * from './data-keyform-yandex-api-keys.ts';
export * from './data-keyform-yandex-static-access-key.ts';
export * from './data-keyform-yandex-static-access-keys.ts';
