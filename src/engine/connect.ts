import { join, resolve } from 'node:path';
import { BUILT_IN } from '../core/builtin.ts';
import { Report } from '../core/configuration/block.ts';
import type { ProviderBlock } from '../core/configuration/provider.ts';
import { DiagnosticsError } from '../core/diagnostic.ts';
import { KeyformError } from '../core/error.ts';
import type { Evaluation } from '../core/evaluation/evaluation.ts';
import type { Scope } from '../core/expression/evaluate.ts';
import { connectionKey, type TypeEntry } from '../core/plan/actual.ts';
import { evaluateAt } from '../core/plan/desire.ts';
import type { Environment, Files } from '../core/port.ts';
import type { Cloud, CloudPorts, Connection, Settings } from '../core/provider.ts';
import type { State } from '../core/state.ts';
import { isWhollyKnown, toJson } from '../core/value.ts';

/** What a connection is made with. */
export interface ConnectPorts extends CloudPorts {
  readonly environment: Environment;
}

/** {@link CloudPorts.readText} over `files`, for a project's `folder` and the user's `home`. */
export function credentialReader(files: Files, folder: string, home: string): CloudPorts['readText'] {
  return async (path) => {
    const place = path.startsWith('~/') ? join(home, path.slice(2)) : resolve(folder, path);
    const refuse = (why: string, cause?: unknown) =>
      new KeyformError('missing-credential', `The credentials file ${place} ${why}`, {
        detail: 'A setting of the provider block, or an environment variable, names it. Check the path and its mode.',
        cause,
      });
    let bytes: Uint8Array | null;
    try {
      bytes = await files.read(place);
    } catch (cause) {
      throw refuse('cannot be read', cause);
    }
    if (bytes === null) throw refuse('does not exist');
    return Buffer.from(bytes).toString('utf8');
  };
}

/** Every resource type of the clouds, and the built-in ones, by name. */
export function typesOf(clouds: readonly Cloud[]): ReadonlyMap<string, TypeEntry> {
  return new Map(
    [...clouds, BUILT_IN].flatMap((cloud) => cloud.resources.map((type) => [type.type, { cloud, type }] as const)),
  );
}

/**
 * A connection for each cloud of each provider block that the stack or its state uses, and no other: a cloud that nothing
 * uses needs no credential. Where settings do not make a connection the error stands in its place. `override` gives a
 * cloud's settings whole, in place of block and environment (the sandbox).
 */
export async function connectAll(
  evaluation: Evaluation,
  state: State,
  types: ReadonlyMap<string, TypeEntry>,
  ports: ConnectPorts,
  override: (cloud: Cloud) => Settings | null,
): Promise<ReadonlyMap<string, Connection | Error>> {
  const used = new Map<string, { provider: string; cloud: Cloud }>();
  const use = (provider: string, type: string) => {
    const cloud = types.get(type)?.cloud;
    if (cloud !== undefined) used.set(connectionKey(provider, cloud.name), { provider, cloud });
  };
  const { configuration } = evaluation;
  for (const resource of configuration.resources.values()) use(resource.provider, resource.type.type);
  for (const data of configuration.data.values()) use(data.provider, data.source.resource.type);
  for (const resource of state.resources.values()) use(resource.provider, resource.type);
  for (const intent of state.intents.values()) use(intent.provider, intent.type);
  const connections = new Map<string, Connection | Error>();
  for (const [key, { provider, cloud }] of used) {
    const block = configuration.providers.get(provider);
    if (block === undefined) continue;
    try {
      const settings =
        (cloud === BUILT_IN ? {} : override(cloud)) ??
        resolveSettings(cloud, block, evaluation.root, ports.environment);
      connections.set(key, await cloud.connect(settings, ports));
    } catch (error) {
      if (!(error instanceof KeyformError) && !(error instanceof DiagnosticsError)) throw error;
      connections.set(key, error);
    }
  }
  return connections;
}

/**
 * A cloud's settings: what the block says, else the environment, else the default. Throws a DiagnosticsError that names
 * the place of each value that does not fit, and never the value.
 */
export function resolveSettings(cloud: Cloud, block: ProviderBlock, scope: Scope, environment: Environment): Settings {
  const report = new Report();
  const written = block.settings.get(cloud.name);
  const settings: Record<string, string | number | boolean | null> = {};
  for (const [name, spec] of Object.entries(cloud.settings)) {
    const found = written?.get(name);
    let value: unknown = null;
    let from: string | null = null;
    if (found !== undefined) {
      const evaluated = evaluateAt(found.expression, found.place, scope, (place, summary, detail) =>
        report.error(place, summary, detail),
      );
      if (evaluated === undefined) continue;
      value = isWhollyKnown(evaluated) ? toJson(evaluated) : null;
      from = 'the provider block';
    }
    if (value === null) {
      const variable = spec.environment.find((candidate) => (environment[candidate] ?? '') !== '');
      if (variable !== undefined) {
        value = environment[variable];
        from = `the environment variable ${variable}`;
      }
    }
    if (value === null || value === undefined) {
      settings[name] = spec.default;
      continue;
    }
    const fitted = [value, ...(typeof value === 'string' && Number.isFinite(Number(value)) ? [Number(value)] : [])]
      .map((candidate) => spec.schema.safeParse(candidate))
      .find((result) => result.success);
    if (fitted?.success === true) settings[name] = fitted.data as string | number | boolean | null;
    else {
      const message = spec.schema.safeParse(value).error?.issues[0]?.message ?? 'It does not fit';
      report.error(
        found?.place ?? block.place,
        `Invalid setting "${name}" of ${cloud.title}`,
        `The value from ${from}: ${message}. ${spec.schema.description ?? ''}`.trim(),
      );
    }
  }
  if (report.failed) throw new DiagnosticsError(report.diagnostics);
  return settings;
}
