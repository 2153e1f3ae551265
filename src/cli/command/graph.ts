import { KeyformError } from '../../core/error.ts';
import { type CommonFlags, DONE, list, type Outcome, type Outside, Workspace } from '../context.ts';
import { drawingOf, renderDot, renderMermaid } from '../render/graph.ts';
import { groundOf, readNamed } from './stack.ts';

const FORMATS = { dot: renderDot, mermaid: renderMermaid };

/** `keyform graph`: what depends on what in a stack, for Graphviz or Mermaid. Needs neither values nor state. */
export async function graphCommand(
  outside: Outside,
  flags: CommonFlags & { readonly stacks?: readonly string[]; readonly format?: string },
): Promise<Outcome> {
  const { format = 'dot' } = flags;
  const render = Object.hasOwn(FORMATS, format) ? FORMATS[format as keyof typeof FORMATS] : undefined;
  if (render === undefined) {
    throw new KeyformError('invalid-usage', `There is no format "${format.slice(0, 40)}"`, {
      detail: `-format is one of ${Object.keys(FORMATS).join(', ')}.`,
    });
  }
  const workspace = new Workspace(outside, flags);
  const texts = await readNamed(workspace, list(flags.stacks));
  const [text] = texts;
  if (text === undefined || texts.length !== 1) {
    throw new KeyformError('invalid-usage', 'A graph is that of one stack', { detail: 'Name one stack.' });
  }
  const { loadStack } = await import('../../engine/load.ts');
  const { configuration, wiring } = await loadStack(text, null, outside.clouds, groundOf(workspace));
  outside.terminal.out(render(drawingOf(configuration, wiring)));
  return DONE;
}
