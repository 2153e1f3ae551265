import { Ajv } from 'ajv';
import formats from 'ajv-formats';

/**
 * Checks values against a JSON Schema of draft 4, such as SARIF's: what is wrong, or null. Ids of that draft are left out, since ajv knows newer ones only;
 * patterns are taken as they are, which need not be Unicode ones.
 */
export function draft4(text: string): (value: unknown) => string | null {
  const { id: _, $schema: __, ...schema } = JSON.parse(text);
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
}
