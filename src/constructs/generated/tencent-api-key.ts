// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_tencent_api_key` is told. */
export interface TencentApiKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Name of the key. Need not be unique. A changed name makes a new key: the API cannot rename one. (API:
   * `SecretName`.)
   * A changed value replaces the key.
   */
  readonly secretName: string;
  /**
   * Who chooses id and secret: "auto" (default), the API; "manual", the stack, for accounts that Tencent Cloud lets
   * do so. A changed type makes a new key. (API: `AccessKeyType`.)
   * A changed value replaces the key.
   */
  readonly accessKeyType?: 'auto' | 'manual' | (string & {}) | undefined;
  /**
   * Id of a manual key: 5 to 50 letters, digits and underscores, not taken by another key. Required with
   * `access_key_type = "manual"`, refused otherwise. A changed id makes a new key. Two keys cannot share an id, so a
   * manual key is replaced only after the old one is deleted (`create_before_destroy = false`). (API: `AccessKeyId`.)
   * A changed value replaces the key.
   */
  readonly accessKeyId?: string | undefined;
  /**
   * Secret of a manual key: 10 to 50 letters, digits and underscores. Refused for an auto key. Left out: Keyform
   * makes a strong one with the key, and whatever the key has later is right. Set: a secret that somebody changes at
   * the cloud is set back. Changed in place; the old secret stops working at once. (API: `AccessKeySecret`.)
   * Sensitive: written into a stack it is there in plain text, so give it by a variable.
   */
  readonly accessKeySecret?: string | undefined;
  /** Whether the gateway accepts the key. Default true. Changed in place. (API: `Status`, 1 or 0.) */
  readonly enabled?: boolean | cdktf.IResolvable | undefined;
  /**
   * Tags, as a map of text. This API sets tags only when it makes a key, so changed tags make a new key; left out,
   * whatever tags the key has are right. (API: `Tags`.)
   * A changed value replaces the key.
   */
  readonly tags?: { [key: string]: string } | undefined;
  /**
   * Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made;
   * the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)
   * A changed value replaces the key.
   */
  readonly region?: string | undefined;
  /**
   * Any strings, by name. When one is added, changed or removed, a new key replaces the key at the next apply: put
   * here whatever a key should not outlive, such as the month or the version of the service that holds it.
   * A changed value replaces the key.
   */
  readonly keepers?: { [key: string]: string } | undefined;
  /**
   * When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply"
   * act on it.
   */
  readonly rotation?: Rotation | undefined;
}

/** One of the objects in a TencentApiKeyPreviousList: what references may read of it. */
export class TencentApiKeyPreviousOutputReference extends cdktf.ComplexObject {
  public get id(): string {
    return this.getStringAttribute('id');
  }

  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
  }

  public get generation(): number {
    return this.getNumberAttribute('generation');
  }

  public get retireAt(): string {
    return this.getStringAttribute('retire_at');
  }
}

/** A list whose length and objects are known when Keyform has read them. */
export class TencentApiKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): TencentApiKeyPreviousOutputReference {
    return new TencentApiKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * A Tencent Cloud API Gateway API key, which signs calls to APIs published behind the gateway (API Gateway
 * 2018-08-08, ApiKey). Tencent Cloud announced the end of the product for 2025-06-30; for keys that sign calls to
 * Tencent Cloud itself see `keyform_tencent_cam_access_key`.
 *
 * `keyform_tencent_api_key` in Terraform's language.
 */
export class TencentApiKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_tencent_api_key';

