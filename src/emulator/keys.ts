import { z } from 'zod';
import { ConsoleRefusal, type Found, findKey, type HeldKey, type KeyDesk, useKey } from '../core/console.ts';
import type { EmulatorRequest } from '../core/emulator.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { type Answer, jsonAnswer, refusal } from './exchange.ts';

/** What the console of one emulated cloud works on. */
export interface ConsoleCloud {
  readonly cloud: string;
  readonly desks: readonly KeyDesk[];
}

/** An answer, and the cloud whose data are to be on the disk before it leaves; null where nothing was touched. */
export interface ConsoleAnswer {
  readonly answer: Answer;
  readonly touched: string | null;
}

const STATUS: Readonly<Record<ConsoleRefusal['kind'], number>> = { unknown: 404, wrong: 400, refused: 409 };
const useBody = z.strictObject({ secret: z.string() });

/** Whether an admin path, without its prefix, is about keys. */
export function isAboutKeys(path: string): boolean {
  return path === 'keys' || path.startsWith('keys/');
}

/**
 * Answers the admin calls about keys; `path` is without the prefix. `now`: milliseconds since 1970. A secret is in an answer only
 * where it has just come into being, as a vendor's console shows it.
 */
export function answerKeys(
  request: EmulatorRequest,
  path: string,
  clouds: readonly ConsoleCloud[],
  now: number,
): ConsoleAnswer {
  try {
    const [, name, id, verb, ...rest] = path.split('/').map(decode);
    if (rest.length > 0) throw new ConsoleRefusal('unknown', `there is no such admin call; ${CALLS}`);
    if (name === undefined) return collection(request, clouds);
    const cloud = clouds.find((one) => one.cloud === name);
    if (cloud === undefined)
      throw new ConsoleRefusal('unknown', `there is no cloud "${name}" here, only ${names(clouds)}`);
    if (id === undefined) throw new ConsoleRefusal('unknown', `there is no such admin call; ${CALLS}`);
    return single(request, cloud, id, verb, now);
  } catch (error) {
    if (!(error instanceof ConsoleRefusal)) throw error;
    return { answer: refusal(STATUS[error.kind], error.message), touched: null };
  }
}

const CALLS = 'there are GET and POST keys, GET, PATCH and DELETE keys/CLOUD/ID, and POST keys/CLOUD/ID/use';

function collection(request: EmulatorRequest, clouds: readonly ConsoleCloud[]): ConsoleAnswer {
  if (request.method === 'GET') {
    const [cloud, type] = [request.query.get('cloud'), request.query.get('type')];
    const stranger = [...request.query.keys()].find((name) => name !== 'cloud' && name !== 'type');
    if (stranger !== undefined) {
      throw new ConsoleRefusal('wrong', `keys cannot be asked for by "${stranger}", only by cloud and type`);
    }
    if (cloud !== null && !clouds.some((one) => one.cloud === cloud)) {
      throw new ConsoleRefusal('wrong', `there is no cloud "${cloud}" here, only ${names(clouds)}`);
    }
    if (type !== null && !types(clouds).includes(type)) throw noType(type, clouds);
    const keys = clouds
      .filter((one) => cloud === null || one.cloud === cloud)
      .flatMap((one) =>
        one.desks
          .filter((desk) => type === null || desk.type === type)
          .flatMap((desk) => desk.keys().map((key) => shown(one.cloud, key))),
      );
    return { answer: jsonAnswer(200, { keys }), touched: null };
  }
  if (request.method !== 'POST') throw notHere(request);
  const { type, ...values } = bodyOf(request);
  if (typeof type !== 'string') throw new ConsoleRefusal('wrong', `"type" must be one of ${types(clouds).join(', ')}`);
  for (const { cloud, desks } of clouds) {
    const desk = desks.find((one) => one.type === type);
    if (desk === undefined) continue;
    const { key } = findKey([desk], desk.create(values));
    return { answer: jsonAnswer(201, { key: shown(cloud, key), secret: desk.secret(key.id) }), touched: cloud };
  }
  throw noType(type, clouds);
}

function single(
  request: EmulatorRequest,
  { cloud, desks }: ConsoleCloud,
  id: string,
  verb: string | undefined,
  now: number,
): ConsoleAnswer {
  const found = findKey(desks, id);
  const { desk, key } = found;
  if (verb !== undefined) return use(request, cloud, found, verb, now);
  switch (request.method) {
    case 'GET':
      return { answer: jsonAnswer(200, { key: shown(cloud, key) }), touched: null };
    case 'PATCH': {
      const before = desk.secret(key.id);
      desk.change(key.id, bodyOf(request));
      const after = desk.secret(key.id);
      const changed = shown(cloud, findKey([desk], key.id).key);
      const answer = { key: changed, ...(after === before ? {} : { secret: after }) };
      return { answer: jsonAnswer(200, answer), touched: cloud };
    }
    case 'DELETE':
      desk.remove(key.id);
      return { answer: jsonAnswer(200, { key: shown(cloud, key) }), touched: cloud };
    default:
      throw notHere(request);
  }
}

function use(request: EmulatorRequest, cloud: string, found: Found, verb: string, now: number): ConsoleAnswer {
  if (verb !== 'use' || request.method !== 'POST') throw notHere(request);
  const body = useBody.safeParse(bodyOf(request));
  // Zod's own words could repeat what was sent.
  if (!body.success) throw new ConsoleRefusal('wrong', 'the body must be {"secret": "…"}');
  const why = useKey(found, body.data.secret, now);
  const answer: JsonObject = why === null ? { accepted: true } : { accepted: false, reason: why };
  return { answer: jsonAnswer(200, answer), touched: why === null ? cloud : null };
}

function bodyOf(request: EmulatorRequest): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(request.body);
  } catch {
    throw new ConsoleRefusal('wrong', 'the body is not JSON');
  }
  if (!isObject(value)) throw new ConsoleRefusal('wrong', 'the body must be a JSON object');
  return value as JsonObject;
}

function shown(cloud: string, key: HeldKey): JsonObject {
  return { cloud, ...key };
}

function notHere(request: EmulatorRequest): ConsoleRefusal {
  return new ConsoleRefusal('unknown', `${request.method} is no admin call here; ${CALLS}`);
}

function noType(type: string, clouds: readonly ConsoleCloud[]): ConsoleRefusal {
  return new ConsoleRefusal('wrong', `there is no type "${type}" here, only ${types(clouds).join(', ')}`);
}

function types(clouds: readonly ConsoleCloud[]): string[] {
  return clouds.flatMap(({ desks }) => desks.map(({ type }) => type));
}

function names(clouds: readonly ConsoleCloud[]): string {
  return clouds.map(({ cloud }) => cloud).join(', ');
}

/** A part that is not percent-encoded UTF-8 stands as it is: no key has such an id. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
