import { textWidth } from './text-width.ts';

export type Align = 'left' | 'right';

/**
 * A table as PrettyTable draws it: a cell may have several lines, every column is as wide as its widest line.
 *
 *     +----+------+
 *     | id | name |
 *     +----+------+
 *     | 1  | a    |
 *     +----+------+
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string {
  if (columns.length === 0) return '\n';
  const cells = rows.map((row) => row.map((cell) => lines(cell)));
  const widths = columns.map((column, i) =>
    Math.max(textWidth(column), ...cells.map((row) => Math.max(0, ...(row[i] ?? []).map(textWidth)))),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (parts: readonly string[]) =>
    `|${parts.map((part, i) => ` ${pad(part, widths[i] ?? 0, align[i])} `).join('|')}|`;
  const output = [rule, line(columns), rule];
  for (const row of cells) {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    for (let i = 0; i < height; i++) output.push(line(columns.map((_, column) => row[column]?.[i] ?? '')));
  }
  output.push(rule);
  return `${output.join('\n')}\n`;
}

const CONTROL = /[\p{Cc}--\n]/gv;

/** Other control characters than line ends would let a name redraw the terminal. */
function lines(cell: string): string[] {
  const visible = cell.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return visible.split('\n');
}

function pad(text: string, width: number, align: Align = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? blanks + text : text + blanks;
}
