// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

export * from './provider.ts';
export * from './outscale-access-key.ts';
export * from './sinch-access-key.ts';
