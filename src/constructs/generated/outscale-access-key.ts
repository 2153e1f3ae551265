// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_outscale_access_key` is told. */
export interface OutscaleAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root
   * user. A changed name makes a new key. (API: `UserName`.)
   * A changed value replaces the key.
   */
  readonly userName?: string | undefined;
  /**
   * Free text kept with the key; need not be unique. Left out: none. Changed in place. Clearing it needs API 1.40.1
   * or later. (API: `Tag`.)
   */
  readonly tag?: string | undefined;
  /** Whether the key can sign requests. Default true. Changed in place. (API: `State`, ACTIVE or INACTIVE.) */
  readonly enabled?: boolean | cdktf.IResolvable | undefined;
  /**
   * When the key stops working by itself: an RFC 3339 time, or a date, which means its first moment in UTC. Left out,
   * and `expires_in` too: never. Changed in place. Excludes `expires_in`. An API access policy of the account may
   * demand one and limit it. (API: `ExpirationDate`.)
   */
  readonly expiresAt?: string | undefined;
  /**
   * Lifetime counted from the creation of each key, as "90d", "24h", "30m" or in ISO 8601: every rotation starts it
   * anew. Changing it on a living key counts from the moment of the change. Excludes `expires_at`.
   */
  readonly expiresIn?: string | undefined;
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

/** One of the objects in a OutscaleAccessKeyPreviousList: what references may read of it. */
export class OutscaleAccessKeyPreviousOutputReference extends cdktf.ComplexObject {
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
export class OutscaleAccessKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): OutscaleAccessKeyPreviousOutputReference {
    return new OutscaleAccessKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * A 3DS OUTSCALE access key of the root user or of an EIM user (OUTSCALE API, AccessKey).
 *
 * `keyform_outscale_access_key` in Terraform's language.
 */
export class OutscaleAccessKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_outscale_access_key';

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
      terraformResourceType: 'keyform_outscale_access_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _userName: string | undefined;
  private _tag: string | undefined;
  private _enabled: boolean | cdktf.IResolvable | undefined;
  private _expiresAt: string | undefined;
  private _expiresIn: string | undefined;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new OutscaleAccessKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: OutscaleAccessKeyConfig = {}) {
    const { userName, tag, enabled, expiresAt, expiresIn, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_outscale_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._userName = userName;
    this._tag = tag;
    this._enabled = enabled;
    this._expiresAt = expiresAt;
    this._expiresIn = expiresIn;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Name of the EIM user whose key it is. Left out: the identity that Keyform authenticates as, which may be the root
   * user. A changed name makes a new key. (API: `UserName`.)
   * A changed value replaces the key.
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

  /**
   * Free text kept with the key; need not be unique. Left out: none. Changed in place. Clearing it needs API 1.40.1
   * or later. (API: `Tag`.)
   */
  public get tag(): string {
    return this.getStringAttribute('tag');
  }
  public set tag(value: string) {
    this._tag = value;
  }
  public resetTag(): void {
    this._tag = undefined;
  }
  public get tagInput(): string | undefined {
    return this._tag;
  }

  /** Whether the key can sign requests. Default true. Changed in place. (API: `State`, ACTIVE or INACTIVE.) */
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
   * When the key stops working by itself: an RFC 3339 time, or a date, which means its first moment in UTC. Left out,
   * and `expires_in` too: never. Changed in place. Excludes `expires_in`. An API access policy of the account may
   * demand one and limit it. (API: `ExpirationDate`.)
   */
  public get expiresAt(): string {
    return this.getStringAttribute('expires_at');
  }
  public set expiresAt(value: string) {
    this._expiresAt = value;
  }
  public resetExpiresAt(): void {
    this._expiresAt = undefined;
  }
  public get expiresAtInput(): string | undefined {
    return this._expiresAt;
  }

  /**
   * Lifetime counted from the creation of each key, as "90d", "24h", "30m" or in ISO 8601: every rotation starts it
   * anew. Changing it on a living key counts from the moment of the change. Excludes `expires_at`.
   */
  public get expiresIn(): string {
    return this.getStringAttribute('expires_in');
  }
  public set expiresIn(value: string) {
    this._expiresIn = value;
  }
  public resetExpiresIn(): void {
    this._expiresIn = undefined;
  }
  public get expiresInInput(): string | undefined {
    return this._expiresIn;
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

  /** When the key was last changed, RFC 3339 in UTC; null where the API is silent. (API: `LastModificationDate`.) */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  /**
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): OutscaleAccessKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      user_name: cdktf.stringToTerraform(this._userName),
      tag: cdktf.stringToTerraform(this._tag),
      enabled: cdktf.booleanToTerraform(this._enabled),
      expires_at: cdktf.stringToTerraform(this._expiresAt),
      expires_in: cdktf.stringToTerraform(this._expiresIn),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
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
      tag: {
        value: cdktf.stringToHclTerraform(this._tag),
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
      expires_at: {
        value: cdktf.stringToHclTerraform(this._expiresAt),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      expires_in: {
        value: cdktf.stringToHclTerraform(this._expiresIn),
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
