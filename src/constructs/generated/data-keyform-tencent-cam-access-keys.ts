// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_tencent_cam_access_keys` is told. */
export interface DataKeyformTencentCamAccessKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that
   * Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)
   */
  readonly targetUin?: string | undefined;
}

/** One of the objects in a DataKeyformTencentCamAccessKeysKeysList: what references may read of it. */
export class DataKeyformTencentCamAccessKeysKeysOutputReference extends cdktf.ComplexObject {
  public get targetUin(): string {
    return this.getStringAttribute('target_uin');
  }

  public get description(): string {
    return this.getStringAttribute('description');
  }

  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
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
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformTencentCamAccessKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformTencentCamAccessKeysKeysOutputReference {
    return new DataKeyformTencentCamAccessKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one account, whoever made them, without their secrets. Of such keys: A Tencent Cloud account key
 * (SecretId and SecretKey) of the main account or of a sub-user, which signs calls to every Tencent Cloud API (CAM
 * 2019-01-16, AccessKey).
 *
 * `data.keyform_tencent_cam_access_keys` in Terraform's language.
 */
export class DataKeyformTencentCamAccessKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_tencent_cam_access_keys';

  private _targetUin: string | undefined;
  private _keys = new DataKeyformTencentCamAccessKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformTencentCamAccessKeysConfig = {}) {
    const { targetUin, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_cam_access_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._targetUin = targetUin;
  }

  /**
   * Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that
   * Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)
   */
  public get targetUin(): string {
    return this.getStringAttribute('target_uin');
  }
  public set targetUin(value: string) {
    this._targetUin = value;
  }
  public resetTargetUin(): void {
    this._targetUin = undefined;
  }
  public get targetUinInput(): string | undefined {
    return this._targetUin;
  }

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformTencentCamAccessKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      target_uin: cdktf.stringToTerraform(this._targetUin),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      target_uin: {
        value: cdktf.stringToHclTerraform(this._targetUin),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
