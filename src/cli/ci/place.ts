import { dirname, join, relative } from 'node:path';
import type { Place } from '../../core/diagnostic.ts';
import type { Files } from '../../core/port.ts';

/**
 * Finds the lines of places, of diagnostics or findings. The function returns null for a file that cannot be read, or is no JSON: a line only serves to
 * show where something is.
 */
export async function linesIn(
  files: Files,
  folder: string,
  placed: readonly { readonly place?: Place | null }[],
): Promise<(place: Place) => number | null> {
  const { linesOf } = await import('../render/drift/line.ts');
  const found = new Map<string, ReturnType<typeof linesOf>>();
  for (const name of new Set(placed.flatMap(({ place }) => place?.file ?? []))) {
    const bytes = await files.read(join(folder, name)).catch(() => null);
    if (bytes !== null) found.set(name, linesOf(new TextDecoder().decode(bytes)));
  }
  return ({ file, path }) => found.get(file)?.(path) ?? null;
}

/** The folder in the repository that it lies in, such as `infra/keys/`; empty where it is its root, or in none. */
export async function prefixIn(files: Files, folder: string): Promise<string> {
  for (let top = folder; ; top = dirname(top)) {
    // A folder that cannot be listed ends the search as one without a repository does.
    const entries = (await files.list(top).catch(() => null)) ?? [];
    if (entries.some(({ name }) => name === '.git')) return top === folder ? '' : `${relative(top, folder)}/`;
    if (top === dirname(top)) return '';
  }
}
