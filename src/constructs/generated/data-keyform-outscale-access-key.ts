// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_outscale_access_key` is told. */
export interface DataKeyformOutscaleAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root
   * user. A changed name makes a new key. (API: `UserName`.)
   */
  readonly userName?: string | undefined;
  /** The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id` says which key is read. */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id` says which key is
   * read.
   */
  readonly accessKeyId?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: A 3DS OUTSCALE access key of the root user
 * or of an EIM user (OUTSCALE API, AccessKey).
 *
 * `data.keyform_outscale_access_key` in Terraform's language.
 */
export class DataKeyformOutscaleAccessKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_outscale_access_key';

  private _userName: string | undefined;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformOutscaleAccessKeyConfig = {}) {
    const { userName, id: wantedId, accessKeyId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_outscale_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._userName = userName;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
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
   * Free text kept with the key; need not be unique. Left out: none. Changed in place. Clearing it needs API 1.40.1
   * or later. (API: `Tag`.)
   */
  public get tag(): string {
    return this.getStringAttribute('tag');
  }

  /** Whether the vendor accepts the key. Always true where its API cannot disable a key. */
  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  /** When the key stops working by itself, RFC 3339 in UTC. Null for a key that does not expire. */
  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }

  /** When the key was created, RFC 3339 in UTC. Null where the API does not tell. */
  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  /** When the key was last changed, RFC 3339 in UTC; null where the API is silent. (API: `LastModificationDate`.) */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      user_name: cdktf.stringToTerraform(this._userName),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
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
