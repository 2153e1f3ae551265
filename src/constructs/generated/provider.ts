// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** Nscale: endpoints and credentials. */
export interface KeyformProviderNscale {
  /**
   * Base URL of the storage service; `/api/v1` is appended. Default: `https://storage.unikorn.nscale.com`, as in the
   * vendor’s Terraform provider. A path prefix is kept. Plain `http://` is accepted for a loopback address only.
   * Left out, it is read from the environment: `KEYFORM_NSCALE_ENDPOINT`, else `NSCALE_STORAGE_SERVICE_API_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Token of the service account that Keyform acts as, sent with every call. It needs the permission
   * `storage:objectstorageendpoints/accesskeys` to create, read and delete, and it ends with the service account’s
   * expiry. Better left to the environment.
   * Left out, it is read from the environment: `NSCALE_SERVICE_TOKEN`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly serviceToken?: string | undefined;
  /**
   * A file that holds the service token and nothing else, used in place of `service_token`. It is read again when the
   * API refuses the token, so that a token which something else rotates can change during a long wait.
   */
  readonly tokenFile?: string | undefined;
  /**
   * How long to wait until a new key is provisioned, and until a deleted key is gone, each: `30m` (default), `1h`, or
   * ISO 8601. A wait that ends early loses nothing: the next apply goes on.
   */
  readonly provisioningTimeout?: string | undefined;
}

