// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_tencent_api_key` is told. */
export interface DataKeyformTencentApiKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made;
   * the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)
   */
  readonly region?: string | undefined;
  /**
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `secret_name` says which key
   * is read.
   */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `secret_name` says
   * which key is read.
   */
  readonly accessKeyId?: string | undefined;
  /**
   * Name of the key; it is an error when no key of the region has it, or several do. Exactly one of `id`,
   * `access_key_id`, `secret_name` says which key is read.
   */
  readonly secretName?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: A Tencent Cloud API Gateway API key, which
 * signs calls to APIs published behind the gateway (API Gateway 2018-08-08, ApiKey). Tencent Cloud announced the end
 * of the product for 2025-06-30; for keys that sign calls to Tencent Cloud itself see
 * `keyform_tencent_cam_access_key`.
 *
 * `data.keyform_tencent_api_key` in Terraform's language.
 */
export class DataKeyformTencentApiKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_tencent_api_key';

  private _region: string | undefined;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;
  private _secretName: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformTencentApiKeyConfig = {}) {
    const { region, id: wantedId, accessKeyId, secretName, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_api_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._region = region;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
    this._secretName = secretName;
  }

  /**
   * Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made;
   * the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)
   */
  public get region(): string {
    return this.getStringAttribute('region');
  }
  public set region(value: string) {
    this._region = value;
  }
  public resetRegion(): void {
    this._region = undefined;
  }
  public get regionInput(): string | undefined {
    return this._region;
  }

  /**
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `secret_name` says which key
   * is read.
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
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `secret_name` says
   * which key is read.
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
   * Name of the key; it is an error when no key of the region has it, or several do. Exactly one of `id`,
   * `access_key_id`, `secret_name` says which key is read.
   */
  public get secretName(): string {
    return this.getStringAttribute('secret_name');
  }
  public set secretName(value: string) {
    this._secretName = value;
  }
  public resetSecretName(): void {
    this._secretName = undefined;
  }
  public get secretNameInput(): string | undefined {
    return this._secretName;
  }

  /**
   * Who chooses id and secret: "auto" (default), the API; "manual", the stack, for accounts that Tencent Cloud lets
   * do so. A changed type makes a new key. (API: `AccessKeyType`.)
   */
  public get accessKeyType(): string {
    return this.getStringAttribute('access_key_type');
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

  /**
   * When the key was last changed (a new secret, disabled or enabled), RFC 3339 in UTC; null where the API is silent.
   * (API: `ModifiedTime`.)
   */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      region: cdktf.stringToTerraform(this._region),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
      secret_name: cdktf.stringToTerraform(this._secretName),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      region: {
        value: cdktf.stringToHclTerraform(this._region),
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
      secret_name: {
        value: cdktf.stringToHclTerraform(this._secretName),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
