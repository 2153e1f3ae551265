// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';
import { type Rotation, rotationToTerraform } from './rotation.ts';

/** What `keyform_sinch_access_key` is told. */
export interface SinchAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
   * A changed value replaces the key.
   */
  readonly projectId: string;
  /**
   * Name of the key, unique among the keys of its project. Can be changed without replacing the key. The vendor
   * publishes no limit of length or characters.
   */
  readonly displayName: string;
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

/** One of the objects in a SinchAccessKeyPreviousList: what references may read of it. */
export class SinchAccessKeyPreviousOutputReference extends cdktf.ComplexObject {
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
export class SinchAccessKeyPreviousList extends cdktf.ComplexList {
  /** The object at `index`, counted from 0. */
  public get(index: number): SinchAccessKeyPreviousOutputReference {
    return new SinchAccessKeyPreviousOutputReference(this.terraformResource, this.terraformAttribute, this.wrapsSet, index);
  }
}

/**
 * An access key of a Sinch project (Access Keys Management API v1): the pair of key id and key secret that is
 * exchanged for OAuth2 tokens, or sent as HTTP Basic, to call other Sinch APIs. It cannot be disabled and does not
 * expire; a deleted key gets no new token at once, while tokens already given out may work for up to one more minute.
 *
 * `keyform_sinch_access_key` in Terraform's language.
 */
export class SinchAccessKey extends cdktf.TerraformResource {
  public static readonly tfResourceType = 'keyform_sinch_access_key';

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
      terraformResourceType: 'keyform_sinch_access_key',
      importId: importFromId,
      ...(provider === undefined ? {} : { provider }),
    });
  }

  private _projectId: string;
  private _displayName: string;
  private _keepers: { [key: string]: string } | undefined;
  private _rotation: Rotation | undefined;
  private _previous = new SinchAccessKeyPreviousList(this, 'previous', false);

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the resource's name in plans and state comes from it
   */
  constructor(scope: Construct, id: string, config: SinchAccessKeyConfig) {
    const { projectId, displayName, keepers, rotation, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_sinch_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._projectId = projectId;
    this._displayName = displayName;
    this._keepers = keepers;
    this._rotation = rotation;
  }

  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
   * A changed value replaces the key.
   */
  public get projectId(): string {
    return this.getStringAttribute('project_id');
  }
  public set projectId(value: string) {
    this._projectId = value;
  }
  public get projectIdInput(): string {
    return this._projectId;
  }

  /**
   * Name of the key, unique among the keys of its project. Can be changed without replacing the key. The vendor
   * publishes no limit of length or characters.
   */
  public get displayName(): string {
    return this.getStringAttribute('display_name');
  }
  public set displayName(value: string) {
    this._displayName = value;
  }
  public get displayNameInput(): string {
    return this._displayName;
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
   * When the key was last changed, RFC 3339 in UTC; right after creation the same as `created_at`. Null where the API
   * does not tell.
   */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  /**
   * Keys of this address that were replaced and are still alive, the oldest first: `id`, `access_key_id`,
   * `generation`, and `retire_at`, when the overlap ends (RFC 3339 in UTC; null while it has not begun).
   */
  public get previous(): SinchAccessKeyPreviousList {
    return this._previous;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      project_id: cdktf.stringToTerraform(this._projectId),
      display_name: cdktf.stringToTerraform(this._displayName),
      keepers: cdktf.hashMapper(cdktf.stringToTerraform)(this._keepers),
      rotation: rotationToTerraform(this._rotation),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      project_id: {
        value: cdktf.stringToHclTerraform(this._projectId),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      display_name: {
        value: cdktf.stringToHclTerraform(this._displayName),
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
