import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isKeyformError, KeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { filesInside, findKeys, findOpening, type IdentityOptions } from '../../src/engine/identity.ts';
import { createFiles } from '../../src/io/files.ts';
import { createProcesses } from '../../src/io/process.ts';
import { generateIdentity } from '../../src/state/keys.ts';
import { testRandom } from '../state/fixture.ts';

const work = realpathSync(mkdtempSync(join(tmpdir(), 'keyform-identity-')));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const project = join(work, 'project');
const home = join(work, 'home');
const own = join(home, '.config', 'keyform', 'identity.txt');
mkdirSync(project);

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const made = await Promise.all(Array.from({ length: 5 }, () => generateIdentity()));
const [flag, command, env, envCommand, mine] = made.map(({ identity }) => identity.reveal()) as [
  string,
  string,
  string,
  string,
  string,
];
const name = new Map(
  Object.entries({ flag, command, env, envCommand, mine }).map(([word, identity]) => [identity, word]),
);
put(join(project, 'flag.txt'), `# a comment\n${flag}\n`);
put(join(project, 'command.txt'), `# from a vault\n${command}\n\n`);

let asked = 0;
let said = '';

function options(changes: Partial<IdentityOptions> = {}): IdentityOptions {
  return {
    environment: { PATH: process.env.PATH },
    files: createFiles(testRandom('identity')),
    processes: createProcesses({ grace: 100 }),
    folder: project,
    home,
    identityFiles: [],
    identityCommands: [],
    recipients: [],
    onStderr: (text) => {
      said += text;
    },
    askPassphrase: async () => {
      asked += 1;
      return new Secret('asked for');
    },
    ...changes,
  };
}

/** What was found, by name: identities in their order, then a passphrase. */
async function found(changes: Partial<IdentityOptions>): Promise<string[]> {
  const { keys } = await findKeys(options(changes));
  if (keys === null) return ['nothing'];
  const { identities, passphrase } = keys;
  return [
    ...identities.map((identity) => name.get(identity.reveal()) ?? '?'),
    ...(passphrase === null ? [] : [passphrase.reveal()]),
  ];
}

async function failure(changes: Partial<IdentityOptions>): Promise<{ code: string; text: string }> {
  const error = await findKeys(options(changes)).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isKeyformError(error)) throw new Error(`no KeyformError: ${error}`);
  return { code: error.code, text: `${error.message}\n${error.detail}` };
}

describe('where keys come from', () => {
  const flags = { identityFiles: ['flag.txt'], identityCommands: ['cat command.txt'] };
  const variables = { PATH: process.env.PATH, KEYFORM_IDENTITY: env, KEYFORM_IDENTITY_COMMAND: `echo ${envCommand}` };

  it('a question, where there is nothing else and somebody to ask', async () => {
    expect(await found({})).toEqual(['asked for']);
    expect(await found({ askPassphrase: null })).toEqual(['nothing']);
    expect(asked).toBe(1);
  });

  it('goes by precedence: flags together, then the environment, then the user', async () => {
    put(own, `${mine}\n`);
    expect(await found({})).toEqual(['mine']);
    expect(await found({ environment: { KEYFORM_PASSPHRASE: 'five words' } })).toEqual(['five words']);
    expect(await found({ environment: variables })).toEqual(['env', 'envCommand']);
    expect(await found({ environment: { ...variables, KEYFORM_IDENTITY: 'flag.txt' } })).toEqual([
      'flag',
      'envCommand',
    ]);
    const all = { ...variables, KEYFORM_PASSPHRASE: 'five words' };
    expect(await found({ ...flags, environment: all })).toEqual(['flag', 'command']);
    expect(await found({ identityCommands: ['cat command.txt flag.txt'] })).toEqual(['command', 'flag']);
    expect((await failure({ environment: all })).code).toBe('invalid-configuration');
    expect(asked).toBe(1);
  });

  it('for a change of keys, takes a passphrase beside identities', async () => {
    const both = { ...variables, KEYFORM_PASSPHRASE: 'five words' };
    const { keys } = await findOpening(options({ environment: both }));
    expect(keys.identities.map((one) => name.get(one.reveal()))).toEqual(['env', 'envCommand']);
    expect(keys.passphrase?.reveal()).toBe('five words');
  });
});

