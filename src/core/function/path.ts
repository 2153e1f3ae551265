import { posix } from 'node:path';
import { EvaluationProblem } from '../expression/problem.ts';
import { stringValue } from '../typed/typed.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { textual } from './textual.ts';

/** A path with `.`, `..` and doubled slashes worked out, as Go's `filepath.Clean`; the empty one is `.`. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/**
 * Refuses a path in a home folder, whose meaning differs from user to user, in a way that `try` does not catch. Throws
 * {@link FunctionProblem} where Terraform does.
 */
export function refuseHome(path: string, argument: number | null): void {
  if (!path.startsWith('~')) return;
  if (path.length > 1 && path[1] !== '/' && path[1] !== '\\')
    throw new FunctionProblem('failed to expand ~: cannot expand user-specific home dir', argument);
  throw new EvaluationProblem(
    'Home folders are not available',
    null,
    'A path that begins with ~ means another file to every user. Write it from the stack\'s folder, such as "${path.module}/name", or pass it in as a variable.',
  );
}

const abspath = textual('abspath', ['path'], ([path = '']) => {
  if (!path.startsWith('/'))
    throw new EvaluationProblem(
      'Absolute paths are not available',
      null,
      'abspath() of a relative path differs from machine to machine. Use the relative path, or write "${path.cwd}/" before it.',
    );
  return stringValue(cleanPath(path));
});

const pathexpand = textual('pathexpand', ['path'], ([path = '']) => {
  refuseHome(path, null);
  return stringValue(path);
});

/** As Go's `filepath.Base`: the last part, slashes at the end not counted. */
const basename = textual('basename', ['path'], ([path = '']) => {
  if (path === '') return stringValue('.');
  const bare = path.replace(/\/+$/, '');
  return stringValue(bare === '' ? '/' : bare.slice(bare.lastIndexOf('/') + 1));
});

/** As Go's `filepath.Dir`: all before the last slash. */
const dirname = textual('dirname', ['path'], ([path = '']) =>
  stringValue(cleanPath(path.slice(0, path.lastIndexOf('/') + 1))),
);

/** https://developer.hashicorp.com/terraform/language/functions/basename and its siblings */
export const PATH_FUNCTIONS: readonly FunctionSpec[] = [abspath, basename, dirname, pathexpand];
