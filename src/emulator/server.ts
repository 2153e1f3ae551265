import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudEmulator, EmulatorRequest } from '../core/emulator.ts';
import { isKeyformError, KeyformError } from '../core/error.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Clock, Files, Random } from '../core/port.ts';
import type { Cloud, Settings } from '../core/provider.ts';
import { ADMIN_PREFIX, answerAdmin, answerHold, type Controls, guard, HOLD_PATH, readRules } from './admin.ts';
import { type Answer, readRequest, refusal, sendAnswer, sendCut, UnreadableRequest } from './exchange.ts';
import { edit, type FaultRuleInput, Faults, type Strike } from './fault.ts';
import { answerKeys, isAboutKeys } from './keys.ts';
import { checkOptions } from './options.ts';
import { damagedData, readData, Store } from './store.ts';

const HOST = '127.0.0.1';
/** A client that has not sent its whole request by then is hung up on. Milliseconds. */
const REQUEST_TIMEOUT = 30_000;

const GARBAGE: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!doctype html><html><head><title>Sign in</title></head><body>Please sign in to use this network.</body></html>',
};

export interface EmulatorOptions {
  readonly clouds: readonly Cloud[];
  /** 0: any free port. */
  readonly port: number;
  /** Nothing but loopback: the bootstrap credentials are told to whoever asks. */
  readonly host?: '127.0.0.1';
  /** Where the clouds' data are kept; null for data that end with the server. */
  readonly dataFile: string | null;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Switches by cloud, as each cloud's emulator names them. */
  readonly options: Readonly<Record<string, JsonObject>>;
  /** Faults in force from the start. */
  readonly faults?: readonly FaultRuleInput[];
  /** Told a line about each request that was answered (or left without an answer). It holds no header, query or body. */
  readonly onRequest?: (line: string) => void;
}

/** A running server. */
export interface Emulator {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly port: number;
  /** Unpredictable name of this very server, by which one that found its port in a lock file knows it again. */
  readonly id: string;
  /** Provider settings that make Keyform talk to `cloud` here. Throws an Error when it is not served. */
  settings(cloud: string): Settings;
  /** Environment variables that make Keyform and the vendors' tools talk to the clouds here. */
  environment(): Readonly<Record<string, string>>;
  /** Requests received so far, by `cloud action`; a request without a known action counts as `cloud -`. */
  counts(): Readonly<Record<string, number>>;
  /** Adds rules after those in force. Throws `invalid-configuration`, and adds none, when one is wrong. */
  addFaults(rules: readonly FaultRuleInput[]): void;
  clearFaults(): void;
  /** Whether another process holds the server. */
  lent(): boolean;
  /** Resolves when no other process holds the server. */
  released(): Promise<void>;
  /** Finishes what is in hand, hangs up on everybody and frees the port. All that was answered is on disk then. */
  close(): Promise<void>;
}

