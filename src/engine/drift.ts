import { type Diagnostic, DiagnosticsError, toDiagnostics } from '../core/diagnostic.ts';
import { compareOwner } from '../core/drift/compare.ts';
import type { HeldKey, SeenOwner } from '../core/drift/finding.ts';
import { attemptKey, type Grounds, type Limits } from '../core/drift/ground.ts';
import { judgeUnmanaged, type UnmanagedPolicy } from '../core/drift/ignore.ts';
import { type KeyReader, readOnlyConnection, readOnlyHttp } from '../core/drift/reader.ts';
import {
  type DriftReport,
  EVERY_OWNER,
  type Finding,
  type OwnCredential,
  type UnreadOwner,
} from '../core/drift/report.ts';
import { settleDoubts, strangersOf } from '../core/drift/stranger.ts';
import { isKeyformError } from '../core/error.ts';
import { Evaluation } from '../core/evaluation/evaluation.ts';
import { formatMoment, parseMoment } from '../core/moment.ts';
import { connectionKey, handlerOf, ownerOf, typeOf, type World } from '../core/plan/actual.ts';
import { heldKeys } from '../core/plan/attempt.ts';
import { misplacedRefusal } from '../core/plan/orphan.ts';
import { type AskedOwner, ownersToAsk } from '../core/plan/owner.ts';
import type { Sibling } from '../core/plan/sibling.ts';
import type { ActualKey, KeyReference } from '../core/provider.ts';
import type { Generation, State } from '../core/state.ts';
import { type ConnectPorts, connectAll, typesOf } from './connect.ts';
import { factsOf } from './facts.ts';
import type { LoadedStack } from './load.ts';
import type { Engine } from './stack.ts';

/** Owners asked at once. Rate limits are kept by the HTTP port; this bounds open connections and memory. */
const OWNERS_AT_ONCE = 16;

/** Addresses that an unread owner names. */
const LISTED = 5;

/** What of the outside a look at the clouds needs. */
export type DriftEngine = ConnectPorts & Pick<Engine, 'clouds' | 'override' | 'sandbox'>;

export interface DriftOptions {
  readonly limits: Limits;
  /** Try every secret that can be tried: one call for each such key. */
  readonly verify: boolean;
  readonly unmanaged: UnmanagedPolicy;
  /** Reads the project's other stacks; called after every owner was listed, and only when a key was found that may be one of theirs. */
  readonly siblings: () => Promise<readonly Sibling[]>;
  readonly signal?: AbortSignal;
  readonly onOwner?: (done: number, all: number) => void;
}

/**
 * Compares the clouds with a stack's state: one list call for each owner, and what the options ask for beside. Owner by owner: of one that
 * was compared only its findings are kept. Changes nothing, and could not: see {@link readOnlyHttp}. An owner that does not answer is in the
 * report as unread, beside what the others showed. Throws `cancelled` on abort.
 */
export async function findDrift(
  engine: DriftEngine,
  loaded: LoadedStack,
  state: State,
  options: DriftOptions,
): Promise<DriftReport> {
  const now = engine.clock.now();
  const http = readOnlyHttp(engine.http);
  const types = typesOf(engine.clouds);
  const { configuration, wiring, variables } = loaded;
  const facts = factsOf(loaded, now);
  const ports: ConnectPorts = { ...engine, http };
  const evaluation = new Evaluation(configuration, variables, facts);
  const found = await connectAll(evaluation, state, types, ports, engine.override);
  const connections = new Map(
    [...found].map(([key, one]) => [key, one instanceof Error ? one : readOnlyConnection(one)] as const),
  );
  const world: Look['world'] = {
    types,
    connections,
    keys: new Map(),
    data: new Map(),
    owners: new Map(),
    sandbox: engine.sandbox,
  };
  const attempts = new Map(
    [...state.intents.values()].filter(({ operation }) => operation !== 'create').map((one) => [attemptKey(one), one]),
  );
  const grounds: Grounds = { configuration, attempts, limits: options.limits, now };
  const look = new Look(world, state, grounds, options);
  await look.all({ configuration, wiring, variables, facts, state });
  return look.report(() => http.calls);
}

type Keys = ReadonlyMap<string, ActualKey>;

