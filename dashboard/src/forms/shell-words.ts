/**
 * A word for a POSIX shell, as it was meant. Characters that a terminal acts on, or that are not seen (control characters,
 * turns of the writing direction), are written as escapes of `$'…'`, so that a line stays one line and shows what it does.
 */
export function quoted(word: string): string {
  // zsh replaces `=ls` by the path of ls.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  if (!hidden.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = word
    .replace(/['\\]/g, '\\$&')
    .replace(new RegExp(hidden, 'gu'), (character) => escapeOf(character.codePointAt(0)!));
  return `$'${escaped}'`;
}

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function escapeOf(code: number): string {
  if (code === 0x0a) return '\\n';
  if (code === 0x09) return '\\t';
  // Three digits always: a digit behind it would be read as part of a shorter one.
  if (code < 0x80) return `\\${code.toString(8).padStart(3, '0')}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line of them. */
export function lineOf(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}
