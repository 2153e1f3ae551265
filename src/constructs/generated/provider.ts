// Made by `npm run schemas` from the schemas of src/providers. Do not edit.

import * as cdktf from 'cdktf';
import type { Construct } from 'constructs';

/** 3DS OUTSCALE: endpoints and credentials. */
export interface KeyformProviderOutscale {
  /**
   * Full URL of the OUTSCALE API, with scheme; `/api/v1` is added when it has no path. Default:
   * `https://api.{region}.outscale.com/api/v1`. Plain `http` only to a loopback address.
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

/** How Keyform reaches the clouds, and as whom. What is left out comes from the environment. */
export interface KeyformProviderConfig {
  /** Tells this provider block from others: a resource names it by `provider`. The block without one is the default. */
  readonly alias?: string | undefined;
  /** 3DS OUTSCALE. */
  readonly outscale?: KeyformProviderOutscale | undefined;
  /** Sinch. */
  readonly sinch?: KeyformProviderSinch | undefined;
}

/** Keyform's provider: `keyform/keyform` in Terraform's language. */
export class KeyformProvider extends cdktf.TerraformProvider {
  public static readonly tfResourceType = 'keyform';

  private _alias: string | undefined;
  private _outscale: KeyformProviderOutscale | undefined;
  private _sinch: KeyformProviderSinch | undefined;

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
    this._outscale = config.outscale;
    this._sinch = config.sinch;
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

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      alias: cdktf.stringToTerraform(this._alias),
      outscale: keyformProviderOutscaleToTerraform(this._outscale),
      sinch: keyformProviderSinchToTerraform(this._sinch),
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
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, { value }]) => value !== undefined));
  }
}
