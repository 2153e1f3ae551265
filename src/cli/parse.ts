import parser from 'yargs-parser';
import { COMMANDS, type Command, type Flags, PARSER } from './catalogue.ts';
import { COMMON } from './flag.ts';

/** A command with its flags and positionals. */
export interface Choice {
  readonly command: Command;
  readonly flags: Flags;
}

/** Every flag of every command: a name means the same kind everywhere, so a line can be read before its command is known. */
const ALL = Object.assign({}, COMMON, ...COMMANDS.map((command) => command.flags)) as typeof COMMON;
const VALUES = Object.keys(ALL).filter((name) => ALL[name]?.kind === 'value');
const SWITCHES = Object.keys(ALL).filter((name) => ALL[name]?.kind === 'switch');

/** A switch with a value that is neither true nor false: the parser would take it for false. */
const ODD_SWITCH = new RegExp(`^--(?:${SWITCHES.join('|')})=(?!(?:true|false)$)`);

/**
 * Reads a command line that is right in every respect, with yargs' own parser alone: yargs itself takes longer to load
 * than all the rest of a plan's code. Null for any other line: help, completion, a slip. Those are for `usage.ts`,
 * which knows what to say.
 */
export function parseLine(words: readonly string[]): Choice | null {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  if (own.some((word) => word === '-h' || /^--(help|get-yargs-completions)(=|$)/.test(word))) return null;
  if (own.some((word) => ODD_SWITCH.test(word))) return null;
  const { argv, error } = parser.detailed([...words], {
    string: VALUES,
    boolean: SWITCHES,
    narg: Object.fromEntries(VALUES.map((name) => [name, 1])),
    configuration: PARSER,
  });
  if (error !== null) return null;
  const { _: plain, ...given } = argv;
  const named = plain.map(String);
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => named[index] === word));
  if (command === undefined) return null;
  // Only a command that runs another one has a use for what stands behind `--`.
  if (end >= 0 && command.runs !== true) return null;
  const positionals = takePositionals(command, named.slice(command.name.split(' ').length));
  if (positionals === null) return null;
  const known = { ...COMMON, ...command.flags };
  const flags: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(known)) if (flag.on !== undefined) flags[name] = flag.on;
  for (const [name, value] of Object.entries(given)) {
    if (name === '--') continue;
    const flag = known[name];
    // A switch given twice is an array, and one with an odd value is for usage.ts to object to.
    if (flag === undefined || (flag.kind === 'switch' && typeof value !== 'boolean') || value === undefined)
      return null;
    flags[name] = value;
  }
  return { command, flags: { ...flags, ...positionals } };
}

function takePositionals(command: Command, words: readonly string[]): Record<string, unknown> | null {
  const taken: Record<string, unknown> = {};
  let rest = [...words];
  for (const { name, many, required } of command.positionals) {
    if (many === true) {
      taken[name] = rest;
      rest = [];
      continue;
    }
    const word = rest.shift();
    if (word === undefined && required === true) return null;
    if (word !== undefined) taken[name] = word;
  }
  return rest.length > 0 ? null : taken;
}
