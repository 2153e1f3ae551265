// tencentcloud-sdk-nodejs-intl-en 3.0 brings no types: the parts of it that are used here.

declare module 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/index.js' {
  export interface HttpProfile {
    protocol: string;
    endpoint: string;
    reqMethod: string;
  }
  export interface ClientProfile {
    readonly signMethod: string;
  }
  const common: {
    readonly Credential: new (secretId: string, secretKey: string) => object;
    readonly HttpProfile: new () => HttpProfile;
    readonly ClientProfile: new (signMethod: string | undefined, http: HttpProfile) => ClientProfile;
  };
  export default common;
}

declare module 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/common/exception/tencent_cloud_sdk_exception.js' {
  const TencentCloudSDKHttpException: new () => Error;
  export default TencentCloudSDKHttpException;
}

declare module 'tencentcloud-sdk-nodejs-intl-en/tencentcloud/*' {
  type Callback = (error: Error | null, response: object | null) => void;
  const service: {
    /** One method for each action. */
    readonly Client: new (
      credential: object,
      region: string | null,
      profile: object,
    ) => Readonly<Record<string, (request: object, callback: Callback) => void>>;
    /** A class for each request, `CreateAccessKeyRequest`, and for each answer. */
    readonly Models: Readonly<Record<string, new () => object>>;
  };
  export default service;
}
