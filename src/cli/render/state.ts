import type { TypeEntry } from '../../core/plan/actual.ts';
import { livingObject, nameIn } from '../../core/plan/object.ts';
import type { Generation, Intent, OutputState, ResourceState, State } from '../../core/state.ts';
import type { Style } from './color.ts';
import { plain, quote } from './quote.ts';
import { whole } from './value.ts';

/** The state of a stack for people: every key, then the outputs; no secret. */
export function renderState(state: State, types: ReadonlyMap<string, TypeEntry>, style: Style): string {
  const resources = [...state.resources.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  const open = [...state.intents.values()].map(renderAttempt);
  if (resources.length + open.length === 0 && Object.keys(state.outputs).length === 0)
    return 'The state holds no keys.\n';
  return [
    ...resources.map((resource) => renderResource(resource, types, style)),
    ...open,
    renderOutputs(state.outputs, style),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

/** One line for an attempt whose result nobody recorded. */
export function renderAttempt(intent: Intent): string {
  return `# ${attemptText(intent)}\n`;
}

/** The same without its frame. */
export function attemptText({ operation, address, at }: Intent): string {
  return `${operation} of ${address}, begun ${at}, has no recorded result: run "keyform plan"`;
}

/** One resource with all its living keys; no secret. */
export function renderResource(resource: ResourceState, types: ReadonlyMap<string, TypeEntry>, style: Style): string {
  const blocks: string[] = [];
  if (resource.current !== null) blocks.push(block(resource, resource.current, types, style, ''));
  for (const old of resource.deposed)
    blocks.push(block(resource, old, types, style, ` (deposed key ${plain(old.id)})`));
  return blocks.join('\n');
}

function block(
  resource: ResourceState,
  generation: Generation,
  types: ReadonlyMap<string, TypeEntry>,
  style: Style,
  suffix: string,
): string {
  const type = types.get(resource.type)?.type;
  const object =
    type === undefined
      ? { id: generation.id }
      : livingObject(type, generation, generation === resource.current ? resource.deposed : []);
  const names = Object.keys(object)
    .filter((name) => object[name] !== null)
    .sort();
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${style.bold(`# ${resource.address}${suffix}:`)}${resource.tainted === null ? '' : style.red(` (tainted: ${plain(resource.tainted)})`)}`,
    `resource ${quote(resource.type)} ${quote(nameIn(resource.address))} {`,
    ...names.map((name) => `    ${name.padEnd(width)} = ${whole(object[name] ?? null, ' ', 4, style)}`),
    '}',
    '',
  ].join('\n');
}

/** Output values; empty when there are none. A sensitive one is only named. */
export function renderOutputs(outputs: Readonly<Record<string, OutputState>>, style: Style): string {
  const names = Object.keys(outputs).sort();
  if (names.length === 0) return '';
  const lines = names.map((name) => {
    const output = outputs[name] as OutputState;
    return `${name} = ${output.sensitive ? '<sensitive>' : JSON.stringify(output.value, null, 2)}`;
  });
  return `\n${style.bold('Outputs:')}\n\n${lines.join('\n')}\n`;
}
