import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

// `markdownDescription` and `deprecationMessage` are VS Code's own words.
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary(['markdownDescription', 'deprecationMessage']);
for (const name of readdirSync(join(root, 'schemas'))) ajv.addSchema(json('schemas', name));

function json(...path: string[]): object {
  return JSON.parse(readFileSync(join(root, ...path), 'utf8'));
}

/** Paths of what the schema finds wrong, innermost only; empty for a valid document. */
function problems(schema: string, document: unknown): string[] {
  ajv.validate(schema, document);
  const found = (ajv.errors ?? []).map((error) => {
    const extra = error.params.additionalProperty ?? error.params.missingProperty;
    return extra === undefined ? error.instancePath : `${error.instancePath}/${extra}`;
  });
  return [...new Set(found)].filter((path) => !found.some((other) => other.startsWith(`${path}/`)));
}

const deploy = { project_id: '${var.project}', display_name: 'deploy' };
const sinch = (key: object) => ({ resource: { keyform_sinch_access_key: { deploy: key } } });
const outscale = (key: object) => ({ resource: { keyform_outscale_access_key: { ci: key } } });

describe('accepts', () => {
  test.each<[string, unknown]>([
    ['the example stack', json('stacks', 'backup', 'main.tf.json')],
    ['what CDKTF synthesizes', json('test', 'constructs', 'golden', 'all.tf.json')],
    ['an empty stack', {}],
    ['comments', { '//': 'x', resource: { '//': 'y', keyform_sinch_access_key: { '//': 'z', deploy } } }],
    ['templates for booleans', outscale({ enabled: '${var.on}' })],
    ['null for left out', outscale({ tag: null, expires_at: null })],
    ['templates in keepers', sinch({ ...deploy, keepers: { month: '${local.month}' } })],
    ['several providers', { provider: { keyform: [{}, { alias: 'us', outscale: { region: 'us-east-2' } }] } }],
    [
      'data sources',
      {
        data: {
          keyform_sinch_access_key: { old: { project_id: 'p', display_name: '${var.name}', depends_on: ['a.b'] } },
          keyform_outscale_access_keys: { all: { '//': 'of the caller', provider: 'keyform.us' } },
        },
      },
    ],
    ['lifecycle', sinch({ ...deploy, lifecycle: [{ ignore_changes: ['display_name'], prevent_destroy: true }] })],
  ])('%s', (_, document) => {
    const { import: _unsupported, ...stack } = document as Record<string, unknown>;
    expect(problems('stack.json', stack)).toEqual([]);
  });
});

describe('points at', () => {
  test.each<[string, unknown, string[]]>([
    ['a misspelt section', { resources: {} }, ['/resources']],
    ['an unknown type', { resource: { keyform_sinch_acess_key: {} } }, ['/resource/keyform_sinch_acess_key']],
    [
      'a misspelt argument',
      sinch({ ...deploy, dispaly_name: 'x' }),
      ['/resource/keyform_sinch_access_key/deploy/dispaly_name'],
    ],
    ['a missing argument', sinch({ project_id: 'p' }), ['/resource/keyform_sinch_access_key/deploy/display_name']],
    [
      'a null for a required one',
      sinch({ ...deploy, project_id: null }),
      ['/resource/keyform_sinch_access_key/deploy/project_id'],
    ],
    ['a wrong type', outscale({ enabled: 'yes' }), ['/resource/keyform_outscale_access_key/ci/enabled']],
    ['a wrong form', outscale({ expires_at: 'tomorrow' }), ['/resource/keyform_outscale_access_key/ci/expires_at']],
    [
      'a misspelt setting',
      { provider: { keyform: { outscale: { regoin: 'x' } } } },
      ['/provider/keyform/outscale/regoin'],
    ],
    ['a wrong choice', { provider: { keyform: { sinch: { auth: 'token' } } } }, ['/provider/keyform/sinch/auth']],
    ['an unknown data source', { data: { keyform_sinch_access_keyz: {} } }, ['/data/keyform_sinch_access_keyz']],
    [
      'an argument that a data source does not have',
      { data: { keyform_outscale_access_keys: { all: { tag: 'x' } } } },
      ['/data/keyform_outscale_access_keys/all/tag'],
    ],
    [
      'a missing argument of a data source',
      { data: { keyform_sinch_access_keys: { all: {} } } },
      ['/data/keyform_sinch_access_keys/all/project_id'],
    ],
    ['an output without value', { output: { id: {} } }, ['/output/id/value']],
  ])('%s', (_, document, paths) => {
    expect(problems('stack.json', document)).toEqual(expect.arrayContaining(paths));
  });
});

test('cdktf.json: the settings of Keyform are checked, the rest is CDKTF’s', () => {
  expect(problems('project.json', json('cdktf.json'))).toEqual([]);
  expect(problems('project.json', { projectId: 'x', terraformProviders: [], context: { other: 1 } })).toEqual([]);
  expect(problems('project.json', { context: { keyform: { stacks: 'a', stat: 'b' } } })).toEqual([
    '/context/keyform/stat',
  ]);
  expect(problems('project.json', { context: { keyform: { recipients: [1] } } })).toEqual([
    '/context/keyform/recipients/0',
  ]);
});

test('cdktf.json: the switches of the sandbox are checked by cloud', () => {
  const sandbox = (value: unknown) => problems('project.json', { context: { keyform: { sandbox: value } } });
  const at = '/context/keyform/sandbox';
  for (const good of [true, false, {}, { enabled: false, options: { sinch: { quota: 3 } } }])
    expect(sandbox(good)).toEqual([]);
  expect(sandbox({ options: { sinch: { qouta: 3 } } })).toContain(`${at}/options/sinch/qouta`);
  expect(sandbox({ options: { snich: {} } })).toContain(`${at}/options/snich`);
  expect(sandbox({ options: { outscale: { active_delete_code: '1' } } })).toContain(
    `${at}/options/outscale/active_delete_code`,
  );
});

test('every property is described, for an editor to show', () => {
  const bare: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties') {
        for (const [name, property] of Object.entries(
          value as Record<string, { description?: string; $ref?: string }>,
        )) {
          if (property.description === undefined && property.$ref === undefined) bare.push(`${path}/${name}`);
        }
      }
      visit(value, `${path}/${key}`);
    }
  };
  for (const name of readdirSync(join(root, 'schemas'))) visit(json('schemas', name), name);
  expect(bare).toEqual([]);
});
