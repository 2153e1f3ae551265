import { describe, expect, it } from 'vitest';
import { DiagnosticsError } from '../../src/core/diagnostic.ts';
import { isKeyformError } from '../../src/core/error.ts';
import type { Files } from '../../src/core/port.ts';
import type { Project } from '../../src/engine/project.ts';
import { gatherVariables, jsonStackNames, parseStack, readStacks, type StackText } from '../../src/engine/source.ts';

/** Files that can only be read. */
function disk(content: Readonly<Record<string, string>>): Files {
  const never = () => Promise.reject(new Error('nothing is written here'));
  return {
    async read(path) {
      const text = content[path];
      return text === undefined ? null : new TextEncoder().encode(text);
    },
    async list(path) {
      const below = Object.keys(content).filter((name) => name.startsWith(`${path}/`));
      if (below.length === 0) return null;
      const entries = new Map<string, boolean>();
      for (const name of below) {
        const [first = '', ...rest] = name.slice(path.length + 1).split('/');
        entries.set(first, rest.length > 0);
      }
      return [...entries].map(([name, directory]) => ({ name, directory })).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    replace: never,
    createExclusive: never,
    open: never,
    rename: never,
    remove: never,
  };
}

const project: Project = {
  folder: '/p',
  app: null,
  output: 'cdktf.out',
  context: {},
  settings: { stacks: 'stacks', state: 'state', recipients: [], inventory: false, sandbox: false, unmanaged: 'report' },
  stateFolder: '/p/state',
};

const DISK = {
  '/p/stacks/prod/main.tf.json': '{"locals": {}}',
  '/p/stacks/prod/b.tf.json': '{}',
  '/p/stacks/prod/notes.md': '# hello',
  '/p/stacks/prod/z.auto.tfvars.json': '{"region": "z", "//": "why"}',
  '/p/stacks/prod/a.auto.tfvars.json': '{"region": "a"}',
  '/p/stacks/prod/terraform.tfvars.json': '{"region": "t", "size": 1}',
  '/p/stacks/prod-eu/main.tf.json': '{}',
  '/p/stacks/empty/notes.md': '',
  '/p/stacks/old/main.tf': 'resource {}',
  '/p/stacks/old/x.tf.json': '{}',
  '/p/more.tfvars.json': '{"size": 2}',
  '/p/list.tfvars.json': '[1]',
  '/p/broken.tfvars.json': '{"size": canary}',
};

const processes = { run: () => Promise.reject(new Error('no process is run here')) };
const read = (names: readonly string[], files: Readonly<Record<string, string>> = DISK) =>
  readStacks(project, names, { files: disk(files), processes, environment: {} }, { onWarning: () => {} });

async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string; detail: string }> {
  const error = await promise.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!isKeyformError(error)) throw new Error(`it was not refused: ${String(error)}`);
  return { code: error.code, message: error.message, detail: error.detail };
}

describe('readStacks', () => {
  it('finds the folders that hold *.tf.json files', async () => {
    expect(await jsonStackNames(project, disk(DISK))).toEqual(['old', 'prod', 'prod-eu']);
    expect(await jsonStackNames(project, disk({}))).toEqual([]);
  });

  it('reads the files of one, named as the user names them', async () => {
    const [stack, ...others] = await read(['prod']);
    expect(others).toEqual([]);
    expect(stack).toMatchObject({ name: 'prod', origin: 'json' });
    expect(stack?.files.map(({ file }) => file)).toEqual(['stacks/prod/b.tf.json', 'stacks/prod/main.tf.json']);
    expect(stack?.autoVariables.map(({ file }) => file)).toEqual([
      'stacks/prod/terraform.tfvars.json',
      'stacks/prod/a.auto.tfvars.json',
      'stacks/prod/z.auto.tfvars.json',
    ]);
  });

  it('takes several names and patterns, each stack once', async () => {
    expect((await read(['prod*', 'prod'])).map(({ name }) => name)).toEqual(['prod', 'prod-eu']);
    expect((await read([], { '/p/stacks/one/a.tf.json': '{}' })).map(({ name }) => name)).toEqual(['one']);
  });

  it.each<[string, readonly string[], Readonly<Record<string, string>>, string, RegExp]>([
    ['a name that nothing has', ['prd'], DISK, 'There is no stack "prd"', /The stacks are: old, prod, prod-eu.*"prod"/],
    ['a name that is a pattern elsewhere', ['pr.d'], DISK, 'There is no stack "pr.d"', /./],
    ['no name among several', [], DISK, 'Which stack?', /'\*' for all/],
    ['no stack at all', [], {}, 'There is no stack', /keyform init/],
    ['a file that would be ignored', ['old'], DISK, 'stacks/old/main.tf is not in JSON syntax', /Rewrite/],
  ])('refuses %s', async (_, names, files, message, detail) => {
    const found = await refusal(read(names, files));
    expect(found.message).toBe(message);
    expect(found.detail).toMatch(detail);
  });
});

