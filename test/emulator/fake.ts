import { z } from 'zod';
import type { CloudEmulatorFactory, EmulatorRequest, EmulatorResponse } from '../../src/core/emulator.ts';
import { KeyformError } from '../../src/core/error.ts';
import { isObject, type Json } from '../../src/core/json.ts';
import type { Cloud } from '../../src/core/provider.ts';

/**
 * A cloud just large enough to test the server that carries it: `POST /<name>/items` makes an item named by the body and
 * `GET /<name>/items` lists them. Its data are refused when they are not `{items: […]}`.
 */
export function fakeCloud(name: string, prefix = `/${name}/`): Cloud {
  const factory: CloudEmulatorFactory = ({ data, seed, options }) => {
    if (Object.keys(options).some((key) => key !== 'fail')) {
      throw new KeyformError('invalid-configuration', `${name} has no such option`);
    }
    const items = data === null ? [] : readItems(data);
    const action = (request: EmulatorRequest) => {
      if (request.path !== `/${name}/items`) return null;
      return { POST: 'CreateItem', GET: 'ListItems' }[request.method] ?? null;
    };
    const respond = (status: number, value: Json, of: string | null): EmulatorResponse => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
      action: of,
    });
    return {
      cloud: name,
      claims: (request) => request.path.startsWith(prefix),
      action,
      handle(request) {
        if (options.fail === true) throw new Error('boom');
        const of = action(request);
        if (of === 'CreateItem') {
          const item = { id: `${request.body}-${items.length}` };
          items.push(item);
          return respond(200, { item }, of);
        }
        if (of === 'ListItems') return respond(200, { items: [...items] }, of);
        return respond(404, {}, null);
      },
      desks: [],
      save: () => ({ items: [...items] }),
      settings: (origin) => ({ endpoint: origin, secret: Buffer.from(seed).toString('hex').slice(0, 8) }),
      environment: (origin) => ({ [`${name.toUpperCase()}_ENDPOINT`]: origin }),
    };
  };
  return {
    name,
    title: `Fake ${name}`,
    settings: {},
    resources: [],
    connect: () => Promise.reject(new Error('the fake cloud has no provider')),
    emulator: () => Promise.resolve({ start: factory, options: z.strictObject({ fail: z.boolean().default(false) }) }),
  };
}

function readItems(data: Json): { id: string }[] {
  if (!isObject(data) || !Array.isArray(data.items)) throw new Error('no items');
  return data.items.map((item: { id: string }) => ({ id: item.id }));
}
