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
        summary: error.message,
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
