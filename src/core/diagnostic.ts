import { KeyformError } from './error.ts';

/** Where in a stack a diagnostic points. */
export interface Place {
  /** The file, as the user would name it (relative to the project folder). */
  readonly file: string;
  /** Keys and indexes from the root of the JSON document, empty for the whole file. */
  readonly path: readonly (string | number)[];
  /** 1-based column inside the string at `path`, where an expression is at fault. */
  readonly column?: number;
}

/** One thing to tell the user, in Terraform's shape: what (`summary`), what to do (`detail`), where. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** One line, a capital first, no full stop. */
  readonly summary: string;
  /** Full sentences: the circumstances and the remedy. May be empty. */
  readonly detail: string;
  /** Address of the resource concerned, such as `keyform_sinch_access_key.ci`. */
  readonly address?: string;
  readonly place?: Place;
}

/** Several diagnostics thrown as one: all errors of a stack at once. */
export class DiagnosticsError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.summary).join('; '));
    this.name = 'DiagnosticsError';
    this.diagnostics = diagnostics;
  }
}

/** Throws when at least one of `diagnostics` is an error. */
export function throwOnErrors(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some((d) => d.severity === 'error')) throw new DiagnosticsError(diagnostics);
}

/**
 * The diagnostics that a thrown value stands for. An unexpected value becomes one diagnostic that asks for a report:
 * its message is kept, its stack is not.
 */
export function toDiagnostics(error: unknown, context: { address?: string; place?: Place } = {}): Diagnostic[] {
  if (error instanceof DiagnosticsError) return [...error.diagnostics];
  if (error instanceof KeyformError) {
    const vendor = error.vendor;
    const said =
      vendor === null
        ? ''
        : `The API answered HTTP ${vendor.status}${vendor.code === null ? '' : `, code ${vendor.code}`}${
            vendor.message === null ? '' : `: ${vendor.message}`
          }${vendor.requestId === null ? '' : ` (request id ${vendor.requestId})`}.`;
    return [
      {
        severity: 'error',
        summary: shorten(error.message),
        detail: [error.detail, said].filter((text) => text !== '').join('\n'),
        ...context,
      },
    ];
  }
  const message = error instanceof Error ? error.message : String(error);
  return [
    {
      severity: 'error',
      summary: 'Keyform met an error it did not expect',
      detail: `${message}\nThis is a defect in Keyform: please report it. Set KEYFORM_LOG=trace to see where it happened.`,
      ...context,
    },
  ];
}

/** Addresses that {@link mergeDiagnostics} lists in one message. */
const LISTED = 5;

/**
 * Folds diagnostics that say the same (severity, summary, detail) into the first of them, so that one wrong credential over
 * a hundred owners is one message. Its detail gains how many more there are, and at most five of their addresses.
 */
export function mergeDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const groups = new Map<string, Diagnostic[]>();
  for (const diagnostic of diagnostics) {
    const key = JSON.stringify([diagnostic.severity, diagnostic.summary, diagnostic.detail]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [diagnostic]);
    else group.push(diagnostic);
  }
  return [...groups.values()].map((group) => {
    const [first, ...others] = group as [Diagnostic, ...Diagnostic[]];
    if (others.length === 0) return first;
    const addresses = [...new Set(others.flatMap(({ address }) => (address === undefined ? [] : [address])))];
    const listed = addresses.slice(0, LISTED).join(', ') + (addresses.length > LISTED ? ', …' : '');
    const more = `The same holds for ${others.length} more${listed === '' ? '' : `: ${listed}`}.`.replace('….', '…');
    return { ...first, detail: first.detail === '' ? more : `${first.detail}\n${more}` };
  });
}

/** A summary is one line to take in: what a stack or an API put into it can be of any length. */
function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

/** A JSON path as text: `resource.keyform_sinch_access_key.ci["display name"][0]`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
