// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_nscale_access_keys` is told. */
export interface DataKeyformNscaleAccessKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the object storage endpoint that the key belongs to: 1 to 63 lower-case letters, digits and hyphens. The
   * endpoint must exist; its keys go with it when it is deleted.
   */
  readonly endpointId: string;
}

/** One of the objects in a DataKeyformNscaleAccessKeysKeysList: what references may read of it. */
export class DataKeyformNscaleAccessKeysKeysOutputReference extends cdktf.ComplexObject {
  public get endpointId(): string {
    return this.getStringAttribute('endpoint_id');
  }

  public get name(): string {
    return this.getStringAttribute('name');
  }

  public get description(): string {
    return this.getStringAttribute('description');
  }

  public get tags(): { [key: string]: string } {
    return this.getStringMapAttribute('tags');
  }

  public get identityPolicy(): string {
    return this.getStringAttribute('identity_policy');
  }

  public get id(): string {
    return this.getStringAttribute('id');
  }

  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }

  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }

  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  public get provisioningStatus(): string {
    return this.getStringAttribute('provisioning_status');
  }

  public get healthStatus(): string {
    return this.getStringAttribute('health_status');
  }

  public get projectId(): string {
    return this.getStringAttribute('project_id');
  }

  public get organizationId(): string {
    return this.getStringAttribute('organization_id');
  }

  public get createdBy(): string {
    return this.getStringAttribute('created_by');
  }

  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  public get updatedBy(): string {
    return this.getStringAttribute('updated_by');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformNscaleAccessKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformNscaleAccessKeysKeysOutputReference {
    return new DataKeyformNscaleAccessKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one endpoint, whoever made them, without their secrets. Of such keys: An access key of an Nscale
 * object storage endpoint (Storage Service API v1): the pair of S3 key id and secret that clients sign with. Nothing
 * about a living key can change, it cannot be disabled and it does not expire; a new key is provisioned for a while
 * before it works.
 *
 * `data.keyform_nscale_access_keys` in Terraform's language.
 */
export class DataKeyformNscaleAccessKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_nscale_access_keys';

  private _endpointId: string;
  private _keys = new DataKeyformNscaleAccessKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformNscaleAccessKeysConfig) {
    const { endpointId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_nscale_access_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._endpointId = endpointId;
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

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformNscaleAccessKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      endpoint_id: cdktf.stringToTerraform(this._endpointId),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
