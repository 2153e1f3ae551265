import { z } from 'zod';
import type { Json, JsonObject } from '../../core/json.ts';
import { ACCEPTED, type Fault, fault, json, type Reply } from './reply.ts';
import { problemOf, REGION_ID } from './request.ts';
import type { Switches } from './switches.ts';

/** What the emulator knows above keys: object storage endpoints, their identity policies, and the one class of endpoints. */

/** Is there without being configured (source: docs.nscale.com, Object storage). */
const BUILT_IN_POLICY = 'system-default-admin';

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const tagSchema = z.object({ name: z.string(), value: z.string() });
const policySchema = z.object({ name: z.string(), document: z.record(z.string(), z.json()) });

export const metadataSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  tags: z.array(tagSchema).optional(),
});
export type Metadata = z.infer<typeof metadataSchema>;

const createSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    organizationId: z.string(),
    projectId: z.string(),
    regionId: z.string(),
    objectStorageEndpointClassId: z.string(),
    identityPolicies: z.array(policySchema).optional(),
  }),
});
const updateSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ identityPolicies: z.array(policySchema).optional() }).optional(),
});

export const endpointSchema = z.strictObject({
  id: z.string(),
  metadata: metadataSchema,
  organization: z.string(),
  project: z.string(),
  region: z.string(),
  /** Null for an endpoint that is there by itself: the `policies` switch says which it has. */
  policies: z.array(policySchema).nullable(),
  created: z.string(),
  modified: z.string().nullable(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

export interface Surroundings {
  readonly switches: Switches;
  /** An id in the form of a UUID that is always the same for a name. */
  readonly uuid: (name: string) => string;
  /** Now, RFC 3339 in UTC. */
  readonly time: () => string;
  /** When the emulator's data began. */
  readonly born: string;
}

export class Parents {
  readonly #around: Surroundings;
  /** Made or changed by a call, by id. */
  readonly #made = new Map<string, Endpoint>();
  /** Ids of deleted endpoints: those that are there by themselves would come back. */
  readonly #gone: Set<string>;
  #counter: number;

  constructor(
    around: Surroundings,
    stored: { readonly endpoints: readonly Endpoint[]; readonly gone: readonly string[]; readonly counter: number },
  ) {
    this.#around = around;
    for (const endpoint of stored.endpoints) this.#made.set(endpoint.id, endpoint);
    this.#gone = new Set(stored.gone);
    this.#counter = stored.counter;
  }

  save(): { endpoints: Endpoint[]; gone: string[]; counter: number } {
    return { endpoints: [...this.#made.values()], gone: [...this.#gone], counter: this.#counter };
  }

  /** The endpoint, or null when there is none. */
  find(id: string): Endpoint | null {
    const made = this.#made.get(id);
    if (made !== undefined) return made;
    const { endpoints } = this.#around.switches;
    const exists = endpoints === 'any' ? DNS_LABEL.test(id) : endpoints.includes(id);
    if (!exists || this.#gone.has(id)) return null;
    return {
      id,
      metadata: { name: id },
      organization: this.organization,
      project: this.#around.uuid(`project of ${id}`),
      region: this.region,
      policies: null,
      created: this.#around.born,
      modified: null,
    };
  }

  get organization(): string {
    return this.#around.uuid('organization');
  }

  get region(): string {
    return this.#around.uuid('region');
  }

  get class(): string {
    return this.#around.uuid('class');
  }

  /** Whether a key of the endpoint can have this policy. */
  hasPolicy(endpoint: Endpoint, name: string): boolean {
    if (name === BUILT_IN_POLICY) return true;
    if (endpoint.policies !== null) return endpoint.policies.some((policy) => policy.name === name);
    const { policies } = this.#around.switches;
    return policies === 'any' ? name !== '' : policies.includes(name);
  }

  classes(query: URLSearchParams): Reply | Fault {
    const wrong = filterProblem(query);
    if (wrong !== null) return wrong;
    const metadata = {
      name: 'standard',
      id: this.class,
      creationTime: this.#around.born,
      provisioningStatus: 'provisioned',
      healthStatus: 'healthy',
    };
    const spec = { regionId: this.region, supportedEndpointType: ['public'] };
    return json(200, matches(query, 'regionID', this.region) ? [{ metadata, spec }] : []);
  }

  /** Endpoints that are there by themselves are listed where the switch names them, or a call has made something of them. */
  list(query: URLSearchParams, holders: Iterable<string>): Reply | Fault {
    const wrong = filterProblem(query);
    if (wrong !== null) return wrong;
    const { endpoints } = this.#around.switches;
    const ids = new Set([...this.#made.keys(), ...(endpoints === 'any' ? [] : endpoints), ...holders]);
    const found = [...ids].map((id) => this.find(id)).filter((endpoint) => endpoint !== null);
    const wanted = query.getAll('tag');
    return json(
      200,
      found
        .filter((endpoint) => {
          const tags = (endpoint.metadata.tags ?? []).map(({ name, value }) => `${name}=${value}`);
          return (
            matches(query, 'organizationID', endpoint.organization) &&
            matches(query, 'projectID', endpoint.project) &&
            matches(query, 'regionID', endpoint.region) &&
            wanted.every((tag) => tags.includes(tag))
          );
        })
        .map((endpoint) => this.toWire(endpoint)),
    );
  }

  create(body: unknown): Reply | Fault {
    const { metadata, spec } = createSchema.parse(body);
    const { switches } = this.#around;
    if (spec.objectStorageEndpointClassId !== this.class || spec.regionId !== this.region) {
      return fault(switches.unknown_class_status, 'the object storage endpoint class does not exist in the region');
    }
    const duplicate = duplicatePolicy(spec.identityPolicies ?? []);
    if (duplicate !== null) return duplicate;
    const beside = [...this.#made.values()].filter(
      ({ project, region }) => project === spec.projectId && region === spec.regionId,
    );
    if (beside.length >= switches.endpoints_per_project_and_region) {
      return fault(switches.quota_status, 'the project has as many object storage endpoints in the region as it can');
    }
    this.#counter += 1;
    const endpoint: Endpoint = {
      id: this.#around.uuid(`endpoint ${this.#counter}`),
      metadata,
      organization: spec.organizationId,
      project: spec.projectId,
      region: spec.regionId,
      policies: spec.identityPolicies ?? [],
      created: this.#around.time(),
      modified: null,
    };
    this.#made.set(endpoint.id, endpoint);
    return json(201, this.toWire(endpoint));
  }

  /** `used`: names of the policies that keys of the endpoint have. */
  update(endpoint: Endpoint, body: unknown, used: ReadonlySet<string>): Reply | Fault {
    const { metadata, spec } = updateSchema.parse(body);
    const policies = spec?.identityPolicies ?? endpoint.policies;
    const duplicate = duplicatePolicy(policies ?? []);
    if (duplicate !== null) return duplicate;
    const changed = { ...endpoint, metadata, policies, modified: this.#around.time() };
    const { used_policy: status } = this.#around.switches;
    if (status !== 'allow') {
      const missing = [...used].find((name) => !this.hasPolicy(changed, name));
      if (missing !== undefined) return fault(status, `identity policy ${missing} is in use by an access key`);
    }
    this.#made.set(endpoint.id, changed);
    return json(202, this.toWire(changed));
  }

  delete(endpoint: Endpoint): Reply {
    this.#made.delete(endpoint.id);
    this.#gone.add(endpoint.id);
    return ACCEPTED;
  }

  toWire(endpoint: Endpoint): JsonObject {
    return {
      metadata: {
        ...wireMetadata(endpoint.metadata),
        id: endpoint.id,
        creationTime: endpoint.created,
        ...(endpoint.modified === null ? {} : { modifiedTime: endpoint.modified }),
        provisioningStatus: 'provisioned',
        healthStatus: 'healthy',
        organizationId: endpoint.organization,
        projectId: endpoint.project,
      },
      spec: {
        objectStorageEndpointClassId: this.class,
        identityPolicies: (endpoint.policies ?? this.#listedPolicies()) as unknown as Json,
      },
      status: {
        regionId: endpoint.region,
        exposure: { public: { dnsName: `${endpoint.id}.storage.example` } },
      },
    };
  }

  #listedPolicies(): JsonObject[] {
    const { policies } = this.#around.switches;
    return policies === 'any' ? [] : policies.map((name) => ({ name, document: {} }));
  }
}

/** The part of metadata that the caller chose; what was left out stays out. */
export function wireMetadata({ name, description, tags }: Metadata): JsonObject {
  return { name, ...(description === undefined ? {} : { description }), ...(tags === undefined ? {} : { tags }) };
}

function duplicatePolicy(policies: readonly { readonly name: string }[]): Fault | null {
  const names = policies.map(({ name }) => name);
  const duplicate = names.find((name, index) => names.indexOf(name) !== index);
  return duplicate === undefined ? null : fault(422, `identity policy ${duplicate} is given twice`);
}

function matches(query: URLSearchParams, name: string, value: string): boolean {
  const wanted = query.getAll(name);
  return wanted.length === 0 || wanted.includes(value);
}

function filterProblem(query: URLSearchParams): Fault | null {
  for (const region of query.getAll('regionID')) {
    const problem = problemOf(REGION_ID, region);
    if (problem !== null) return fault(400, `parameter "regionID" in query is not valid: ${problem}`);
  }
  return null;
}
