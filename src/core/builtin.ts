import { z } from 'zod';
import { KeyformError } from './error.ts';
import type { Json } from './json.ts';
import type { ArgumentSpec, Capabilities, Cloud, KeyHandler, ResourceType } from './provider.ts';
import { Secret } from './secret.ts';

/**
 * Terraform's resources that stand for no thing at a cloud: what they hold is in state alone. Their place in the graph, and the
 * commands beside them, make delivery hooks.
 */

const argument = (schema: z.ZodType, forcesNew: boolean): ArgumentSpec => ({
  schema,
  required: false,
  forcesNew,
  sensitive: false,
  source: 'remembered',
  unset: 'clear',
  default: null,
});

const NOTHING: Capabilities = {
  disable: false,
  regenerate: false,
  expiry: 'none',
  secretReadable: false,
  name: null,
  quota: null,
  rateLimits: [],
  pageSize: null,
  verify: false,
  lastUsed: 'none',
  asynchronous: false,
  customId: null,
};

const nullResource: ResourceType = {
  type: 'null_resource',
  description: 'Holds nothing: a place in the order of a run, with commands beside it (hashicorp/null).',
  arguments: {
    triggers: argument(
      z
        .record(z.string(), z.string().nullable())
        .describe('Any strings, by name. When one changes, the resource is replaced, and its commands run again.'),
      true,
    ),
  },
  attributes: {},
  owner: { word: 'stack', arguments: [] },
  capabilities: NOTHING,
  local: true,
};

const terraformData: ResourceType = {
  type: 'terraform_data',
  description:
    'Holds a value in state, and a place in the order of a run, with commands beside it (terraform.io/builtin/terraform).',
  arguments: {
    input: argument(z.unknown().describe('Any value. What it is after apply, "output" is.'), false),
    triggers_replace: argument(
      z.unknown().describe('Any value. When it changes, the resource is replaced, and its commands run again.'),
      true,
    ),
  },
  attributes: {
    output: { schema: z.unknown().describe('The value of "input" after apply.'), follows: 'input' },
  },
  owner: { word: 'stack', arguments: [] },
  capabilities: NOTHING,
  local: true,
};

/** The built-in resource types, in the form in which clouds bring theirs. */
export const BUILT_IN: Cloud = {
  name: 'builtin',
  title: 'Terraform',
  settings: {},
  resources: [nullResource, terraformData],
  connect: (_settings, { random }) =>
    Promise.resolve({
      credentialId: null,
      handler: (type: string) => localHandler(type, () => random.bytes(16)),
    }),
  emulator: () =>
    Promise.reject(new KeyformError('internal', 'What lives in state alone has no emulator', { detail: '' })),
};

/** Who asks for the secret of what has none gets this, empty. */
const NO_SECRET = new Secret('');

function localHandler(type: string, random: () => Uint8Array): KeyHandler {
  const owner = { id: 'builtin', label: 'the state', scope: 'the state' };
  const shown = (id: string, args: { readonly [name: string]: Json }) => ({
    id,
    accessKeyId: id,
    args: { ...args },
    attributes: type === 'terraform_data' ? { output: args.input ?? null } : {},
    createdAt: null,
    expiresAt: null,
    enabled: true,
    secret: null,
    readiness: 'ready' as const,
  });
  const refuse = (what: string) => () =>
    Promise.reject(new KeyformError('internal', `${type} cannot be ${what}`, { detail: 'It lives in state alone.' }));
  return {
    owner: () => owner,
    forecast: () => [],
    list: () => Promise.resolve([]),
    read: refuse('read'),
    create: (args) => Promise.resolve({ key: shown(newId(type, random()), args), secret: NO_SECRET }),
    update: (key, args) => Promise.resolve(shown(key.id, args)),
    setEnabled: refuse('disabled'),
    delete: () => Promise.resolve(),
    verify: refuse('verified'),
  };
}

/** As Terraform's own providers give ids: a decimal number, or a UUID of version 4. */
function newId(type: string, bytes: Uint8Array): string {
  if (type === 'null_resource') return (Buffer.from(bytes).readBigUInt64BE(0) >> 1n).toString();
  const hex = Buffer.from(bytes);
  hex[6] = ((hex[6] ?? 0) & 0x0f) | 0x40;
  hex[8] = ((hex[8] ?? 0) & 0x3f) | 0x80;
  const text = hex.toString('hex');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
