// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** What `data.keyform_sinch_access_key` is told. */
export interface DataKeyformSinchAccessKeyConfig extends cdktf.TerraformMetaArguments {
  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
   */
  readonly projectId: string;
  /**
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `display_name` says which
   * key is read.
   */
  readonly id?: string | undefined;
  /**
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `display_name` says
   * which key is read.
   */
  readonly accessKeyId?: string | undefined;
  /**
   * Name of the key; it is an error when no key of the project has it, or several do. Exactly one of `id`,
   * `access_key_id`, `display_name` says which key is read.
   */
  readonly displayName?: string | undefined;
}

/**
 * Reads one key that exists already, whoever made it, without its secret: An access key of a Sinch project (Access
 * Keys Management API v1): the pair of key id and key secret that is exchanged for OAuth2 tokens, or sent as HTTP
 * Basic, to call other Sinch APIs. It cannot be disabled and does not expire; a deleted key gets no new token at
 * once, while tokens already given out may work for up to one more minute.
 *
 * `data.keyform_sinch_access_key` in Terraform's language.
 */
export class DataKeyformSinchAccessKey extends cdktf.TerraformDataSource {
  public static readonly tfResourceType = 'keyform_sinch_access_key';

  private _projectId: string;
  private _id: string | undefined;
  private _accessKeyId: string | undefined;
  private _displayName: string | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`; the data source's name in plans comes from it
   */
  constructor(scope: Construct, id: string, config: DataKeyformSinchAccessKeyConfig) {
    const { projectId, id: wantedId, accessKeyId, displayName, ...meta } = config;
    super(scope, id, {
      terraformResourceType: 'keyform_sinch_access_key',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      ...meta,
    });
    this._projectId = projectId;
    this._id = wantedId;
    this._accessKeyId = accessKeyId;
    this._displayName = displayName;
  }

  /**
   * Id of the project that the key belongs to, from the Sinch Build Dashboard. The key reaches that project and its
   * subprojects. A key cannot move: another project means a new key. At most 10 keys per project.
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
   * The key's id in the paths of the vendor's API. Exactly one of `id`, `access_key_id`, `display_name` says which
   * key is read.
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
   * The public id that a client sends when it uses the key. Exactly one of `id`, `access_key_id`, `display_name` says
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
   * Name of the key; it is an error when no key of the project has it, or several do. Exactly one of `id`,
   * `access_key_id`, `display_name` says which key is read.
   */
  public get displayName(): string {
    return this.getStringAttribute('display_name');
  }
  public set displayName(value: string) {
    this._displayName = value;
  }
  public resetDisplayName(): void {
    this._displayName = undefined;
  }
  public get displayNameInput(): string | undefined {
    return this._displayName;
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
   * When the key was last changed, RFC 3339 in UTC; right after creation the same as `created_at`. Null where the API
   * does not tell.
   */
  public get updatedAt(): string {
    return this.getStringAttribute('updated_at');
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      project_id: cdktf.stringToTerraform(this._projectId),
      id: cdktf.stringToTerraform(this._id),
      access_key_id: cdktf.stringToTerraform(this._accessKeyId),
      display_name: cdktf.stringToTerraform(this._displayName),
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
      display_name: {
        value: cdktf.stringToHclTerraform(this._displayName),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
