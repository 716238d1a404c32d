/** Finds the text that stands for a name, in the section of the value first; null when no such option exists. */
export type Lookup = (section: string | null, name: string) => string | null;

const REFERENCE = /\$(?:(\$)|\{([_a-z][._a-z0-9]*)\}|([_a-z][._a-z0-9]*))/gi;

/**
 * Puts the values of other options in place of `$name`, `${name}`, `$section.name` and `${section.name}`; `$$` and `\$`
 * give a dollar sign (oslo.config's rules). A `$` that begins no name stays as it is, as Python's templates do.
 *
 * @returns the text, or the name that no option has
 */
export function interpolate(
  text: string,
  lookup: Lookup,
): { text: string; missing?: undefined } | { text?: undefined; missing: string } {
  if (!text.includes('$')) return { text };
  let missing: string | null = null;
  const filled = text.replaceAll('\\$', '$$$$').replace(REFERENCE, (whole, dollar, braced, bare) => {
    if (dollar) return '$';
    const reference: string = braced ?? bare;
    const found = resolve(reference, lookup);
    // `$state_path.` at the end of a sentence: the dot belongs to the text, not to the name.
    if (found === null && bare?.endsWith('.')) {
      const shorter = resolve(reference.replace(/\.+$/, ''), lookup);
      if (shorter !== null) return shorter + /\.+$/.exec(reference)![0];
    }
    if (found === null) missing ??= reference;
    return found ?? whole;
  });
  return missing === null ? { text: filled } : { missing };
}

function resolve(reference: string, lookup: Lookup): string | null {
  const dot = reference.indexOf('.');
  if (dot > 0) {
    const found = lookup(reference.slice(0, dot), reference.slice(dot + 1));
    if (found !== null) return found;
  }
  return lookup(null, reference);
}
