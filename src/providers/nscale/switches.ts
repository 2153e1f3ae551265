import { z } from 'zod';

/**
 * The emulator's switches. Those marked [assumed] stand for behaviour of the live API that nobody has verified; they are no
 * claim about it. Unknown names are an error.
 */
export const options = z.strictObject({
  endpoints: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe(
      'Endpoints that exist without having been made by a call: every id that is a DNS label, or those listed. Each is alone in a project of its own.',
    ),
  policies: z
    .union([z.literal('any'), z.array(z.string())])
    .default('any')
    .describe(
      'Identity policies of those endpoints: every name, or those listed. The built-in `system-default-admin` is always there.',
    ),
  forbidden_endpoints: z
    .array(z.string())
    .default([])
    .describe('Endpoints that the service account has no permission for: 403.'),
  token_generation: z
    .int()
    .min(1)
    .default(1)
    .describe('Which of its service tokens is in force; all others are refused. A higher number is a rotated token.'),
  invisible_reads: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'How many times a new key is looked for in vain: a GET or DELETE of it answers 404, a list lacks it. The vendor’s Terraform provider expects such a time, and waits it out.',
    ),
  provisioning_reads: z
    .int()
    .min(0)
    .default(1)
    .describe(
      '[assumed] How many reads (GET or list), once it is visible, still show a new key as `provisioning`. 0: the answer to the create says `provisioned` already.',
    ),
  provisioning_ends: z
    .enum(['provisioned', 'error'])
    .default('provisioned')
    .describe('What becomes of a new key: it is provisioned, or the API gives up on it.'),
  deprovisioning_reads: z
    .int()
    .min(0)
    .default(1)
    .describe(
      '[assumed] How many reads still show a deleted key, as `deprovisioning` and with a `deletionTime`. 0: it is gone when the DELETE is answered.',
    ),
  deprovisioning_ends: z
    .enum(['gone', 'error'])
    .default('gone')
    .describe('What becomes of a deleted key: it is gone, or the API cannot delete it.'),
  pending_access_key_id: z
    .enum(['told', 'null'])
    .default('told')
    .describe(
      '[assumed] Whether reads tell `accessKeyId` of a key that is not provisioned yet. The description lets it be null and does not say when.',
    ),
  duplicate_names: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      '[assumed] Whether two keys of an endpoint may share a name. The description declares no 409 for a create, so refused means 422.',
    ),
  reserved_tags: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe(
      '[assumed] Tags named like `storage.unikorn-cloud.org:…` are reserved in the vendor’s shared library, but its description of this call does not say so; refused means 400.',
    ),
  key_quota: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('[assumed] Keys that one endpoint can hold; null for no limit. The vendor publishes none.'),
  endpoints_per_project_and_region: z
    .int()
    .min(0)
    .default(1)
    .describe('Endpoints that a project can have in one region. Documented: 1.'),
  quota_status: z
    .union([z.literal(403), z.literal(422)])
    .default(422)
    .describe('[assumed] HTTP status of a key or an endpoint beyond the quota.'),
  unknown_policy_status: z
    .union([z.literal(400), z.literal(404), z.literal(422)])
    .default(422)
    .describe('[assumed] HTTP status of a create whose `identityPolicy` the endpoint does not have.'),
  unknown_endpoint_status: z
    .union([z.literal(403), z.literal(404)])
    .default(404)
    .describe('[assumed] HTTP status of a call to an endpoint that does not exist.'),
  unknown_class_status: z
    .union([z.literal(404), z.literal(422)])
    .default(422)
    .describe('[assumed] HTTP status of an endpoint to be made whose class does not exist in its region.'),
  used_policy: z
    .union([z.literal(403), z.literal(409), z.literal(422), z.literal('allow')])
    .default(409)
    .describe(
      '[assumed] HTTP status of an endpoint’s update that drops a policy which a key uses, or that it is allowed.',
    ),
  content_type_status: z
    .union([z.literal(400), z.literal(415)])
    .default(400)
    .describe('[assumed] HTTP status of a body that does not say it is JSON.'),
  outage: z
    .enum(['none', 'internal'])
    .default('none')
    .describe('Answers every call that authenticates with the documented 500.'),
});

export type Switches = z.infer<typeof options>;
