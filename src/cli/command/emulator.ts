import { resolve } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Cloud } from '../../core/provider.ts';
import { sandboxOf } from '../../engine/project.ts';
import { type CommonFlags, DONE, type Outcome, type Outside, Workspace, wholeNumber } from '../context.ts';

export interface EmulatorFlags extends CommonFlags {
  readonly port?: string;
  readonly data?: string;
  readonly options?: string;
  readonly quiet: boolean;
}

/**
 * `keyform emulator`: serves the clouds' key APIs on a loopback port until it is stopped. Without -options it runs with those
 * that cdktf.json gives the sandbox.
 */
export async function emulatorCommand(outside: Outside, flags: EmulatorFlags): Promise<Outcome> {
  const workspace = new Workspace(outside, flags);
  const { clouds, emulatorFiles: files, clock, random, terminal, process } = outside;
  const options = {
    clouds,
    port: wholeNumber('port', flags.port, 8787, 0),
    files,
    clock,
    random,
    options: parseOptions(flags.options, clouds) ?? sandboxOf((await workspace.project()).settings).options,
    onRequest: (line: string) => {
      if (!flags.quiet) terminal.err(`${line}\n`);
    },
  };
  const { serveData } = await import('../../emulator/sandbox.ts');
  const { startEmulator } = await import('../../emulator/server.ts');
  const emulator =
    flags.data === undefined
      ? await startEmulator({ ...options, dataFile: null })
      : await serveData({
          ...options,
          dataFile: resolve(workspace.folder, flags.data),
          pid: process.pid,
          alive: process.alive,
        });
  outside.onExit(() => emulator.close());
  terminal.err(
    `The key APIs of ${clouds.map((cloud) => cloud.title).join(', ')} answer at ${emulator.origin} until Ctrl-C.\n`,
  );
  terminal.err('Credentials that work here, and nowhere else (for eval, or to copy):\n');
  for (const [name, value] of Object.entries(emulator.environment())) terminal.out(`export ${name}='${value}'\n`);
  await new Promise<void>((stop) => {
    if (outside.signal.aborted) stop();
    outside.signal.addEventListener('abort', () => stop(), { once: true });
  });
  return DONE;
}

/** The switches that the flag gives; null where there is no flag, for those of the project's sandbox. */
function parseOptions(text: string | undefined, clouds: readonly Cloud[]): Readonly<Record<string, JsonObject>> | null {
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as Record<string, JsonObject>;
  } catch {
    // Said below, for both.
  }
  throw new KeyformError('invalid-usage', '-options must be a JSON object', {
    detail: `By cloud (${clouds.map(({ name }) => name).join(', ')}), then switch: -options '{"CLOUD":{"SWITCH":VALUE}}'. "keyform schema CLOUD" tells the switches.`,
  });
}