/** One look at all owners of a stack. */
class Look {
  readonly world: World & { readonly keys: Map<string, Keys>; readonly data: Map<string, Keys | Error> };
  readonly #state: State;
  readonly #grounds: Grounds;
  readonly #options: DriftOptions;
  readonly #held: ReadonlySet<string>;
  readonly #byOwner = new Map<string, HeldKey[]>();
  /** Owners at which open attempts to create may have made a key. */
  readonly #attempted = new Set<string>();

  readonly #findings: Finding[] = [];
  readonly #unmanaged: Finding[] = [];
  readonly #credentials: OwnCredential[] = [];
  readonly #gone: { readonly owner: SeenOwner; readonly held: HeldKey }[] = [];
  readonly #owners = new Map<string, SeenOwner>();
  readonly #unread: UnreadOwner[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #told = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #count = { asked: 0, read: 0, present: 0, due: 0 };
  #oldest: number | null = null;

  constructor(world: Look['world'], state: State, grounds: Grounds, options: DriftOptions) {
    this.world = world;
    this.#state = state;
    this.#grounds = grounds;
    this.#options = options;
    this.#held = heldKeys(state, world);
    this.#sortKeys();
  }

  /** Finds the owner of every key of the state, and tells those that nobody can be asked about. */
  #sortKeys(): void {
    const { world } = this;
    const { configuration } = this.#grounds;
    const unreachable = new Map<string, { error: unknown; type: string; provider: string; addresses: Set<string> }>();
    for (const resource of this.#state.resources.values()) {
      const { address, provider, type } = resource;
      if (typeOf(world, type).type.local === true) continue;
      for (const generation of [...resource.deposed, ...(resource.current === null ? [] : [resource.current])]) {
        try {
          const { id } = ownerOf(world, provider, type, generation.args);
          const list = this.#byOwner.get(id);
          if (list === undefined) this.#byOwner.set(id, [{ resource, generation }]);
          else list.push({ resource, generation });
        } catch (error) {
          const key = connectionKey(provider, typeOf(world, type).cloud.name);
          const known = unreachable.get(key) ?? { error, type, provider, addresses: new Set() };
          unreachable.set(key, known);
          known.addresses.add(address);
        }
      }
    }
    for (const intent of this.#state.intents.values()) {
      if (intent.operation !== 'create') continue;
      try {
        this.#attempted.add(ownerOf(world, intent.provider, intent.type, intent.args).id);
      } catch {
        // Told below, with the connection that there is not.
      }
    }
    // A stack that declares keys behind a connection that cannot be made is not looked at as a whole, whatever its state holds.
    for (const { provider, type } of configuration.resources.values()) {
      const key = connectionKey(provider, typeOf(world, type.type).cloud.name);
      const error = world.connections.get(key);
      if (error instanceof Error && !unreachable.has(key))
        unreachable.set(key, { error, type: type.type, provider, addresses: new Set() });
    }
    for (const { error, type, provider, addresses } of unreachable.values()) {
      const { title } = typeOf(world, type).cloud;
      this.#unable(`${EVERY_OWNER}${title}`, type, provider, error, [...addresses]);
    }
  }

  /** Asks and compares every owner. */
  async all(input: Omit<Parameters<typeof ownersToAsk>[0], 'world'>): Promise<void> {
    const { configuration, wiring } = input;
    const reads = configuration.data.size > 0;
    // What a data source reads may name another owner, so that there is somebody to ask in a second round.
    const chained =
      reads && [...wiring.dependencies.values()].some((needs) => needs.some((one) => one.startsWith('data.')));
    const kept = new Map<string, Keys | Error>();
    const asked = new Set<string>();
    const compared = new Set<string>();
    let all = 0;
    for (;;) {
      const wanted = ownersToAsk({ ...input, world: this.world }, { managed: true, read: reads });
      const todo = [...wanted].filter(([id, { managed }]) => !asked.has(id) || (managed && !compared.has(id)));
      all += todo.filter(([id]) => !asked.has(id)).length;
      let next = 0;
      const worker = async () => {
        for (let entry = todo[next++]; entry !== undefined; entry = todo[next++]) {
          const [id, owner] = entry;
          const keys = kept.get(id) ?? (await this.#list(owner));
          if (!asked.has(id)) {
            asked.add(id);
            this.#options.onOwner?.(asked.size, all);
          }
          if (chained) kept.set(id, keys);
          if (owner.read) this.world.data.set(id, keys);
          if (keys instanceof Error) {
            if (!compared.has(id)) this.#unable(owner.label, owner.type, owner.provider, keys, this.#addressesOf(id));
            compared.add(id);
          } else if (owner.managed) {
            compared.add(id);
            await this.#compare(id, owner, keys);
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(OWNERS_AT_ONCE, todo.length) }, worker));
      for (const [id, { read }] of wanted) {
        const keys = kept.get(id);
        if (read && keys !== undefined) this.world.data.set(id, keys);
      }
      if (!chained || todo.length === 0) return;
    }
  }

  async #list({ provider, type, args }: AskedOwner): Promise<Keys | Error> {
    this.#count.asked += 1;
    try {
      const list = await this.#reader(provider, type).list(args, this.#options.signal);
      this.#count.read += 1;
      return new Map(list.map((key) => [key.id, key]));
    } catch (error) {
      if (!isKeyformError(error) || error.code === 'cancelled') throw error;
      return error;
    }
  }

  #reader(provider: string, type: string): KeyReader {
    return handlerOf(this.world, provider, type);
  }

  async #compare(id: string, asked: AskedOwner, keys: Keys): Promise<void> {
    const { world } = this;
    const { provider, type, args } = asked;
    const owner: SeenOwner = { ...ownerOf(world, provider, type, args), entry: typeOf(world, type), provider };
    const held = (this.#byOwner.get(id) ?? []).filter((one) => this.#isHere(one, owner, keys));
    this.#byOwner.delete(id);
    for (const { resource } of held) this.#seen.add(resource.address);
    const lastUsed = await this.#lastUsed(owner, held, keys);
    const tried = await this.#tried(owner, held, keys);
    const { findings, gone, present, due, oldest } = compareOwner(
      { owner, keys, held, lastUsed, tried },
      this.#grounds,
    );
    this.#findings.push(...findings);
    for (const one of gone) this.#gone.push({ owner, held: one });
    this.#count.present += present;
    this.#count.due += due;
    if (oldest !== null) this.#oldest = Math.max(this.#oldest ?? 0, oldest);
    const { unmanaged, credentials } = strangersOf(owner, keys, world, this.#held, this.#told, this.#grounds);
    this.#unmanaged.push(...unmanaged);
    this.#credentials.push(...credentials);
    if (gone.length === 0 && !this.#attempted.has(id)) return;
    world.keys.set(id, keys);
    this.#owners.set(id, owner);
  }

  /** False for a key that was seen somewhere else than where Keyform looks now: that it is missing here says nothing. */
  #isHere({ resource, generation }: HeldKey, owner: SeenOwner, keys: Keys): boolean {
    if (generation.scope === owner.scope || keys.has(generation.id)) return true;
    const { address } = resource;
    const misplaced = { address, keyId: generation.id, recorded: generation.scope, asked: owner.scope };
    this.#diagnostics.push(misplacedRefusal(misplaced, this.#grounds.configuration).diagnostic);
    return false;
  }

  /** Asks when the owner's current keys were last used, where that was asked for and takes calls of its own. */
  async #lastUsed(owner: SeenOwner, held: readonly HeldKey[], keys: Keys): Promise<ReadonlyMap<string, string | null>> {
    const nothing = new Map<string, string | null>();
    const { entry, provider, label } = owner;
    if (this.#options.limits.unusedFor === null || entry.type.capabilities.lastUsed !== 'asked') return nothing;
    const current = held.filter(
      ({ resource, generation }) => resource.current === generation && keys.has(generation.id),
    );
    if (current.length === 0) return nothing;
    const type = entry.type.type;
    try {
      const references = current.map(({ generation }) => referenceOf(generation));
      return (await this.#reader(provider, type).lastUsed?.(references, this.#options.signal)) ?? nothing;
    } catch (error) {
      if (!isKeyformError(error) || error.code === 'cancelled') throw error;
      const addresses = current.map(({ resource }) => resource.address);
      this.#unable(label, type, provider, error, addresses, 'When its keys were last used is not known: ');
      return nothing;
    }
  }

  /** Tries the secrets in state, where that was asked for and the API has a harmless call for it. Each once: wrong tries can lock an account. */
  async #tried(owner: SeenOwner, held: readonly HeldKey[], keys: Keys): Promise<ReadonlyMap<string, boolean | null>> {
    const tried = new Map<string, boolean | null>();
    const { entry, provider } = owner;
    if (!this.#options.verify || !entry.type.capabilities.verify) return tried;
    for (const { resource, generation } of held) {
      const key = keys.get(generation.id);
      if (key === undefined || generation.secret === null || !key.enabled || key.readiness !== 'ready') continue;
      if (key.expiresAt !== null && (parseMoment(key.expiresAt) ?? 0) <= this.#grounds.now) continue;
      // A trial counts as a use, which the retirement of a replaced key may wait to see the last of.
      if (generation !== resource.current && entry.type.capabilities.lastUsed !== 'none') continue;
      const { address } = resource;
      try {
        const reader = this.#reader(provider, entry.type.type);
        const reference = referenceOf(generation);
        const works = await reader.verify(reference, generation.secret, this.#options.signal);
        tried.set(generation.id, works);
        if (works === null)
          this.#diagnostics.push({
            severity: 'warning',
            summary: 'Whether the secret works could not be told',
            detail: `Key ${generation.id} of ${owner.label} was tried, and the API's answer proves neither.`,
            address,
          });
      } catch (error) {
        if (!isKeyformError(error) || error.code === 'cancelled') throw error;
        this.#diagnostics.push(...toDiagnostics(error, { address }));
      }
    }
    return tried;
  }

  #addressesOf(owner: string): string[] {
    return [...new Set((this.#byOwner.get(owner) ?? []).map(({ resource }) => resource.address))];
  }

  #unable(
    owner: string,
    type: string,
    provider: string,
    error: unknown,
    addresses: readonly string[],
    about = '',
  ): void {
    const [first] = toDiagnostics(error);
    // Its places are told only there.
    if (error instanceof DiagnosticsError) this.#diagnostics.push(...error.diagnostics);
    this.#unread.push({
      stack: this.#grounds.configuration.name,
      owner,
      type,
      provider,
      code: isKeyformError(error)
        ? error.code
        : error instanceof DiagnosticsError
          ? 'invalid-configuration'
          : 'internal',
      summary: `${about}${first?.summary ?? ''}`,
      detail: first?.detail ?? '',
      addresses: addresses.slice(0, LISTED),
    });
  }

  /** Looks into the other stacks where that matters, and sums up. */
  async report(calls: () => number): Promise<DriftReport> {
    const { world } = this;
    const { configuration, now } = this.#grounds;
    const doubtful = this.#unmanaged.length + this.#owners.size > 0;
    const siblings = doubtful ? await this.#options.siblings() : [];
    const settled = settleDoubts(
      {
        state: this.#state,
        world: { ...world, siblings },
        held: this.#held,
        unmanaged: this.#unmanaged,
        gone: this.#gone,
        owners: this.#owners,
      },
      this.#grounds,
    );
    const all = [...this.#findings, ...settled.findings].sort(inOrder);
    const judged = judgeUnmanaged(all, this.#options.unmanaged, now);
    const managed = this.#count.present + settled.others;
    const total = this.#count.present + this.#unmanaged.length;
    return {
      formatVersion: '1.0',
      stack: configuration.name,
      at: formatMoment(now),
      findings: judged.findings,
      unread: [...this.#unread].sort((a, b) => compare(a.owner, b.owner) || compare(a.type, b.type)),
      credentials: [...this.#credentials].sort((a, b) => compare(a.keyId, b.keyId)),
      coverage: { managed, total, ratio: total === 0 ? null : managed / total },
      owners: { asked: this.#count.asked, read: this.#count.read },
      addresses: [...this.#seen].sort(compare),
      calls: calls(),
      oldestSeconds: this.#oldest === null ? null : Math.floor(this.#oldest / 1000),
      rotationDue: this.#count.due,
      diagnostics: [...this.#diagnostics, ...settled.diagnostics, ...judged.diagnostics],
    };
  }
}

function referenceOf({ id, accessKeyId, args, expiresAt, enabled }: Generation): KeyReference {
  return { id, accessKeyId, args, expiresAt, enabled };
}

/** By address, unmanaged keys last and by owner; whichever owner answered first. */
function inOrder(a: Finding, b: Finding): number {
  if ((a.address === null) !== (b.address === null)) return a.address === null ? 1 : -1;
  return (
    compare(a.address ?? '', b.address ?? '') ||
    compare(a.cloud, b.cloud) ||
    compare(a.owner, b.owner) ||
    (a.generation ?? 0) - (b.generation ?? 0) ||
    compare(a.keyId, b.keyId)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
