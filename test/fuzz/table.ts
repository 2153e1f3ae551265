/** What mutations came to: a row for each kind, a column for each outcome. */
export class Table {
  readonly #rows = new Map<string, Map<string, number>>();

  count(kind: string, outcome: string): void {
    const row = this.#rows.get(kind) ?? new Map<string, number>();
    row.set(outcome, (row.get(outcome) ?? 0) + 1);
    this.#rows.set(kind, row);
  }

  of(kind: string, outcome: string): number {
    return this.#rows.get(kind)?.get(outcome) ?? 0;
  }

  get total(): number {
    return [...this.#rows.values()].flatMap((row) => [...row.values()]).reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    const outcomes = [...new Set([...this.#rows.values()].flatMap((row) => [...row.keys()]))].sort();
    const lines = [
      ['', 'tried', ...outcomes],
      ...[...this.#rows].map(([kind, row]) => [
        kind,
        String([...row.values()].reduce((sum, count) => sum + count, 0)),
        ...outcomes.map((outcome) => String(row.get(outcome) ?? '')),
      ]),
    ];
    const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length))) ?? [];
    return lines
      .map((line) =>
        line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
      )
      .join('\n');
  }
}
