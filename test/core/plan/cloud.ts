import { z } from 'zod';
import { KeyformError } from '../../../src/core/error.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type {
  ActualKey,
  ArgumentSpec,
  Capabilities,
  Cloud,
  KeyHandler,
  KeyReference,
} from '../../../src/core/provider.ts';
import { Secret } from '../../../src/core/secret.ts';

const text = (more: Partial<ArgumentSpec>): ArgumentSpec => ({
  schema: z.string().describe('Text.'),
  required: false,
  forcesNew: false,
  sensitive: false,
  source: 'reported',
  unset: 'clear',
  default: null,
  ...more,
});

/** The secret of the key with that id. */
export function secretOf(id: string): string {
  return `secret of ${id}`;
}

/** A cloud in memory that refuses whatever a plan must never do: a key too many, a name twice, an unknown key. */
export class MemoryCloud {
  readonly quota: number;
  readonly capabilities: Capabilities;
  /** By project, then key id. */
  readonly projects = new Map<string, Map<string, ActualKey>>();
  #made = 0;

  constructor(quota: number, capabilities: Partial<Capabilities> = {}) {
    this.quota = quota;
    this.capabilities = {
      disable: true,
      expiry: 'none',
      secretReadable: false,
      name: { argument: 'name', uniquePerOwner: true, renameable: true },
      regenerate: false,
      quota: { keys: quota, per: 'project', perOwner: true },
      rateLimits: [],
      pageSize: null,
      verify: true,
      lastUsed: 'none',
      asynchronous: false,
      customId: null,
      ...capabilities,
    };
  }

  get cloud(): Cloud {
    const handler = this.handler;
    return {
      name: 'memory',
      title: 'Memory',
      settings: {},
      resources: [
        {
          type: 'memory_key',
          description: 'A key.',
          arguments: {
            project: text({ required: true, forcesNew: true }),
            name: text({ required: true, unset: 'keep' }),
            note: text({}),
            enabled: text({ schema: z.boolean().describe('Whether it works.'), unset: 'clear', default: true }),
          },
          attributes: {},
          owner: { word: 'project', arguments: ['project'] },
          capabilities: this.capabilities,
        },
      ],
      connect: async () => ({ credentialId: null, handler: () => handler }),
      emulator: () => Promise.reject(new Error('it is in memory already')),
    };
  }

  keys(project: string): Map<string, ActualKey> {
    const known = this.projects.get(project);
    if (known !== undefined) return known;
    const keys = new Map<string, ActualKey>();
    this.projects.set(project, keys);
    return keys;
  }

  make(args: JsonObject): ActualKey {
    const keys = this.keys(String(args.project));
    if (keys.size >= this.quota) throw new KeyformError('quota-exceeded', 'One key too many');
    this.#free(keys, args.name, '');
    const id = `key-${++this.#made}`;
    const key: ActualKey = {
      id,
      accessKeyId: id,
      args: { project: args.project ?? null, name: args.name ?? null, note: args.note ?? null, enabled: true },
      attributes: {},
      createdAt: null,
      expiresAt: null,
      enabled: true,
      secret: this.capabilities.secretReadable ? new Secret(secretOf(id)) : null,
      readiness: this.capabilities.asynchronous ? 'pending' : 'ready',
    };
    keys.set(id, key);
    return key;
  }

  change(project: string, id: string, args: JsonObject): ActualKey {
    const keys = this.keys(project);
    const key = keys.get(id);
    if (key === undefined) throw new KeyformError('not-found', `No key ${id}`);
    if (args.name !== undefined) this.#free(keys, args.name, id);
    const changed = { ...key, args: { ...key.args, ...args }, enabled: (args.enabled ?? key.enabled) === true };
    keys.set(id, changed);
    return changed;
  }

  #free(keys: ReadonlyMap<string, ActualKey>, name: unknown, except: string): void {
    if (this.capabilities.name?.uniquePerOwner !== true) return;
    for (const key of keys.values())
      if (key.id !== except && key.args.name === name) throw new KeyformError('conflict', `The name ${name} is taken`);
  }

  get handler(): KeyHandler {
    const project = (args: JsonObject) => String(args.project);
    return {
      owner: (args) => ({ id: `memory ${project(args)}`, label: `project ${project(args)}`, scope: 'memory' }),
      forecast: (operation) => [{ action: operation, limits: [{ bucket: 'all', perSecond: 2 }] }],
      list: async (args) => [...this.keys(project(args)).values()],
      read: async (id, args) => this.keys(project(args)).get(id) ?? null,
      create: async (args) => {
        const key = this.make(args);
        return { key, secret: new Secret(secretOf(key.id)) };
      },
      update: async (key, args, changed) =>
        this.change(
          project(key.args),
          key.id,
          Object.fromEntries(changed.filter((name) => name !== 'keepers').map((name) => [name, args[name] ?? null])),
        ),
      setEnabled: async (key, enabled) => this.change(project(key.args), key.id, { enabled }),
      delete: async (key) => {
        this.keys(project(key.args)).delete(key.id);
      },
      verify: async (key, secret) => secret.reveal() === secretOf(key.id),
      ...(this.capabilities.asynchronous
        ? {
            ready: async (key: KeyReference) => {
              const found = this.keys(project(key.args)).get(key.id);
              if (found === undefined) throw new KeyformError('not-found', `No key ${key.id}`);
              const ready = { ...found, readiness: 'ready' as const };
              this.keys(project(key.args)).set(key.id, ready);
              return ready;
            },
          }
        : {}),
    };
  }
}
