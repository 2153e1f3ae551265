import type { HttpResponse } from '../../../src/core/http.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, KeyHandler, KeyReference, Settings } from '../../../src/core/provider.ts';
import { emulator } from '../../../src/providers/nscale/emulator.ts';
import { nscale } from '../../../src/providers/nscale/index.ts';
import { loopback, readText } from '../loopback.ts';
import { answer, fault, movingClock, SECRET, scripted, TOKEN } from './script.ts';

export const TYPE = 'keyform_nscale_access_key';
export const ORIGIN = 'http://127.0.0.1:8787';
export const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 };
export const SEED = new Uint8Array(32).fill(9);
export const ARGS = { endpoint_id: 'e1', name: 'ci', identity_policy: 'bucket-admin' };

export async function sandbox(options: JsonObject = {}, settings: Settings = {}, data: Json = null) {
  const clock = movingClock();
  const cloud = emulator({ data, clock, seed: SEED, options });
  const http = loopback(cloud);
  const connect = async (): Promise<KeyHandler> =>
    (await nscale.connect({ ...cloud.settings(ORIGIN), ...settings }, { http, clock, random, readText })).handler(TYPE);
  const keys = await connect();
  const sent = (): string[] => http.calls.splice(0).map(({ action }) => action);
  return { clock, cloud, http, keys, connect, sent };
}

/** A handler before a port with written answers. */
export async function written(answers: Readonly<Record<string, HttpResponse | readonly HttpResponse[]>>) {
  const http = scripted(answers);
  const clock = movingClock();
  const connection = await nscale.connect({ service_token: TOKEN }, { http, clock, random, readText });
  return { http, clock, keys: connection.handler(TYPE) };
}

export const reference = (key: ActualKey): KeyReference => ({ ...key, args: { ...key.args } });
export const LIVING: KeyReference = { id: 'k1', accessKeyId: 'S3ID', args: ARGS, expiresAt: null, enabled: true };

/** A key as the wire has it. */
export function wire(provisioningStatus: string, more: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return {
    metadata: {
      id: 'k1',
      name: 'ci',
      creationTime: '2026-01-02T03:04:05Z',
      provisioningStatus,
      healthStatus: 'unknown',
      organizationId: 'org',
      projectId: 'project',
      ...more,
    },
    spec: { identityPolicy: 'bucket-admin', accessKeyId: 'S3ID', ...spec },
  };
}
export const shown = (status: string, more: JsonObject = {}): HttpResponse => answer(200, wire(status, more));
export const CREATED = answer(201, wire('pending', {}, { secret: SECRET }));
export const MISSING = fault(404, 'not_found', 'resource not found');
