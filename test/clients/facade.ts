import { Metadata, Server, ServerCredentials, type ServiceDefinition, type sendUnaryData, status } from '@grpc/grpc-js';
import { Empty } from '@yandex-cloud/nodejs-sdk/google/protobuf/empty';
import { ApiKey } from '@yandex-cloud/nodejs-sdk/iam-v1/api_key';
import * as apiKeys from '@yandex-cloud/nodejs-sdk/iam-v1/api_key_service';
import { AccessKey } from '@yandex-cloud/nodejs-sdk/iam-v1/awscompatibility/access_key';
import * as accessKeys from '@yandex-cloud/nodejs-sdk/iam-v1/awscompatibility/access_key_service';
import * as tokens from '@yandex-cloud/nodejs-sdk/iam-v1/iam_token_service';
import { Operation } from '@yandex-cloud/nodejs-sdk/operation/operation';
import * as operations from '@yandex-cloud/nodejs-sdk/operation/operation_service';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { certificate } from './certificate.ts';

/**
 * The gRPC side of Yandex Cloud, as its own gateway has it, in front of a REST server: each call becomes the REST request that
 * the vendor's description (`google.api.http`) gives for it, and the REST answer becomes the call's. Messages are turned
 * into JSON and back by the codecs of the vendor's SDK, which know nothing of us: a field that our server names otherwise does
 * not get through.
 */
export interface Facade {
  /** `localhost:PORT`, TLS. A name, since TLS has no server name for a number. */
  readonly address: string;
  /** Certificate to trust, PEM. */
  readonly cert: Buffer;
  /** Fields of REST answers that the SDK's codecs did not know or gave back otherwise: `ListApiKeysResponse.apiKeys.id`. */
  readonly lost: ReadonlySet<string>;
  close(): Promise<void>;
}

/** A message type of the SDK. */
interface Codec {
  fromJSON(json: unknown): object;
  // Method syntax: each codec takes its own message type only, and here types are chosen by name.
  toJSON(message: never): unknown;
  encode(message: never): { finish(): Uint8Array };
}

interface Route {
  /** Method and path, with `{field}` for what comes from the message. */
  readonly rest: string;
  readonly request: Codec;
  readonly response: Codec;
  readonly name: string;
}

function keyRoutes(base: string, id: string, name: string, types: Readonly<Record<string, Codec>>, key: Codec) {
  const type = (suffix: string): Codec => {
    const codec = types[suffix];
    if (codec === undefined) throw new Error(`the SDK has no ${suffix}`);
    return codec;
  };
  const one = `${base}/{${id}}`;
  const route = (rest: string, request: string, response: Codec, answer: string): Route => ({
    rest,
    request: type(request),
    response,
    name: answer,
  });
  return {
    list: route(`GET ${base}`, `List${name}sRequest`, type(`List${name}sResponse`), `List${name}sResponse`),
    get: route(`GET ${one}`, `Get${name}Request`, key, name),
    create: route(`POST ${base}`, `Create${name}Request`, type(`Create${name}Response`), `Create${name}Response`),
    update: route(`PATCH ${one}`, `Update${name}Request`, Operation, 'Operation'),
    delete: route(`DELETE ${one}`, `Delete${name}Request`, Operation, 'Operation'),
    listOperations: route(
      `GET ${one}/operations`,
      `List${name}OperationsRequest`,
      type(`List${name}OperationsResponse`),
      `List${name}OperationsResponse`,
    ),
  };
}

const SERVICES: readonly { readonly service: ServiceDefinition; readonly routes: Readonly<Record<string, Route>> }[] = [
  {
    service: apiKeys.ApiKeyServiceService,
    routes: {
      ...keyRoutes('/iam/v1/apiKeys', 'apiKeyId', 'ApiKey', apiKeys as never, ApiKey),
      listScopes: {
        rest: 'GET /iam/v1/apiKeyScopes',
        request: apiKeys.ListApiKeyScopesRequest,
        response: apiKeys.ListApiKeyScopesResponse,
        name: 'ListApiKeyScopesResponse',
      },
    },
  },
  {
    service: accessKeys.AccessKeyServiceService,
    routes: keyRoutes(
      '/iam/aws-compatibility/v1/accessKeys',
      'accessKeyId',
      'AccessKey',
      accessKeys as never,
      AccessKey,
    ),
  },
  {
    service: tokens.IamTokenServiceService,
    routes: {
      create: {
        rest: 'POST /iam/v1/tokens',
        request: tokens.CreateIamTokenRequest,
        response: tokens.CreateIamTokenResponse,
        name: 'CreateIamTokenResponse',
      },
    },
  },
  {
    service: operations.OperationServiceService,
    routes: {
      get: {
        rest: 'GET /operations/{operationId}',
        request: operations.GetOperationRequest,
        response: Operation,
        name: 'Operation',
      },
    },
  },
];

/** What an Any can hold here, by its type. */
const TYPES: Readonly<Record<string, Codec>> = {
  'google.protobuf.Empty': Empty,
  'yandex.cloud.iam.v1.ApiKey': ApiKey,
  'yandex.cloud.iam.v1.UpdateApiKeyMetadata': apiKeys.UpdateApiKeyMetadata,
  'yandex.cloud.iam.v1.DeleteApiKeyMetadata': apiKeys.DeleteApiKeyMetadata,
  'yandex.cloud.iam.v1.awscompatibility.AccessKey': AccessKey,
  'yandex.cloud.iam.v1.awscompatibility.UpdateAccessKeyMetadata': accessKeys.UpdateAccessKeyMetadata,
  'yandex.cloud.iam.v1.awscompatibility.DeleteAccessKeyMetadata': accessKeys.DeleteAccessKeyMetadata,
};

