import { CliError } from '../errors.ts';
import { cellText } from './python.ts';
import { type Align, renderTable } from './table.ts';
import { yamlList, yamlMapping } from './yaml.ts';

export interface FormatOptions {
  format: string;
  /** Columns to show, in the order of the data. */
  column?: readonly string[];
  /** JSON on one line. */
  noindent?: boolean;
  quote?: string;
  /** Before each variable of the shell format. */
  prefix?: string;
  maxWidth?: string;
}

export const listFormats = ['table', 'json', 'csv', 'value', 'yaml'] as const;
export const showFormats = ['table', 'json', 'shell', 'value', 'yaml'] as const;
export const quoteModes = ['all', 'minimal', 'none', 'nonnumeric'] as const;

type Row = Readonly<Record<string, unknown>>;

/** A list of things, columns in the order given. */
export function renderList(columns: readonly string[], rows: readonly Row[], options: FormatOptions): string {
  const shown = rows.map((row) => columns.map((column) => row[column]));
  const records = rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  switch (options.format) {
    case 'json':
      return json(records, options);
    case 'yaml':
      return yamlList(records);
    case 'csv':
      return [columns, ...shown].map((row) => csvRow(row, options.quote ?? 'nonnumeric')).join('');
    case 'value':
      return shown.map((row) => `${row.map((value) => oneLine(cellText(value))).join(' ')}\n`).join('');
    default: {
      const align = columns.map((_, i): Align => (/^(number|bigint)$/.test(typeof shown[0]?.[i]) ? 'right' : 'left'));
      return renderTable(
        columns,
        shown.map((row) => row.map(cellText)),
        align,
      );
    }
  }
}

/** One thing, by field. */
export function renderOne(thing: Row, options: FormatOptions): string {
  const fields = Object.keys(thing).sort();
  const record = Object.fromEntries(fields.map((field) => [field, thing[field] ?? null]));
  switch (options.format) {
    case 'json':
      return json(record, options);
    case 'yaml':
      return yamlMapping(record);
    case 'value':
      return fields.map((field) => `${cellText(thing[field])}\n`).join('');
    case 'shell':
      return fields.map((field) => shellLine(field, cellText(thing[field]), options.prefix ?? '')).join('');
    default:
      return renderTable(
        ['Field', 'Value'],
        fields.map((field) => [field, cellText(thing[field])]),
      );
  }
}

/** The columns asked for with -c, in the order of the data. @throws CliError when none of them exists */
export function chosenColumns(available: readonly string[], wanted: readonly string[] | undefined): string[] {
  if (!wanted || wanted.length === 0) return [...available];
  const chosen = available.filter((column) => wanted.includes(column));
  if (chosen.length > 0 || available.length === 0) return chosen;
  throw new CliError(
    `No recognized column names in ${JSON.stringify(wanted)}. Recognized columns are ${JSON.stringify(available)}.`,
  );
}

function json(value: unknown, { noindent }: FormatOptions): string {
  const exact = (_: string, item: unknown) => (typeof item === 'bigint' ? rawJson(String(item)) : item);
  return `${JSON.stringify(value, exact, noindent ? undefined : 2)}\n`;
}

/** Not in TypeScript's library yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): unknown };

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function csvRow(row: readonly unknown[], quote: string): string {
  return `${row.map((value) => csvCell(value, quote)).join(',')}\n`;
}

function csvCell(value: unknown, quote: string): string {
  const text = cellText(value);
  const isNumeric = typeof value === 'number' || typeof value === 'boolean';
  const needsQuotes = /[",\r\n]/.test(text);
  const isQuoted = quote === 'all' || (quote === 'nonnumeric' && !isNumeric) || (quote === 'minimal' && needsQuotes);
  if (!isQuoted) return quote === 'none' && needsQuotes ? text.replace(/[",\r\n]/g, ' ') : text;
  return `"${text.replaceAll('"', '""')}"`;
}

/** For `eval`: what a shell would expand inside double quotes is escaped, more than the old client did. */
function shellLine(field: string, text: string, prefix: string): string {
  const name = prefix + field.replace(/[^A-Za-z0-9_]/g, '_');
  return `${name}="${text.replace(/["$`\\]/g, '\\$&')}"\n`;
}
