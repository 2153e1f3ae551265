import { stringValue } from '../typed/typed.ts';
import { base64Fault, decodeBase64, decodeUtf8, encodeBase64 } from './bytes.ts';
import { charsetOf } from './charset.ts';
import { CSV_FUNCTIONS } from './csv.ts';
import { JSON_FUNCTIONS } from './json.ts';
import { text } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { textual } from './textual.ts';
import { YAML_FUNCTIONS } from './yaml.ts';

const base64encode = textual('base64encode', ['str'], ([str = '']) => stringValue(Buffer.from(str).toString('base64')));

const base64decode = textual('base64decode', ['str'], ([str = '']) => {
  const bytes = decodeBase64(str);
  if (bytes === null) throw new FunctionProblem(`failed to decode base64 data ${JSON.stringify(str)}`);
  const decoded = decodeUtf8(bytes);
  if (decoded === null)
    throw new FunctionProblem('the result of decoding the provided string is not valid UTF-8: strings hold text only');
  return text(decoded);
});

const textencodebase64 = textual('textencodebase64', ['string', 'encoding'], ([string = '', encoding = '']) => {
  const charset = charsetOf(encoding, 1);
  const bytes = charset.encode(string);
  if (bytes === null)
    throw new FunctionProblem(`the given string contains characters that cannot be represented in ${charset.name}`, 0);
  return stringValue(encodeBase64(bytes));
});

const textdecodebase64 = textual('textdecodebase64', ['source', 'encoding'], ([source = '', encoding = '']) => {
  const charset = charsetOf(encoding, 1);
  const bytes = decodeBase64(source);
  if (bytes === null)
    throw new FunctionProblem(`the given value has an invalid base64 symbol at offset ${base64Fault(source)}`, 0);
  const decoded = charset.decode(bytes);
  // Terraform takes the replacement character for a sign of failure even where it was encoded on purpose.
  if (decoded?.includes('\ufffd') !== false)
    throw new FunctionProblem(`the given string contains symbols that are not defined for ${charset.name}`, 0);
  return text(decoded);
});

/** As Go's `url.QueryEscape`: a space is a plus sign, and all but letters, digits and `-_.~` is escaped. */
const urlencode = textual('urlencode', ['str'], ([str = '']) =>
  stringValue(
    encodeURIComponent(Buffer.from(str).toString())
      .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
);

/**
 * Functions that encode and decode texts. `base64gzip` is not among them: what it gives depends on the compressor that Terraform was
 * built with.
 * https://developer.hashicorp.com/terraform/language/functions/base64decode and following
 */
export const ENCODING_FUNCTIONS: readonly FunctionSpec[] = [
  base64decode,
  base64encode,
  textdecodebase64,
  textencodebase64,
  urlencode,
  ...CSV_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ...YAML_FUNCTIONS,
];

/** Functions of encodings that Keyform refuses, with the reason and what to do instead. */
export const ENCODING_WITHHELD: Readonly<Record<string, string>> = {
  base64gzip:
    'What it gives depends on the compressor that Terraform was built with, and differs between versions. Compress the text outside and pass it in as a variable, or use base64encode().',
};
