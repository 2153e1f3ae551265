import { z } from 'zod';
import type { Json, JsonObject } from '../../core/json.ts';
import { argumentsOf, COMMON_ATTRIBUTES } from '../../core/resource.ts';
import { DONE, type Outcome, type Outside } from '../context.ts';

/** `keyform schema`: providers, resource types, arguments, attributes and capabilities, from the code itself. */
export function schemaCommand(outside: Outside, flags: { readonly json: boolean }): Outcome {
  const { clouds, terminal, version } = outside;
  const providers = clouds.map((cloud) => ({
    cloud: cloud.name,
    title: cloud.title,
    settings: Object.fromEntries(
      Object.entries(cloud.settings).map(([name, spec]) => [
        name,
        {
          ...describe(spec.schema),
          sensitive: spec.sensitive,
          environment: [...spec.environment],
          default: spec.default,
        },
      ]),
    ),
    resources: cloud.resources.map((type) => ({
      type: type.type,
      description: type.description,
      arguments: Object.fromEntries(
        Object.entries(argumentsOf(type)).map(([name, spec]) => [
          name,
          {
            ...describe(spec.schema),
            required: spec.required,
            forces_new: spec.forcesNew,
            sensitive: spec.sensitive,
            default: spec.default,
          },
        ]),
      ),
      attributes: Object.fromEntries([
        ...Object.entries(COMMON_ATTRIBUTES).map(([name, spec]) => [
          name,
          { ...describe(spec.schema), sensitive: spec.sensitive },
        ]),
        ...Object.entries(type.attributes).map(([name, spec]) => [
          name,
          { ...describe(spec.schema), sensitive: false },
        ]),
      ]),
      capabilities: type.capabilities,
    })),
  }));
  if (flags.json) {
    terminal.out(`${JSON.stringify({ format_version: '1.0', keyform_version: version, providers }, null, 2)}\n`);
    return DONE;
  }
  const { bold, dim } = outside.style.out;
  for (const provider of providers) {
    terminal.out(`${bold(provider.title)} ${dim(`(provider.keyform.${provider.cloud})`)}\n`);
    for (const [name, spec] of Object.entries(provider.settings)) {
      terminal.out(`  ${name}${spec.environment.length > 0 ? dim(` [${spec.environment.join(', ')}]`) : ''}\n`);
    }
    for (const type of provider.resources) {
      terminal.out(`\n  ${bold(type.type)}  ${type.description}\n`);
      for (const [name, spec] of Object.entries(type.arguments)) {
        const marks = [spec.required ? 'required' : 'optional', ...(spec.forces_new ? ['forces a new key'] : [])].join(
          ', ',
        );
        terminal.out(`    ${name} ${dim(`(${marks})`)} ${String(spec.description)}\n`);
      }
    }
    terminal.out('\n');
  }
  return DONE;
}

function describe(schema: z.ZodType): { readonly type: Json; readonly description: string } {
  const {
    $schema: _,
    description,
    ...json
  } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject;
  return { type: (json.type ?? json) as Json, description: typeof description === 'string' ? description : '' };
}
