import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error: the build is plain JavaScript, so that it runs before anything is built.
import { buildLibrary } from '../../.ci/build.mjs';
import {
  dataExample,
  providerExample,
  stackExample,
  typescriptDataExample,
  typescriptExample,
} from '../../.ci/examples.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { argumentsOf } from '../../src/core/resource.ts';
import { loadStack } from '../../src/engine/load.ts';
import { clouds } from '../../src/providers/index.ts';
import { GROUND, stackText } from '../engine/text.ts';

// What the documentation shows works, and what it points at is there.

const root = join(import.meta.dirname, '..', '..');
const types = clouds.flatMap((cloud) => cloud.resources.map((resource) => ({ type: resource.type, resource })));

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary(['markdownDescription', 'deprecationMessage']);
for (const name of readdirSync(join(root, 'schemas'))) {
  ajv.addSchema(JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8')));
}

function load(content: JsonObject): Promise<unknown> {
  const files = [{ file: 'main.tf.json', text: JSON.stringify(content) }];
  return loadStack({ ...stackText({}), files }, [], clouds, GROUND);
}

test.each(types)('the examples of $type are stacks', async ({ type, resource }) => {
  const { example } = resource;
  expect(example, `give the resource type ${type} an example: its page shows it`).toBeDefined();
  for (const made of [stackExample(resource), dataExample(resource)]) {
    if (made === null) throw new Error('no example');
    ajv.validate('stack.json', made);
    expect(ajv.errors).toBeNull();
    await load(made);
  }
  // What it shows is what a reader should copy: no secret in plain text, and nothing that cannot be set.
  const all = argumentsOf(resource);
  for (const name of Object.keys(example ?? {})) {
    expect(all[name], name).toBeDefined();
    expect(all[name]?.sensitive, name).toBe(false);
  }
});

test.each(clouds)('the provider block of $name is one', async (cloud) => {
  const made = providerExample(cloud);
  ajv.validate('stack.json', made);
  expect(ajv.errors).toBeNull();
  await load(made);
});

describe('in TypeScript', () => {
  /** A user's project with Keyform as a package. */
  let project: string;

  beforeAll(async () => {
    mkdirSync(join(root, '.keyform'), { recursive: true });
    project = mkdtempSync(join(root, '.keyform', 'test-documents-'));
    const installed = join(project, 'node_modules', 'keyform');
    await buildLibrary(join(installed, 'dist'));
    writeFileSync(join(installed, 'package.json'), readFileSync(join(root, 'package.json')));
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "type": "module" }');
    symlinkSync(join(root, 'node_modules', '@types'), join(project, 'node_modules', '@types'));
    for (const { type, resource } of types) {
      writeFileSync(join(project, `${type}.ts`), typescriptExample(resource) ?? '');
      writeFileSync(join(project, `data.${type}.ts`), typescriptDataExample(resource) ?? '');
    }
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as JsonObject;
    const { strict, module, moduleResolution, target, skipLibCheck } = compilerOptions as JsonObject;
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { strict, module, moduleResolution, target, skipLibCheck, noEmit: true, types: ['node'] },
        include: ['*.ts'],
      }),
    );
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test('all examples are typed as the classes want it', () => {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
    expect(result.stdout).toBe('');
    expect(result.status).toBe(0);
  });

  test.each(
    types.flatMap(({ type, resource }) => [
      { file: type, wanted: stackExample(resource) },
      { file: `data.${type}`, wanted: dataExample(resource) },
    ]),
  )('$file synthesizes to the example in JSON', ({ file, wanted }) => {
    const out = join(project, `out-${file}`);
    execFileSync(process.execPath, ['--import', 'tsx', join(project, `${file}.ts`)], {
      cwd: root,
      env: { ...process.env, CDKTF_OUTDIR: out, CHECKPOINT_DISABLE: '1' },
    });
    const synthesized = JSON.parse(readFileSync(join(out, 'stacks', 'keys', 'cdk.tf.json'), 'utf8'));
    const { terraform: _, provider, ...rest } = withoutComments(synthesized) as JsonObject;
    const { keyform } = provider as { readonly keyform: readonly JsonObject[] };
    expect({ provider: { keyform: keyform[0] }, ...rest }).toEqual(wanted);
  });
});

/** A synthesized stack without the `//` that CDKTF writes everywhere. */
function withoutComments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutComments);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (key === '//' ? [] : [[key, withoutComments(item)]])),
  );
}

describe('links', () => {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
  ]
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md'));

  test('there are pages for every cloud', () => {
    expect(pages).toEqual(expect.arrayContaining(clouds.map(({ name }) => `docs/providers/${name}.md`)));
  });

  test.each(pages)('of %s lead somewhere', (page) => {
    expect(brokenLinks(page, readFileSync(join(root, page), 'utf8'))).toEqual([]);
  });

  test('a link to nothing is seen', () => {
    const text =
      '# A b\n[1](missing.md) [2](#a-b) [3](#c) [4](state-format.md#snapshot) [5](state-format.md#no) [6](https://x.org) `[7](n.md)`';
    expect(brokenLinks('docs/x.md', text)).toEqual(['missing.md', '#c', 'state-format.md#no']);
  });

  test('every page can be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const link of linksOf(readFileSync(join(root, page), 'utf8'))) {
        const [path = ''] = link.split('#');
        if (path.endsWith('.md') && !path.includes(':'))
          reached.add(relative(root, join(root, dirname(page), path)).replaceAll('\\', '/'));
      }
    }
    expect([...reached].sort()).toEqual([...pages].sort());
  });
});

function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/(?<!\[)`[^`\n]*`(?!\])/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
}

/** Relative links of a page, with its path from the root, that name no file or no heading. */
function brokenLinks(page: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? null : join(root, dirname(page), path);
    if (target !== null && !existsSync(target)) return true;
    if (anchor === undefined) return false;
    return !anchorsOf(target === null ? text : readFileSync(target, 'utf8')).includes(anchor);
  });
}

/** The anchors that code forges give the headings of a page. */
function anchorsOf(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}
