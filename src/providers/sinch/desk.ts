import { z } from 'zod';
import { ConsoleRefusal, type KeyDesk, keyDesk, momentField } from '../../core/console.ts';
import type { StoredKey } from './emulator.ts';

/** What the dashboard does its work with. */
interface Shelf {
  readonly now: () => number;
  /** Keys that a project can hold. */
  readonly quota: number;
  /** Most characters of a name. */
  readonly longestName: number;
  /** Of all projects. */
  keys(): readonly StoredKey[];
  /** Whether a key of the project other than the one with the id `except` has the name. */
  isTaken(project: string, name: string, except: string | null): boolean;
  add(project: string, name: string): StoredKey;
  put(key: StoredKey): void;
  remove(key: StoredKey): void;
  secret(id: string): string;
}

const TYPE = 'keyform_sinch_access_key';

/** What is done in the dashboard. */
export function desk(shelf: Shelf): KeyDesk {
  const display_name = z.string().min(1).describe('The name; one that another key of the project has is refused.');

  function refuseTaken(project: string, name: string, except: string | null): void {
    if ([...name].length > shelf.longestName) {
      throw new ConsoleRefusal('refused', `a name has at most ${shelf.longestName} characters`);
    }
    if (shelf.isTaken(project, name, except)) {
      throw new ConsoleRefusal('refused', 'another key of the project has this name');
    }
  }

  function keyOf(id: string): StoredKey {
    const key = shelf.keys().find((one) => one.id === id);
    if (key === undefined) throw new ConsoleRefusal('unknown', 'there is no such key');
    return key;
  }

  return keyDesk({
    type: TYPE,
    created: z.strictObject({ project_id: z.string().min(1).describe('The project.'), display_name }),
    changed: z.strictObject({
      display_name: display_name.optional(),
      created_at: momentField(shelf.now).optional().describe('When it was made.'),
    }),
    keys: () =>
      shelf.keys().map((key) => ({
        type: TYPE,
        id: key.id,
        accessKeyId: key.id,
        args: { project_id: key.project, display_name: key.name },
        enabled: true,
        ready: true,
        createdAt: key.created,
        expiresAt: null,
        lastUsedAt: null,
      })),
    create({ project_id: project, display_name: name }) {
      refuseTaken(project, name, null);
      const held = shelf.keys().filter((key) => key.project === project).length;
      if (held >= shelf.quota) {
        throw new ConsoleRefusal('refused', `the project holds ${held} keys, as many as it can`);
      }
      return shelf.add(project, name).id;
    },
    change(id, { display_name: name, created_at: created }) {
      const key = keyOf(id);
      if (name !== undefined) refuseTaken(key.project, name, id);
      shelf.put({
        ...key,
        name: name ?? key.name,
        created: created === undefined ? key.created : new Date(created).toISOString(),
        updated: name === undefined ? key.updated : new Date(shelf.now()).toISOString(),
      });
    },
    remove: (id) => shelf.remove(keyOf(id)),
    secret: (id) => shelf.secret(id),
  });
}
