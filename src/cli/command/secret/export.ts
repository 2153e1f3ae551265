import { resolve } from 'node:path';
import { KeyformError } from '../../../core/error.ts';
import { exportText, isOfVariables, requireFormat } from '../../../core/export/format.ts';
import { guarded } from '../../../state/fault.ts';
import { DONE, list, type Outcome, type Outside } from '../../context.ts';
import { type KeyFlags, readKeys, refuseTerminal } from './key.ts';

interface ExportFlags extends KeyFlags {
  readonly format?: string;
  readonly out?: string;
  readonly force: boolean;
  readonly name?: string;
  readonly namespace?: string;
  readonly reveal: boolean;
}

/** The one format whose file is added to: the runner of GitHub Actions makes it, empty, for each step. */
const STEP = 'github-env';

/** `keyform secret export -format=FORMAT [ADDRESS…]`: writes keys in the form that their consumer reads. */
export async function secretExportCommand(outside: Outside, flags: ExportFlags): Promise<Outcome> {
  const forms = outside.clouds.flatMap((cloud) => cloud.resources.map((type) => type.credential ?? null));
  const format = requireFormat(flags.format, forms);
  const named = isOfVariables(format);
  refuseFlags(flags, format, named);
  const step = format === STEP && flags.out === undefined ? stepFile(outside) : null;
  if (flags.out === undefined && step === null) refuseTerminal(outside, flags.reveal);
  const { credentials, variables } = await readKeys(outside, flags, named);
  const text = exportText(format, credentials, variables, {
    name: flags.name ?? null,
    namespace: flags.namespace ?? null,
    delimiter: `keyform_${Buffer.from(outside.random.bytes(16)).toString('hex')}`,
  });
  if (step !== null) await append(outside, step, text);
  else if (flags.out !== undefined) await write(outside, flags.out, text, flags);
  else outside.terminal.out(text);
  return DONE;
}

/** Throws `invalid-usage` for a flag that would have no effect: whoever gave it expects one. */
function refuseFlags(flags: ExportFlags, format: string, named: boolean): void {
  const refuse = (flag: string, why: string) => {
    throw new KeyformError('invalid-usage', `-${flag} has no place here`, { detail: `${why} Leave it out.` });
  };
  if (!named && list(flags.env).length > 0) refuse('env', `The format ${format} has no names of variables.`);
  if (!named && flags.prefix !== undefined) refuse('prefix', `The format ${format} has no names of variables.`);
  if (flags.namespace !== undefined && format !== 'k8s-secret') refuse('namespace', 'It is for -format=k8s-secret.');
  const nameless = named ? format !== 'k8s-secret' : format === 'json' || format === 'aws-process';
  if (flags.name !== undefined && nameless) refuse('name', `The format ${format} names nothing.`);
  if (flags.force && flags.out === undefined) refuse('force', 'It is about the file of -out.');
}

function stepFile({ environment }: Outside): string {
  const file = environment.GITHUB_ENV ?? '';
  if (file !== '') return file;
  throw new KeyformError('invalid-usage', 'There is no file to give variables to a job of GitHub Actions', {
    detail: 'The runner names it in GITHUB_ENV, which is not set. Run this in a step, or name a file with -out.',
  });
}

/** Adds to the file where it is: the runner may have it open, or mounted into a container, so it is not put anew. */
async function append({ files }: Outside, path: string, text: string): Promise<void> {
  await guarded('write', path, async () => {
    const before = (await files.read(path)) ?? new Uint8Array();
    // A step that ended its own line in between would else go on in ours.
    const gap = before.length === 0 || before.at(-1) === 0x0a ? '' : '\n';
    const file = await files.open(path, 0o600);
    try {
      await file.writeAt(before.length, new TextEncoder().encode(`${gap}${text}`));
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

async function write(outside: Outside, out: string, text: string, flags: ExportFlags): Promise<void> {
  const path = resolve(outside.workingFolder, flags.chdir ?? '.', out);
  const bytes = new TextEncoder().encode(text);
  if (flags.force) {
    await guarded('write', path, () => outside.files.replace(path, bytes, 0o600));
    return;
  }
  if (await guarded('write', path, () => outside.files.createExclusive(path, bytes, 0o600))) return;
  throw new KeyformError('refused', `There is a file ${out} already`, {
    detail: 'It may hold what nobody else has. Name another one, or say -force to replace it.',
  });
}
