import { createRequire } from 'node:module';

/**
 * The package `yaml`, loaded when this is called: at once, since expressions are evaluated at once, and not before, since few stacks need
 * it. In the built tool it is a part of the one file that runs when it is required, by the name that the bundler looks for; sources run
 * as ES modules, which have no `require` of their own.
 */
export function loadYaml(): typeof import('yaml') {
  return typeof require === 'function' ? require('yaml') : createRequire(import.meta.url)('yaml');
}
