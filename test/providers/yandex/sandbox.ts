import type { HttpRequest, HttpResponse } from '../../../src/core/http.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ActualKey, KeyReference, Settings } from '../../../src/core/provider.ts';
import { emulator } from '../../../src/providers/yandex/emulator.ts';
import { yandex } from '../../../src/providers/yandex/index.ts';
import { readText } from '../loopback.ts';
import { countingRandom, deliver, movingClock, recording, SEED } from './script.ts';

export const API = 'keyform_yandex_api_key';
export const STATIC = 'keyform_yandex_static_access_key';
export const ARGS = { service_account_id: 'aje-one', description: 'ci' };
export const IAM = 'http://127.0.0.1:8806';
/** The other host. */
const OPERATIONS = 'http://127.0.0.1:8807';

/** What befalls a request in place of, or after, the emulator's work; undefined: nothing. `null` is an answer that never came. */
export type Fate = (request: HttpRequest, serve: () => HttpResponse) => HttpResponse | null | undefined;

/** A connection to a new emulator, its two hosts told apart. */
export async function sandbox(options: JsonObject = {}, settings: Settings = {}, fate: Fate = () => undefined) {
  const clock = movingClock();
  const cloud = emulator({ data: null, clock, seed: SEED, options });
  const http = recording((request) => {
    const told = fate(request, () => deliver(cloud, request));
    return told === undefined ? deliver(cloud, request) : told;
  });
  const all = { ...cloud.settings(IAM), operation_endpoint: OPERATIONS, ...settings };
  const ports = { http, clock, random: countingRandom(), readText };
  const connection = await yandex.connect(all, ports);
  return { clock, cloud, http, connection, keys: connection.handler(API), statics: connection.handler(STATIC) };
}

/** The key as an engine would name it. */
export function reference(key: ActualKey, args: JsonObject = ARGS): KeyReference {
  return { id: key.id, accessKeyId: key.accessKeyId, args, expiresAt: key.expiresAt, enabled: true };
}

/** Whether the request went to the operations' host. */
export const polls = (request: HttpRequest) => request.url.startsWith(OPERATIONS);

/** A key that no emulator has. */
export const LOST: KeyReference = { id: 'ajekey', accessKeyId: 'ajekey', args: ARGS, expiresAt: null, enabled: true };