describe('parseStack', () => {
  const stack = (text: string, origin: StackText['origin'] = 'json'): StackText => ({
    folder: 'stacks/main',
    modules: [],
    dependencies: [],
    name: 'prod',
    origin,
    files: [{ file: 'a.tf.json', text }],
    autoVariables: [],
  });

  it('parses', async () => {
    expect(await parseStack(stack('{"a": [1, "x"]}'))).toEqual({
      name: 'prod',
      files: [{ file: 'a.tf.json', content: { a: [1, 'x'] } }],
      modules: new Map(),
    });
  });

  it('finds a property that is written twice wherever it is, in a stack written by hand', async () => {
    const text = '{"r": [{"x": 1}, {"x": {"y": 1,\n "z": 2, "y": 3}}], "//": 1, "//": 2}';
    const error = await parseStack(stack(text)).catch((caught: unknown) => caught);
    expect(error instanceof DiagnosticsError && error.diagnostics).toEqual([
      {
        severity: 'error',
        summary: '"y" is written twice in one object',
        detail: 'The second stands at line 2, column 10; JSON would silently keep only that one. Remove one of them.',
        place: { file: 'a.tf.json', path: ['r', 1, 'x', 'y'] },
      },
    ]);
    await parseStack(stack(text, 'synth'));
  });
});

describe('gatherVariables', () => {
  const gather = async (flags: Parameters<typeof gatherVariables>[1], environment = {}) => {
    const [stack] = await read(['prod']);
    if (stack === undefined) throw new Error('no stack');
    return gatherVariables(stack, flags, '/p', { files: disk(DISK), environment });
  };

  it('ranks what was given as Terraform does, the strongest last', async () => {
    const inputs = await gather([{ var: 'size=3=x' }, { file: 'more.tfvars.json' }, { var: ' size =' }], {
      KEYFORM_VAR_region: 'k',
      TF_VAR_region: 't',
      HOME: '/',
      TF_VAR_unset: undefined,
    });
    expect(inputs.map(({ name, origin, value, mustExist }) => [name, origin, value, mustExist])).toEqual([
      ['region', 'the environment variable TF_VAR_region', { text: 't' }, false],
      ['region', 'the environment variable KEYFORM_VAR_region', { text: 'k' }, false],
      ['region', 'stacks/prod/terraform.tfvars.json', { json: 't' }, false],
      ['size', 'stacks/prod/terraform.tfvars.json', { json: 1 }, false],
      ['region', 'stacks/prod/a.auto.tfvars.json', { json: 'a' }, false],
      ['region', 'stacks/prod/z.auto.tfvars.json', { json: 'z' }, false],
      ['size', '-var', { text: '3=x' }, true],
      ['size', 'more.tfvars.json', { json: 2 }, true],
      ['size', '-var', { text: '' }, true],
    ]);
  });

  it.each<[Parameters<typeof gatherVariables>[1][number], string]>([
    [{ var: 'canary' }, 'A -var has the form name=value'],
    [{ var: '=canary' }, 'A -var has the form name=value'],
    [{ file: 'prod.tfvars' }, 'prod.tfvars is not in JSON syntax'],
    [{ file: 'none.tfvars.json' }, 'There is no file none.tfvars.json'],
    [{ file: 'list.tfvars.json' }, 'list.tfvars.json is not a JSON object'],
    [{ file: 'broken.tfvars.json' }, 'broken.tfvars.json is not a JSON object'],
  ])('refuses %j', async (flag, message) => {
    const found = await refusal(gather([flag]));
    expect(found.message).toBe(message);
    expect(found.detail).not.toBe('');
    expect(JSON.stringify(found)).not.toContain('canary');
  });
});