describe('an identity command', () => {
  it('runs by the shell, in the project folder, with the environment, its standard error shown as it comes', async () => {
    said = '';
    const environment = { PATH: process.env.PATH, WHICH: 'command' };
    const line = 'echo touch your token >&2; cat < "$WHICH.txt" | grep -v "^#"';
    expect(await found({ identityCommands: [line], environment })).toEqual(['command']);
    expect(said).toBe('touch your token\n');
  });

  const canary = 'hunter2-canary';
  it.each([
    ['that fails', `echo ${canary}; echo ${command}; exit 3`, 'failed with exit code 3', 'cannot ask on the terminal'],
    ['that is not there', `no-such-program-${canary}`, 'failed with exit code 127', 'did not find the program'],
    ['that is killed', `echo ${canary}; kill -9 $$`, 'was ended by SIGKILL', ''],
    ['that prints nothing', `true ${canary}`, 'printed nothing', 'a line AGE-SECRET-KEY-1…'],
    ['that prints blank lines', `echo; echo; : ${canary}`, 'printed nothing', ''],
    ['that prints comments', `echo "# ${canary}"`, 'holds no age identity', ''],
    ['that prints something else', `echo ${canary}`, 'The output of -identity-command, line 1', 'unknown form'],
    ['that prints a broken identity', `echo ${command.slice(0, -1)} ${canary}`, 'not an age identity', ''],
    ['that prints more than identities', `cat flag.txt; echo ${canary}`, 'line 3', ''],
    [
      'that prints a sealed file',
      `echo "-----BEGIN AGE ENCRYPTED FILE ${canary}"`,
      'is itself encrypted',
      'Let the command open it',
    ],
  ])('%s: an error that quotes nothing', async (_name, line, what, detail) => {
    const { code, text } = await failure({ identityCommands: [line] });
    expect(code).toBe('no-identity');
    expect(text).toContain(what);
    expect(text).toContain(detail);
    for (const secret of [canary, command, command.slice(0, -1), flag]) expect(text).not.toContain(secret);
  });

  it('is named by where it came from', async () => {
    const environment = { PATH: process.env.PATH, KEYFORM_IDENTITY_COMMAND: 'exit 1' };
    expect((await failure({ environment })).text).toContain('The command of KEYFORM_IDENTITY_COMMAND failed');
  });

  it('that cannot be started because the folder is gone is no-identity too', async () => {
    const { code, text } = await failure({ identityCommands: ['true'], folder: join(work, 'gone') });
    expect([code, text.split('\n')[0]]).toEqual([
      'no-identity',
      'The command of -identity-command could not be started',
    ]);
  });

  it('is ended by Ctrl-C, with all it started', async () => {
    const stop = new AbortController();
    const reason = new KeyformError('cancelled', 'The run was stopped');
    let started: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const pending = findKeys(
      options({
        // Were the sleep left alive, it would hold the output open, and this would not end.
        identityCommands: ['(sleep 600) & echo started >&2; wait'],
        signal: stop.signal,
        onStderr: () => started(),
      }),
    );
    await running;
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });
});

describe('identities inside the project', () => {
  const inside = (...files: string[]) => filesInside(files, [project, join(work, 'state')], realpath);

  it('are told by real paths, and only when all of them are there', async () => {
    const here = join(project, 'flag.txt');
    symlinkSync(own, join(project, 'link-out.txt'));
    symlinkSync(here, join(home, 'link-in.txt'));
    put(join(`${project}-2`, 'key.txt'), flag);
    put(join(project, '..key.txt'), flag);
    put(join(work, 'state', 'key.txt'), flag);
    expect(await inside(here)).toEqual([here]);
    expect(await inside(join(home, 'link-in.txt'))).toEqual([here]);
    expect(await inside(join(project, '..key.txt'))).toHaveLength(1);
    expect(await inside(join(work, 'state', 'key.txt'))).toHaveLength(1);
    expect(await inside(join(project, 'link-out.txt'))).toEqual([]);
    expect(await inside(join(`${project}-2`, 'key.txt'))).toEqual([]);
    expect(await inside(here, own)).toEqual([]);
    expect(await inside(join(project, 'gone.txt'))).toEqual([]);
    expect(await inside()).toEqual([]);
  });

  it('are not reported when a key is from elsewhere too', async () => {
    const files = async (changes: Partial<IdentityOptions>) => (await findKeys(options(changes))).files;
    expect(await files({ identityFiles: ['flag.txt', 'command.txt'] })).toEqual([
      join(project, 'flag.txt'),
      join(project, 'command.txt'),
    ]);
    expect(await files({ identityFiles: ['flag.txt'], identityCommands: ['cat command.txt'] })).toEqual([]);
    expect(await files({ environment: { KEYFORM_PASSPHRASE: 'x' } })).toEqual([]);
  });
});
