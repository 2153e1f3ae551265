import { setMaxListeners } from 'node:events';
import { type Outside, UNANSWERED } from './context.ts';

/** Puts the real world behind the ports, runs the command, and ends the process with its exit code. */
export async function main(options: {
  /** The command line without the program. */
  readonly argv: readonly string[];
  readonly version: string;
  /** Folder of the installed package. */
  readonly packageFolder: string;
}): Promise<void> {
  const { version, packageFolder } = options;
  const { leaveMemoryOutOfDumps, takeEnvironment } = await import('../io/dump.ts');
  leaveMemoryOutOfDumps();
  // The only environment from here on: what is left in process.env is what Node reads for itself.
  const environment = takeEnvironment(process.env);
  const [
    { report, run },
    { flagValue, normalizeArguments },
    { style },
    { renderDiagnostics },
    { mergeDiagnostics },
    io,
    system,
  ] = await Promise.all([
    import('./run.ts'),
    import('./argv.ts'),
    import('./render/color.ts'),
    import('./render/diagnostic.ts'),
    import('../core/diagnostic.ts'),
    loadIo(),
    loadSystem(environment.KEYFORM_ACTOR),
  ]);
  const { clouds } = await import('../providers/index.ts');
  const faultPlan = environment.KEYFORM_FAULT ?? '';
  const faults = faultPlan === '' ? null : (await import('../io/fault.ts')).readFaults(faultPlan);
  const faulty = faults === null || faults instanceof io.KeyformError ? null : faults;
  const files = io.createFiles(io.systemRandom);
  // zod would compile a schema at its first use, which pays after hundreds of values; a plan parses a handful.
  (await import('zod')).config({ jitless: true });
  const words = normalizeArguments(options.argv);
  const color = (stream: NodeJS.WriteStream) =>
    stream.isTTY === true &&
    !words.includes('--no-color') &&
    (environment.NO_COLOR ?? '') === '' &&
    environment.TERM !== 'dumb';
  const styles = { out: style(color(process.stdout)), err: style(color(process.stderr)) };
  const asked = flagValue(words, 'log');
  const logSetting = io.readLogSetting(asked ?? environment.KEYFORM_LOG);
  const stop = new AbortController();
  // Every call that is under way listens for the stop, and there may be more than the ten at which Node warns of a leak.
  setMaxListeners(0, stop.signal);
  const closers: (() => Promise<void>)[] = [];
  let http: ReturnType<typeof io.createHttp> | undefined;

  let interrupts = 0;
  let asking = false;
  let attached = false;
  const interrupt = () => {
    // What a child in Keyform's place makes of a signal is its affair.
    if (attached) return;
    interrupts += 1;
    if (asking) {
      // Nothing is in flight while somebody is asked. What is said of it follows from the error.
      process.stderr.write('\n');
      stop.abort(new io.KeyformError('cancelled', UNANSWERED));
      return;
    }
    if (interrupts > 1) {
      process.stderr.write('\nStopped at once. What was in flight is in the journal; the next run looks into it.\n');
      process.exit(130);
    }
    process.stderr.write('\nStopping: what is in flight is finished first. Press Ctrl-C again to stop at once.\n');
    stop.abort(new io.KeyformError('cancelled', 'The run was stopped'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);

  const outside: Outside = {
    clouds: faulty === null ? clouds : clouds.map((cloud) => faulty.cloud(cloud)),
    version,
    terminal: {
      out: (text) => {
        process.stdout.write(text);
      },
      outBytes: (bytes) => {
        process.stdout.write(bytes);
      },
      err: (text) => {
        process.stderr.write(text);
      },
      outIsTerminal: process.stdout.isTTY === true,
      errIsTerminal: process.stderr.isTTY === true,
      errIsFile: io.isFile(2),
      ask:
        process.stdin.isTTY === true && process.stderr.isTTY === true
          ? async (question, how) => {
              const { ask } = await import('../io/question.ts');
              asking = true;
              try {
                return await ask(stop.signal)(question, how);
              } finally {
                asking = false;
              }
            }
          : null,
      input:
        process.stdin.isTTY === true
          ? null
          : async () => {
              const parts: Buffer[] = [];
              for await (const part of process.stdin) parts.push(part);
              return Buffer.concat(parts);
            },
    },
    // With the level in its one spelling, whichever way it was asked for.
    environment: logSetting === null ? environment : { ...environment, KEYFORM_LOG: logSetting.level },
    workingFolder: process.cwd(),
    home: system.home,
    files: faulty === null ? files : io.createFiles(io.systemRandom, faulty.disk(io.systemDisk)),
    readNow: io.readNow,
    loadYaml: io.loadYaml,
    emulatorFiles: files,
    clock: io.systemClock,
    random: io.systemRandom,
    processes: io.createProcesses(),
    attach: async (command, options) => {
      attached = true;
      try {
        return await io.createAttach(process.stdin.isTTY === true)(command, options);
      } finally {
        attached = false;
      }
    },
    process: system.port,
    http: () => {
      if (http === undefined) {
        const log =
          logSetting === null
            ? null
            : io.createRequestLog(logSetting, (line) => process.stderr.write(`${line}\n`), io.systemClock.now);
        const opened = io.createHttp({
          clock: io.systemClock,
          random: io.systemRandom,
          environment,
          version,
          ...(log === null ? {} : { log: log.entry }),
        });
        closers.push(async () => {
          await opened.close();
          log?.summary();
        });
        http = opened;
      }
      return http;
    },
    signal: stop.signal,
    words,
    style: styles,
    every: (ms, action) => {
      const timer = setInterval(action, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
    realPath: async (path) => (await import('node:fs/promises')).realpath(path),
    modeOf: async (path) => {
      if (process.platform === 'win32') return null;
      const { stat } = await import('node:fs/promises');
      return stat(path).then(
        ({ mode }) => mode & 0o777,
        () => null,
      );
    },
    onExit: (action) => {
      closers.push(action);
    },
    packageFolder,
    printDiagnostics: (diagnostics) => {
      if (diagnostics.length > 0) process.stderr.write(renderDiagnostics(mergeDiagnostics(diagnostics), styles.err));
    },
  };

  // A defect that strikes outside every await still ends as a diagnostic, and what is in the journal is safe.
  process.on('uncaughtException', (error) => {
    report(outside, error);
    process.exit(1);
  });

  if (faults instanceof io.KeyformError) {
    report(outside, faults);
    process.exitCode = 1;
    return;
  }
  if (faults !== null) {
    const detail = `It is ${JSON.stringify(faultPlan.slice(0, 80))}: this run may die, or fail, on purpose. It is for trying Keyform out; see docs/durability.md.`;
    outside.printDiagnostics([{ severity: 'warning', summary: 'KEYFORM_FAULT is set', detail }]);
  }
  if (logSetting === null) {
    const where = asked === undefined ? 'KEYFORM_LOG' : '-log';
    const detail = `It is ${JSON.stringify((asked ?? environment.KEYFORM_LOG ?? '').slice(0, 20))}. Levels are trace, debug, info, warn, error and off, and json, which is trace as one JSON object a line. Nothing is logged.`;
    outside.printDiagnostics([{ severity: 'warning', summary: `Unknown log level in ${where}`, detail }]);
  }
  let code = await run(outside);
  for (const close of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
      code = 1;
    }
  }
  process.exitCode = code;
}

async function loadIo() {
  const [http, files, disk, clock, random, processes, log, error, yaml] = await Promise.all([
    import('../io/http.ts'),
    import('../io/files.ts'),
    import('../io/disk.ts'),
    import('../io/clock.ts'),
    import('../io/random.ts'),
    import('../io/process.ts'),
    import('../io/log.ts'),
    import('../core/error.ts'),
    import('../io/yaml.ts'),
  ]);
  return { ...http, ...files, ...disk, ...clock, ...random, ...processes, ...log, ...error, ...yaml };
}

async function loadSystem(actor: string | undefined) {
  const [{ createProcessPort }, { homedir }] = await Promise.all([import('../io/machine.ts'), import('node:os')]);
  let home = '/';
  try {
    home = homedir();
  } catch {
    // A user without a home folder, as containers have: identities then come from the environment or a flag.
  }
  return { home, port: createProcessPort(actor) };
}
