// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_nscale_access_key` is told. */
export interface NscaleAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The
   * endpoint must exist; its keys go with it when it is deleted.
   * A changed value replaces the key.
   */
  readonly endpointId: string;
  /**
   * Name of the key: 1 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at either end. Several keys of
   * an endpoint may share one. A change means a new key.
   * A changed value replaces the key.
   */
  readonly name: string;
  /**
   * Free text beside the name; the vendor publishes no limit. An empty one counts as left out. A change means a new
   * key.
   * A changed value replaces the key.
   */
  readonly description?: string | undefined;
  /**
   * Tags of the key, as a map from name to value; the API keeps them as a list, whose order means nothing. Names that
   * begin like `storage.unikorn-cloud.org:` belong to the platform. An empty map counts as left out. A change means a
   * new key.
   * A changed value replaces the key.
   */
  readonly tags?: { [key: string]: string } | undefined;
  /**
   * Name of the endpoint’s identity policy that says what the key may do, 1 to 64 characters; `system-default-admin`
   * is built in. Another name means a new key, while a change of the policy itself does not.
   * A changed value replaces the key.
   */
  readonly identityPolicy: string;
  /**
   * Any strings, by name. When one is added, changed or removed, a new key replaces the key at the next apply: put
   * here whatever a key should not outlive, such as the month or the version of the service that holds it.
   * A changed value replaces the key.
   */
  readonly keepers?: { [key: string]: string } | undefined;
  /**
   * When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply"
   * act on it.
   */
  readonly rotation?: Rotation | undefined;
}

