import type { Document, Node, Scalar, YAMLMap } from 'yaml';
import { EvaluationProblem } from '../expression/problem.ts';
import { convert } from '../typed/convert.ts';
import { friendlyName } from '../typed/format.ts';
import { DYNAMIC, STRING } from '../typed/type.ts';
import {
  isKnownWithin,
  nullValue,
  objectValue,
  stringValue,
  type Typed,
  tupleValue,
  unknownValue,
} from '../typed/typed.ts';
import { refuseControl, refuseForeign } from './dialect.ts';
import { parameter, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec, type YamlLibrary } from './spec.ts';
import { scalarValue, TAG } from './yamlscalar.ts';
import { yamlText } from './yamltext.ts';

const yamlencode: FunctionSpec = {
  name: 'yamlencode',
  parameters: [parameter('value', DYNAMIC, 'null', 'dynamic')],
  variadic: null,
  returns: () => STRING,
  call: ([value = nullValue()]) => (isKnownWithin(value) ? stringValue(yamlText(value)) : unknownValue(STRING)),
};

const yamldecode: FunctionSpec = {
  name: 'yamldecode',
  parameters: [parameter('src', STRING)],
  variadic: null,
  // What the type is is in the text: reading it once, when the call is made, is enough.
  returns: () => DYNAMIC,
  call(args, _type, { yaml }) {
    if (yaml === undefined) throw new Error('yamldecode is called where there is no YAML library');
    return decodeYaml(textOf(args, 0), yaml());
  },
};

/** Types whose scalars the library would make values of, where only the text is wanted. */
const TYPES = ['str', 'bool', 'int', 'float', 'null', 'timestamp', 'binary'];

