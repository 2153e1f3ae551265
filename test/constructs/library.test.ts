import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error: the build is plain JavaScript, so that it runs before anything is built.
import { buildLibrary } from '../../.ci/build.mjs';

const root = join(import.meta.dirname, '..', '..');

/** A user's project: Keyform as a package in node_modules, the libraries from this repository. */
let project: string;

beforeAll(async () => {
  mkdirSync(join(root, '.keyform'), { recursive: true });
  project = mkdtempSync(join(root, '.keyform', 'test-library-'));
  const installed = join(project, 'node_modules', 'keyform');
  await buildLibrary(join(installed, 'dist'));
  copyFileSync(join(root, 'package.json'), join(installed, 'package.json'));
  // Without a package of its own the project would be part of this one, and `keyform/constructs` its own dist.
  writeFileSync(join(project, 'package.json'), '{ "name": "project" }');
  symlinkSync(join(root, 'node_modules', '@types'), join(project, 'node_modules', '@types'));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** One stack that uses everything: all forms of values, tokens, an alias, meta-arguments. */
const APP = `
const app = new lib.App();
const stack = new lib.TerraformStack(app, 'all');
new keyform.KeyformProvider(stack, 'keyform', {
  outscale: { region: 'eu-west-2', requestsPerSecond: 2.5 },
  sinch: { endpoint: 'http://127.0.0.1:8787', auth: 'basic' },
});
const second = new keyform.KeyformProvider(stack, 'second', { alias: 'second' });
second.sinch = { keyId: 'K1' };
const project = new lib.TerraformVariable(stack, 'project', { type: 'string' });
const on = new lib.TerraformVariable(stack, 'on', { type: 'bool', default: true });
const sinch = new keyform.SinchAccessKey(stack, 'sinch', {
  projectId: project.stringValue,
  displayName: 'first',
  keepers: { camelCase: 'a', snake_case: 'b', 'dash-ed': 'c' },
  provider: second,
  lifecycle: { preventDestroy: true, ignoreChanges: ['display_name'] },
  rotation: { every: '90d', beforeExpiry: undefined, disableFor: lib.Token.asString(lib.Fn.format('%dd', [7])), verify: on.booleanValue },
});
sinch.displayName = 'renamed';
const outscale = new keyform.OutscaleAccessKey(stack, 'outscale', {
  enabled: on.booleanValue,
  tag: 'for ' + sinch.accessKeyId,
  expiresIn: '90d',
  keepers: { generation: lib.Token.asString(sinch.generation) },
  dependsOn: [sinch],
});
const bare = new keyform.OutscaleAccessKey(stack, 'bare');
bare.tag = 'set later';
bare.resetTag();
bare.enabled = false;
bare.userName = outscale.userName;
keyform.OutscaleAccessKey.generateConfigForImport(stack, 'taken', 'AK123');
const old = new keyform.DataKeyformSinchAccessKey(stack, 'old', { projectId: project.stringValue, displayName: 'old' });
const others = new keyform.DataKeyformOutscaleAccessKeys(stack, 'others', { provider: second, dependsOn: [outscale] });
others.userName = old.displayName;
new lib.TerraformOutput(stack, 'read', {
  value: [old.id, old.createdAt, old.enabled, others.ids, others.keys.get(0).accessKeyId],
});
new lib.TerraformOutput(stack, 'secret', { value: outscale.secret, sensitive: true });
new lib.TerraformOutput(stack, 'rest', {
  value: [sinch.id, sinch.createdAt, sinch.rotateAt, sinch.previous.get(0).retireAt, sinch.rotation, sinch.expiresAt, sinch.updatedAt, sinch.generation, sinch.enabled, sinch.keepers],
});
app.synth();
`;

const FORMS = [
  { library: 'cdktf', entry: 'keyform/constructs', form: 'esm' },
  { library: 'cdktf', entry: 'keyform/constructs', form: 'cjs' },
  { library: 'cdktn', entry: 'keyform/constructs-cdktn', form: 'esm' },
  { library: 'cdktn', entry: 'keyform/constructs-cdktn', form: 'cjs' },
];

function synth(library: string, entry: string, form: string, environment: Record<string, string> = {}): string {
  const file = `${library}-${form}.${form === 'esm' ? 'mjs' : 'cjs'}`;
  const load =
    form === 'esm'
      ? `import * as lib from '${library}';\nimport * as keyform from '${entry}';\n`
      : `const lib = require('${library}');\nconst keyform = require('${entry}');\n`;
  writeFileSync(join(project, file), load + APP);
  const out = join(project, `out-${library}-${form}`);
  execFileSync(process.execPath, [file], {
    cwd: project,
    env: { ...process.env, CDKTF_OUTDIR: out, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(out, 'stacks', 'all');
}

/** A synthesized stack without what differs from run to run: comments, and the backend's absolute path. */
function read(path: string): unknown {
  const stack: unknown = JSON.parse(readFileSync(path, 'utf8'), function (this: unknown, key, value: unknown) {
    return key === '//' || key === 'backend' ? undefined : value;
  });
  return stack;
}

describe('a stack synthesizes to the same Terraform JSON', () => {
  test.each(FORMS)('$library, $form', async ({ library, entry, form }) => {
    const stack = read(join(synth(library, entry, form), 'cdk.tf.json'));
    await expect(`${JSON.stringify(stack, null, 2)}\n`).toMatchFileSnapshot('golden/all.tf.json');
  });
});

test('a stack synthesizes to HCL too, nested settings as attributes', () => {
  const folder = synth('cdktf', 'keyform/constructs', 'esm', { SYNTH_HCL_OUTPUT: 'true' });
  const hcl = readFileSync(join(folder, 'cdk.tf'), 'utf8').replaceAll(/ +/g, ' ');
  expect(hcl).toContain('resource "keyform_sinch_access_key" "sinch" {');
  expect(hcl).toContain('display_name = "renamed"');
  expect(hcl).toMatch(/outscale = \{\s*region = "eu-west-2"\s*requests_per_second = 2.5\s*\}/);
});

describe('the types hold', () => {
  const body = (library: string) => `
declare const stack: TerraformStack;
const key = new SinchAccessKey(stack, 'key', { projectId: 'p', displayName: 'n', keepers: undefined });
const secret: string = key.secret;
const generation: number = key.generation;
const enabled: ${library}.IResolvable = key.enabled;
new OutscaleAccessKey(stack, 'ok', { enabled: key.enabled, tag: secret, userName: \`\${generation}\` }).enabled = enabled;
new OutscaleAccessKey(stack, 'none');
const provider = new KeyformProvider(stack, 'p', { sinch: { auth: 'oauth2' } });
provider.sinch = { auth: \`\${key.id}\` };
// @ts-expect-error: projectId is missing
new SinchAccessKey(stack, 'a', { displayName: 'n' });
// @ts-expect-error: misspelt
new SinchAccessKey(stack, 'b', { projectId: 'p', displayName: 'n', dispalyName: 'n' });
// @ts-expect-error: another cloud's argument
new SinchAccessKey(stack, 'c', { projectId: 'p', displayName: 'n', tag: 't' });
// @ts-expect-error: of another type
new OutscaleAccessKey(stack, 'd', { enabled: 'yes' });
// @ts-expect-error: keepers are strings
new OutscaleAccessKey(stack, 'e', { keepers: { month: 11 } });
// @ts-expect-error: misspelt setting
new KeyformProvider(stack, 'f', { outscale: { regoin: 'eu-west-2' } });
// @ts-expect-error: a secret is given by the API only
key.secret = 'mine';
`;

  test('in ES modules and CommonJS, with the checks of a strict project and skipLibCheck off', () => {
    const files: string[] = [];
    for (const { library, entry, form } of FORMS) {
      const file = `types-${library}.${form === 'esm' ? 'mts' : 'cts'}`;
      files.push(file);
      const imports = `import * as ${library} from '${library}';
import { TerraformStack } from '${library}';
import { KeyformProvider, OutscaleAccessKey, SinchAccessKey } from '${entry}';\n`;
      writeFileSync(join(project, file), imports + body(library));
    }
    const result = check(files, { skipLibCheck: false });
    expect(result).toEqual({ status: 0, output: '' });
  });

  test('and would not hold if the classes were wrong', () => {
    writeFileSync(
      join(project, 'wrong.mts'),
      `import { SinchAccessKey } from 'keyform/constructs';\nexport const make = (scope: never) => new SinchAccessKey(scope, 'a', { displayNam: 'n' });\n`,
    );
    const { status, output } = check(['wrong.mts'], {});
    expect(status).not.toBe(0);
    expect(output).toContain('displayNam');
  });

  function check(files: string[], options: Record<string, unknown>): { status: number | null; output: string } {
    const tsconfig = join(project, 'tsconfig.json');
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
    const compilerOptions = { ...strict, module: 'NodeNext', target: 'ES2022', types: ['node'], ...options };
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = spawnSync(process.execPath, [tsc, '-p', tsconfig], { cwd: project, encoding: 'utf8' });
    return { status: result.status, output: result.stdout + result.stderr };
  }
});
