import { basename, dirname, join, relative } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import { isObject } from '../../core/json.ts';
import { defaultIdentityFile } from '../../engine/identity.ts';
import {
  generateIdentity,
  identityFile,
  identityToRecipient,
  isPostQuantum,
  parseIdentities,
} from '../../state/keys.ts';
import { type CommonFlags, DONE, type Outcome, type Outside, Workspace } from '../context.ts';
import { JSON_STACK, TYPESCRIPT_STACK } from './starter.ts';

/** Files of schemas/ that an editor needs for stacks and cdktf.json. */
const SCHEMAS_BESIDE = '.keyform/schemas';

/** What version control should not see: the sandbox, what synthesis writes, and what only one machine needs. */
const IGNORED = [
  'node_modules/',
  '.keyform/',
  'cdktf.out/',
  '*.plan',
  // Of a state, all but the snapshot, the history and the inventory: what a run leaves that is under way or died, and copies.
  '*.keyform.lock*',
  '*.keyform.journal*',
  '*.keyform.age.*',
  '*.keyform.rescue-*',
  '*.keyform.history.*',
  '.*.keyform.*.tmp',
];

/**
 * `keyform init`: makes a folder a project that plans. It never overwrites: what is there stays, and the command says so,
 * so that it can be run again.
 */
export async function initCommand(
  outside: Outside,
  flags: CommonFlags & { readonly typescript: boolean; readonly 'post-quantum': boolean; readonly ci?: string },
): Promise<Outcome> {
  if (flags.ci !== undefined) {
    const { ciCommand } = await import('./ci.ts');
    return ciCommand(outside, { ...flags, ci: flags.ci });
  }
  const workspace = new Workspace(outside, flags);
  const { folder } = workspace;
  const { files, terminal, style } = outside;
  const lines: string[] = [];
  const write = async (path: string, text: string): Promise<void> => {
    const full = join(folder, path);
    if ((await files.read(full)) !== null) {
      lines.push(`  kept     ${path}`);
      return;
    }
    await files.replace(full, new TextEncoder().encode(text), 0o644);
    lines.push(`  created  ${path}`);
  };

  // A package.json that is there already is the user's own and stays as it is.
  const installs = (await files.read(join(folder, 'package.json'))) === null;
  const recipients = await prepareIdentity(outside, flags['post-quantum'], lines);
  // In a project that is there already an example stack would only be in the way.
  const fresh = (await files.read(join(folder, 'cdktf.json'))) === null;
  const stack = flags.typescript ? 'stacks/main.ts' : 'stacks/main/main.tf.json';
  await write('cdktf.json', json(projectFile(flags.typescript, recipients)));
  if (flags.typescript && fresh) {
    await write('stacks/main.ts', TYPESCRIPT_STACK);
    await write('package.json', json(packageFile(basename(folder), outside.version)));
    await write('tsconfig.json', json(TSCONFIG));
  } else if (fresh) await write('stacks/main/main.tf.json', json(JSON_STACK));
  await ignore(outside, folder, lines);
  await mapEditor(outside, folder, lines);

  const { bold } = style.out;
  terminal.out(`${bold('Keyform is set up here.')}\n${lines.join('\n')}\n\n`);
  const steps = [
    ...(flags.typescript
      ? [installs ? 'npm install  what the stack imports' : `npm install ${Object.keys(IMPORTS).join(' ')}`]
      : []),
    'keyform plan -sandbox  what would happen, on an embedded key API: no account needed',
    'keyform apply -sandbox  make the keys there, and keep their secrets in encrypted state',
    `edit ${stack}, give your clouds' credentials in the environment (keyform schema names the variables), and drop -sandbox`,
  ];
  terminal.out(`What to do next:\n${steps.map((step) => `  ${step}`).join('\n')}\n`);
  if (recipients.length > 0) {
    terminal.out(
      `\nKeep a copy of ${tilde(defaultIdentityFile(outside.environment, outside.home), outside.home)} somewhere safe: without it nobody can open the state.\n`,
    );
  }
  return DONE;
}

