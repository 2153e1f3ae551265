import type { VariableInput } from '../../../src/core/configuration/variable.ts';
import type { Json } from '../../../src/core/json.ts';

/** A stack that must be refused (or warned of): its files by name, and the values given for its variables. */
export interface Broken {
  readonly files: Readonly<Record<string, Json | { readonly text: string }>>;
  readonly inputs?: readonly VariableInput[];
}

const one = (content: Json, inputs?: readonly VariableInput[]): Broken => ({
  files: { 'main.tf.json': content },
  ...(inputs === undefined ? {} : { inputs }),
});
const text = (written: string): Broken => ({ files: { 'main.tf.json': { text: written } } });
const sinch = (args: Json, more: Record<string, Json> = {}): Broken =>
  one({ ...more, resource: { keyform_sinch_access_key: { ci: args } } });
const outscale = (args: Json, more: Record<string, Json> = {}): Broken =>
  one({ ...more, resource: { keyform_outscale_access_key: { ci: args } } });
const good = { project_id: 'p1', display_name: 'ci' };
const flag = (name: string, value: string): VariableInput => ({
  name,
  origin: '-var',
  value: { text: value },
  mustExist: true,
});
const fromFile = (name: string, json: Json): VariableInput => ({
  name,
  origin: 'prod.tfvars.json',
  value: { json },
  mustExist: true,
});

/** The canary stands wherever a value is sensitive: no message may hold it. */
export const CANARY = 'canary-s3cret';

const reads = (blocks: Json, more: Record<string, Json> = {}): Broken =>
  one({ ...more, data: { keyform_sinch_access_key: blocks } });
const readsAll = (args: Json, more: Record<string, Json> = {}): Broken =>
  one({ ...more, data: { keyform_sinch_access_keys: { p1: args } } });

