// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_tencent_api_keys` is told. */
export interface DataKeyformTencentApiKeysConfig extends cdktf.TerraformMetaArguments {
  /**
   * Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made;
   * the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)
   */
  readonly region?: string | undefined;
}

/** One of the objects in a DataKeyformTencentApiKeysKeysList: what references may read of it. */
export class DataKeyformTencentApiKeysKeysOutputReference extends cdktf.ComplexObject {
  public get region(): string {
    return this.getStringAttribute('region');
  }

  public get secretName(): string {
    return this.getStringAttribute('secret_name');
  }

  public get accessKeyType(): string {
    return this.getStringAttribute('access_key_type');
  }

  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }

  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }

  public get id(): string {
    return this.getStringAttribute('id');
  }

  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }

  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class DataKeyformTencentApiKeysKeysList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): DataKeyformTencentApiKeysKeysOutputReference {
    return new DataKeyformTencentApiKeysKeysOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * Reads every key of one region, whoever made them, without their secrets. Of such keys: A Tencent Cloud API Gateway
 * API key, which signs calls to APIs published behind the gateway (API Gateway 2018-08-08, ApiKey). Tencent Cloud
 * announced the end of the product for 2025-06-30; for keys that sign calls to Tencent Cloud itself see
 * `keyform_tencent_cam_access_key`.
 *
 * `data.keyform_tencent_api_keys` in Terraform's language.
 */
export class DataKeyformTencentApiKeys extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_tencent_api_keys';

  private _region: string | undefined;
  private _keys = new DataKeyformTencentApiKeysKeysList(this, 'keys', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformTencentApiKeysConfig = {}) {
    const { region, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_api_keys',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._region = region;
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

  /** Ids of the keys, in the order of `keys`. */
  public get ids(): string[] {
    return this.getListAttribute('ids');
  }

  /** The keys, the oldest first; keys of the same age by id. */
  public get keys(): DataKeyformTencentApiKeysKeysList {
    return this._keys;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      region: cdktf.stringToTerraform(this._region),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