function keyformProviderNscaleToTerraform(struct: KeyformProviderNscale | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
    endpoint: cdktf.stringToTerraform(struct.endpoint),
    service_token: cdktf.stringToTerraform(struct.serviceToken),
    token_file: cdktf.stringToTerraform(struct.tokenFile),
    provisioning_timeout: cdktf.stringToTerraform(struct.provisioningTimeout),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** 3DS OUTSCALE: endpoints and credentials. */
export interface KeyformProviderOutscale {
  /**
   * Full URL of the OUTSCALE API, with scheme; `/api/v1` is added when it has no path. Default:
   * `https://api.{region}.outscale.com/api/v1`. Plain `http://` is accepted for a loopback address only.
   * Left out, it is read from the environment: `KEYFORM_OUTSCALE_ENDPOINT`, else `OSC_ENDPOINT_API`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Region that requests are signed for, and whose endpoint is used: ap-northeast-1, cloudgouv-eu-west-1, eu-west-2
   * (default), us-east-2, us-west-1.
   * Left out, it is read from the environment: `OSC_REGION`.
   */
  readonly region?: string | undefined;
  /**
   * Id of the access key that Keyform signs with. The key pair wins when `login` and `password` are set too, because
   * signing never sends the secret and every call accepts it.
   * Left out, it is read from the environment: `OSC_ACCESS_KEY`.
   */
  readonly accessKeyId?: string | undefined;
  /**
   * Secret of the access key that Keyform signs with.
   * Left out, it is read from the environment: `OSC_SECRET_KEY`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly secretKey?: string | undefined;
  /**
   * E-mail address of the account, for authentication by password when no key pair is set.
   * Left out, it is read from the environment: `OSC_LOGIN`.
   */
  readonly login?: string | undefined;
  /**
   * Password of the account. Sent with every call, so prefer a key pair.
   * Left out, it is read from the environment: `OSC_PASSWORD`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly password?: string | undefined;
  /**
   * Most calls a second, all actions together. Default 5, the limit of the vendor's own SDKs; the vendor publishes no
   * number.
   */
  readonly requestsPerSecond?: number | undefined;
}

function keyformProviderOutscaleToTerraform(struct: KeyformProviderOutscale | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
    endpoint: cdktf.stringToTerraform(struct.endpoint),
    region: cdktf.stringToTerraform(struct.region),
    access_key_id: cdktf.stringToTerraform(struct.accessKeyId),
    secret_key: cdktf.stringToTerraform(struct.secretKey),
    login: cdktf.stringToTerraform(struct.login),
    password: cdktf.stringToTerraform(struct.password),
    requests_per_second: cdktf.numberToTerraform(struct.requestsPerSecond),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Sinch: endpoints and credentials. */
export interface KeyformProviderSinch {
  /**
   * Base URL of the access keys API. Default: `https://accesskey.api.sinch.com`, as the newer edition of the vendor’s
   * API description says; the older edition, and some pages, say `https://account.api.sinch.com`. A path prefix is
   * kept. Plain `http://` is accepted for a loopback address only.
   * Left out, it is read from the environment: `KEYFORM_SINCH_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Base URL of the host that gives out OAuth2 tokens; `/oauth2/token` is appended. Default:
   * `https://auth.sinch.com`. It is also asked when a new key is verified.
   * Left out, it is read from the environment: `KEYFORM_SINCH_AUTH_ENDPOINT`.
   */
  readonly authEndpoint?: string | undefined;
  /**
   * Id of the access key that Keyform itself authenticates with. It reaches its own project and that project’s
   * subprojects. The first one is made in the Sinch Build Dashboard, Settings → Access keys.
   * Left out, it is read from the environment: `SINCH_KEY_ID`.
   */
  readonly keyId?: string | undefined;
  /**
   * Secret of the access key in `key_id`. Better left to the environment.
   * Left out, it is read from the environment: `SINCH_KEY_SECRET`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly keySecret?: string | undefined;
  /**
   * How to authenticate: `oauth2` (default) exchanges the key for a token that lives about an hour; `basic` sends the
   * key with every call, which the vendor rate-limits heavily and means for tests only.
   */
  readonly auth?: 'oauth2' | 'basic' | (string & {}) | undefined;
}

function keyformProviderSinchToTerraform(struct: KeyformProviderSinch | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
    endpoint: cdktf.stringToTerraform(struct.endpoint),
    auth_endpoint: cdktf.stringToTerraform(struct.authEndpoint),
    key_id: cdktf.stringToTerraform(struct.keyId),
    key_secret: cdktf.stringToTerraform(struct.keySecret),
    auth: cdktf.stringToTerraform(struct.auth),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Tencent Cloud: endpoints and credentials. */
export interface KeyformProviderTencent {
  /**
   * SecretId of the account key that Keyform signs with (CAM, not API Gateway).
   * Left out, it is read from the environment: `TENCENTCLOUD_SECRET_ID`.
   */
  readonly secretId?: string | undefined;
  /**
   * SecretKey of the account key that Keyform signs with. It is never sent.
   * Left out, it is read from the environment: `TENCENTCLOUD_SECRET_KEY`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly secretKey?: string | undefined;
  /**
   * Token of a temporary key, sent with every call. Leave it out when `secret_id` is a permanent key.
   * Left out, it is read from the environment: `TENCENTCLOUD_SECURITY_TOKEN`, else `TENCENTCLOUD_TOKEN`, else
   * `TENCENTCLOUD_SESSION_TOKEN`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly token?: string | undefined;
  /**
   * Region of API Gateway keys that name none themselves, such as `ap-guangzhou`. Left out: none is sent, and the API
   * uses its own. Account keys (CAM) have no region.
   * Left out, it is read from the environment: `TENCENTCLOUD_REGION`.
   */
  readonly region?: string | undefined;
  /**
   * Domain of the API, under which each service has its host. Default `tencentcloudapi.com`;
   * `intl.tencentcloudapi.com` for accounts of the international site.
   * Left out, it is read from the environment: `TENCENTCLOUD_DOMAIN`.
   */
  readonly domain?: string | undefined;
  /**
   * Full URL of the CAM API, with scheme, when it is not `https://cam.{domain}`. Plain `http://` is accepted for a
   * loopback address only.
   * Left out, it is read from the environment: `KEYFORM_TENCENT_ENDPOINT`.
   */
  readonly camEndpoint?: string | undefined;
  /**
   * Full URL of the API Gateway API, with scheme, when it is not `https://apigateway.{domain}`. Plain `http://` is
   * accepted for a loopback address only.
   * Left out, it is read from the environment: `KEYFORM_TENCENT_ENDPOINT`.
   */
  readonly apigatewayEndpoint?: string | undefined;
}

function keyformProviderTencentToTerraform(struct: KeyformProviderTencent | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
    secret_id: cdktf.stringToTerraform(struct.secretId),
    secret_key: cdktf.stringToTerraform(struct.secretKey),
    token: cdktf.stringToTerraform(struct.token),
    region: cdktf.stringToTerraform(struct.region),
    domain: cdktf.stringToTerraform(struct.domain),
    cam_endpoint: cdktf.stringToTerraform(struct.camEndpoint),
    apigateway_endpoint: cdktf.stringToTerraform(struct.apigatewayEndpoint),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Yandex Cloud: endpoints and credentials. */
export interface KeyformProviderYandex {
  /**
   * Base URL of the IAM API. Default: `https://iam.api.cloud.yandex.net`; another installation of the cloud has
   * another host, such as `https://iam.api.yandexcloud.kz`. A path prefix is kept. Plain `http://` is accepted for a
   * loopback address only.
   * Left out, it is read from the environment: `KEYFORM_YANDEX_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Base URL of the host that is asked how an operation stands. Left out: the host of `endpoint` with `iam.` at its
   * beginning replaced by `operation.`, as the vendor names it (`https://operation.api.cloud.yandex.net`); where
   * `endpoint` does not begin so, `endpoint` itself, so that a token never goes to a host that nobody named.
   * Left out, it is read from the environment: `KEYFORM_YANDEX_OPERATION_ENDPOINT`.
   */
  readonly operationEndpoint?: string | undefined;
  /**
   * An IAM token (`t1.…`, lives at most 12 hours), as `yc iam create-token` prints it. An OAuth token (`y0_…`) is
   * exchanged for IAM tokens; the vendor announced the end of that way for the end of 2026. Excludes
   * `service_account_key_file` and `token_file`.
   * Left out, it is read from the environment: `YC_TOKEN`, else `YC_IAM_TOKEN`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly token?: string | undefined;
  /**
   * Path to the file of a service account's authorized key, or its contents: the JSON that `yc iam key create`
   * writes, with `id`, `service_account_id` and `private_key`. Keyform signs with it for IAM tokens, and renews them
   * by itself: the way for CI. Excludes `token` and `token_file`.
   * Left out, it is read from the environment: `YC_SERVICE_ACCOUNT_KEY_FILE`.
   * Sensitive: written here it is in plain text in the stack. Prefer the environment.
   */
  readonly serviceAccountKeyFile?: string | undefined;
  /**
   * Path to a file with an IAM token, as plain text or as the JSON of the instance metadata service (`access_token`,
   * `expires_in`). It is read again when the token is near its end or was refused, so that another process may renew
   * it. Excludes `token` and `service_account_key_file`.
   * Left out, it is read from the environment: `KEYFORM_YANDEX_TOKEN_FILE`.
   */
  readonly tokenFile?: string | undefined;
  /** Keys that one answer to a list holds, 1 to 1000. Default 100, the API's own. */
  readonly pageSize?: number | undefined;
  /** How long the operation behind a change or a delete is waited for, as "30s", "5m" or in ISO 8601. Default 5m. */
  readonly operationTimeout?: string | undefined;
}

function keyformProviderYandexToTerraform(struct: KeyformProviderYandex | undefined): { [name: string]: unknown } | undefined {
  if (struct === undefined) return undefined;
  const settings = {
    endpoint: cdktf.stringToTerraform(struct.endpoint),
    operation_endpoint: cdktf.stringToTerraform(struct.operationEndpoint),
    token: cdktf.stringToTerraform(struct.token),
    service_account_key_file: cdktf.stringToTerraform(struct.serviceAccountKeyFile),
    token_file: cdktf.stringToTerraform(struct.tokenFile),
    page_size: cdktf.numberToTerraform(struct.pageSize),
    operation_timeout: cdktf.stringToTerraform(struct.operationTimeout),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** How Keyform reaches the clouds, and as whom. What is left out comes from the environment. */
export interface KeyformProviderConfig {
  /** Tells this provider block from others: a resource names it by `provider`. The block without one is the default. */
  readonly alias?: string | undefined;
  /** Nscale. */
  readonly nscale?: KeyformProviderNscale | undefined;
  /** 3DS OUTSCALE. */
  readonly outscale?: KeyformProviderOutscale | undefined;
  /** Sinch. */
  readonly sinch?: KeyformProviderSinch | undefined;
  /** Tencent Cloud. */
  readonly tencent?: KeyformProviderTencent | undefined;
  /** Yandex Cloud. */
  readonly yandex?: KeyformProviderYandex | undefined;
}

/** Keyform's provider: `keyform/keyform` in Terraform's language. */
export class KeyformProvider extends cdktf.TerraformProvider {
  public static readonly tfResourceType = 'keyform';

  private _alias: string | undefined;
  private _nscale: KeyformProviderNscale | undefined;
  private _outscale: KeyformProviderOutscale | undefined;
  private _sinch: KeyformProviderSinch | undefined;
  private _tencent: KeyformProviderTencent | undefined;
  private _yandex: KeyformProviderYandex | undefined;

  /**
   * @param scope the stack, or another construct in it
   * @param id unique within `scope`
   */
  constructor(scope: Construct, id: string, config: KeyformProviderConfig = {}) {
    super(scope, id, {
      terraformResourceType: 'keyform',
      terraformGeneratorMetadata: { providerName: 'keyform', providerVersionConstraint: '~> 0.1' },
      terraformProviderSource: 'keyform/keyform',
    });
    this._alias = config.alias;
    this._nscale = config.nscale;
    this._outscale = config.outscale;
    this._sinch = config.sinch;
    this._tencent = config.tencent;
    this._yandex = config.yandex;
  }

  /** Tells this provider block from others. */
  public override get alias(): string | undefined {
    return this._alias;
  }
  public override set alias(value: string | undefined) {
    this._alias = value;
  }
  public resetAlias(): void {
    this._alias = undefined;
  }
  public get aliasInput(): string | undefined {
    return this._alias;
  }

  /** Nscale. */
  public get nscale(): KeyformProviderNscale | undefined {
    return this._nscale;
  }
  public set nscale(value: KeyformProviderNscale | undefined) {
    this._nscale = value;
  }
  public resetNscale(): void {
    this._nscale = undefined;
  }
  public get nscaleInput(): KeyformProviderNscale | undefined {
    return this._nscale;
  }

  /** 3DS OUTSCALE. */
  public get outscale(): KeyformProviderOutscale | undefined {
    return this._outscale;
  }
  public set outscale(value: KeyformProviderOutscale | undefined) {
    this._outscale = value;
  }
  public resetOutscale(): void {
    this._outscale = undefined;
  }
  public get outscaleInput(): KeyformProviderOutscale | undefined {
    return this._outscale;
  }

  /** Sinch. */
  public get sinch(): KeyformProviderSinch | undefined {
    return this._sinch;
  }
  public set sinch(value: KeyformProviderSinch | undefined) {
    this._sinch = value;
  }
  public resetSinch(): void {
    this._sinch = undefined;
  }
  public get sinchInput(): KeyformProviderSinch | undefined {
    return this._sinch;
  }

  /** Tencent Cloud. */
  public get tencent(): KeyformProviderTencent | undefined {
    return this._tencent;
  }
  public set tencent(value: KeyformProviderTencent | undefined) {
    this._tencent = value;
  }
  public resetTencent(): void {
    this._tencent = undefined;
  }
  public get tencentInput(): KeyformProviderTencent | undefined {
    return this._tencent;
  }

  /** Yandex Cloud. */
  public get yandex(): KeyformProviderYandex | undefined {
    return this._yandex;
  }
  public set yandex(value: KeyformProviderYandex | undefined) {
    this._yandex = value;
  }
  public resetYandex(): void {
    this._yandex = undefined;
  }
  public get yandexInput(): KeyformProviderYandex | undefined {
    return this._yandex;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      alias: cdktf.stringToTerraform(this._alias),
      nscale: keyformProviderNscaleToTerraform(this._nscale),
      outscale: keyformProviderOutscaleToTerraform(this._outscale),
      sinch: keyformProviderSinchToTerraform(this._sinch),
      tencent: keyformProviderTencentToTerraform(this._tencent),
      yandex: keyformProviderYandexToTerraform(this._yandex),
    };
  }

  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    const attributes = {
      alias: {
        value: cdktf.stringToHclTerraform(this._alias),
        isBlock: false,
        type: 'simple',
        storageClassType: 'string',
      },
      nscale: {
        value: keyformProviderNscaleToTerraform(this._nscale),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },
      outscale: {
        value: keyformProviderOutscaleToTerraform(this._outscale),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },
      sinch: {
        value: keyformProviderSinchToTerraform(this._sinch),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },
      tencent: {
        value: keyformProviderTencentToTerraform(this._tencent),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },
      yandex: {
        value: keyformProviderYandexToTerraform(this._yandex),
        isBlock: false,
        // An attribute that holds an object; a struct would be written as a block.
        type: 'map',
        storageClassType: 'anyMap',
      },
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
