import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isKeyformError, type KeyformError } from '../../src/core/error.ts';
import { readFailure, synthesize } from '../../src/engine/synth.ts';
import { createFiles } from '../../src/io/files.ts';
import { createProcesses } from '../../src/io/process.ts';
import { systemRandom } from '../../src/io/random.ts';

const root = join(import.meta.dirname, '..', '..');
const processes = createProcesses();
const files = createFiles(systemRandom);

let project: string;
beforeAll(() => {
  mkdirSync(join(root, '.keyform'), { recursive: true });
  project = realpathSync(mkdtempSync(join(root, '.keyform', 'test-synth-')));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function run(app: string, more: { folder?: string; signal?: AbortSignal; context?: Record<string, string> } = {}) {
  return synthesize({
    app,
    folder: more.folder ?? project,
    outputFolder: more.folder === undefined ? '.keyform/out' : join(project, 'example'),
    context: more.context ?? {},
    environment: process.env,
    processes,
    files,
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
}

async function failure(app: string, more: { signal?: AbortSignal } = {}): Promise<KeyformError> {
  try {
    await run(app, more);
  } catch (error) {
    if (isKeyformError(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Writes a file of the user's and returns its name. */
function write(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return name;
}

test('the example app, as cdktf.json runs it', async () => {
  const { app } = JSON.parse(readFileSync(join(root, 'cdktf.json'), 'utf8')) as { app: string };
  const stacks = await run(app, { folder: root });
  expect(stacks).toEqual([
    {
      name: 'messaging',
      file: join(project, 'example', 'stacks', 'messaging', 'cdk.tf.json'),
      dependencies: [],
      warnings: [],
    },
  ]);
  const stack = JSON.parse(readFileSync(stacks[0]?.file ?? '', 'utf8'));
  expect(Object.keys(stack.resource)).toEqual(['keyform_outscale_access_key', 'keyform_sinch_access_key']);

  // The JSON example declares the same key: apart from comments, it is the same text.
  const written = JSON.parse(readFileSync(join(root, 'stacks', 'backup', 'main.tf.json'), 'utf8'));
  const [synthesized, byHand] = [stack, written].map(({ resource }) => {
    const { '//': _comment, ...body } = resource.keyform_sinch_access_key.deploy;
    return body;
  });
  expect(synthesized).toEqual(byHand);
});

describe.each(['cdktf', 'cdktn'])('an app of %s', (library) => {
  const two = (body: string) => `
const { App, Annotations, TerraformOutput, TerraformResource, TerraformStack } = require('${library}');
const app = new App();
const network = new TerraformStack(app, 'network');
const keys = new TerraformStack(app, 'keys');
${body}
app.synth();
`;

  test('several stacks, with dependencies and warnings, and the context', async () => {
    const file = write(
      `${library}-two.cjs`,
      two(`keys.addDependency(network);
Annotations.of(keys).addWarning('old ' + app.node.tryGetContext('word'));
Annotations.of(keys).addInfo('only said');`),
    );
    const stacks = await run(`node ${file}`, { context: { word: 'style' } });
    expect(stacks).toEqual([
      {
        name: 'keys',
        file: join(project, '.keyform', 'out', 'stacks', 'keys', 'cdk.tf.json'),
        dependencies: ['network'],
        warnings: ['keys: old style'],
      },
      {
        name: 'network',
        file: join(project, '.keyform', 'out', 'stacks', 'network', 'cdk.tf.json'),
        dependencies: [],
        warnings: [],
      },
    ]);
    expect(readFileSync(join(project, '.keyform', 'out', '.gitignore'), 'utf8')).toBe('*\n');
  });

  test('errors attached to constructs come all at once', async () => {
    const file = write(
      `${library}-annotated.cjs`,
      two(`Annotations.of(keys).addError('no owner'); Annotations.of(network).addError('no net');`),
    );
    const error = await failure(`node ${file}`);
    expect(error.code).toBe('synth-failed');
    expect(error.message).toBe('The app refuses its own stacks: keys: no owner');
    expect(error.detail).toContain('network: no net');
  });
});

describe('an app that fails is heard, and not its stack trace', () => {
  test('a thrown error: message and place', async () => {
    write(
      'deep.ts',
      `export function owner(name: string): string {\n  throw new Error(\`no owner \${name}\\nask the team\`);\n}\n`,
    );
    const file = write('throws.ts', `import { owner } from './deep.ts';\nowner('ci');\n`);
    const error = await failure(`node --import tsx ${file}`);
    expect(error.code).toBe('synth-failed');
    expect(error.message).toBe('The app failed: no owner ci');
    expect(error.detail).toBe(
      `ask the team\nat deep.ts:2:9\nRun it by itself to see everything it prints: node --import tsx throws.ts`,
    );
  });

  test('an error in a library: the place is where the user called it', async () => {
    const file = write(
      'library.cjs',
      `const { App, TerraformStack } = require('cdktf');\nconst app = new App();\nnew TerraformStack(app, 'a');\nnew TerraformStack(app, 'a');\n`,
    );
    const error = await failure(`node ${file}`);
    expect(error.message).toMatch(/^The app failed: There is already a Construct with name 'a' in App/);
    expect(error.detail).toContain('at library.cjs:4:1');
    expect(error.detail).not.toContain('node_modules');
  });

  test('a syntax error', async () => {
    const error = await failure(`node --import tsx ${write('syntax.ts', 'const a = ;\n')}`);
    expect(`${error.message}\n${error.detail}`).toMatch(/syntax\.ts:1:10: ERROR: Unexpected ";"/);
    expect(error.detail).not.toContain('esbuild/lib');
  });

  test('a package that is not installed', async () => {
    const error = await failure(`node ${write('missing.mjs', `import '@acme/keys/stacks';\n`)}`);
    expect(error.message).toContain(`Cannot find package '@acme/keys'`);
    expect(error.detail).toContain('npm install --save-dev @acme/keys');
  });

  test('no such command', async () => {
    const error = await failure('no-such-command-here stacks/main.ts');
    expect(error.message).toMatch(/^The app failed: .*no-such-command-here/);
  });

  test('an exit without a word', async () => {
    const error = await failure(`node -e "process.exit(3)"`);
    expect(error.message).toBe('The app failed without a word (exit code 3)');
  });

  test('an app that forgets app.synth(), although an earlier run wrote stacks', async () => {
    const good = write(
      'good.cjs',
      `const { App, TerraformStack } = require('cdktf');\nconst app = new App();\nnew TerraformStack(app, 'a');\napp.synth();\n`,
    );
    await run(`node ${good}`);
    const forgetful = write('forgetful.cjs', `const { App } = require('cdktf');\nnew App();\n`);
    const error = await failure(`node ${forgetful}`);
    expect(error.message).toBe('The app wrote no stacks: node forgetful.cjs');
    expect(error.detail).toContain('app.synth()');
  });

  test.each([
    ['not JSON', '{', 'is not JSON'],
    ['another form', '{"stacks":{"a":{"name":1}}}', 'does not have the form'],
  ])('a manifest that is %s', async (_, text, words) => {
    const file = write(
      'manifest.cjs',
      `require('fs').writeFileSync(process.env.CDKTF_OUTDIR + '/manifest.json', ${JSON.stringify(text)});\n`,
    );
    expect((await failure(`node ${file}`)).message).toContain(words);
  });

  test('stopped by the user', async () => {
    const controller = new AbortController();
    controller.abort(new Error('interrupted'));
    const error = await failure('node -e "setTimeout(() => {}, 60000)"', { signal: controller.signal });
    expect(error.code).toBe('cancelled');
  });
});

describe('readFailure', () => {
  test.each<[string, string, readonly string[], string | null]>([
    [
      'ts-node',
      `/p/node_modules/ts-node/src/index.ts:859\n    return new TSError(diagnosticText, diagnosticCodes, diagnostics);\n           ^\nTSError: ⨯ Unable to compile TypeScript:\nmain.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.\n\n    at createTSError (/p/node_modules/ts-node/src/index.ts:859:12)\n    at Object.<anonymous> (/p/main.ts:1:1)\n`,
      [
        'TSError: ⨯ Unable to compile TypeScript:',
        `main.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.`,
      ],
      'main.ts:1:1',
    ],
    [
      'file URLs with spaces, and other folders',
      'TypeError: x is not a function\n    at f (file:///other/a.mjs:1:1)\n    at file:///p/my%20stacks/a.mjs:7:3\n',
      ['TypeError: x is not a function'],
      'my stacks/a.mjs:7:3',
    ],
    ['colours', '\u001b[31mError: red\u001b[39m\n', ['red'], null],
    ['no error at all: the last words', 'sh: 1: tsc: not found\n', ['sh: 1: tsc: not found'], null],
    ['absolute paths become relative', 'Error: bad file /p/a/b.json\n', ['bad file a/b.json'], null],
  ])('%s', (_, text, lines, place) => {
    expect(readFailure(text, '/p')).toEqual({ lines, place });
  });

  test('is null for silence', () => expect(readFailure('\n\n', '/p')).toBeNull());
});
