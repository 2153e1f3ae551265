import type { Cloud, Settings } from '../../src/core/provider.ts';
import type { State } from '../../src/core/state.ts';
import { systemClock } from '../../src/io/clock.ts';
import { createFiles } from '../../src/io/files.ts';
import { createHttp } from '../../src/io/http.ts';
import { createProcessPort } from '../../src/io/machine.ts';
import { systemRandom } from '../../src/io/random.ts';
import { clouds } from '../../src/providers/index.ts';
import { parseIdentities, stateKeys } from '../../src/state/keys.ts';
import { openStore } from '../../src/state/store.ts';
import { readText } from '../providers/loopback.ts';
import { type EmulatorProcess, sharedIdentity } from './tool.ts';

export type { State };

/** The state that the tool left in `project`, read as it is on the disk. */
export async function readState(project: string, stack: string): Promise<State> {
  const identities = parseIdentities((await sharedIdentity()).text, 'the test');
  const store = openStore({
    folder: `${project}/state`,
    stack,
    files: createFiles(systemRandom),
    clock: systemClock,
    random: systemRandom,
    keys: stateKeys({ identities, passphrase: null, recipients: [] }),
    process: createProcessPort(),
    version: '0.0.0',
    machineFolder: null,
    refuges: [],
    inventory: null,
  });
  return (await store.read()).state;
}

/** What the clouds hold and accept, asked of the emulator directly, past the tool. */
export interface Witness {
  /** Ids of the keys of an owner, which `args` name. */
  ids(type: string, args: Record<string, string>): Promise<string[]>;
  /** Addresses in `state` whose current secret is missing or does not work. */
  broken(state: State): Promise<string[]>;
  close(): Promise<void>;
}

export function openWitness(emulator: EmulatorProcess): Witness {
  const http = createHttp({ clock: systemClock, random: systemRandom, environment: {}, version: '0.0.0' });
  const handlerOf = async (type: string) => {
    const cloud = clouds.find((candidate) => candidate.resources.some((resource) => resource.type === type));
    if (cloud === undefined) throw new Error(`no cloud has ${type}`);
    const settings = settingsFor(cloud, emulator.environment);
    return (await cloud.connect(settings, { http, clock: systemClock, random: systemRandom, readText })).handler(type);
  };
  const handlers = new Map<string, ReturnType<typeof handlerOf>>();
  const handler = (type: string) => {
    const made = handlers.get(type) ?? handlerOf(type);
    handlers.set(type, made);
    return made;
  };
  return {
    ids: async (type, args) => (await (await handler(type)).list(args)).map((key) => key.id),
    broken: async (state) => {
      const found: string[] = [];
      for (const { address, type, current } of state.resources.values()) {
        const works =
          current !== null && current.secret !== null && (await (await handler(type)).verify(current, current.secret));
        if (works !== true) found.push(address);
      }
      return found;
    },
    close: () => http.close(),
  };
}

function settingsFor(cloud: Cloud, environment: Readonly<Record<string, string>>): Settings {
  const settings = Object.entries(cloud.settings).map(([name, spec]) => {
    const variable = spec.environment.find((candidate) => environment[candidate] !== undefined);
    return [name, variable === undefined ? spec.default : (environment[variable] ?? null)] as const;
  });
  // The emulator sets no rate limit unless it is told to.
  return {
    ...Object.fromEntries(settings),
    ...('requests_per_second' in cloud.settings ? { requests_per_second: 1000 } : {}),
  };
}
