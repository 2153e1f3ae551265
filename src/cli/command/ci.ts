import { join } from 'node:path';
import { KeyformError } from '../../core/error.ts';
import type { Cloud } from '../../core/provider.ts';
import { type CommonFlags, DONE, type Outcome, type Outside, Workspace } from '../context.ts';
import { readNamed } from './stack.ts';

/** What is written for a CI system: where from, below docs/ci of the package, and where to in the project. */
interface System {
  readonly files: readonly { readonly from: string; readonly to: string }[];
  readonly page: string;
  /** What the owner of the project has to set, beside the clouds' credentials; `$CLOUDS` stands for these. */
  readonly steps: readonly string[];
}

const SYSTEMS: Readonly<Record<string, System>> = {
  github: {
    files: [
      ...['plan', 'apply', 'rotate', 'drift'].map((job) => ({
        from: `github/keyform-${job}.yml`,
        to: `.github/workflows/keyform-${job}.yml`,
      })),
      { from: 'save-state.sh', to: '.github/keyform/save-state.sh' },
      { from: 'github/comment.sh', to: '.github/keyform/comment.sh' },
      { from: 'github/issue.sh', to: '.github/keyform/issue.sh' },
    ],
    page: 'docs/ci/github-actions.md',
    steps: [
      'make two environments under Settings > Environments: "keyform" for what changes keys, only for the default branch, and "keyform-plan" for what looks',
      'give both the secret KEYFORM_IDENTITY: an age identity of the CI (age-keygen), whose recipient stands in cdktf.json; run "keyform state rekey" once',
      'give both the credentials of the clouds, those of "keyform-plan" with no more rights than to list keys. $CLOUDS',
    ],
  },
  gitlab: {
    files: [
      { from: 'gitlab/.gitlab-ci.yml', to: '.gitlab-ci.yml' },
      { from: 'gitlab/report.mjs', to: '.gitlab/keyform/report.mjs' },
      { from: 'save-state.sh', to: '.gitlab/keyform/save-state.sh' },
    ],
    page: 'docs/ci/gitlab-ci.md',
    steps: [
      'under Settings > CI/CD > Variables, masked, set KEYFORM_IDENTITY: an age identity of the CI (age-keygen), whose recipient stands in cdktf.json; run "keyform state rekey" once',
      'likewise KEYFORM_PUSH_TOKEN (protected) and KEYFORM_API_TOKEN: project access tokens that may push, and write notes and issues',
      'likewise the credentials of the clouds, for the environment "keyform" (protected), and for "keyform-plan" with no more rights than to list keys. $CLOUDS',
      'make two schedules under Build > Pipeline schedules, with the variable KEYFORM_JOB: "rotate" every six hours, "drift" once a day',
    ],
  },
};

/** A line of a workflow that concerns one variable of the environment: an entry of `env`, or a comment that lists it. */
const VARIABLE_LINE = /^\s*(?:#\s+)?([A-Z][A-Z0-9_]+)(?::.*)?$/;

/**
 * `keyform init -ci SYSTEM`: writes the workflows of docs/ci into the project, without the credentials of clouds that no stack uses. Throws
 * `invalid-usage` for an unknown system, and, before anything is written, when one of the files is there with other content.
 */
export async function ciCommand(outside: Outside, flags: CommonFlags & { readonly ci: string }): Promise<Outcome> {
  const system = Object.hasOwn(SYSTEMS, flags.ci) ? SYSTEMS[flags.ci] : undefined;
  if (system === undefined) {
    throw new KeyformError('invalid-usage', `There are no workflows for ${JSON.stringify(flags.ci.slice(0, 40))}`, {
      detail: `-ci takes ${Object.keys(SYSTEMS).join(' or ')}. For cron and systemd see docs/ci/cron.md. Nothing was done.`,
    });
  }
  const { files, packageFolder, clouds, terminal, style } = outside;
  const workspace = new Workspace(outside, flags);
  const used = await usedClouds(workspace);
  const unused = clouds.filter((cloud) => !used.includes(cloud));
  const texts: { readonly to: string; readonly text: string; readonly there: boolean }[] = [];
  const others: string[] = [];
  for (const { from, to } of system.files) {
    const source = join(packageFolder, 'docs', 'ci', from);
    const bytes = await files.read(source);
    if (bytes === null) {
      throw new KeyformError('state-io', `${source} is missing`, {
        detail: 'It is a part of Keyform: install it again. Nothing was done.',
      });
    }
    const text = withoutClouds(new TextDecoder().decode(bytes), unused);
    const old = await files.read(join(workspace.folder, to));
    const there = old !== null && new TextDecoder().decode(old) === text;
    if (old !== null && !there) others.push(to);
    texts.push({ to, text, there });
  }
  if (others.length > 0) throw refusal(others);
  const lines: string[] = [];
  for (const { to, text, there } of texts) {
    // The workflows name a shell for the scripts, so that a system without such bits can write them too.
    if (!there) await files.replace(join(workspace.folder, to), new TextEncoder().encode(text), 0o644);
    lines.push(`  ${there ? 'kept   ' : 'created'}  ${to}`);
  }
  terminal.out(`${style.out.bold('The workflows are set up.')}\n${lines.join('\n')}\n\n`);
  const steps = system.steps.map((step) =>
    step.replace('$CLOUDS', cloudText(used, texts.map(({ text }) => text).join('\n'))),
  );
  terminal.out(`What to do next:\n${steps.map((step) => `  ${step}`).join('\n')}\n`);
  terminal.out(`  commit the files. ${system.page} of Keyform says what each does and why\n`);
  return DONE;
}

/** The text without the lines of variables that only the settings of these clouds take their values from. */
export function withoutClouds(text: string, clouds: readonly Cloud[]): string {
  const names = new Set(clouds.flatMap(variablesOf));
  return text
    .split('\n')
    .filter((line) => !names.has(VARIABLE_LINE.exec(line)?.[1] ?? ''))
    .join('\n');
}

/** Environment variables that a cloud's settings are read from. */
function variablesOf(cloud: Cloud): string[] {
  return Object.values(cloud.settings).flatMap(({ environment }) => [...environment]);
}

/** Which clouds the stacks hold keys of; all of them where there is no stack yet. */
async function usedClouds(workspace: Workspace): Promise<readonly Cloud[]> {
  const { clouds } = workspace.outside;
  const texts = await readNamed(workspace, ['*']);
  const all = texts
    .flatMap(({ files, modules }) => [...files, ...modules.flatMap((module) => module.files)])
    .map(({ text }) => text)
    .join('\n');
  // In a stack's JSON a type stands as a property's name; an address in an expression tells the same.
  const used = clouds.filter(({ resources }) => resources.some(({ type }) => all.includes(type)));
  return used.length === 0 ? clouds : used;
}

function cloudText(used: readonly Cloud[], text: string): string {
  const listed = used.map((cloud) => {
    const names = variablesOf(cloud).filter((name) => new RegExp(`\\b${name}\\b`).test(text));
    return `${cloud.name}: ${[...new Set(names)].join(', ')}`;
  });
  return listed.join('; ');
}

function refusal(others: readonly string[]): KeyformError {
  const one = others.length === 1;
  return new KeyformError('invalid-usage', `${others.join(', ')} ${one ? 'is' : 'are'} there already`, {
    detail: `${one ? 'It differs' : 'They differ'} from what would be written, and nothing is written over. Move ${one ? 'it' : 'them'} away and run this again, or take over by hand what you want from docs/ci of Keyform. Nothing was done.`,
  });
}
