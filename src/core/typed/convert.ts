/** The conversions of the language, in one place for those who use them. */
export { ConversionProblem, canConvert, convert, type PathStep } from './conversion.ts';
export { applyDefaults, type Defaults } from './defaults.ts';
export { mismatch } from './mismatch.ts';
export { equalTypes } from './same.ts';
export { unify, unifyValues } from './unify.ts';
