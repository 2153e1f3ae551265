/**
 * Terraform's habits on the command line, made into what yargs reads: flags take one dash or two (`-out=plan`), and
 * `-chdir` and the like may stand before the command. After a bare `--` nothing is touched.
 */
export function normalizeArguments(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  return [...flags.map((word) => (/^-[A-Za-z][A-Za-z0-9-]+(=|$)/.test(word) ? `-${word}` : word)), ...rest];
}

/** The value of the flag `name`, the last one where it is given several times; undefined when it is not. `words` are normalized. */
export function flagValue(words: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (word === '--') break;
    if (word === `--${name}`) value = words[++index] ?? '';
    else if (word.startsWith(`--${name}=`)) value = word.slice(name.length + 3);
  }
  return value;
}

/**
 * The `-var` and `-var-file` flags in the order in which they were given: a later one wins over an earlier one, whichever
 * of the two it is. `words` are normalized.
 */
export function variableFlags(words: readonly string[]): ({ readonly var: string } | { readonly file: string })[] {
  const flags: ({ var: string } | { file: string })[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (word === '--') break;
    const found = /^--(var|var-file)(?:=(.*))?$/s.exec(word);
    if (found === null) continue;
    const value = found[2] ?? words[++index] ?? '';
    flags.push(found[1] === 'var' ? { var: value } : { file: value });
  }
  return flags;
}
