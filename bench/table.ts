import { isReached, type Line, type Quantity, ratioOf, type Target } from './line.js';

const titles = ['work', 'measured', 'limit', 'ratio', 'target', 'reached'] as const;

/** The lines as a table in Markdown. */
export function formatTable(lines: readonly Line[]): string {
  const rows = [titles, ...lines.map(cells)];
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const format = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [format(titles), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.slice(1).map(format)].join('\n');
}

function cells(line: Line): string[] {
  const reached = isReached(line);
  return [
    line.work,
    formatQuantity(line.measured),
    line.limit ? `${formatQuantity(line.limit)} (${line.limit.of})` : '',
    ratioOf(line)?.toFixed(2) ?? '',
    line.target ? formatTarget(line.target, line.measured) : '',
    reached === undefined ? '' : reached ? 'yes' : 'NO',
  ];
}

function formatQuantity({ value, unit }: Quantity): string {
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

function formatTarget({ of, bound, amount }: Target, { unit }: Quantity): string {
  return of === 'ratio' ? `${bound} ${String(amount)} of the limit` : `${bound} ${String(amount)} ${unit}`;
}
