/**
 * What the server says in English beside the same in Chinese. `{name}` stands for what is put in as it is; `{Name}` for what
 * is itself a sentence of theirs, or a list of some; `{word}` and `{word2}` for what has no space; `{ref}` and `{ref2}` for a thing with
 * its id: `port 4a1c…`.
 */
export type Sentences = readonly (readonly [english: string, chinese: string])[];

export interface Known {
  /** What stands between the things that are put in. */
  readonly literals: readonly string[];
  readonly names: readonly string[];
  readonly chinese: string;
}

/** Those that say most by themselves first: they are the nearest to what was said. */
export function knownOf(sentences: Sentences): Known[] {
  const known = sentences.map(([english, chinese]) => {
    const parts = english.split(/\{(\w+)\}/);
    return {
      literals: parts.filter((_, at) => at % 2 === 0),
      names: parts.filter((_, at) => at % 2 === 1),
      chinese,
    };
  });
  const told = ({ literals }: Known) => literals.join('').length;
  return known.sort((a, b) => told(b) - told(a));
}

const reference = /^[A-Za-z][A-Za-z ]* [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A sentence within a sentence within …: whoever can write one may not have us go on for ever. */
const DEEPEST = 5;

/** The sentence in Chinese; null where nobody has said that in Chinese yet. */
export function inChinese(sentence: string, known: readonly Known[], depth = 0): string | null {
  if (depth > DEEPEST) return null;
  for (const { literals, names, chinese } of known) {
    const found = valuesIn(sentence, literals);
    if (found === null || !names.every((name, at) => isSuch(name, found[at]!))) continue;
    const values = new Map(names.map((name, at) => [name, found[at]!]));
    return chinese.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values.get(name)!;
      return /^[A-Z]/.test(name) ? (inChinese(value, known, depth + 1) ?? value) : value;
    });
  }
  return listInChinese(sentence, known, depth);
}

function isSuch(name: string, value: string): boolean {
  if (name.startsWith('ref')) return reference.test(value);
  return !name.startsWith('word') || !/\s/.test(value);
}

/** What stands at the gaps between literals: each the next that is found, so that it takes no longer than reading does. */
function valuesIn(sentence: string, literals: readonly string[]): string[] | null {
  const [first, ...rest] = literals as [string, ...string[]];
  if (!sentence.startsWith(first)) return null;
  if (rest.length === 0) return sentence === first ? [] : null;
  const last = rest.at(-1)!;
  const values: string[] = [];
  let at = first.length;
  for (const literal of rest.slice(0, -1)) {
    const next = sentence.indexOf(literal, at);
    if (next <= at) return null;
    values.push(sentence.slice(at, next));
    at = next + literal.length;
  }
  const end = sentence.length - last.length;
  if (end <= at || !sentence.endsWith(last)) return null;
  values.push(sentence.slice(at, end));
  return values;
}

const separators = [
  ['; ', '；'],
  [', ', '，'],
] as const;

/** Several things that were said at once, where one of them at least can be said. */
function listInChinese(sentence: string, known: readonly Known[], depth: number): string | null {
  for (const [english, chinese] of separators) {
    const pieces = sentence.split(english);
    if (pieces.length === 1) continue;
    const said = pieces.map((piece) => inChinese(piece, known, depth + 1));
    return said.every((one) => one === null) ? null : pieces.map((piece, at) => said[at] ?? piece).join(chinese);
  }
  return null;
}