/** One of the objects in a NscaleAccessKeyPreviousList: what references may read of it. */
export class NscaleAccessKeyPreviousOutputReference extends cdktf.ComplexObject {
  public get id(): string {
    return this.getStringAttribute('id');
  }

  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }

  public get generation(): number {
    return this.getNumberAttribute('generation');
  }

  public get retireAt(): string {
    return this.getStringAttribute('retire_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class NscaleAccessKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): NscaleAccessKeyPreviousOutputReference {
    return new NscaleAccessKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * An access key of an Nscale object storage endpoint (Storage Service API v1): the pair of S3 key id and secret that
 * clients sign with. Nothing about a living key can change, it cannot be disabled and it does not expire; a new key
 * is provisioned for a while before it works.
 *
 * `keyform_nscale_access_key` in Terraform's language.
 */
export class NscaleAccessKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_nscale_access_key';

  /**
   * Declares that an existing key shall be taken over.
   *
   * @param importToId id of the construct in the generated configuration
   * @param importFromId id of the key at the vendor
   */
  public static generateConfigForImport(
    scope: Construct,
    importToId: string,
    importFromId: string,
    provider?: cdktf.TerraformProvider,
  ): cdktf.ImportableResource {
    return new cdktf.ImportableResource(scope, importToId, {
      terraformResourceType: 'keyform_nscale_access_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _endpointId: string;
  private _name: string;
  private _description: string | undefined;
  private _tags: { [key: string]: string } | undefined;
  private _identityPolicy: string;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new NscaleAccessKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: NscaleAccessKeyConfig) {
    const { endpointId, name, description, tags, identityPolicy, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_nscale_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._endpointId = endpointId;
    this._name = name;
    this._description = description;
    this._tags = tags;
    this._identityPolicy = identityPolicy;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The
   * endpoint must exist; its keys go with it when it is deleted.
   * A changed value replaces the key.
   */
  public get endpointId(): string {
    return this.getStringAttribute('endpoint_id');
  }
  public set endpointId(value: string) {
    this._endpointId = value;
  }
  public get endpointIdInput(): string {
    return this._endpointId;
  }

  /**
   * Name of the key: 1 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at either end. Several keys of
   * an endpoint may share one. A change means a new key.
   * A changed value replaces the key.
   */
  public get name(): string {
    return this.getStringAttribute('name');
  }
  public set name(value: string) {
    this._name = value;
  }
  public get nameInput(): string {
    return this._name;
  }

  /**
   * Free text beside the name; the vendor publishes no limit. An empty one counts as left out. A change means a new
   * key.
   * A changed value replaces the key.
   */
  public get description(): string {
    return this.getStringAttribute('description');
  }
  public set description(value: string) {
    this._description = value;
  }
  public resetDescription(): void {
    this._description = undefined;
  }
  public get descriptionInput(): string | undefined {
    return this._description;
  }

  /**
   * Tags of the key, as a map from name to value; the API keeps them as a list, whose order means nothing. Names that
   * begin like `storage.unikorn-cloud.org:` belong to the platform. An empty map counts as left out. A change means a
   * new key.
   * A changed value replaces the key.
   */
  public get tags(): { [key: string]: string } {
    return this.getStringMapAttribute('tags');
  }
  public set tags(value: { [key: string]: string }) {
    this._tags = value;
  }
  public resetTags(): void {
    this._tags = undefined;
  }
  public get tagsInput(): { [key: string]: string } | undefined {
    return this._tags;
  }

  /**
   * Name of the endpoint’s identity policy that says what the key may do, 1 to 64 characters; `system-default-admin`
   * is built in. Another name means a new key, while a change of the policy itself does not.
   * A changed value replaces the key.
   */
  public get identityPolicy(): string {
    return this.getStringAttribute('identity_policy');
  }
  public set identityPolicy(value: string) {
    this._identityPolicy = value;
  }
  public get identityPolicyInput(): string {
    return this._identityPolicy;
  }

  /**
   * Any strings, by name. When one is added, changed or removed, a new key replaces the key at the next apply: put
   * here whatever a key should not outlive, such as the month or the version of the service that holds it.
   * A changed value replaces the key.
   */
  public get keepers(): { [key: string]: string } {
    return this.getStringMapAttribute('keepers');
  }
  public set keepers(value: { [key: string]: string }) {
    this._keepers = value;
  }
  public resetKeepers(): void {
    this._keepers = undefined;
  }
  public get keepersInput(): { [key: string]: string } | undefined {
    return this._keepers;
  }

  /**
   * When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply"
   * act on it.
   */
  public get rotation(): { [key: string]: unknown } {
    return this.getAnyMapAttribute('rotation');
  }
  public set rotation(value: Rotation) {
    this._rotation = value;
  }
  public resetRotation(): void {
    this._rotation = undefined;
  }
  public get rotationInput(): Rotation | undefined {
    return this._rotation;
  }

  /** The key's id in the paths of the vendor's API. */
  public get id(): string {
    return this.getStringAttribute('id');
  }

  /** The public id that a client sends when it uses the key. Often the same as `id`. */
  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }

  /**
   * The secret. It exists in encrypted state only and is never printed; `keyform secret get` gives it out. Null for a
   * key that was taken over without its secret.
   */
  public get secret(): string {
    return this.getStringAttribute('secret');
  }

  /** When the key was created, RFC 3339 in UTC. Null where the API does not tell. */
  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  /** Counts the keys of this address: 1 for the first one, one more each time a new key replaces it. */
  public get generation(): number {
    return this.getNumberAttribute('generation');
  }

  /** When `rotation` makes the key due, RFC 3339 in UTC. Null when it never does. */
  public get rotateAt(): string {
    return this.getStringAttribute('rotate_at');
  }

  /** When the key stops working by itself, RFC 3339 in UTC. Null for a key that does not expire. */
  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }

  /** Whether the vendor accepts the key. Always true where its API cannot disable a key. */
  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  /**
   * How far the key is, in the API’s word: `pending`, `provisioning`, `provisioned`, `deprovisioning`, `error` or
   * `unknown`.
   */
  public get provisioningStatus(): string {
    return this.getStringAttribute('provisioning_status');
  }

  /** Health in the API’s word: `healthy`, `degraded`, `error` or `unknown`. */
  public get healthStatus(): string {
    return this.getStringAttribute('health_status');
  }

  /** Id of the project that the endpoint, and so the key, belongs to. */
  public get projectId(): string {
    return this.getStringAttribute('project_id');
  }

  /** Id of the organization that the project belongs to. */
  public get organizationId(): string {
    return this.getStringAttribute('organization_id');
  }

  /** Who made the key, in the vendor’s word (API: `createdBy`); null where the API does not tell. */
  public get createdBy(): string {
    return this.getStringAttribute('created_by');
  }

  /**
   * When the key was last changed, RFC 3339 in UTC (API: `modifiedTime`); null for a key that is as it was made, or
   * where the API does not tell.
   */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  /** Who changed the key last, in the vendor’s word (API: `modifiedBy`); null where the API does not tell. */
  public get updatedBy(): string {
    return this.getStringAttribute('updated_by');
  }

  /**
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): NscaleAccessKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      endpoint_id: cdktf.stringToTerraform(this._endpointId),
      name: cdktf.stringToTerraform(this._name),
      description: cdktf.stringToTerraform(this._description),
      tags: cdktf.hashMapper(cdktf.stringToTerraform)(this._tags),
      identity_policy: cdktf.stringToTerraform(this._identityPolicy),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      endpoint_id: {
        value: cdktf.stringToHclTerraform(this._endpointId),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      name: {
        value: cdktf.stringToHclTerraform(this._name),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      description: {
        value: cdktf.stringToHclTerraform(this._description),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      tags: {
        value: cdktf.hashMapperHcl(cdktf.stringToHclTerraform)(this._tags),
        isBlock: false,
        type: 'map',
        storageClassType: 'stringMap',
      },
      identity_policy: {
        value: cdktf.stringToHclTerraform(this._identityPolicy),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      keepers: {
        value: cdktf.hashMapperHcl(cdktf.stringToHclTerraform)(this._keepers),
        isBlock: false,
        type: 'map',
        storageClassType: 'stringMap',
      },
      rotation: {
        value: rotationToTerraform(this._rotation),
        isBlock: false,
        type: 'map',
        storageClassType: 'anyMap',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
