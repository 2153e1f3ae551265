import { BOOL, DYNAMIC, STRING } from '../typed/type.ts';
import {
  boolValue,
  isSensitiveWithin,
  isUnknown,
  marked,
  stringValue,
  type Typed,
  unknownValue,
  unmarkDeep,
} from '../typed/typed.ts';
import { decodeUtf8, encodeBase64 } from './bytes.ts';
import { DIGESTS, digest } from './hash.ts';
import { cleanPath, PATH_FUNCTIONS, refuseHome } from './path.ts';
import { argument, parameter, text, textOf } from './signature.ts';
import { type FunctionContext, FunctionProblem, type FunctionSpec } from './spec.ts';
import { textual } from './textual.ts';

/** A file's content. Throws {@link FunctionProblem} for none, and for one that cannot be read. */
function contentOf(path: string, context: FunctionContext, argument: number | null): Uint8Array {
  const content = read(path, context, argument);
  if (content === null)
    throw new FunctionProblem(
      `no file exists at ${JSON.stringify(path)}; this function reads files that are there before the plan begins: for one that a resource makes, refer to an attribute of that resource`,
      argument,
    );
  return content;
}

function read(path: string, context: FunctionContext, argument: number | null): Uint8Array | null {
  refuseHome(path, argument);
  try {
    return context.readFile(cleanPath(path));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new FunctionProblem(`${JSON.stringify(path)} cannot be read: ${error.message}`, argument);
  }
}

function textIn(path: string, context: FunctionContext): string {
  const content = decodeUtf8(contentOf(path, context, 0));
  if (content === null)
    throw new FunctionProblem(
      `contents of ${JSON.stringify(path)} are not valid UTF-8; use filebase64() for its bytes in Base64, or functions such as filesha256() for a hash of them`,
    );
  return content;
}

const file = textual('file', ['path'], ([path = ''], context) => text(textIn(path, context)));

const filebase64 = textual('filebase64', ['path'], ([path = ''], context) =>
  stringValue(encodeBase64(contentOf(path, context, 0))),
);

const fileexists = textual(
  'fileexists',
  ['path'],
  ([path = ''], context) => boolValue(read(path, context, null) !== null),
  BOOL,
);

/** What `file` would give, hashed without being text in between. */
const hashes = DIGESTS.map((one) =>
  textual(`file${one.name}`, ['path'], ([path = ''], context) =>
    stringValue(digest(one, contentOf(path, context, null))),
  ),
);

/** What is wrong with the text of a file is not laid at the door of the argument that names it. */
function render(source: string, name: string, variables: ReadonlyMap<string, Typed>, context: FunctionContext): Typed {
  try {
    return context.renderTemplate(source, name, variables);
  } catch (error) {
    if (error instanceof FunctionProblem && error.argument === 0) throw new FunctionProblem(error.message);
    throw error;
  }
}

const templatefile: FunctionSpec = {
  name: 'templatefile',
  parameters: [parameter('path', STRING, 'unknown', 'marked'), parameter('vars', DYNAMIC, 'unknown', 'marked')],
  variadic: null,
  // A template can have a result of any type: what it is is found by rendering it, once.
  returns: () => DYNAMIC,
  call(args, _type, context) {
    const path = argument(args, 0);
    const variables = argument(args, 1);
    const sensitive = path.sensitive || isSensitiveWithin(variables);
    if (isUnknown(path) || isUnknown(variables)) return marked(unknownValue(), sensitive);
    try {
      const name = textOf(args, 0);
      const source = text(textIn(name, context)).content as string;
      if (variables.type.kind !== 'map' && variables.type.kind !== 'object')
        throw new FunctionProblem('invalid vars value: must be a map', 1);
      const rendered = render(source, name, variables.content as ReadonlyMap<string, Typed>, context);
      return marked(unmarkDeep(rendered).value, sensitive);
    } catch (error) {
      if (!path.sensitive || !(error instanceof FunctionProblem)) throw error;
      throw new FunctionProblem('the reason is not shown, because it may quote a sensitive path', error.argument);
    }
  },
};

/**
 * Functions that read files, and functions of paths.
 * https://developer.hashicorp.com/terraform/language/functions/file and its siblings
 */
export const FILE_FUNCTIONS: readonly FunctionSpec[] = [
  file,
  filebase64,
  fileexists,
  ...hashes,
  templatefile,
  ...PATH_FUNCTIONS,
];

/** Functions of files that Keyform refuses, with the reason and what to do instead. */
export const FILE_WITHHELD: Readonly<Record<string, string>> = {
  fileset:
    'Which files there are may differ from run to run and from machine to machine. Write their names into the stack, or pass them in as a variable.',
  templatestring:
    'A template that comes from a value is text that runs as code. Write the template into the stack, or keep it in a file and use templatefile().',
};
