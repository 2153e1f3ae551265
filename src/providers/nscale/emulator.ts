import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { KeyDesk } from '../../core/console.ts';
import {
  type CloudEmulator,
  type CloudEmulatorFactory,
  type CloudEmulatorOptions,
  type EmulatorRequest,
  type EmulatorResponse,
  readSaved,
  readSwitches,
} from '../../core/emulator.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Action as KeyAction } from './client.ts';
import { desk } from './desk.ts';
import { type Endpoint, endpointSchema, metadataSchema, Parents, wireMetadata } from './parent.ts';
import {
  ACCEPTED,
  type Fault,
  fault,
  INTERNAL,
  json,
  NOT_ALLOWED,
  NOT_FOUND,
  type Reply,
  UNREADABLE,
  written,
} from './reply.ts';
import { BODIES, PATH_ID, problemOf } from './request.ts';
import { options, type Switches } from './switches.ts';

export { options } from './switches.ts';

/** The calls that are emulated, named after the summaries of the vendor's description. */
type Action =
  | KeyAction
  | 'ListEndpoints'
  | 'CreateEndpoint'
  | 'GetEndpoint'
  | 'UpdateEndpoint'
  | 'DeleteEndpoint'
  | 'ListEndpointClasses'
  | 'GetVersion';

const ENDPOINTS = '/api/v1/objectstorageendpoints';
const CLAIMED = /^\/api\/(?:version|v1\/objectstorageendpoint(?:s|classes)(?:\/.*)?)$/;

/** Paths with the actions of their methods. The groups are the ids of endpoint and key, still encoded. */
const ROUTES: readonly (readonly [RegExp, Readonly<Record<string, Action>>])[] = [
  [/^\/api\/version$/, { GET: 'GetVersion' }],
  [/^\/api\/v1\/objectstorageendpointclasses$/, { GET: 'ListEndpointClasses' }],
  [new RegExp(`^${ENDPOINTS}$`), { GET: 'ListEndpoints', POST: 'CreateEndpoint' }],
  [new RegExp(`^${ENDPOINTS}/([^/]+)$`), { GET: 'GetEndpoint', PUT: 'UpdateEndpoint', DELETE: 'DeleteEndpoint' }],
  [new RegExp(`^${ENDPOINTS}/([^/]+)/accesskeys$`), { GET: 'ListAccessKeys', POST: 'CreateAccessKey' }],
  [new RegExp(`^${ENDPOINTS}/([^/]+)/accesskeys/([^/]+)$`), { GET: 'GetAccessKey', DELETE: 'DeleteAccessKey' }],
];

const storedKey = z.strictObject({
  id: z.string(),
  endpoint: z.string(),
  metadata: metadataSchema,
  policy: z.string(),
  accessKeyId: z.string(),
  created: z.string(),
  /** How many more times it is looked for in vain. */
  hidden: z.int(),
  /** How many more reads show it as on its way. */
  pending: z.int(),
  /** When its deletion was asked for, and how many more reads show it; null for a key that stays. */
  leaving: z.strictObject({ since: z.string(), reads: z.int() }).nullable(),
  /** Who made it, where that is not the emulator's own service account. */
  by: z.string().optional(),
  /** When it was last changed, and by whom; absent for a key as it was made. */
  changed: z.strictObject({ at: z.string(), by: z.string() }).optional(),
});
export type StoredKey = z.infer<typeof storedKey>;

const dataSchema = z.strictObject({
  version: z.literal(1),
  born: z.string(),
  /** Keys ever made. */
  counter: z.int(),
  keys: z.array(storedKey),
  parents: z.strictObject({ endpoints: z.array(endpointSchema), gone: z.array(z.string()), counter: z.int() }),
});

const createSchema = z.object({ metadata: metadataSchema, spec: z.object({ identityPolicy: z.string() }) });

/** Who authenticates with the emulator's token. */
const CALLER = 'keyform-sandbox';

const RESERVED_TAG = /^[a-z]+\.unikorn-cloud\.org:/;

/** Nscale's Storage Service: access keys of object storage endpoints, and the endpoints themselves. */
export const emulator: CloudEmulatorFactory = (options) => new NscaleEmulator(options);

