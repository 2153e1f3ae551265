// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_yandex_static_access_key` is told. */
export interface YandexStaticAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   * A changed value replaces the key.
   */
  readonly serviceAccountId: string;
  /**
   * Free text kept with the key, at most 256 characters; need not be unique. Left out: none. Changed in place. (API:
   * `description`.)
   */
  readonly description?: string | undefined;
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

/** One of the objects in a YandexStaticAccessKeyPreviousList: what references may read of it. */
export class YandexStaticAccessKeyPreviousOutputReference extends cdktf.ComplexObject {
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
export class YandexStaticAccessKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): YandexStaticAccessKeyPreviousOutputReference {
    return new YandexStaticAccessKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * A static access key of a service account (Yandex Cloud IAM, AWS-compatible AccessKey), with which clients of Object
 * Storage and other AWS-compatible services sign. `access_key_id` is what they send. It cannot be disabled and does
 * not expire.
 *
 * `keyform_yandex_static_access_key` in Terraform's language.
 */
export class YandexStaticAccessKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_yandex_static_access_key';

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
      terraformResourceType: 'keyform_yandex_static_access_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _serviceAccountId: string;
  private _description: string | undefined;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new YandexStaticAccessKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: YandexStaticAccessKeyConfig) {
    const { serviceAccountId, description, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_yandex_static_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._serviceAccountId = serviceAccountId;
    this._description = description;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Id of the service account that the key belongs to and acts as. A key cannot move: another service account means a
   * new key. (API: `serviceAccountId`.)
   * A changed value replaces the key.
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

  /**
   * Free text kept with the key, at most 256 characters; need not be unique. Left out: none. Changed in place. (API:
   * `description`.)
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

  /**
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): YandexStaticAccessKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      service_account_id: cdktf.stringToTerraform(this._serviceAccountId),
      description: cdktf.stringToTerraform(this._description),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
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
      description: {
        value: cdktf.stringToHclTerraform(this._description),
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
