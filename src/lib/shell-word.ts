/** One word for a shell that a person pastes it into: as it is where that is safe, else in single quotes. Nothing of ours runs a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
