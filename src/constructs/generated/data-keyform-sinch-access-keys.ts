// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_sinch_access_keys` is told. */
export interface DataKeyformSinchAccessKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
   */
  readonly projectId: string;
}

/** One of the objects in a DataKeyformSinchAccessKeysKeysList: what references may read of it. */
export class DataKeyformSinchAccessKeysKeysOutputReference extends cdktf.ComplexObject {
  public get projectId(): string {
    return this.getStringAttribute('project_id');
  }

  public get displayName(): string {
    return this.getStringAttribute('display_name');
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

  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformSinchAccessKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformSinchAccessKeysKeysOutputReference {
    return new DataKeyformSinchAccessKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one project, whoever made them, without their secrets. Of such keys: An access key of a Sinch
 * project (Access Keys Management API v1): the pair of key id and key secret that is exchanged for OAuth2 tokens, or
 * sent as HTTP Basic, to call other Sinch APIs. It cannot be disabled and does not expire; a deleted key gets no new
 * token at once, while tokens already given out may work for up to one more minute.
 *
 * `data.keyform_sinch_access_keys` in Terraform's language.
 */
export class DataKeyformSinchAccessKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_sinch_access_keys';

  private _projectId: string;
  private _keys = new DataKeyformSinchAccessKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformSinchAccessKeysConfig) {
    const { projectId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_sinch_access_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._projectId = projectId;
  }

  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
   */
  public get projectId(): string {
    return this.getStringAttribute('project_id');
  }
  public set projectId(value: string) {
    this._projectId = value;
  }
  public get projectIdInput(): string {
    return this._projectId;
  }

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformSinchAccessKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      project_id: cdktf.stringToTerraform(this._projectId),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      project_id: {
        value: cdktf.stringToHclTerraform(this._projectId),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
