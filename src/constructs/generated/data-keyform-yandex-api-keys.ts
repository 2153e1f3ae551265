// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_yandex_api_keys` is told. */
export interface DataKeyformYandexApiKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   */
  readonly serviceAccountId: string;
}

/** One of the objects in a DataKeyformYandexApiKeysKeysList: what references may read of it. */
export class DataKeyformYandexApiKeysKeysOutputReference extends cdktf.ComplexObject {
  public get serviceAccountId(): string {
    return this.getStringAttribute('service_account_id');
  }

  public get description(): string {
    return this.getStringAttribute('description');
  }

  public get scopes(): string[] {
    return this.getListAttribute('scopes');
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

  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  public get lastUsedAt(): string {
    return this.getStringAttribute('last_used_at');
  }

  public get maskedSecret(): string {
    return this.getStringAttribute('masked_secret');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformYandexApiKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformYandexApiKeysKeysOutputReference {
    return new DataKeyformYandexApiKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one service account, whoever made them, without their secrets. Of such keys: An API key of a
 * service account (Yandex Cloud IAM, ApiKey), sent as `Authorization: Api-Key` to services that take one. It cannot
 * be disabled; it may expire.
 *
 * `data.keyform_yandex_api_keys` in Terraform's language.
 */
export class DataKeyformYandexApiKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_yandex_api_keys';

  private _serviceAccountId: string;
  private _keys = new DataKeyformYandexApiKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformYandexApiKeysConfig) {
    const { serviceAccountId, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_yandex_api_keys',
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
  public get keys(): DataKeyformYandexApiKeysKeysList {
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
