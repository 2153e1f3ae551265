import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

// The shape of src, held by reading every import: arrows go down only, no two parts of one row know each other, and
// nothing but the front-ends' main.ts and io touches the machine.

const ROWS = [['core'], ['providers', 'state', 'io'], ['engine', 'constructs', 'emulator'], ['cli', 'plugin']];
const PURE = ['core', 'providers', 'state'];
// node:module loads a library at its first use, which an import cannot do at once.
const PURE_BUILTINS = ['node:crypto', 'node:util', 'node:path', 'node:path/posix', 'node:module'];
const PROVIDER_FILES = ['auth.ts', 'client.ts', 'emulator.ts', 'index.ts', 'resource.ts', 'schema.ts'];
/** Where clouds may be named: the list of them, what is generated from them, and the example that `keyform init` writes. */
const NAMING = [/^providers\/index\.ts$/, /^constructs\/generated\//, /^cli\/command\/starter\.ts$/];
/** Packages that one part alone may know. */
const RESERVED: Readonly<Record<string, string>> = {
  undici: 'io',
  cdktf: 'constructs',
  cdktn: 'constructs',
  constructs: 'constructs',
  '@cdktf/provider-null': 'constructs',
};

interface Source {
  /** From src, with `/`. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  /** Gone when the program runs. */
  readonly typeOnly: boolean;
}

function row(part: string): number {
  return ROWS.findIndex((parts) => parts.includes(part));
}

/** The text without comments. A line comment counts as one only after a space, so that `https://` survives. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, ' ').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}

function importsOf(code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  }
  for (const match of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier: match[1] ?? '', typeOnly: false });
  }
  for (const match of code.matchAll(
    /(await\s+|\btypeof\s+|[:<|&=]\s*)?\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]\s*\)(\s*\.\s*[A-Z])?/g,
  )) {
    // `typeof import('x')` and `import('x').Type` stand where a type does; `await import('x')` loads.
    const typeOnly =
      !(match[1] ?? '').startsWith('await') && (match[1]?.startsWith('typeof') === true || match[3] !== undefined);
    found.push({ specifier: match[2] ?? '', typeOnly });
  }
  return found;
}

/** A cloud's name as a word, or as part of an identifier: `acme`, `Acme`, `keyform_acme_key`, `AcmeKey`, `ACME_TOKEN`. */
function spelled(name: string): RegExp {
  const capital = name.charAt(0).toUpperCase() + name.slice(1);
  return new RegExp(`(?<![a-z])(?:${name}|${capital})(?![a-z])|(?<![A-Z])${name.toUpperCase()}(?![A-Z])`);
}

/** Everything that is wrong with the shape of `sources`, one line each. */
function problemsOf(sources: readonly Source[]): string[] {
  const clouds = [...new Set(sources.map(({ path }) => /^providers\/([^/]+)\//.exec(path)?.[1]))].filter(
    (name) => name !== undefined,
  );
  const problems: string[] = [];
  for (const { path, text } of sources) {
    const code = withoutComments(text);
    const [part = '', cloud] = path.split('/');
    const say = (problem: string) => problems.push(`${path}: ${problem}`);
    const main = /^[^/]+\/main\.ts$/.test(path);
    // What runs before main: it loads the built tool, and none of its sources.
    const launch = path === 'cli/launch.ts';

    if (row(part) < 0) say(`"${part}" is no part of the layout`);
    for (const { specifier, typeOnly } of importsOf(code)) {
      if (specifier.startsWith('.')) {
        if (launch) say(`imports ${specifier}, though it runs before everything else`);
        const target = posix.normalize(posix.join(posix.dirname(path), specifier));
        const [to = ''] = target.split('/');
        if (!specifier.endsWith('.ts')) say(`${specifier} lacks the extension .ts`);
        if (row(to) < 0) say(`imports ${target}, which lies outside src`);
        else if (row(to) > row(part)) say(`imports upward: ${target}`);
        else if (row(to) === row(part) && to !== part) say(`imports sideways: ${target}`);
        else if (to === 'io' && part !== 'io' && !main && !typeOnly)
          say(`touches io, which only a front-end's main.ts may: ${target}`);
        else if (part === 'providers' && to === 'providers' && path !== 'providers/index.ts') {
          if (target.split('/')[1] !== cloud) say(`a provider imports from outside its folder: ${target}`);
        }
        continue;
      }
      const builtin = specifier.startsWith('node:') || builtinModules.includes(specifier);
      if (builtin && !specifier.startsWith('node:')) say(`${specifier} is written without "node:"`);
      if (builtin && !typeOnly && PURE.includes(part) && !PURE_BUILTINS.includes(specifier))
        say(`does I/O: ${specifier}`);
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      const home = RESERVED[name];
      if (home !== undefined && home !== part) say(`${name} belongs to ${home}`);
    }

    // A port that a function was handed may be called `process` too.
    const handed = /[{,(]\s*process\s*[,}:)]/.test(code);
    const named = /(?<![\w.$'"`/-])process\s*(\?\.|\.|\[)/.test(code) && !handed;
    if (part !== 'io' && !main && !launch && (named || /\bglobalThis\.process\b|node:process['"]/.test(code))) {
      say('uses process, which only io and a main.ts may');
    }
    for (const name of clouds) {
      if (part === 'providers' && cloud === name) continue;
      const literal = `['"\`](?:keyform_)?${name}(?:_\\w*)?['"\`]`;
      const branch = new RegExp(
        `[!=]==?\\s*${literal}|${literal}\\s*[!=]==?|\\bcase\\s+${literal}|\\.(?:startsWith|endsWith|includes)\\(\\s*${literal}`,
      );
      if (branch.test(code)) say(`asks whether it has ${name} before it: give the provider a property and read that`);
      else if (!NAMING.some((place) => place.test(path)) && spelled(name).test(code))
        say(`names ${name}: take it from the list of clouds, or say it without a name`);
    }
  }
  for (const name of clouds) {
    for (const file of PROVIDER_FILES) {
      if (!sources.some(({ path }) => path === `providers/${name}/${file}`))
        problems.push(`providers/${name}: lacks ${file}`);
    }
  }
  return problems;
}

test('src has the shape that the design gives it', () => {
  const src = join(import.meta.dirname, '..', 'src');
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }));
  expect(sources.length).toBeGreaterThan(20);
  expect(problemsOf(sources)).toEqual([]);
});

test('what generates files names no cloud', () => {
  const root = join(import.meta.dirname, '..');
  const clouds = readdirSync(join(root, 'src', 'providers')).filter((name) => !name.endsWith('.ts'));
  expect(clouds.length).toBeGreaterThan(1);
  for (const file of readdirSync(join(root, '.ci')).filter((name) => name.endsWith('.ts'))) {
    const code = withoutComments(readFileSync(join(root, '.ci', file), 'utf8'));
    for (const name of clouds) expect(spelled(name).test(code), `${file} names ${name}`).toBe(false);
  }
});

test('every relative import of src names a file that is there', () => {
  const src = join(import.meta.dirname, '..', 'src');
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
    for (const { specifier } of importsOf(withoutComments(readFileSync(join(src, path), 'utf8')))) {
      if (specifier.startsWith('.'))
        expect(existsSync(join(src, path, '..', specifier)), `${path}: ${specifier}`).toBe(true);
    }
  }
});

describe('this test sees', () => {
  const whole = PROVIDER_FILES.map((file) => ({ path: `providers/acme/${file}`, text: '' }));
  test.each<[string, string, string, string | null]>([
    [
      'an arrow that points up',
      'core/a.ts',
      `import { a } from '../engine/a.ts';`,
      'core/a.ts: imports upward: engine/a.ts',
    ],
    ['one in a type', 'core/a.ts', `import type { A } from '../io/a.ts';`, 'imports upward'],
    ['one over several lines', 'core/a.ts', `import {\n  a,\n  type B,\n} from '../cli/a.ts';`, 'imports upward'],
    ['one that is exported on', 'core/a.ts', `export * from '../state/a.ts';`, 'imports upward'],
    ['one for its effect', 'core/a.ts', `import '../state/a.ts';`, 'imports upward'],
    ['one that is loaded late', 'core/a.ts', `const a = await import('../state/a.ts');`, 'imports upward'],
    ['one in a type expression', 'core/a.ts', `let a: import('../state/a.ts').A;`, 'imports upward'],
    ['one by require', 'core/a.ts', `const a = require('../state/a.ts');`, 'imports upward'],
    ['a sideways arrow', 'state/a.ts', `import type { A } from '../io/a.ts';`, 'imports sideways: io/a.ts'],
    ['a sideways arrow of the row above', 'engine/a.ts', `import { a } from '../emulator/a.ts';`, 'imports sideways'],
    [
      'a provider that knows another',
      'providers/acme/client.ts',
      `import { a } from '../other/auth.ts';`,
      'outside its folder',
    ],
    [
      'a provider that knows the list',
      'providers/acme/client.ts',
      `import { a } from '../index.ts';`,
      'outside its folder',
    ],
    ['a source of Keyform in launch.ts', 'cli/launch.ts', `import { a } from './a.ts';`, 'before everything else'],
    ['io outside main.ts', 'engine/a.ts', `import { a } from '../io/http.ts';`, 'touches io'],
    ['an import without extension', 'core/a.ts', `import { a } from './b';`, 'lacks the extension'],
    ['an import from outside src', 'core/a.ts', `import { a } from '../../test/b.ts';`, 'outside src'],
    ['I/O in core', 'core/a.ts', `import { readFileSync } from 'node:fs';`, 'does I/O: node:fs'],
    ['I/O that is loaded late', 'state/a.ts', `const fs = await import('node:fs/promises');`, 'does I/O'],
    ['a builtin without its scheme', 'io/a.ts', `import fs from 'fs';`, 'without "node:"'],
    ['undici outside io', 'providers/acme/client.ts', `import { Agent } from 'undici';`, 'undici belongs to io'],
    ['cdktf outside constructs', 'engine/a.ts', `import type { App } from 'cdktf';`, 'cdktf belongs to constructs'],
    ['process.env', 'engine/a.ts', 'const home = process.env.HOME;', 'uses process'],
    ['process by its module', 'state/a.ts', `import process from 'node:process';`, 'uses process'],
    ['a question for a cloud', 'engine/a.ts', `if (cloud.name === 'acme') retry();`, 'asks whether it has acme'],
    ['the same the other way round', 'core/a.ts', `return "acme" !== cloud;`, 'asks whether'],
    ['the same by a type', 'core/a.ts', `switch (type) { case 'keyform_acme_access_key': }`, 'asks whether'],
    ['the same by a prefix', 'cli/a.ts', `type.startsWith('keyform_acme_')`, 'asks whether'],
    ['a cloud in a message', 'core/a.ts', `say('such as keyform_acme_access_key.ci');`, 'names acme'],
    ['a cloud in an identifier', 'cli/a.ts', 'const key = new AcmeAccessKey();', 'names acme'],
    ['a cloud in a variable', 'engine/a.ts', 'environment.ACME_KEY_ID', 'names acme'],
    ['a folder out of the layout', 'utils/a.ts', '', 'no part of the layout'],
  ])('%s', (_, path, text, problem) => {
    expect(problemsOf([...whole.filter((file) => file.path !== path), { path, text }]).join('\n')).toContain(problem);
  });

  test('a provider folder that lacks a file', () => {
    expect(problemsOf(whole.slice(1))).toEqual(['providers/acme: lacks auth.ts']);
  });

  test.each([
    ['an arrow that points down', 'cli/a.ts', `import { a } from '../engine/b.ts';\nimport { c } from './c.ts';`],
    ['the process in launch.ts', 'cli/launch.ts', `import { join } from 'node:path';\nprocess.exit(1);`],
    ['io in main.ts', 'cli/main.ts', `const { a } = await import('../io/http.ts');\nprocess.exit(1);`],
    ['types of io', 'engine/a.ts', `import type { A } from '../io/http.ts';`],
    ['hashing in core', 'core/a.ts', `import { createHash } from 'node:crypto';`],
    ['the list of providers', 'providers/index.ts', `import { acme } from './acme/index.ts';`],
    ['the example of init', 'cli/command/starter.ts', `export const A = 'keyform_acme_access_key';`],
    ['a word that holds a name', 'core/a.ts', `const acmetic = 'pacme';`],
    ['a cloud that asks about itself', 'providers/acme/client.ts', `if (name === 'acme') a();`],
    ['comments', 'core/a.ts', `// import { a } from '../cli/a.ts'; process.env\n/* if (cloud === 'acme') */`],
    [
      'words that hold "process"',
      'core/a.ts',
      `this.process.run(); options.process.x; processes.run(); const a = 'process.env';`,
    ],
  ])('no fault in %s', (_, path, text) => {
    expect(problemsOf([...whole.filter((file) => file.path !== path), { path, text }])).toEqual([]);
  });
});
