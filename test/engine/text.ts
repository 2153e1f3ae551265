import type { Json } from '../../src/core/json.ts';
import type { Ground } from '../../src/engine/facts.ts';
import type { StackText } from '../../src/engine/source.ts';

/** A project without any file but its stacks. */
export const GROUND: Ground = { folder: '/p', readNow: () => null };

/** The text of a stack that calls no modules, from its files: text as it is, anything else as JSON. */
export function stackText(
  files: Readonly<Record<string, Json>>,
  origin: StackText['origin'] = 'json',
  name = 'prod',
): StackText {
  return {
    name,
    origin,
    folder: `stacks/${name}`,
    files: Object.entries(files).map(([file, content]) => ({
      file,
      text: typeof content === 'string' ? content : JSON.stringify(content),
    })),
    modules: [],
    dependencies: [],
    autoVariables: [],
  };
}
