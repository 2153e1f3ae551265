import { inLanes, judge, type Result } from './cases.ts';
import { disabled, keyOf, updateOf } from './operation.ts';
import { close, declare, openProject, type Project, runTool, startTool } from './run.ts';
import { type Declared, type Scene, TYPES } from './scene.ts';

/** One process that was killed at random. */
export interface Kill extends Result {
  /** Which project, and the how-manieth change of it: with the seed, how to see it again. */
  readonly life: number;
  readonly round: number;
  /** `at point 37`, or `after 212 ms`. */
  readonly moment: string;
}

/** Keys of one project: two each of some types. */
const TYPES_OF_A_LIFE = 4;
const KEYS_OF_A_TYPE = 2;
const ROUNDS = 4;
/** A run of so many keys passes about so many points, or takes about so long; some kills come too late, and do not count. */
const POINTS = 320;
const SHORTEST_MS = 120;
const LONGEST_MS = 900;

/** Numbers in [0, 1) that look random and are the same for the same seed: Park and Miller's. */
export function seeded(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

/**
 * Kills processes at random until `kills` were killed: each applies a random change (keys made, changed, switched off, rotated,
 * removed) to a project of eight keys, and is killed at a point or a moment drawn from `seed`; a third of the time, so is the
 * process that comes to put things right. After each, plain commands must put right all that was left.
 */
export async function randomKills(
  scene: Scene,
  options: {
    readonly kills: number;
    readonly seed: number;
    readonly lanes: number;
    readonly onKill?: (kill: Kill) => void;
  },
): Promise<Kill[]> {
  const found: Kill[] = [];
  const struck = () => found.filter(({ outcome }) => outcome !== 'missed').length;
  let next = 0;
  const live = async () => {
    while (struck() < options.kills) {
      const life = next++;
      const project = await openProject(scene);
      const random = seeded(options.seed + 7919 * life);
      const keys = new Map<string, Variant>();
      for (let round = 0; round < ROUNDS && struck() < options.kills; round++) {
        const flags = change(project, keys, `life-${options.seed}-${life}`, random);
        const [kills, sound] = await killOnce(project, flags, random);
        for (const kill of kills) {
          const told = { ...kill, life, round };
          found.push(told);
          options.onKill?.(told);
        }
        // What follows would be about what went wrong before.
        if (!sound) break;
      }
      close(project);
    }
  };
  await inLanes(Array.from({ length: options.lanes }), options.lanes, live);
  return found;
}

/** How a key is declared now. */
type Variant = 'absent' | 'plain' | 'changed' | 'off';

/** Draws the next stack and writes it; returns the flags of its apply. Every key is there after the first time. */
function change(project: Project, keys: Map<string, Variant>, life: string, random: () => number): string[] {
  const first = keys.size === 0;
  if (first) {
    const types = [...TYPES.keys()];
    for (let count = 0; count < TYPES_OF_A_LIFE; count++) {
      const [type = ''] = types.splice(Math.floor(random() * types.length), 1);
      for (let n = 0; n < KEYS_OF_A_TYPE; n++) keys.set(`${type}.k${n}`, 'plain');
    }
  }
  const flags: string[] = [];
  for (const [address, before] of first ? [] : keys) {
    const dice = random();
    if (dice < 0.25) keys.set(address, before === 'absent' ? 'plain' : 'absent');
    else if (dice < 0.5 && before !== 'absent') flags.push(`-replace=${address}`);
    else if (dice < 0.75) keys.set(address, random() < 0.5 ? 'off' : before === 'changed' ? 'plain' : 'changed');
  }
  const declared = [...keys].flatMap(([address, variant]): [string, Declared][] => {
    const [type = '', name = ''] = address.split('.');
    const key = declaredAs(type, `${life}-${name}`, variant);
    return key === null ? [] : [[address, key]];
  });
  declare(project, declared);
  return flags;
}

function declaredAs(type: string, name: string, variant: Variant): Declared | null {
  if (variant === 'absent') return null;
  const update = updateOf(type, name);
  const plain = update?.from ?? keyOf(type, name);
  if (variant === 'changed') return update?.to ?? plain;
  return variant === 'off' ? (disabled(plain) ?? plain) : plain;
}

/** Applies and kills, perhaps twice, and lets what was left be put right; and whether it was. */
async function killOnce(
  project: Project,
  flags: readonly string[],
  random: () => number,
): Promise<[Omit<Kill, 'life' | 'round'>[], boolean]> {
  const kills: Omit<Kill, 'life' | 'round'>[] = [];
  const again = random() < 1 / 3;
  for (let turn = 0; ; turn++) {
    // A stack that moved on would be another change: what puts things right is the same stack, without the flags.
    const args = ['apply', '-auto-approve', ...(turn === 0 ? flags : [])];
    const byPoint = random() < 0.5;
    const draw = random();
    const point = 1 + Math.floor(draw * POINTS);
    const ms = Math.floor(SHORTEST_MS + draw * (LONGEST_MS - SHORTEST_MS));
    const ended = byPoint ? await runTool(project, args, `kill:${point}`) : await killAfter(project, args, ms);
    const moment = byPoint ? `at point ${point}` : `after ${ms} ms`;
    if (turn === 0 && again && ended.signal === 'SIGKILL') {
      kills.push({ moment, outcome: 'converged', problems: [], open: 0 });
      continue;
    }
    const result = await judge(project, ended, { plan: random() < 0.3 });
    // Two that were killed one upon the other share what came of it.
    const all = [...kills.map((kill) => ({ ...kill, ...result })), { ...result, moment }];
    return [all, result.outcome === 'converged' || result.outcome === 'missed' || result.outcome === 'untidy'];
  }
}

async function killAfter(project: Project, args: readonly string[], ms: number) {
  const running = startTool(project, args);
  const timer = setTimeout(() => running.signal('SIGKILL'), ms);
  const ended = await running.ended;
  clearTimeout(timer);
  return ended;
}