/** The value of a YAML document as Terraform reads it. Throws {@link FunctionProblem}, with the line where there is one. */
function decodeYaml(source: string, library: YamlLibrary): Typed {
  refuseControl(source);
  if (/[\u0085\u2028\u2029]/.test(source))
    throw new EvaluationProblem(
      'Unusual line breaks in YAML',
      null,
      'Terraform takes U+0085, U+2028 and U+2029 for line breaks in YAML, as its version 1.1 does; Keyform does not read them. Write them as \\N, \\L and \\P within double quotes.',
    );
  const documents = library.parseAllDocuments(source, {
    version: '1.1',
    schema: 'failsafe',
    customTags: TYPES.map((type) => ({ tag: `${TAG}${type}`, resolve: (text: string) => text })),
    // The last one counts, as it does in Terraform.
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [first, second] = Array.isArray(documents) ? (documents as Document.Parsed[]) : [];
  if (first === undefined) throw new FunctionProblem('on line 1, column 1: missing start of document');
  const [error] = first.errors;
  if (error !== undefined) throw new FunctionProblem(`${place(source, error.pos[0])}: ${error.message}`);
  if (second !== undefined)
    throw new FunctionProblem(
      `${place(source, second.range[0])}: unexpected extra content after value: write one document`,
    );
  const { explicit, version } = first.directives.yaml;
  if (explicit === true && version !== '1.1')
    throw new FunctionProblem('found incompatible YAML document: Terraform reads 1.1');
  const { contents } = first;
  const bare = contents === null || (library.isScalar(contents) && contents.source === '' && isBare(contents));
  if (bare && first.directives.docStart !== true) throw new FunctionProblem('did not find expected node content');
  refuseForeign(first, source, library);
  if (TABBED.test(source)) refuseTabs(first, source, library);
  if (library.isScalar(contents) && contents.type?.startsWith('BLOCK_') === true) refuseUnindented(contents, source);
  return contents === null ? nullValue() : new Reader(library, source).value(contents);
}

/** A tab at the beginning of a line, or behind what begins an item or a key there. */
const TABBED = /^ *(?:[-?] *)*\t/m;

function isBare(node: Scalar): boolean {
  return node.type === 'PLAIN' && node.tag === undefined && node.anchor === undefined;
}

/** Terraform's reader takes a line that begins with a tab for an error, but within quotes, blocks and brackets, and in a lone text. */
function refuseTabs(document: Document.Parsed, source: string, { visit, isCollection, isScalar }: YamlLibrary): void {
  const allowed: [number, number][] = [];
  visit(document, {
    Node(_key, node) {
      const flow = isCollection(node) && node.flow === true;
      const lone = node === document.contents;
      if ((flow || (isScalar(node) && (lone || node.type !== 'PLAIN'))) && node.range)
        allowed.push([node.range[0], lone ? node.range[2] : node.range[1]]);
    },
  });
  for (const { index } of source.matchAll(new RegExp(TABBED, 'gm')))
    if (!allowed.some(([start, end]) => start <= index && index < end))
      throw new FunctionProblem(`${place(source, index)}: found a tab character that violates indentation`);
}

/** The lines of a block have to be indented for Terraform, even where it is the whole document. */
function refuseUnindented(block: Scalar, source: string): void {
  const lines = source.slice(block.range?.[0] ?? 0, block.range?.[1] ?? source.length).split('\n');
  if (lines.slice(1).some((line) => /^\S/.test(line)))
    throw new FunctionProblem('did not find expected <document start>: the lines of a block have to be indented');
}

/**
 * The text of a scalar. A block that the document ends in, without a line break after it, has none at its end for Terraform, though
 * the standard wants one.
 */
function sourceOf(node: Scalar, document: string): string {
  const text = node.source ?? '';
  const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  const last = document.slice(document.lastIndexOf('\n') + 1);
  const open = block && (node.range?.[1] ?? 0) >= document.length && last.trim() !== '';
  return open && text.endsWith('\n') ? text.slice(0, -1) : text;
}

function place(source: string, at: number): string {
  const lines = source.slice(0, at).split('\n');
  return `on line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

class Reader {
  private readonly library: YamlLibrary;
  private readonly source: string;
  private readonly anchors = new Map<string, Typed>();
  /** Anchors of the nodes around. */
  private readonly pending: string[] = [];

  constructor(library: YamlLibrary, source: string) {
    this.library = library;
    this.source = source;
  }

  value(node: Node): Typed {
    if (this.library.isAlias(node)) return this.alias(node, node.source);
    const { anchor } = node as Scalar;
    if (anchor !== undefined) this.pending.push(anchor);
    const value = this.plain(node);
    if (anchor !== undefined) {
      this.pending.pop();
      this.anchors.set(anchor, value);
    }
    return value;
  }

  private plain(node: Node): Typed {
    const { isMap, isScalar, isSeq } = this.library;
    if (isScalar(node)) return this.scalar(node);
    const { tag } = node as YAMLMap;
    const kind = isMap(node) ? 'map' : 'seq';
    if (tag !== undefined && tag !== `${TAG}${kind}`)
      throw this.problem(node, `can't interpret ${kind === 'map' ? 'mapping' : 'sequence'} as ${tag}`);
    if (isMap(node)) return this.mapping(node);
    if (!isSeq(node)) throw this.problem(node, 'unexpected content');
    return tupleValue(node.items.map((item) => this.part(item)));
  }

  /** What stands as an item or behind a colon; nothing at all is null. */
  private part(item: unknown): Typed {
    return this.library.isNode(item) ? this.value(item) : nullValue();
  }

  private scalar(node: Scalar): Typed {
    const value = this.resolved(node);
    // Go's reader calls every text that is not plain a string, after it was read as a value: `true` in a block is "true".
    return node.tag === undefined && node.type !== 'PLAIN' ? convert(value, STRING) : value;
  }

  private resolved(node: Scalar): Typed {
    const quoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE';
    try {
      return scalarValue(node.tag ?? '', sourceOf(node, this.source), quoted);
    } catch (error) {
      if (error instanceof FunctionProblem) throw this.problem(node, error.message);
      throw error;
    }
  }

  private mapping(node: YAMLMap): Typed {
    const entries = new Map<string, Typed>();
    for (const { key, value } of node.items) {
      // The key of `: x` is an empty scalar, not nothing.
      if (!this.library.isScalar(key)) throw this.problem(node, 'only strings are allowed as mapping keys');
      if (key.tag === undefined && key.source === '<<') {
        this.merge(this.part(value), entries, key);
        continue;
      }
      const name = convert(this.resolved(key), STRING).content;
      if (typeof name !== 'string') throw this.problem(key, 'mapping key cannot be null');
      entries.set(name, this.part(value));
    }
    return objectValue(entries);
  }

  private merge(value: Typed, entries: Map<string, Typed>, at: Scalar): void {
    if (value.type.kind === 'object') {
      for (const [name, part] of value.content as ReadonlyMap<string, Typed>) entries.set(name, part);
      return;
    }
    throw this.problem(at, `cannot merge ${friendlyName(value.type)} into mapping`);
  }

  private alias(node: Node, name: string): Typed {
    if (this.pending.includes(name))
      throw this.problem(node, `cannot refer to anchor ${JSON.stringify(name)} from inside its own definition`);
    const value = this.anchors.get(name);
    if (value === undefined) throw this.problem(node, `reference to undefined anchor ${JSON.stringify(name)}`);
    return value;
  }

  private problem(node: Node, message: string): FunctionProblem {
    return new FunctionProblem(`${place(this.source, node.range?.[0] ?? 0)}: ${message}`);
  }
}

/** https://developer.hashicorp.com/terraform/language/functions/yamlencode and its reverse */
export const YAML_FUNCTIONS: readonly FunctionSpec[] = [yamldecode, yamlencode];
