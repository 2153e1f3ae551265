// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_tencent_cam_access_key` is told. */
export interface TencentCamAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that
   * Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)
   * A changed value replaces the key.
   */
  readonly targetUin?: string | undefined;
  /**
   * Text kept with the key: 1 to 1024 letters, digits and `_ + = , . @ : / -`, no blanks. Need not be unique. A
   * changed description makes a new key: the API cannot change one. The international site may not take it. (API:
   * `Description`.)
   * A changed value replaces the key.
   */
  readonly description?: string | undefined;
  /**
   * Whether the key can sign requests. Default true. Changed in place. Tencent Cloud itself may disable a key that
   * was not used for 90 days. (API: `Status`, Active or Inactive.)
   */
  readonly enabled?: boolean | cdktf.IResolvable | undefined;
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

/** One of the objects in a TencentCamAccessKeyPreviousList: what references may read of it. */
export class TencentCamAccessKeyPreviousOutputReference extends cdktf.ComplexObject {
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
export class TencentCamAccessKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): TencentCamAccessKeyPreviousOutputReference {
    return new TencentCamAccessKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * A Tencent Cloud account key (SecretId and SecretKey) of the main account or of a sub-user, which signs calls to
 * every Tencent Cloud API (CAM 2019-01-16, AccessKey).
 *
 * `keyform_tencent_cam_access_key` in Terraform's language.
 */
export class TencentCamAccessKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_tencent_cam_access_key';

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
      terraformResourceType: 'keyform_tencent_cam_access_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _targetUin: string | undefined;
  private _description: string | undefined;
  private _enabled: boolean | cdktf.IResolvable | undefined;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new TencentCamAccessKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: TencentCamAccessKeyConfig = {}) {
    const { targetUin, description, enabled, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_tencent_cam_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._targetUin = targetUin;
    this._description = description;
    this._enabled = enabled;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Number (UIN) of the account whose key it is: the main account or one of its sub-users. Left out: the account that
   * Keyform authenticates as. A changed number makes a new key. (API: `TargetUin`.)
   * A changed value replaces the key.
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

  /**
   * Text kept with the key: 1 to 1024 letters, digits and `_ + = , . @ : / -`, no blanks. Need not be unique. A
   * changed description makes a new key: the API cannot change one. The international site may not take it. (API:
   * `Description`.)
   * A changed value replaces the key.
   */
  public get description(): string {
    return this.getStringAttribute('description');
  }
  public set description(value: string) {
    this._description = value;
  }
  public resetDescription(): void {
    this._description = undefined;
  }
  public get descriptionInput(): string | undefined {
    return this._description;
  }

  /**
   * Whether the key can sign requests. Default true. Changed in place. Tencent Cloud itself may disable a key that
   * was not used for 90 days. (API: `Status`, Active or Inactive.)
   */
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

  /** The public id that a client sends when it uses the key. Often the same as `id`. */
  public get accessKeyId(): string {
    return this.getStringAttribute('access_key_id');
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
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): TencentCamAccessKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      target_uin: cdktf.stringToTerraform(this._targetUin),
      description: cdktf.stringToTerraform(this._description),
      enabled: cdktf.booleanToTerraform(this._enabled),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
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
      description: {
        value: cdktf.stringToHclTerraform(this._description),
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