export const BROKEN: Readonly<Record<string, Broken>> = {
  // Not even JSON, or not the right shape of it.
  'empty file': text(' \n'),
  'invalid json': text('{\n  "resource": {\n    "a": [1,]\n  }\n}'),
  'comment in json': text('{ // hello\n }'),
  'cut off': text(`{ "locals": { "a": "${CANARY}`),
  'duplicate json keys': text('{\n "locals": {"a": 1,\n  "a": 2, "//": "", "//": ""},\n "locals": {}\n}'),
  'several files of bad json': { files: { 'a.tf.json': { text: '{' }, 'b.tf.json': {}, 'c.tf.json': { text: '[,]' } } },
  'root is a string': text('"hello"'),
  'section is a list of strings': one({ resource: ['x'], locals: 'y', output: 3 }),
  'body is a string': one({ resource: { keyform_sinch_access_key: { ci: 'x' } }, variable: { v: 1 } }),
  // Sections and blocks.
  'unknown section': one({ resuorce: {}, frobnicate: {} }),
  'section named like a method': one({ constructor: {}, toString: {} }),
  'sections that come later': one({
    module: {},
    import: [],
    moved: [],
    removed: [],
    check: {},
    ephemeral: {},
  }),
  'unknown type': one({ resource: { keyform_sinch_acces_key: { a: {}, b: {} }, aws_iam_access_key: { c: {} } } }),
  'bad names': one({
    resource: { keyform_sinch_access_key: { '9 lives': good } },
    variable: { 'a b': {} },
    locals: { '': 1 },
    output: { 'x.y': { value: 1 } },
  }),
  'declared twice': {
    files: {
      'a.tf.json': {
        variable: { v: { default: 1 } },
        locals: { l: 1 },
        output: { o: { value: 1 } },
        provider: { keyform: [{}, { alias: 'b' }] },
        resource: { keyform_sinch_access_key: { ci: [good, good] } },
      },
      'b.tf.json': {
        variable: { v: { default: 2 } },
        locals: { l: 2 },
        output: { o: { value: 2 } },
        provider: { keyform: { alias: 'b' } },
        resource: { keyform_sinch_access_key: { ci: good } },
      },
    },
  },
  // Arguments.
  'misspelt argument': sinch({ project_id: 'p1', displayname: 'ci' }),
  'argument named like a method': sinch({ ...good, constructor: 1 }),
  'missing required': sinch({}),
  'null required': sinch({ project_id: null, display_name: '${var.n}' }, { variable: { n: { default: null } } }),
  'wrong types': sinch({ project_id: ['p1'], display_name: { a: 1 }, keepers: 'x' }),
  'wrong types elsewhere': outscale({ user_name: '', enabled: 'maybe', expires_at: 'tomorrow', keepers: [1] }),
  'wrong inside': one({
    resource: {
      keyform_nscale_access_key: {
        k: { endpoint_id: 's', name: 'n', identity_policy: 'p', tags: { a: { b: 'c' } } },
      },
      keyform_yandex_api_key: { k: { service_account_id: 'aje1', scopes: ['yc.a', {}, 'yc.a'] } },
    },
  }),
  'wrong together': one({
    resource: {
      keyform_tencent_api_key: {
        auto: { secret_name: 'a', access_key_secret: 'Chosen_by_hand_1', access_key_id: 'chosen_1' },
        manual: { secret_name: 'a', access_key_type: 'manual', access_key_secret: 'short' },
      },
    },
  }),
  'wrong settings': one({
    provider: {
      keyform: {
        nscale: { endpoint: 'nonsense' },
        tencent: { cam_endpoint: 'http://api.example', region: 7 },
        yandex: { page_size: 0, operation_timeout: 'x', token: '${var.t}' },
      },
    },
    variable: { t: { default: CANARY, sensitive: true } },
  }),
  'bad duration': outscale({ expires_in: '3 months' }),
  'both ends of life': outscale({ expires_in: '90d', expires_at: '2027-02-31' }),
  'sensitive value that does not fit': outscale(
    { expires_in: '${var.s}', tag: ['${var.s}'], enabled: '${var.s}' },
    { variable: { s: { default: CANARY, sensitive: true } } },
  ),
  'arguments that come later': sinch({ ...good, count: 2, for_each: {}, provisioner: {}, timeouts: {} }),
  rotation: sinch({ ...good, rotation: { evry: '90d', overlap: 1, strategy: 'fast', verify: 'maybe' } }),
  'rotation policies': one({
    resource: {
      keyform_sinch_access_key: {
        a: { ...good, rotation: { every: '90', overlap: 'PT1Y', window: 'Mon 9-17', jitter: '1d' } },
        b: {
          ...good,
          rotation: { every: '1d', overlap: '2d', before_expiry: '1d', disable_for: '1d', retire_when: 'idle' },
        },
        c: { ...good, rotation: { strategy: 'regenerate', overlap: '1d', window: '09:00-10:00 Mars/Olympus' } },
        d: { ...good, rotation: '90d' },
        e: { ...good, rotation: { overlap: '1d' }, lifecycle: { create_before_destroy: false } },
      },
    },
  }),
  'resource of another provider': one({ resource: { random_id: { x: { byte_length: 8 } } } }),
  // Meta-arguments.
  'provider alias': sinch({ ...good, provider: 'keyform.eu' }, { provider: { keyform: { alias: 'us' } } }),
  'provider of another kind': sinch({ ...good, provider: { a: 1 } }),
  depends_on: sinch({ ...good, depends_on: ['keyform_sinch_access_key.cj', 3] }),
  'depends_on of an output': one({ output: { o: { value: 1, depends_on: ['keyform_sinch_access_key.x'] } } }),
  'depends_on is a string': sinch({ ...good, depends_on: 'keyform_sinch_access_key.ci' }),
  lifecycle: sinch({
    ...good,
    lifecycle: { ignore_changes: ['display_nam', 5], prevent_destroy: 'yes', create_before_destory: true },
  }),
  'lifecycle that comes later': sinch({
    ...good,
    lifecycle: [{ replace_triggered_by: [] }, { precondition: {}, postcondition: {} }],
  }),
  // References.
  'undeclared names': sinch(
    { project_id: '${var.projct}-${local.nope}', display_name: '${keyform_sinch_access_key.cy.id}' },
    { variable: { project: { default: 'p' } }, output: { o: { value: '${each.value}' }, p: { value: '${var}' } } },
  ),
  'undeclared in a local': sinch(
    { project_id: '${local.a}', display_name: '${local.a}' },
    { locals: { a: '${var.nope}' } },
  ),
  'undeclared attribute': one({
    resource: {
      keyform_sinch_access_key: { a: good, b: { ...good, display_name: '${keyform_sinch_access_key.a.secrt}' } },
    },
  }),
  'cycle among resources': one({
    resource: {
      keyform_sinch_access_key: {
        a: { project_id: 'p', display_name: '${keyform_sinch_access_key.b.id}' },
        b: { project_id: 'p', display_name: 'b', depends_on: ['keyform_sinch_access_key.c'] },
        c: { project_id: 'p', display_name: 'x ${keyform_sinch_access_key.a.id}' },
      },
    },
  }),
  'cycle among locals': one({ locals: { a: '${local.b}', b: ['${local.a}'] } }),
  'needs itself': sinch({ project_id: 'p', display_name: '${keyform_sinch_access_key.ci.id}' }),
  'not text': sinch({ project_id: 'a ${local.l}', display_name: 'ci' }, { locals: { l: [1] } }),
  // Expressions.
  'syntax of expressions': sinch({
    project_id: 'ab ${upper(var.x)}',
    display_name: '${var.a ? 1 : 2}',
    keepers: { a: '%{ if true }x%{ endif }', b: '${', '${var.k}': 'v' },
  }),
  // Provider and terraform blocks.
  'other providers': one({ provider: { aws: {}, keyfrom: {} } }),
  'provider settings': one({
    provider: { keyform: { alias: 'a b', sinhc: {}, sinch: { key: CANARY }, outscale: 'x', region: 'eu' } },
  }),
  'provider refers to a resource': one({
    provider: { keyform: { sinch: { key_id: '${keyform_sinch_access_key.ci.id}' } } },
    resource: { keyform_sinch_access_key: { ci: good } },
  }),
  'terraform block': one({
    terraform: {
      required_providers: { keyform: { source: 'hashicorp/keyform' } },
      experiments: [],
      requiredversion: '1',
    },
  }),
  'backend and cloud': one({ terraform: { backend: { s3: { bucket: 'b' }, local: {} }, cloud: {} } }),
  // Variables and outputs.
  'variable blocks': one({
    variable: {
      a: { type: 'object({x=string})' },
      b: { type: 'number', default: 'seven' },
      c: { default: '1', validation: {}, ephemeral: true, defualt: 1 },
      d: { type: 'list(string)', default: { a: CANARY }, sensitive: '${var.a}' },
      e: { description: '${var.x}', type: 4, default: 1 },
    },
  }),
  'variable values': one(
    {
      variable: {
        missing: {},
        number: { type: 'number' },
        list: { type: 'list(string)' },
        map: { type: 'map(number)', sensitive: true },
        bool: { type: 'bool' },
        never_null: { nullable: false },
      },
    },
    [
      flag('number', CANARY),
      flag('list', CANARY),
      fromFile('map', { a: CANARY }),
      flag('bool', 'yes'),
      fromFile('never_null', null),
      flag('numbr', CANARY),
      fromFile('mising', CANARY),
    ],
  ),
  outputs: one({
    variable: { s: { default: CANARY, sensitive: true } },
    resource: { keyform_sinch_access_key: { ci: good } },
    output: {
      none: {},
      secret: { value: '${keyform_sinch_access_key.ci.secret}' },
      inside: { value: { a: ['x-${var.s}'] } },
      whole: { value: '${keyform_sinch_access_key.ci}' },
      later: { value: 1, precondition: {}, ephemeral: true, sensitve: true },
      fine: { value: '${keyform_sinch_access_key.ci.secret}', sensitive: true },
    },
  }),
  'everything at once': {
    files: {
      'a.tf.json': {
        variable: { unset: {} },
        resource: {
          keyform_sinch_access_key: { ci: { project_id: 'p1', displayname: 'ci', keepers: 5 } },
          keyform_outscale_access_key: { o: { tag: '${var.nope}', enabled: 'perhaps' } },
        },
      },
      'b.tf.json': { data: {}, output: { o: { value: '${keyform_outscale_access_key.o.secret}' } } },
    },
  },
  // Data sources.
  'data of an unknown type': one({
    data: {
      keyform_sinch_access_kes: { a: {}, b: {} },
      aws_iam_access_key: { c: {} },
      keyform_sinch_access_key: [],
    },
  }),
  'data section of a wrong shape': one({
    data: { keyform_sinch_access_key: 'x', keyform_sinch_access_keys: { p1: [1] } },
  }),
  'data with bad names': reads({ '9a': good, 'a b': good }),
  'data declared twice': {
    files: {
      'a.tf.json': { data: { keyform_sinch_access_key: { ci: good } } },
      'b.tf.json': { data: { keyform_sinch_access_key: [{ ci: good }, { ok: good }] } },
    },
  },
  'data with unknown arguments': reads({
    slip: { project_id: 'p1', display_nmae: 'ci' },
    secret: { ...good, secret: 'x', keepers: {}, enabled: true },
    later: { ...good, count: 2, for_each: {}, lifecycle: {} },
  }),
  'data without what is required': reads({
    nothing: {},
    comment: { '//': 'which?', project_id: 'p1', id: null },
    'no-owner': { id: 'x' },
  }),
  'data asked for in two ways': reads(
    {
      two: { ...good, id: 'x' },
      three: { project_id: 'p1', id: 'x', access_key_id: 'y', display_name: '${var.v}' },
    },
    { variable: { v: {} } },
  ),
  'data asked for by null': reads({ ci: { project_id: 'p1', id: '${var.v}' } }, { variable: { v: { default: null } } }),
  'data with wrong types': reads({
    ci: { project_id: ['p1'], display_name: { a: 1 } },
    empty: { project_id: 'p1', id: '' },
  }),
  'data with a sensitive value that does not fit': reads(
    { ci: { project_id: '${var.v}', id: 'x' } },
    { variable: { v: { default: { a: CANARY }, sensitive: true } } },
  ),
  'data of all keys by name': readsAll({ project_id: 'p1', display_name: 'ci', id: 'x' }),
  'data with other slips': reads(
    {
      ci: {
        ...good,
        provider: 'keyform.us',
        depends_on: ['keyform_sinch_access_key.x', 'data.keyform_sinch_access_key.c'],
      },
    },
    {
      provider: { keyform: { alias: 'eu' } },
      output: { o: { value: 1, depends_on: ['data.keyform_sinch_access_key.c1'] } },
    },
  ),
  'references to data': reads(
    { ci: good },
    {
      output: {
        type: { value: '${data}' },
        name: { value: '${data.keyform_sinch_access_key}' },
        undeclared: { value: 'x ${data.keyform_sinch_access_key.c1.id}' },
        resource: { value: '${keyform_sinch_access_key.ci.id}' },
        attribute: { value: '${data.keyform_sinch_access_key.ci.acces_key_id}' },
        secret: { value: '${data.keyform_sinch_access_key.ci.secret}' },
        generation: { value: '${data.keyform_sinch_access_key.ci.generation}' },
      },
    },
  ),
  'references into all keys': readsAll(
    { project_id: 'p1' },
    {
      output: {
        element: { value: '${data.keyform_sinch_access_keys.p1.keys[0].dispaly_name}' },
        secret: { value: '${data.keyform_sinch_access_keys.p1.keys["0"].secret}' },
        list: { value: '${data.keyform_sinch_access_keys.p1.keys.id}' },
        id: { value: '${data.keyform_sinch_access_keys.p1.id}' },
      },
    },
  ),
  'cycle through data': one({
    data: { keyform_sinch_access_key: { ci: { project_id: 'p1', id: '${local.id}' } } },
    locals: { id: '${keyform_sinch_access_key.a.id}' },
    resource: {
      keyform_sinch_access_key: { a: { ...good, depends_on: ['data.keyform_sinch_access_key.ci'] } },
    },
  }),
  'provider refers to data': reads(
    { ci: good },
    {
      locals: { id: '${data.keyform_sinch_access_key.ci.id}', fine: 'x' },
      provider: {
        keyform: {
          sinch: { key_id: '${data.keyform_sinch_access_key.ci.id}', key_secret: '${local.id}', auth: '${local.fine}' },
        },
      },
    },
  ),
  'function that there is not': sinch({ ...good, display_name: '${uper("x")}' }),
  'function that is withheld': sinch({ ...good, display_name: '${uuid()}' }),
  'function with too few arguments': sinch({ ...good, display_name: '${replace("x", "y")}' }),
  'function with a wrong argument': sinch({ ...good, display_name: 'a ${join(",", "b")}' }),
  'function with a sensitive argument': sinch(
    { ...good, display_name: '${parseint(var.s, 10)}' },
    { variable: { s: { default: CANARY, sensitive: true } } },
  ),
  'operator on text': sinch({ ...good, display_name: '${"a" + 1}' }),
  'results that do not go together': sinch({ ...good, keepers: { k: '${true ? [1] : {}}' } }),
  'regular expression that is none': sinch({ ...good, display_name: '${regex("(", "x")}' }),
  'for_each over a list': sinch({ ...good, for_each: ['a'] }),
  'for_each over a sensitive value': sinch(
    { ...good, for_each: '${toset([var.s])}' },
    { variable: { s: { default: CANARY, sensitive: true } } },
  ),
  'count that is no number': sinch({ ...good, count: 'many' }),
  'each in a block without for_each': sinch({ ...good, display_name: '${each.key}' }),
  'count in a block without count': sinch({ ...good, display_name: 'k${count.index}' }),
  'self in an argument': sinch({ ...good, display_name: '${self.id}' }),
  'index into a single resource': sinch(good, { output: { o: { value: '${keyform_sinch_access_key.ci[0].id}' } } }),
  'precondition that fails': sinch(
    { ...good, lifecycle: { precondition: { condition: '${var.v == "b"}', error_message: 'v is ${var.v}, not b.' } } },
    { variable: { v: { default: 'a' } } },
  ),
  'condition that checks nothing': sinch({
    ...good,
    lifecycle: { postcondition: { condition: true, error_message: 'no' } },
  }),
  'condition that is no condition': sinch(
    { ...good, lifecycle: { precondition: { condition: '${var.v}', error_message: 'no' } } },
    { variable: { v: { default: 'a' } } },
  ),
  'validation that fails': one(
    {
      variable: {
        v: { type: 'string', validation: { condition: '${length(var.v) > 3}', error_message: 'v is too short.' } },
      },
    },
    [flag('v', 'ab')],
  ),
  'type that is none': one({ variable: { v: { type: 'list(strin)' }, w: { type: 'object({a = string' } } }),
  'optional attribute of the wrong type': one({
    variable: { v: { type: 'object({ n = optional(number, "x") })', default: {} } },
  }),
  'module that is not there': one({ module: { m: { source: './nowhere' } } }),
  'module from a registry': one({ module: { m: { source: 'hashicorp/consul/aws', version: '1.0.0' } } }),
  'module of no source': one({ module: { m: {} } }),
  'moved blocks': one({
    resource: { terraform_data: { b: {} } },
    moved: [
      { from: 'terraform_data.b', to: 'terraform_data.c' },
      { from: 'terraform_data.x', to: 'terraform_data.x' },
      { from: 'terraform_data.y' },
      { from: 'module.m', to: 'terraform_data.z' },
      { from: 'not an address', to: 'terraform_data.w' },
    ],
  }),
  'removed blocks': one({
    resource: { terraform_data: { a: {} } },
    removed: [
      { from: 'terraform_data.a' },
      { from: 'terraform_data.b[0]' },
      { from: 'terraform_data.c', provisioner: {} },
    ],
  }),
  'import blocks': one({ import: [{ to: 'keyform_sinch_access_key.a' }, { id: 'x' }, { to: 'var.x', id: 'x' }] }),
  'check blocks': one({ check: { a: {}, b: { data: {} }, c: { assert: { condition: '${var.x}' } } } }),
  provisioners: one({
    resource: {
      null_resource: {
        a: { provisioner: { 'remote-exec': { inline: ['x'] } } },
        b: {
          provisioner: [{ 'local-exec': {} }, { 'local-exec': { command: 'x', when: 'never', on_failure: 'stop' } }],
        },
        c: { provisioner: { 'local-exec': { command: 'echo ${null_resource.a.id}', when: 'destroy' } } },
      },
    },
  }),
  'outputs of another stack': one({
    data: {
      terraform_remote_state: {
        a: { backend: 's3', config: { bucket: 'b' } },
        b: { backend: 'local', config: { path: 'terraform.tfstate' } },
        c: { backend: 'local' },
      },
    },
  }),
  'cycle among modules': {
    files: {
      'main.tf.json': {
        module: { a: { source: './m', x: '${module.b.y}' }, b: { source: './m', x: '${module.a.y}' } },
      },
      'm/main.tf.json': { variable: { x: {} }, output: { y: { value: '${var.x}' } } },
    },
  },
  'nested too deeply': sinch({ ...good, display_name: `\${${'('.repeat(400)}1${')'.repeat(400)}}` }),
};
