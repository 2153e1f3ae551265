// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_yandex_static_access_key` is told. */
export interface DataKeyformYandexStaticAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   */
  readonly serviceAccountId: string;
  /** The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id` says which key is read. */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id` says which key is
   * read.
   */
  readonly accessKeyId?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: A static access key of a service account
 * (Yandex Cloud IAM, AWS-compatible AccessKey), with which clients of Object Storage and other AWS-compatible
 * services sign. `access_key_id` is what they send. It cannot be disabled and does not expire.
 *
 * `data.keyform_yandex_static_access_key` in Terraform's language.
 */
export class DataKeyformYandexStaticAccessKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_yandex_static_access_key';

  private _serviceAccountId: string;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformYandexStaticAccessKeyConfig) {
    const { serviceAccountId, id: wantedId, accessKeyId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_yandex_static_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._serviceAccountId = serviceAccountId;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
  }

  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   */
  public get serviceAccountId(): string {
    return this.getStringAttribute('service_account_id');
  }
  public set serviceAccountId(value: string) {
    this._serviceAccountId = value;
  }
  public get serviceAccountIdInput(): string {
    return this._serviceAccountId;
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
   * Free text kept with the key, at most 256 characters; need not be unique. Left out: none. Changed in place. (API:
   * `description`.)
   */
  public get description(): string {
    return this.getStringAttribute('description');
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
   * When the key was last used to authenticate, RFC 3339 in UTC, as far as the API knows by now. Null: not used yet.
   * (API: `lastUsedAt`.)
   */
  public get lastUsedAt(): string {
    return this.getStringAttribute('last_used_at');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      service_account_id: cdktf.stringToTerraform(this._serviceAccountId),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      service_account_id: {
        value: cdktf.stringToHclTerraform(this._serviceAccountId),
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