/**
 * Serves the clouds' emulators on one loopback port. An answer leaves only after the data file holds what it tells of.
 * Throws `invalid-configuration` (options, faults), the errors of {@link readData}, `state-io`, and `invalid-usage` when
 * the port is taken.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const running = await Running.load(options);
  await running.listen(options.port);
  return running;
}

class Running implements Emulator, Controls {
  readonly id: string;
  readonly clouds: readonly string[];
  port = 0;
  readonly #emulators: ReadonlyMap<string, CloudEmulator>;
  readonly #store: Store;
  readonly #faults: Faults;
  readonly #clock: Clock;
  readonly #onRequest: (line: string) => void;
  readonly #server: Server;
  readonly #counts = new Map<string, number>();
  readonly #holders = new Set<ServerResponse>();
  readonly #arriving = new Set<IncomingMessage>();
  readonly #inHand = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #onRelease: (() => void)[] = [];

  private constructor(options: EmulatorOptions, emulators: ReadonlyMap<string, CloudEmulator>, store: Store) {
    this.id = Buffer.from(options.random.bytes(16)).toString('hex');
    this.clouds = [...emulators.keys()];
    this.#emulators = emulators;
    this.#store = store;
    this.#faults = new Faults(options.random);
    this.#clock = options.clock;
    this.#onRequest = options.onRequest ?? (() => {});
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
      (message, response) => {
        const work = this.#receive(message, response)
          .catch((error: unknown) => {
            // Such as a header that Node refuses: one request fails, the others' data stay served.
            response.destroy();
            this.#onRequest(`${message.method} cut off, defect of the emulator: ${String(error)}`);
          })
          .finally(() => this.#inHand.delete(work));
        this.#inHand.add(work);
      },
    );
    this.addFaults(options.faults ?? []);
  }

  static async load(options: EmulatorOptions): Promise<Running> {
    const { files, dataFile, clock, random } = options;
    await checkOptions(options.clouds, options.options);
    const stored = await readData(files, dataFile, random);
    const emulators = new Map<string, CloudEmulator>();
    for (const cloud of options.clouds) {
      const { start } = await cloud.emulator();
      const data: Json = stored.clouds[cloud.name] ?? null;
      const switches = options.options[cloud.name] ?? {};
      const begin = (from: Json): CloudEmulator => start({ data: from, clock, seed: stored.seed, options: switches });
      try {
        emulators.set(cloud.name, begin(data));
      } catch (error) {
        // What a new cloud refuses too can only be the options.
        if (data !== null && dataFile !== null && isFine(() => begin(null))) {
          throw damagedData(dataFile, `holds data of ${cloud.title} that cannot be used`, error);
        }
        if (isKeyformError(error)) throw error;
        throw new KeyformError('invalid-configuration', `The emulator of ${cloud.title} does not take its options`, {
          detail: error instanceof Error ? error.message : String(error),
          cause: error,
        });
      }
    }
    const store = new Store(files, dataFile, stored, emulators);
    // Written at once: the seed decides the credentials that are told to the user before the first request.
    await store.commit(null);
    return new Running(options, emulators, store);
  }

  async listen(port: number): Promise<void> {
    // Every request that is held up listens for the end, and there may be more than the ten at which Node warns of a leak.
    setMaxListeners(0, this.#closing.signal);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(
          new KeyformError(
            'invalid-usage',
            `The emulator cannot listen on ${HOST}:${port} (${cause.code ?? cause.message})`,
            {
              detail: 'Choose another port, or port 0 for any free one.',
              cause,
            },
          ),
        );
      });
      this.#server.listen(port, HOST, resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://${HOST}:${this.port}`;
  }

  settings(cloud: string): Settings {
    const emulator = this.#emulators.get(cloud);
    if (emulator === undefined) throw new Error(`the emulator does not serve ${cloud}`);
    return emulator.settings(this.origin);
  }

  environment(): Readonly<Record<string, string>> {
    return Object.assign({}, ...[...this.#emulators.values()].map((emulator) => emulator.environment(this.origin)));
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  faults(): readonly JsonObject[] {
    return this.#faults.report();
  }

  addFaults(rules: readonly FaultRuleInput[]): void {
    const read = readRules(rules, this.clouds);
    if (typeof read === 'string') {
      throw new KeyformError('invalid-configuration', `A fault rule is wrong: ${read}`, {
        detail: 'None of the rules was taken.',
      });
    }
    this.#faults.add(read, (name) =>
      [...this.#emulators.values()]
        .filter(({ cloud }) => name === null || name === cloud)
        .map((emulator) => JSON.stringify(emulator.save()))
        .join('\n'),
    );
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  lent(): boolean {
    return this.#holders.size > 0;
  }

  released(): Promise<void> {
    return this.#holders.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#onRelease.push(resolve);
        });
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#closing.abort();
    for (const holder of this.#holders) holder.destroy();
    // Requests that are still arriving have no effect yet; cutting them off makes their handlers end.
    for (const message of this.#arriving) message.destroy();
    await Promise.all(this.#inHand);
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = this.#clock.now();
    let request: EmulatorRequest;
    this.#arriving.add(message);
    try {
      request = await readRequest(message);
    } catch (error) {
      if (!(error instanceof UnreadableRequest)) throw error;
      if (error.answer !== null && !response.destroyed) {
        response.shouldKeepAlive = false;
        sendAnswer(response, error.answer, begun);
      }
      this.#onRequest(`${message.method} refused: ${error.message}`);
      return;
    } finally {
      this.#arriving.delete(message);
    }
    const outcome = await this.#serve(request, response);
    this.#onRequest(`${request.method} ${request.path} ${outcome} ${this.#clock.now() - begun} ms`);
  }

  /** Serves a whole request and says in a few words what became of it. */
  async #serve(request: EmulatorRequest, response: ServerResponse): Promise<string> {
    if (this.#closing.signal.aborted) {
      response.destroy();
      return 'not served, the server is closing';
    }
    if (request.path.startsWith(ADMIN_PREFIX)) return this.#administer(request, response);
    const claimants = [...this.#emulators.values()].filter((emulator) => emulator.claims(request));
    const [emulator, rival] = claimants;
    if (emulator === undefined) {
      return this.#send(response, refusal(404, 'no cloud that is emulated here has such a path'));
    }
    if (rival !== undefined) {
      const names = claimants.map(({ cloud }) => cloud).join(' and ');
      return this.#send(response, refusal(500, `defect of the emulator: ${names} both claim this path`));
    }
    const action = emulator.action(request);
    const counter = `${emulator.cloud} ${action ?? '-'}`;
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + 1);
    const { latencyMs, strike, veils } = this.#faults.draw(emulator.cloud, action);
    if (latencyMs > 0) {
      try {
        await this.#clock.sleep(latencyMs, this.#closing.signal);
      } catch {
        // The server is closing: the request is cut off before it had an effect.
        response.destroy();
        return `${counter} not served`;
      }
    }
    const instead = strike === null ? null : answerOf(strike);
    if (strike?.kind === 'drop-before') {
      response.destroy();
      return `${counter} dropped before it was served`;
    }
    if (instead !== null) return `${counter} fault ${this.#send(response, instead)}`;
    let answer: Answer;
    try {
      answer = emulator.handle(request);
      await this.#store.commit(emulator.cloud);
    } catch (error) {
      const reason = isKeyformError(error)
        ? `${error.message}. ${error.detail}`
        : `defect of the emulator of ${emulator.cloud}: ${String(error)}`;
      return `${counter} ${this.#send(response, refusal(500, reason))}`;
    }
    const now = this.#clock.now();
    this.#faults.observe(emulator.cloud, answer.body, now);
    for (const veil of veils) answer = { ...answer, body: veil.hide(answer.body, now) };
    if (strike?.kind === 'drop-after') {
      response.destroy();
      return `${counter} served, then dropped`;
    }
    if (strike?.kind === 'edit') {
      return `${counter} served, then edited: ${this.#send(response, { ...answer, body: edit(answer.body, strike) })}`;
    }
    if (strike?.kind === 'cut') {
      sendCut(response, answer, now);
      return `${counter} served, then cut off`;
    }
    return `${counter} ${this.#send(response, answer)}`;
  }

  async #administer(request: EmulatorRequest, response: ServerResponse): Promise<string> {
    const objection = guard(request, this.port);
    if (objection !== null) return this.#send(response, refusal(403, objection));
    const path = request.path.slice(ADMIN_PREFIX.length);
    if (isAboutKeys(path)) {
      const { answer, touched } = answerKeys(request, path, [...this.#emulators.values()], this.#clock.now());
      try {
        if (touched !== null) await this.#store.commit(touched);
      } catch (error) {
        if (!isKeyformError(error)) throw error;
        return this.#send(response, refusal(500, `${error.message}. ${error.detail}`));
      }
      return this.#send(response, answer);
    }
    if (request.method !== 'GET' || request.path !== HOLD_PATH) {
      return this.#send(response, answerAdmin(request, this));
    }
    this.#holders.add(response);
    response.once('close', () => {
      this.#holders.delete(response);
      if (this.#holders.size > 0) return;
      for (const tell of this.#onRelease.splice(0)) tell();
    });
    answerHold(response, this);
    return 'held';
  }

  #send(response: ServerResponse, answer: Answer): string {
    sendAnswer(response, answer, this.#clock.now());
    return String(answer.status);
  }
}

function isFine(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** The answer that takes the place of the cloud's; null for a fault that lets the cloud act, or has no answer. */
function answerOf(strike: Strike): Answer | null {
  switch (strike.kind) {
    case 'status':
    case 'throttle': {
      const body = typeof strike.body === 'string' ? strike.body : JSON.stringify(strike.body);
      const retryAfter = strike.kind === 'throttle' ? { 'retry-after': String(strike.retryAfterSeconds) } : {};
      const headers = {
        ...(typeof strike.body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...retryAfter,
        ...strike.headers,
      };
      return { status: strike.status, headers, body };
    }
    case 'garbage':
      return GARBAGE;
    default:
      return null;
  }
}
