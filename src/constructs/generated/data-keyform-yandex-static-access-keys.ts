// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_yandex_static_access_keys` is told. */
export interface DataKeyformYandexStaticAccessKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   */
  readonly serviceAccountId: string;
}

/** One of the objects in a DataKeyformYandexStaticAccessKeysKeysList: what references may read of it. */
export class DataKeyformYandexStaticAccessKeysKeysOutputReference extends cdktf.ComplexObject {
  public get serviceAccountId(): string {
    return this.getStringAttribute('service_account_id');
  }

  public get description(): string {
    return this.getStringAttribute('description');
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

  public get lastUsedAt(): string {
    return this.getStringAttribute('last_used_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformYandexStaticAccessKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformYandexStaticAccessKeysKeysOutputReference {
    return new DataKeyformYandexStaticAccessKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one service account, whoever made them, without their secrets. Of such keys: A static access key
 * of a service account (Yandex Cloud IAM, AWS-compatible AccessKey), with which clients of Object Storage and other
 * AWS-compatible services sign. `access_key_id` is what they send. It cannot be disabled and does not expire.
 *
 * `data.keyform_yandex_static_access_keys` in Terraform's language.
 */
export class DataKeyformYandexStaticAccessKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_yandex_static_access_keys';

  private _serviceAccountId: string;
  private _keys = new DataKeyformYandexStaticAccessKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformYandexStaticAccessKeysConfig) {
    const { serviceAccountId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_yandex_static_access_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._serviceAccountId = serviceAccountId;
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

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformYandexStaticAccessKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      service_account_id: cdktf.stringToTerraform(this._serviceAccountId),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