  /**
   * Declares that an existing key shall be taken over.
   *
   * @param importToId id of the construct in the generated configuration
   * @param importFromId id of the key at the vendor
   */
  public static generateConfigForImport(
    scope: Construct,
    importToId: string,
    importFromId: string,
    provider?: cdktf.TerraformProvider,
  ): cdktf.ImportableResource {
    return new cdktf.ImportableResource(scope, importToId, {
      terraformResourceType: 'keyform_tencent_api_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _secretName: string;
  private _accessKeyType: 'auto' | 'manual' | (string & {}) | undefined;
  private _accessKeyId: string | undefined;
  private _accessKeySecret: string | undefined;
  private _enabled: boolean | cdktf.IResolvable | undefined;
  private _tags: { [key: string]: string } | undefined;
  private _region: string | undefined;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new TencentApiKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: TencentApiKeyConfig) {
    const { secretName, accessKeyType, accessKeyId, accessKeySecret, enabled, tags, region, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_api_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._secretName = secretName;
    this._accessKeyType = accessKeyType;
    this._accessKeyId = accessKeyId;
    this._accessKeySecret = accessKeySecret;
    this._enabled = enabled;
    this._tags = tags;
    this._region = region;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Name of the key. Need not be unique. A changed name makes a new key: the API cannot rename one. (API:
   * `SecretName`.)
   * A changed value replaces the key.
   */
  public get secretName(): string {
    return this.getStringAttribute('secret_name');
  }
  public set secretName(value: string) {
    this._secretName = value;
  }
  public get secretNameInput(): string {
    return this._secretName;
  }

  /**
   * Who chooses id and secret: "auto" (default), the API; "manual", the stack, for accounts that Tencent Cloud lets
   * do so. A changed type makes a new key. (API: `AccessKeyType`.)
   * A changed value replaces the key.
   */
  public get accessKeyType(): string {
    return this.getStringAttribute('access_key_type');
  }
  public set accessKeyType(value: 'auto' | 'manual' | (string & {})) {
    this._accessKeyType = value;
  }
  public resetAccessKeyType(): void {
    this._accessKeyType = undefined;
  }
  public get accessKeyTypeInput(): 'auto' | 'manual' | (string & {}) | undefined {
    return this._accessKeyType;
  }

  /**
   * Id of a manual key: 5 to 50 letters, digits and underscores, not taken by another key. Required with
   * `access_key_type = "manual"`, refused otherwise. A changed id makes a new key. Two keys cannot share an id, so a
   * manual key is replaced only after the old one is deleted (`create_before_destroy = false`). (API: `AccessKeyId`.)
   * A changed value replaces the key.
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
   * Secret of a manual key: 10 to 50 letters, digits and underscores. Refused for an auto key. Left out: Keyform
   * makes a strong one with the key, and whatever the key has later is right. Set: a secret that somebody changes at
   * the cloud is set back. Changed in place; the old secret stops working at once. (API: `AccessKeySecret`.)
   * Sensitive: written into a stack it is there in plain text, so give it by a variable.
   */
  public get accessKeySecret(): string {
    return this.getStringAttribute('access_key_secret');
  }
  public set accessKeySecret(value: string) {
    this._accessKeySecret = value;
  }
  public resetAccessKeySecret(): void {
    this._accessKeySecret = undefined;
  }
  public get accessKeySecretInput(): string | undefined {
    return this._accessKeySecret;
  }

  /** Whether the gateway accepts the key. Default true. Changed in place. (API: `Status`, 1 or 0.) */
  public get enabled(): cdktf.IResolvable {
    return this.getBooleanAttribute('enabled');
  }
  public set enabled(value: boolean | cdktf.IResolvable) {
    this._enabled = value;
  }
  public resetEnabled(): void {
    this._enabled = undefined;
  }
  public get enabledInput(): boolean | cdktf.IResolvable | undefined {
    return this._enabled;
  }

  /**
   * Tags, as a map of text. This API sets tags only when it makes a key, so changed tags make a new key; left out,
   * whatever tags the key has are right. (API: `Tags`.)
   * A changed value replaces the key.
   */
  public get tags(): { [key: string]: string } {
    return this.getStringMapAttribute('tags');
  }
  public set tags(value: { [key: string]: string }) {
    this._tags = value;
  }
  public resetTags(): void {
    this._tags = undefined;
  }
  public get tagsInput(): { [key: string]: string } | undefined {
    return this._tags;
  }

  /**
   * Region of the key, such as `ap-guangzhou`. Left out: the `region` of the provider settings when the key is made;
   * the key stays there when that setting changes. A changed region makes a new key. (API: `Region`.)
   * A changed value replaces the key.
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
   * Any strings, by name. When one is added, changed or removed, a new key replaces the key at the next apply: put
   * here whatever a key should not outlive, such as the month or the version of the service that holds it.
   * A changed value replaces the key.
   */
  public get keepers(): { [key: string]: string } {
    return this.getStringMapAttribute('keepers');
  }
  public set keepers(value: { [key: string]: string }) {
    this._keepers = value;
  }
  public resetKeepers(): void {
    this._keepers = undefined;
  }
  public get keepersInput(): { [key: string]: string } | undefined {
    return this._keepers;
  }

  /**
   * When the key is replaced by a new one, and how long the old one stays valid. "keyform rotate" and "keyform apply"
   * act on it.
   */
  public get rotation(): { [key: string]: unknown } {
    return this.getAnyMapAttribute('rotation');
  }
  public set rotation(value: Rotation) {
    this._rotation = value;
  }
  public resetRotation(): void {
    this._rotation = undefined;
  }
  public get rotationInput(): Rotation | undefined {
    return this._rotation;
  }

  /** The key's id in the paths of the vendor's API. */
  public get id(): string {
    return this.getStringAttribute('id');
  }

  /**
   * The secret. It exists in encrypted state only and is never printed; `keyform secret get` gives it out. Null for a
   * key that was taken over without its secret.
   */
  public get secret(): string {
    return this.getStringAttribute('secret');
  }

  /** When the key was created, RFC 3339 in UTC. Null where the API does not tell. */
  public get createdAt(): string {
    return this.getStringAttribute('created_at');
  }

  /** Counts the keys of this address: 1 for the first one, one more each time a new key replaces it. */
  public get generation(): number {
    return this.getNumberAttribute('generation');
  }

  /** When `rotation` makes the key due, RFC 3339 in UTC. Null when it never does. */
  public get rotateAt(): string {
    return this.getStringAttribute('rotate_at');
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

  /**
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): TencentApiKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      secret_name: cdktf.stringToTerraform(this._secretName),
      access_key_type: cdktf.stringToTerraform(this._accessKeyType),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
      access_key_secret: cdktf.stringToTerraform(this._accessKeySecret),
      enabled: cdktf.booleanToTerraform(this._enabled),
      tags: cdktf.hashMapper(cdktf.stringToTerraform)(this._tags),
      region: cdktf.stringToTerraform(this._region),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      secret_name: {
        value: cdktf.stringToHclTerraform(this._secretName),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      access_key_type: {
        value: cdktf.stringToHclTerraform(this._accessKeyType),
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
      access_key_secret: {
        value: cdktf.stringToHclTerraform(this._accessKeySecret),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      enabled: {
        value: cdktf.booleanToHclTerraform(this._enabled),
        isBlock: false,
        type: 'simple',
        storageClassType: 'boolean',
      },
      tags: {
        value: cdktf.hashMapperHcl(cdktf.stringToHclTerraform)(this._tags),
        isBlock: false,
        type: 'map',
        storageClassType: 'stringMap',
      },
      region: {
        value: cdktf.stringToHclTerraform(this._region),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      keepers: {
        value: cdktf.hashMapperHcl(cdktf.stringToHclTerraform)(this._keepers),
        isBlock: false,
        type: 'map',
        storageClassType: 'stringMap',
      },
      rotation: {
        value: rotationToTerraform(this._rotation),
        isBlock: false,
        type: 'map',
        storageClassType: 'anyMap',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
