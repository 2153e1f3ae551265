// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_outscale_access_keys` is told. */
export interface DataKeyformOutscaleAccessKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root
   * user. A changed name makes a new key. (API: `UserName`.)
   */
  readonly userName?: string | undefined;
}

/** One of the objects in a DataKeyformOutscaleAccessKeysKeysList: what references may read of it. */
export class DataKeyformOutscaleAccessKeysKeysOutputReference extends cdktf.ComplexObject {
  public get userName(): string {
    return this.getStringAttribute('user_name');
  }

  public get tag(): string {
    return this.getStringAttribute('tag');
  }

  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
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

  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformOutscaleAccessKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformOutscaleAccessKeysKeysOutputReference {
    return new DataKeyformOutscaleAccessKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one user, whoever made them, without their secrets. Of such keys: A 3DS OUTSCALE access key of
 * the root user or of an EIM user (OUTSCALE API, AccessKey).
 *
 * `data.keyform_outscale_access_keys` in Terraform's language.
 */
export class DataKeyformOutscaleAccessKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_outscale_access_keys';

  private _userName: string | undefined;
  private _keys = new DataKeyformOutscaleAccessKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformOutscaleAccessKeysConfig = {}) {
    const { userName, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_outscale_access_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._userName = userName;
  }

  /**
   * Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root
   * user. A changed name makes a new key. (API: `UserName`.)
   */
  public get userName(): string {
    return this.getStringAttribute('user_name');
  }
  public set userName(value: string) {
    this._userName = value;
  }
  public resetUserName(): void {
    this._userName = undefined;
  }
  public get userNameInput(): string | undefined {
    return this._userName;
  }

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformOutscaleAccessKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      user_name: cdktf.stringToTerraform(this._userName),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      user_name: {
        value: cdktf.stringToHclTerraform(this._userName),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
