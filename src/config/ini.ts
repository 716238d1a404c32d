import { ConfigError } from './errors.ts';

/** One assignment of a file. Repeated options give one entry each. */
export interface Entry {
  /** Lower case: section names are compared without case, as oslo.config does in practice. */
  section: string;
  /** As written, for messages. */
  sectionText: string;
  name: string;
  /** Without the quotes around it; continuation lines joined by `\n`. */
  value: string;
  file: string;
  line: number;
}

/**
 * Reads the text of an oslo-style INI file (oslo.config's `iniparser`): `name = value` or `name: value` whichever sign
 * comes first, comments only at the start of a line (so that `;` and `#` may stand in URLs and passwords), one pair of
 * quotes around a value is taken away, a line that begins with a blank continues the value before it, and an empty line
 * ends such a value. Files are UTF-8, with or without a byte order mark; line ends may be those of Windows.
 *
 * @throws ConfigError naming file and line of what cannot be read
 */
export function parseIni(text: string, file: string): Entry[] {
  const entries: Entry[] = [];
  let sectionText: string | null = null;
  let open: Entry | null = null;
  const refuse = (line: number, why: string): never => {
    throw new ConfigError(`${file}:${line}: ${why}`);
  };

  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    const number = index + 1;
    const line = raw.trimEnd();
    // What Node puts for bytes that are no UTF-8. A comment may hold anything.
    if (line.includes('\uFFFD') && !/^\s*[#;]/.test(line))
      refuse(number, 'holds bytes that are no UTF-8; save the file as UTF-8');
    if (line === '') {
      open = null;
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      if (open) open.value += `\n${line.trimStart()}`;
      // A comment or an indented blank after a comment is harmless; an assignment that was indented by accident is not.
      else if (!/^\s*[#;]/.test(line))
        refuse(number, `"${shorten(line.trim())}" continues nothing; remove the blanks before it`);
    } else if (line.startsWith('[')) {
      open = null;
      if (!line.endsWith(']'))
        refuse(number, `section "${shorten(line)}" has no closing bracket; write [name] alone on its line`);
      if (line.length <= 2) refuse(number, 'a section without a name; write [name]');
      sectionText = line.slice(1, -1).trim();
    } else if (line.startsWith('#') || line.startsWith(';')) {
      open = null;
    } else {
      const [name, value] =
        splitAssignment(line) ??
        refuse(number, `"${shorten(line)}" is no assignment; write name = value, or # before a comment`);
      if (name === '') refuse(number, 'an assignment without a name; write name = value');
      if (sectionText === null) return refuse(number, `${name} stands before any section; write [DEFAULT] above it`);
      open = { section: sectionText.toLowerCase(), sectionText, name, value, file, line: number };
      entries.push(open);
    }
  }
  return entries;
}

/** Name and value around the first `=` or `:`, or null when there is neither. */
function splitAssignment(line: string): [name: string, value: string] | null {
  const at = line.search(/[=:]/);
  if (at < 0) return null;
  const value = line.slice(at + 1).trim();
  const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'") && value.at(-1) === value[0];
  return [line.slice(0, at).trim(), quoted ? value.slice(1, -1) : value];
}

/** Only the beginning: what was mistaken for something else may be a secret, or very long. */
function shorten(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}
