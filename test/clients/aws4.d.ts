/** The part of aws4 1.13 that is used here: it brings no types. */
declare module 'aws4' {
  interface Signable {
    readonly host: string;
    readonly path: string;
    readonly service: string;
    readonly region: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  const aws4: {
    sign(
      request: Signable,
      credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
    ): { readonly headers: Readonly<Record<string, string | number>> };
  };
  export default aws4;
}
