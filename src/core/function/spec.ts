import type { Type } from '../typed/type.ts';
import type { Typed } from '../typed/typed.ts';

/** What a call that cannot be answered says. Never the value of a sensitive argument. */
export class FunctionProblem extends Error {
  /** 0-based index of the argument at fault; null when it is the call as a whole. */
  readonly argument: number | null;

  constructor(message: string, argument: number | null = null) {
    super(message);
    this.argument = argument;
  }
}

/** One parameter, as Terraform's own functions describe theirs. An argument is first converted to `type`. */
export interface Parameter {
  readonly name: string;
  /** May hold `dynamic`, for any type. */
  readonly type: Type;
  /** A null argument is handed in; otherwise it is refused: "argument must not be null". */
  readonly allowNull?: true;
  /** An unknown argument is handed in; otherwise the result is unknown. */
  readonly allowUnknown?: true;
  /** An argument of a type that is not known yet is handed in; otherwise the result is unknown, of unknown type. */
  readonly allowDynamic?: true;
  /** An argument with marks is handed in with them; otherwise marks are taken off and the whole result is marked. */
  readonly allowMarked?: true;
}

/** What `yamldecode` uses of the package `yaml`. */
export type YamlLibrary = Pick<
  typeof import('yaml'),
  'parseAllDocuments' | 'visit' | 'isAlias' | 'isCollection' | 'isMap' | 'isNode' | 'isScalar' | 'isSeq'
>;

/** What functions may know of the world beyond their arguments. */
export interface FunctionContext {
  /** Moment of the plan, RFC 3339 UTC; null while validating, where it is not known. */
  readonly planTime: string | null;
  /** Moment of this evaluation, RFC 3339 UTC; null while planning and validating, where `timestamp()` is unknown. */
  readonly now: string | null;
  /**
   * Content of a file; null when there is none. `path` as written: relative ones belong to the folder that `path.cwd` names. Throws an
   * Error whose message says why it cannot be read.
   */
  readFile(path: string): Uint8Array | null;
  /** Loads the YAML library, at once: only who calls `yamldecode` pays for it. Absent where no function is called. */
  yaml?(): YamlLibrary;
  /** Evaluates a template (native syntax, no JSON) with these variables and nothing else but functions. */
  renderTemplate(text: string, name: string, variables: ReadonlyMap<string, Typed>): Typed;
}

/** A function of Terraform's language. */
export interface FunctionSpec {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Takes any number of further arguments; null where it takes none. */
  readonly variadic: Parameter | null;
  /** Type of the result. Throws {@link FunctionProblem} when the arguments' types do not go together. Arguments may be unknown. */
  returns(args: readonly Typed[]): Type;
  /** The result for arguments that are as the parameters want them. `type` is what `returns` said. Throws {@link FunctionProblem}. */
  call(args: readonly Typed[], type: Type, context: FunctionContext): Typed;
  /** A result that is not known yet is known not to be null: true for most of Terraform's functions. */
  readonly notNull?: true;
}