class NscaleEmulator implements CloudEmulator {
  readonly cloud = 'nscale';
  readonly desks: readonly KeyDesk[];
  readonly #switches: Switches;
  readonly #clock: CloudEmulatorOptions['clock'];
  readonly #seed: Uint8Array;
  readonly #born: string;
  readonly #parents: Parents;
  /** By id, in the order of creation. */
  readonly #keys = new Map<string, StoredKey>();
  #counter = 0;
  #traces = 0;

  constructor({ data, clock, seed, options: given }: CloudEmulatorOptions) {
    this.#switches = readSwitches('Nscale', options, given);
    this.#clock = clock;
    this.#seed = seed;
    this.desks = [
      desk({
        now: () => this.#clock.now(),
        stamp: seconds,
        keys: this.#keys,
        isReady: (key) =>
          key.pending === 0 && key.leaving === null && this.#switches.provisioning_ends === 'provisioned',
        hasPolicy: (endpointId, policy) => {
          const endpoint = this.#parents.find(endpointId);
          return endpoint === null ? null : this.#parents.hasPolicy(endpoint, policy);
        },
        create: (endpointId, metadata, policy) => {
          const endpoint = this.#parents.find(endpointId);
          if (endpoint === null) return `there is no endpoint ${endpointId}`;
          const reply = this.#create(endpoint, { metadata, spec: { identityPolicy: policy } });
          return 'fault' in reply ? reply.description : { id: this.#uuid(`key ${this.#counter}`) };
        },
        secret: (id) => this.#secret(id),
      }),
    ];
    const stored = data === null ? null : readSaved('Nscale', dataSchema, data);
    this.#born = stored?.born ?? this.#time();
    this.#counter = stored?.counter ?? 0;
    for (const key of stored?.keys ?? []) this.#keys.set(key.id, key);
    const around = {
      switches: this.#switches,
      uuid: (name: string) => this.#uuid(name),
      time: () => this.#time(),
      born: this.#born,
    };
    this.#parents = new Parents(around, stored?.parents ?? { endpoints: [], gone: [], counter: 0 });
  }

  claims(request: EmulatorRequest): boolean {
    return CLAIMED.test(request.path);
  }

  action(request: EmulatorRequest): Action | null {
    return ROUTES.find(([path]) => path.test(request.path))?.[1][request.method] ?? null;
  }

  handle(request: EmulatorRequest): EmulatorResponse {
    const action = this.action(request);
    const outcome = this.#answer(request, action);
    if (!('fault' in outcome)) return { ...outcome, action };
    this.#traces += 1;
    const traceId = this.#derive(`trace ${this.#traces}`).slice(0, 32);
    return { ...written(outcome, request.headers.host ?? 'localhost', traceId), action };
  }

  save(): Json {
    return {
      version: 1,
      born: this.#born,
      counter: this.#counter,
      keys: [...this.#keys.values()] as unknown as Json,
      parents: this.#parents.save() as unknown as Json,
    };
  }

  settings(origin: string): Readonly<Record<string, string>> {
    return { endpoint: origin, service_token: this.#token() };
  }

  environment(origin: string): Readonly<Record<string, string>> {
    return {
      NSCALE_SERVICE_TOKEN: this.#token(),
      KEYFORM_NSCALE_ENDPOINT: origin,
      NSCALE_STORAGE_SERVICE_API_ENDPOINT: origin,
    };
  }

  /** In the order of the real service: route, token, parameters, body, and only then what the call is about. */
  #answer(request: EmulatorRequest, action: Action | null): Reply | Fault {
    const route = ROUTES.find(([path]) => path.test(request.path));
    if (route === undefined) return NOT_FOUND;
    if (action === null) return NOT_ALLOWED;
    const intruder = this.#authenticate(request);
    if (intruder !== null) return intruder;
    const ids = (route[0].exec(request.path) ?? []).slice(1).map(decode);
    for (const [index, name] of ['objectStorageEndpointID', 'objectStorageAccessKeyID'].entries()) {
      const problem = index < ids.length ? problemOf(PATH_ID, ids[index]) : null;
      if (problem !== null) return fault(400, `parameter "${name}" in path is not valid: ${problem}`);
    }
    const body = action in BODIES ? this.#readBody(request, BODIES[action as keyof typeof BODIES]) : { value: null };
    if ('fault' in body) return body;
    if (this.#switches.outage === 'internal') return INTERNAL;
    return this.#perform(action, ids, request.query, body.value);
  }

  #authenticate(request: EmulatorRequest): Fault | null {
    const header = request.headers.authorization ?? '';
    if (header === '') return fault(401, 'authorization header missing');
    const [scheme = '', token = '', ...rest] = header.split(' ');
    const [given, good] = [token, this.#token()].map((text) => Buffer.from(text, 'utf8')) as [Buffer, Buffer];
    const equal = given.length === good.length && timingSafeEqual(given, good);
    return scheme.toLowerCase() === 'bearer' && rest.length === 0 && equal ? null : fault(401, 'authentication failed');
  }

  #readBody(request: EmulatorRequest, schema: Parameters<typeof problemOf>[0]): { readonly value: unknown } | Fault {
    const type = request.headers['content-type'];
    if (type?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
      const status = this.#switches.content_type_status;
      return fault(status, `the request body is not valid: header Content-Type has unexpected value "${type ?? ''}"`);
    }
    let value: unknown;
    try {
      value = JSON.parse(request.body);
    } catch {
      return UNREADABLE;
    }
    const problem = problemOf(schema, value);
    return problem === null ? { value } : fault(400, `the request body is not valid: ${problem}`);
  }

  #perform(action: Action, ids: readonly string[], query: URLSearchParams, body: unknown): Reply | Fault {
    switch (action) {
      case 'GetVersion':
        return json(200, { name: 'keyform-emulator', version: '0.0.0' });
      case 'ListEndpointClasses':
        return this.#parents.classes(query);
      case 'ListEndpoints':
        return this.#parents.list(query, new Set([...this.#keys.values()].map((key) => key.endpoint)));
      case 'CreateEndpoint':
        return this.#parents.create(body);
    }
    const [endpointId = '', keyId = ''] = ids;
    if (this.#switches.forbidden_endpoints.includes(endpointId)) {
      return fault(403, 'user credentials do not have the required privileges');
    }
    const endpoint = this.#parents.find(endpointId);
    if (endpoint === null) {
      return this.#switches.unknown_endpoint_status === 403
        ? fault(403, 'user credentials do not have the required privileges')
        : NOT_FOUND;
    }
    switch (action) {
      case 'GetEndpoint':
        return json(200, this.#parents.toWire(endpoint));
      case 'UpdateEndpoint': {
        const used = this.#keysOf(endpointId).filter((key) => key.leaving === null);
        return this.#parents.update(endpoint, body, new Set(used.map((key) => key.policy)));
      }
      case 'DeleteEndpoint':
        for (const key of this.#keysOf(endpointId)) this.#keys.delete(key.id);
        return this.#parents.delete(endpoint);
      case 'ListAccessKeys': {
        const shown = this.#keysOf(endpointId).map((key) => this.#look(key, endpoint));
        return json(
          200,
          shown.filter((key) => key !== null),
        );
      }
      case 'CreateAccessKey':
        return this.#create(endpoint, body);
    }
    const key = this.#keys.get(keyId);
    if (key?.endpoint !== endpointId) return NOT_FOUND;
    if (action === 'DeleteAccessKey') return this.#delete(key);
    const shown = this.#look(key, endpoint);
    return shown === null ? NOT_FOUND : json(200, shown);
  }

  // Keys.

  #create(endpoint: Endpoint, body: unknown): Reply | Fault {
    const { metadata, spec } = createSchema.parse(body);
    const switches = this.#switches;
    const beside = this.#keysOf(endpoint.id);
    if (switches.reserved_tags === 'refuse') {
      const reserved = metadata.tags?.find(({ name }) => RESERVED_TAG.test(name));
      if (reserved !== undefined) return fault(400, `tag name ${reserved.name} is reserved`);
    }
    if (!this.#parents.hasPolicy(endpoint, spec.identityPolicy)) {
      return fault(switches.unknown_policy_status, `identity policy ${spec.identityPolicy} does not exist`);
    }
    if (switches.duplicate_names === 'refuse' && beside.some((key) => key.metadata.name === metadata.name)) {
      return fault(422, `an access key with the name ${metadata.name} already exists`);
    }
    if (beside.length >= (switches.key_quota ?? Number.POSITIVE_INFINITY)) {
      return fault(switches.quota_status, 'the object storage endpoint has as many access keys as it can');
    }
    this.#counter += 1;
    const key: StoredKey = {
      id: this.#uuid(`key ${this.#counter}`),
      endpoint: endpoint.id,
      metadata,
      policy: spec.identityPolicy,
      // 20 letters and digits.
      accessKeyId: BigInt(`0x${this.#derive(`access key id ${this.#counter}`)}`)
        .toString(36)
        .slice(-20)
        .toUpperCase(),
      created: this.#time(),
      hidden: switches.invisible_reads,
      pending: switches.provisioning_reads,
      leaving: null,
    };
    this.#keys.set(key.id, key);
    const wire = this.#toWire(key, endpoint, key.pending > 0 ? 'pending' : switches.provisioning_ends);
    return json(201, {
      ...wire,
      spec: { identityPolicy: key.policy, accessKeyId: key.accessKeyId, secret: this.#secret(key.id) },
    });
  }

  /** Deletion takes its time; asked for again, it begins again where it had failed. */
  #delete(key: StoredKey): Reply | Fault {
    if (key.hidden > 0) {
      this.#keys.set(key.id, { ...key, hidden: key.hidden - 1 });
      return NOT_FOUND;
    }
    const { deprovisioning_reads: reads, deprovisioning_ends: end } = this.#switches;
    if (reads === 0 && end === 'gone') this.#keys.delete(key.id);
    else this.#keys.set(key.id, { ...key, leaving: { since: key.leaving?.since ?? this.#time(), reads } });
    return ACCEPTED;
  }

  /** What a read shows of the key, null for nothing; time goes on by it. */
  #look(key: StoredKey, endpoint: Endpoint): JsonObject | null {
    const set = (change: Partial<StoredKey>): void => void this.#keys.set(key.id, { ...key, ...change });
    if (key.hidden > 0) {
      set({ hidden: key.hidden - 1 });
      return null;
    }
    if (key.leaving !== null) {
      const { since, reads } = key.leaving;
      if (reads > 0) {
        set({ leaving: { since, reads: reads - 1 } });
        return this.#toWire(key, endpoint, 'deprovisioning');
      }
      if (this.#switches.deprovisioning_ends === 'error') return this.#toWire(key, endpoint, 'error');
      this.#keys.delete(key.id);
      return null;
    }
    if (key.pending === 0) return this.#toWire(key, endpoint, this.#switches.provisioning_ends);
    set({ pending: key.pending - 1 });
    return this.#toWire(key, endpoint, 'provisioning');
  }

  #toWire(key: StoredKey, endpoint: Endpoint, status: string): { metadata: JsonObject; spec: JsonObject } {
    const silent = this.#switches.pending_access_key_id === 'null' && status !== 'provisioned';
    const health: Readonly<Record<string, string>> = { provisioned: 'healthy', error: 'error' };
    return {
      metadata: {
        ...wireMetadata(key.metadata),
        id: key.id,
        creationTime: key.created,
        createdBy: key.by ?? CALLER,
        ...(key.changed === undefined ? {} : { modifiedTime: key.changed.at, modifiedBy: key.changed.by }),
        ...(key.leaving === null ? {} : { deletionTime: key.leaving.since }),
        provisioningStatus: status,
        healthStatus: health[status] ?? 'unknown',
        organizationId: endpoint.organization,
        projectId: endpoint.project,
      },
      spec: { identityPolicy: key.policy, accessKeyId: silent ? null : key.accessKeyId },
    };
  }

  #keysOf(endpointId: string): StoredKey[] {
    return [...this.#keys.values()].filter((key) => key.endpoint === endpointId);
  }

  #time(): string {
    return seconds(this.#clock.now());
  }

  #token(): string {
    return this.#derive(`token ${this.#switches.token_generation}`);
  }

  /** 40 characters. */
  #secret(keyId: string): string {
    return Buffer.from(this.#derive(`secret ${keyId}`), 'hex')
      .toString('base64url')
      .slice(0, 40);
  }

  #uuid(name: string): string {
    const hex = this.#derive(`id ${name}`);
    // The shape of a random UUID: version 4, variant 8 to b.
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** 64 hexadecimal digits. */
  #derive(name: string): string {
    return createHmac('sha256', this.#seed).update(`nscale ${name}`).digest('hex');
  }
}

/** RFC 3339; the service keeps whole seconds, as Kubernetes does. */
function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A segment that is not percent-encoded UTF-8 stands as it is: no resource has such an id. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