/** Makes the user's identity file unless there is one; returns its recipients. Under a passphrase there are none. */
async function prepareIdentity(outside: Outside, postQuantum: boolean, lines: string[]): Promise<string[]> {
  const { environment, files, clock, home } = outside;
  if ((environment.KEYFORM_PASSPHRASE ?? '') !== '') {
    lines.push('  using    the passphrase of KEYFORM_PASSPHRASE for the state');
    return [];
  }
  const path = defaultIdentityFile(environment, home);
  const shown = tilde(path, home);
  const there = await files.read(path);
  if (there !== null) {
    lines.push(`  kept     ${shown} (your age identity)`);
    const identities = parseIdentities(new TextDecoder().decode(there), shown);
    const recipients = await Promise.all(identities.map((identity) => identityToRecipient(identity)));
    if (!postQuantum) return recipients.slice(0, 1);
    const strong = recipients.filter(isPostQuantum).slice(0, 1);
    if (strong.length > 0) return strong;
    throw new KeyformError('invalid-usage', `${shown} is there already, and holds no post-quantum identity`, {
      detail:
        'Nothing was done. "age-keygen -pq" (age 1.3) prints one: add its line to the file. What is sealed already needs the lines that are there.',
    });
  }
  const made = await generateIdentity(postQuantum ? 'post-quantum' : 'x25519');
  const text = identityFile(made, clock.now());
  if (!(await files.createExclusive(path, new TextEncoder().encode(text.reveal()), 0o600))) {
    throw new KeyformError('state-io', `Somebody else just made ${shown}`, { detail: 'Run "keyform init" again.' });
  }
  lines.push(`  created  ${shown} (your age identity: it opens the state)`);
  return [made.recipient];
}

function tilde(path: string, home: string): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

async function ignore(outside: Outside, folder: string, lines: string[]): Promise<void> {
  const path = join(folder, '.gitignore');
  const bytes = await outside.files.read(path);
  const text = bytes === null ? '' : new TextDecoder().decode(bytes);
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = IGNORED.filter((line) => !present.has(line));
  if (missing.length === 0) {
    lines.push('  kept     .gitignore');
    return;
  }
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await outside.files.replace(path, new TextEncoder().encode(`${before}${missing.join('\n')}\n`), 0o644);
  lines.push(`  ${bytes === null ? 'created' : 'extended'}  .gitignore`);
}

/** Maps the JSON Schemas to stacks in VS Code's settings (other editors read the same files by hand). */
async function mapEditor(outside: Outside, folder: string, lines: string[]): Promise<void> {
  const { files, packageFolder } = outside;
  const installed = relative(folder, join(packageFolder, 'schemas'));
  const inside = installed === join('node_modules', 'keyform', 'schemas');
  const base = inside ? './node_modules/keyform/schemas' : `./${SCHEMAS_BESIDE}`;
  if (!inside) {
    for (const { name } of (await files.list(join(packageFolder, 'schemas'))) ?? []) {
      const bytes = await files.read(join(packageFolder, 'schemas', name));
      if (bytes !== null) await files.replace(join(folder, SCHEMAS_BESIDE, name), bytes, 0o644);
    }
  }
  const path = join(folder, '.vscode', 'settings.json');
  const bytes = await files.read(path);
  let settings: Record<string, unknown> = {};
  if (bytes !== null) {
    try {
      const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (!isObject(parsed)) throw new Error('not an object');
      settings = parsed;
    } catch {
      lines.push('  kept     .vscode/settings.json (it has comments; map the schemas by hand, see docs)');
      return;
    }
  }
  const schemas = Array.isArray(settings['json.schemas']) ? (settings['json.schemas'] as unknown[]) : [];
  const mapped = schemas.some(
    (entry) => isObject(entry) && String(entry.url).includes('keyform') && String(entry.url).endsWith('stack.json'),
  );
  if (mapped) {
    lines.push('  kept     .vscode/settings.json');
    return;
  }
  settings['json.schemas'] = [
    ...schemas,
    { fileMatch: ['*.tf.json'], url: `${base}/stack.json` },
    { fileMatch: ['cdktf.json'], url: `${base}/project.json` },
  ];
  await files.replace(path, new TextEncoder().encode(json(settings)), 0o644);
  lines.push(
    `  ${bytes === null ? 'created' : 'extended'}  ${relative(folder, join(dirname(path), 'settings.json'))} (schemas for *.tf.json)`,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function projectFile(typescript: boolean, recipients: readonly string[]): unknown {
  return {
    language: 'typescript',
    app: typescript ? 'node --import tsx stacks/main.ts' : undefined,
    context: { keyform: { stacks: 'stacks', state: 'state', recipients } },
  };
}

/** What a TypeScript stack needs beside Keyform. */
const IMPORTS = { cdktf: '^0.21.0', constructs: '^10.4.2', tsx: '^4.19.0' };

function packageFile(name: string, version: string): unknown {
  return {
    name:
      name
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/^[._-]+/, '') || 'keys',
    private: true,
    type: 'module',
    dependencies: { keyform: `^${version}`, ...IMPORTS },
  };
}

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['stacks'],
};
