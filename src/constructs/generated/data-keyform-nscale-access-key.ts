// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_nscale_access_key` is told. */
export interface DataKeyformNscaleAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The
   * endpoint must exist; its keys go with it when it is deleted.
   */
  readonly endpointId: string;
  /**
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `name` says which key is
   * read.
   */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `name` says which
   * key is read.
   */
  readonly accessKeyId?: string | undefined;
  /**
   * Name of the key; it is an error when no key of the endpoint has it, or several do. Exactly one of `id`,
   * `access_key_id`, `name` says which key is read.
   */
  readonly name?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: An access key of an Nscale object storage
 * endpoint (Storage Service API v1): the pair of S3 key id and secret that clients sign with. Nothing about a living
 * key can change, it cannot be disabled and it does not expire; a new key is provisioned for a while before it works.
 *
 * `data.keyform_nscale_access_key` in Terraform's language.
 */
export class DataKeyformNscaleAccessKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_nscale_access_key';

  private _endpointId: string;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;
  private _name: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformNscaleAccessKeyConfig) {
    const { endpointId, id: wantedId, accessKeyId, name, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_nscale_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._endpointId = endpointId;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
    this._name = name;
  }

  /**
   * Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The
   * endpoint must exist; its keys go with it when it is deleted.
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
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `name` says which key is
   * read.
   */
  public get id(): string {
    return this.getStringAttribute('id');
  }
  public set id(value: string) {
    this._id = value;
  }
  public resetId(): void {
    this._id = undefined;
  }
  public get idInput(): string | undefined {
    return this._id;
  }

  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `name` says which
   * key is read.
   */
  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }
  public set accessKeyId(value: string) {
    this._accessKeyId = value;
  }
  public resetAccessKeyId(): void {
    this._accessKeyId = undefined;
  }
  public get accessKeyIdInput(): string | undefined {
    return this._accessKeyId;
  }

  /**
   * Name of the key; it is an error when no key of the endpoint has it, or several do. Exactly one of `id`,
   * `access_key_id`, `name` says which key is read.
   */
  public get name(): string {
    return this.getStringAttribute('name');
  }
  public set name(value: string) {
    this._name = value;
  }
  public resetName(): void {
    this._name = undefined;
  }
  public get nameInput(): string | undefined {
    return this._name;
  }

  /**
   * Free text beside the name; the vendor publishes no limit. An empty one counts as left out. A change means a new
   * key.
   */
  public get description(): string {
    return this.getStringAttribute('description');
  }

  /**
   * Tags of the key, as a map from name to value; the API keeps them as a list, whose order means nothing. Names that
   * begin like `storage.unikorn-cloud.org:` belong to the platform. An empty map counts as left out. A change means a
   * new key.
   */
  public get tags(): { [key: string]: string } {
    return this.getStringMapAttribute('tags');
  }

  /**
   * Name of the endpoint’s identity policy that says what the key may do, 1 to 64 characters; `system-default-admin`
   * is built in. Another name means a new key, while a change of the policy itself does not.
   */
  public get identityPolicy(): string {
    return this.getStringAttribute('identity_policy');
  }

  /** When the key was created, RFC 3339 in UTC. Null where the API does not tell. */
  public get createdAt(): string {
    return this.getStringAttribute('created_at');
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

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      endpoint_id: cdktf.stringToTerraform(this._endpointId),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
      name: cdktf.stringToTerraform(this._name),
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
      id: {
        value: cdktf.stringToHclTerraform(this._id),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      access_key_id: {
        value: cdktf.stringToHclTerraform(this._accessKeyId),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
