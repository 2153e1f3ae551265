import { listValue } from '../typed/collection.ts';
import { DYNAMIC, objectType, STRING } from '../typed/type.ts';
import { objectValue, type Typed } from '../typed/typed.ts';
import { parameter, text, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';

/**
 * The records of a text in the comma-separated values of RFC 4180, as strict as Go's `encoding/csv`: empty lines are passed over, a quote
 * stands only around a whole field. Throws {@link FunctionProblem} with the line, when the record is asked for.
 */
function* records(source: string): Generator<{ readonly line: number; readonly fields: readonly string[] }> {
  const lines = source.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const text = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  for (let index = 0; index < text.length; index++) {
    let rest = text[index] as string;
    if (rest === '') continue;
    const start = index + 1;
    const fields: string[] = [];
    for (;;) {
      if (!rest.startsWith('"')) {
        const comma = rest.indexOf(',');
        const field = comma === -1 ? rest : rest.slice(0, comma);
        if (field.includes('"')) throw fault(index + 1, 'bare " in non-quoted field');
        fields.push(field);
        if (comma === -1) break;
        rest = rest.slice(comma + 1);
        continue;
      }
      let field = '';
      rest = rest.slice(1);
      for (;;) {
        const quote = rest.indexOf('"');
        if (quote === -1) {
          field += `${rest}\n`;
          index++;
          if (index >= text.length) throw fault(index, 'extraneous or missing " in quoted-field');
          rest = text[index] as string;
          continue;
        }
        field += rest.slice(0, quote);
        rest = rest.slice(quote + 1);
        if (!rest.startsWith('"')) break;
        field += '"';
        rest = rest.slice(1);
      }
      fields.push(field);
      if (rest === '') break;
      if (!rest.startsWith(',')) throw fault(index + 1, 'extraneous or missing " in quoted-field');
      rest = rest.slice(1);
    }
    yield { line: start, fields };
  }
}

function fault(line: number, reason: string): FunctionProblem {
  return new FunctionProblem(`CSV parse error on line ${line}: ${reason}`);
}

function headerOf(source: string): readonly string[] {
  const first = records(source).next();
  if (first.done === true) throw new FunctionProblem('missing header line: the first line names the columns');
  const names = first.value.fields.map((name) => name.normalize('NFC'));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new FunctionProblem(`duplicate column name ${JSON.stringify(twice)}`);
  return names;
}

const csvdecode: FunctionSpec = {
  name: 'csvdecode',
  parameters: [parameter('str', STRING)],
  variadic: null,
  notNull: true,
  // What the columns are is in the text: reading it once, when the call is made, is enough.
  returns: () => DYNAMIC,
  call(args) {
    const source = textOf(args, 0);
    const names = headerOf(source);
    const rows: Typed[] = [];
    let header = true;
    for (const { line, fields } of records(source)) {
      if (header) {
        header = false;
        continue;
      }
      if (fields.length !== names.length) throw fault(line, 'wrong number of fields');
      rows.push(objectValue(names.map((name, index) => [name, text(fields[index] ?? '')] as const)));
    }
    return listValue(objectType(names.map((name) => [name, STRING])), rows);
  },
};

/** https://developer.hashicorp.com/terraform/language/functions/csvdecode */
export const CSV_FUNCTIONS: readonly FunctionSpec[] = [csvdecode];
