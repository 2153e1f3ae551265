// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_tencent_cam_access_key` is told. */
export interface DataKeyformTencentCamAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that
   * Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)
   */
  readonly targetUin?: string | undefined;
  /** The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id` says which key is read. */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id` says which key is
   * read.
   */
  readonly accessKeyId?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: A Tencent Cloud account key (SecretId and
 * SecretKey) of the main account or of a sub-user, which signs calls to every Tencent Cloud API (CAM 2019-01-16,
 * AccessKey).
 *
 * `data.keyform_tencent_cam_access_key` in Terraform's language.
 */
export class DataKeyformTencentCamAccessKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_tencent_cam_access_key';

  private _targetUin: string | undefined;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformTencentCamAccessKeyConfig = {}) {
    const { targetUin, id: wantedId, accessKeyId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_cam_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._targetUin = targetUin;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
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

  /** The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id` says which key is read. */
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
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id` says which key is
   * read.
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
   * Text kept with the key: 1 to 1024 letters, digits and `_ + = , . @ : / -`, no blanks. Need not be unique. A
   * changed description makes a new key: the API cannot change one. The international site may not take it. (API:
   * `Description`.)
   */
  public get description(): string {
    return this.getStringAttribute('description');
  }

  /** Whether the vendor accepts the key. Always true where its API cannot disable a key. */
  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  /** When the key was created, RFC 3339 in UTC. Null where the API does not tell. */
  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  /** When the key stops working by itself, RFC 3339 in UTC. Null for a key that does not expire. */
  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      target_uin: cdktf.stringToTerraform(this._targetUin),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