/** Opens it in front of the REST server at `origin`. Needs openssl. */
export async function openFacade(origin: string): Promise<Facade> {
  const { key, cert } = certificate();
  const lost = new Set<string>();
  const server = new Server();
  for (const { service, routes } of SERVICES) {
    const handlers = Object.entries(routes).map(([method, route]) => [
      method,
      (call: Call, callback: sendUnaryData<object>) => {
        serve(origin, route, call, lost).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(error as Error),
        );
      },
    ]);
    // A method that has no route is answered UNIMPLEMENTED.
    server.addService(service, Object.fromEntries(handlers));
  }
  const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return {
    address: `localhost:${port}`,
    cert,
    lost,
    async close() {
      // Clients of the SDK cannot be closed, so a polite end would wait for them for ever.
      server.forceShutdown();
    },
  };
}

interface Call {
  readonly request: object;
  readonly metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
}

async function serve(origin: string, route: Route, call: Call, lost: Set<string>): Promise<object> {
  const [method = '', template = ''] = route.rest.split(' ');
  const fields = withoutDefaults(route.request.toJSON(call.request as never) as JsonObject);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(fields[name] ?? '');
    delete fields[name];
    return encodeURIComponent(value);
  });
  const url = new URL(path, origin);
  const hasBody = method === 'POST' || method === 'PATCH';
  if (!hasBody) for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, String(value));
  const authorization = call.metadata.get('authorization')[0];
  const answer = await fetch(url, {
    method,
    headers: {
      ...(authorization === undefined ? {} : { authorization: String(authorization) }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
    },
    ...(hasBody ? { body: JSON.stringify(fields) } : {}),
  });
  const text = await answer.text();
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) throw new Error(`the REST server answered ${answer.status} ${text}`);
  // Sent before everything else, as the SDK tells a request's id only from there.
  const headers = new Metadata();
  const requestId = answer.headers.get('x-request-id') ?? requestIdOf(body as JsonObject);
  if (requestId !== null) headers.set('x-request-id', requestId);
  call.sendMetadata(headers);
  if (answer.status !== 200) {
    const { code, message } = body;
    if (typeof code !== 'number' || typeof message !== 'string' || !(code in status)) {
      throw new Error(`the REST server answered ${answer.status} ${text}`);
    }
    throw Object.assign(new Error(message), { code, details: message });
  }
  const json = packed(body as JsonObject, lost) as JsonObject;
  const message = route.response.fromJSON(json);
  noteLost(json, route.response.toJSON(message as never) as JsonObject, route.name, lost);
  return message;
}

/** The RequestInfo among the details of an error. */
function requestIdOf(body: JsonObject): string | null {
  const details = Array.isArray(body.details) ? body.details : [];
  for (const detail of details) {
    if (isObject(detail) && typeof detail.requestId === 'string') return detail.requestId;
  }
  return null;
}

/** The JSON form of a message: fields at their default are left out, and a mask is one text with names as in JSON. */
function withoutDefaults(fields: JsonObject): Record<string, Json> {
  const kept: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)) continue;
    const mask = name === 'updateMask' && isObject(value) && Array.isArray(value.paths) ? value.paths : null;
    kept[name] = mask === null ? value : mask.map((one) => camelCase(String(one))).join(',');
  }
  return kept;
}

function camelCase(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The same with every Any as the SDK has it: type and bytes instead of type and fields. */
function packed(value: Json, lost: Set<string>): Json {
  if (Array.isArray(value)) return value.map((one) => packed(one, lost));
  if (!isObject(value)) return value;
  const { '@type': typeUrl, ...fields } = value as JsonObject;
  if (typeof typeUrl !== 'string') {
    return Object.fromEntries(Object.entries(value as JsonObject).map(([name, one]) => [name, packed(one, lost)]));
  }
  const name = typeUrl.replace(/^type\.googleapis\.com\//, '');
  const codec = TYPES[name];
  if (codec === undefined) throw new Error(`an Any of ${typeUrl}, which no call has`);
  // The well-known types stand under `value`.
  const content = name.startsWith('google.protobuf.') ? ((fields.value ?? {}) as JsonObject) : fields;
  const message = codec.fromJSON(content);
  noteLost(content, codec.toJSON(message as never) as JsonObject, name, lost);
  return { typeUrl, value: Buffer.from(codec.encode(message as never).finish()).toString('base64') };
}

/** Notes what of `sent` is not in `kept`. Times compare as moments, in milliseconds. */
function noteLost(sent: Json, kept: Json | undefined, path: string, lost: Set<string>): void {
  if (Array.isArray(sent)) {
    const others = Array.isArray(kept) ? kept : [];
    for (const [index, one] of sent.entries()) noteLost(one, others[index], path, lost);
    return;
  }
  if (isObject(sent)) {
    const other = isObject(kept) ? (kept as JsonObject) : {};
    for (const [name, one] of Object.entries(sent as JsonObject)) noteLost(one, other[name], `${path}.${name}`, lost);
    return;
  }
  const isTime = typeof sent === 'string' && /^\d{4}-\d\d-\d\dT/.test(sent);
  const same = isTime ? Date.parse(sent) === Date.parse(String(kept)) : sent === kept;
  if (!same) lost.add(path);
}
