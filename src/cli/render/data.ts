import type { DataRead, Plan } from '../../core/plan/plan.ts';
import type { Style } from './color.ts';
import { quote } from './quote.ts';
import { attributeLines } from './value.ts';

/** Terraform's words for why a data source is not read before apply. */
const REASONS: Readonly<Record<NonNullable<DataRead['deferred']>, string>> = {
  read_because_config_unknown: 'config refers to values not yet known',
  read_because_dependency_pending: 'depends on a resource or a module with changes pending',
};

/** The data sources that apply reads. Those that were read for the plan change nothing, and are not shown to people. */
export function deferredReads(plan: Plan): DataRead[] {
  return plan.data.filter(({ deferred }) => deferred !== null);
}

/** The legend's line for {@link readBlock}, as Terraform words it. */
export function readLegend(style: Style): string {
  return ` ${style.cyan('<=')} read (data resources)`;
}

/** A data source that apply reads, in Terraform's layout. */
export function readBlock(read: DataRead, style: Style): string {
  return [
    style.bold(`  # ${read.address} will be read during apply`),
    ...(read.deferred === null ? [] : [`  # (${REASONS[read.deferred]})`]),
    ` ${style.cyan('<=')} data ${quote(read.type)} ${quote(read.name)} {`,
    ...attributeLines(null, read.values, 6, style),
    '    }',
  ].join('\n');
}
