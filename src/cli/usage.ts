import yargs, { type Argv } from 'yargs';
import { KeyformError } from '../core/error.ts';
import { didYouMean } from '../core/suggest.ts';
import { COMMANDS, type Command, GROUPS, PARSER } from './catalogue.ts';
import { COMMON, type Flag } from './flag.ts';
import type { Choice } from './parse.ts';

/**
 * Reads a command line that is not plainly right: prints the help or the completion that it asks for (null then), or
 * throws `invalid-usage` in words that name the slip. `columns` is the width to wrap help to.
 */
export async function explainLine(words: readonly string[], columns: number): Promise<Choice | null> {
  refuseOddSwitches(words);
  let choice: Choice | null = null;
  const add = (parent: Argv, command: Command, name: string): Argv =>
    parent.command(
      [name, ...command.positionals.map(signature)].join(' '),
      command.describe,
      (y) => {
        for (const { name, many, required, describe } of command.positionals) {
          y.positional(name, { type: 'string', array: many === true, demandOption: required === true, describe });
        }
        return options(y, command.flags);
      },
      (flags) => {
        choice = { command, flags };
      },
    );
  let parser = options(yargs([...words]), COMMON)
    .scriptName('keyform')
    .usage(
      '$0 <command> [stacks] [flags]\n\nAccess keys as code: declare, plan, apply; every secret in encrypted state.',
    )
    .parserConfiguration(PARSER)
    .locale('en');
  const grouped = new Set<string>();
  for (const command of COMMANDS) {
    const [group = '', member] = command.name.split(' ');
    if (member === undefined) parser = add(parser, command, command.name);
    else if (!grouped.has(group)) {
      grouped.add(group);
      const members = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
      parser = parser.command(group, GROUPS[group]?.describe ?? '', (y) =>
        members
          .reduce((inner, one) => add(inner, one, one.name.slice(group.length + 1)), y)
          .demandCommand(1, GROUPS[group]?.which ?? ''),
      );
    }
  }
  await parser
    .completion('completion', 'Print a completion script for bash or zsh')
    .demandCommand(1, 'Which command?')
    .strict()
    .version(false)
    .help('help')
    .alias('help', 'h')
    .exitProcess(false)
    .wrap(columns)
    .fail((message, error) => {
      // What yargs itself objects to is a slip on the command line, even where it comes as an error.
      if (error && error.name !== 'YError') throw error;
      throw usageError(
        message || error.message,
        words.filter((word) => !word.startsWith('-')),
      );
    })
    .parseAsync();
  refuseRest(choice, words);
  return choice;
}

/** What stands behind `--` is for a command that runs it: elsewhere it would be dropped without a word. */
function refuseRest(choice: Choice | null, words: readonly string[]): void {
  const end = words.indexOf('--');
  const [first] = end < 0 ? [] : words.slice(end + 1);
  if (choice === null || first === undefined || choice.command.runs === true) return;
  throw new KeyformError('invalid-usage', `"keyform ${choice.command.name}" runs no command`, {
    detail: `There is "${first.slice(0, 40)}" behind "--". Only "keyform secret exec" takes what stands there.`,
  });
}

function signature({ name, many, required }: Command['positionals'][number]): string {
  const shown = many === true ? `${name}..` : name;
  return required === true ? `<${shown}>` : `[${shown}]`;
}

function options(y: Argv, flags: Readonly<Record<string, Flag>>): Argv {
  return Object.entries(flags).reduce((inner, [name, { kind, on, describe }]) => {
    if (kind === 'value') return inner.option(name, { type: 'string', nargs: 1, describe });
    return inner.option(name, { type: 'boolean', describe, ...(on === undefined ? {} : { default: on }) });
  }, y);
}

/** An unreadable command line, in Keyform's own words where yargs' are less clear. */
function usageError(message: string, words: readonly string[]): KeyformError {
  const [named] = words;
  const names = [...new Set([...COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''), 'completion'])];
  if (named !== undefined && !names.includes(named)) {
    return new KeyformError('invalid-usage', `There is no command "${named}"`, {
      detail: `keyform -help lists the commands.${didYouMean(named, names)}`,
    });
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown === 'json' && words.join(' ').startsWith('state list')) {
    return new KeyformError('invalid-usage', '"keyform state list" has no -json', {
      detail:
        'It prints one address a line. For programs there are "keyform show -json", Terraform\'s form, and "keyform state pull", which tells the open attempts, lineage and serial as well.',
    });
  }
  if (unknown !== undefined) {
    const flags = [...new Set(['help', ...allFlags().map(([name]) => name)])];
    return new KeyformError('invalid-usage', `Unknown flag or argument "${unknown}"`, {
      detail: `keyform COMMAND -help lists what the command takes.${didYouMean(unknown, flags)}`,
    });
  }
  if (/^Not enough non-option arguments/.test(message)) {
    const command = COMMANDS.find(({ name }) => words.join(' ').startsWith(name))?.name ?? named;
    return new KeyformError('invalid-usage', `"keyform ${command ?? ''}" needs to be told what`, {
      detail: `keyform ${command ?? 'COMMAND'} -help says which words it takes.`,
    });
  }
  const bare = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  if (bare !== undefined) {
    return new KeyformError('invalid-usage', `-${bare} needs a value`, { detail: `Write -${bare}=VALUE.` });
  }
  return new KeyformError('invalid-usage', message.split('\n')[0] ?? message, {
    detail: 'keyform -help lists the commands, keyform COMMAND -help the flags of one.',
  });
}

/** yargs takes any value but "true" for false, so `-refresh=True` would quietly be `-refresh=false`. */
function refuseOddSwitches(words: readonly string[]): void {
  const switches = new Set(allFlags().flatMap(([name, { kind }]) => (kind === 'switch' ? [name] : [])));
  const end = words.indexOf('--');
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const [, flag = '', value = ''] = /^--([a-z-]+)=(.*)$/s.exec(word) ?? [];
    if (!switches.has(flag) || value === 'true' || value === 'false') continue;
    throw new KeyformError('invalid-usage', `-${flag} is either true or false`, {
      detail: `It is "${value.slice(0, 40)}". Write -${flag} or -${flag}=false.`,
    });
  }
}

function allFlags(): [string, Flag][] {
  return [...Object.entries(COMMON), ...COMMANDS.flatMap(({ flags }) => Object.entries(flags))];
}
