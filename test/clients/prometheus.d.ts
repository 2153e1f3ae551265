declare module 'parse-prometheus-text-format' {
  /** One metric with its samples; values as they stand in the text. */
  interface Family {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: string }[];
  }
  export default function parse(text: string): readonly Family[];
}
