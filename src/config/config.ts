import { readFileSync } from 'node:fs';
import type { AnyOption, OptionGroup, OptionValues } from '../lib/options.ts';
import { ConfigError } from './errors.ts';
import { partsOf, reason } from './files.ts';
import { type Entry, parseIni } from './ini.ts';
import { interpolate } from './interpolate.ts';
import { shown } from './mask.ts';
import { parseValue } from './values.ts';

/** Where an effective value came from. */
export type Origin =
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly line: number;
      readonly name: string;
      readonly section: string;
    }
  | { readonly kind: 'command line' }
  | { readonly kind: 'default' };

/** A value that wins over every file, as `--debug` does over `[DEFAULT] debug`. */
export interface Override {
  section: string;
  name: string;
  value: string;
}

export interface ConfigSources {
  /** Read in order; a later file wins. */
  files: readonly string[];
  /** Their `*.conf` parts in name order, after `files`. */
  dirs?: readonly string[];
  /** All options the program understands: everything is checked at once, before anything starts. */
  groups: readonly OptionGroup[];
  overrides?: readonly Override[];
}

/** One option with its effective value, for `--show-config`. */
export interface EffectiveOption {
  section: string;
  name: string;
  /** As it may be shown: secrets masked. */
  text: string;
  origin: Origin;
}

export interface Config {
  /** Values of a group that `loadConfig` was given. */
  get<G extends OptionGroup>(group: G): OptionValues<G>;
  origin(section: string, name: string): Origin;
  /** `file:line: [section] option = value`, secrets masked: the start of every message about a value. */
  where(section: string, name: string): string;
  readonly files: readonly string[];
  /** What stands in the files but is understood by none of the groups. */
  readonly unknown: readonly Entry[];
  /** Old names that were used, with the present one. */
  readonly deprecated: readonly { entry: Entry; section: string; name: string }[];
  effective(): EffectiveOption[];
}

interface Resolved {
  declared: AnyOption;
  section: string;
  name: string;
  value: unknown;
  text: string;
  origin: Origin;
}

/**
 * Reads files into typed options. All options of all groups are checked, so that a program refuses a bad configuration
 * before it has touched anything.
 *
 * @throws ConfigError for the first thing that is wrong
 */
export function loadConfig({ files, dirs = [], groups, overrides = [] }: ConfigSources): Config {
  const all = [...files, ...dirs.flatMap(partsOf)];
  const entries = new Entries(all.map((file) => parseIni(readText(file), file)));
  const declared = new Map<string, AnyOption>();
  for (const { section, options } of groups) {
    for (const [name, each] of Object.entries(options)) {
      const first = declared.get(key(section, name));
      if (!first || (each.deprecated && !first.deprecated)) declared.set(key(section, name), each);
    }
  }
  const deprecated = new Map<Entry, { entry: Entry; section: string; name: string }>();
  const used = new Set<Entry>();

  /** Texts of an option as the files give them, before interpolation; null when none does. */
  const given = (
    section: string,
    name: string,
    each: AnyOption,
  ): { texts: readonly string[]; origin: Origin } | null => {
    const override = overrides.find((o) => key(o.section, o.name) === key(section, name));
    if (override) return { texts: [override.value], origin: { kind: 'command line' } };
    const names = [
      { section, name },
      ...(each.deprecated ?? []).map((d) => ({ section: d.section ?? section, name: d.name })),
    ];
    const found = entries.find(names);
    for (const entry of found) {
      used.add(entry);
      const current = key(section, name) === key(entry.section, entry.name);
      if (!current && !deprecated.has(entry)) deprecated.set(entry, { entry, section, name });
    }
    const last = found.at(-1);
    if (!last) return null;
    // Several values of one option: all files' for `multi`, the last one for everything else.
    const texts = each.kind === 'multi' ? found.map((e) => e.value) : [last.value];
    return {
      texts,
      origin: { kind: 'file', file: last.file, line: last.line, name: last.name, section: last.sectionText },
    };
  };

  /** The text for `$name` in other values; options nobody declared count when a file sets them (`my_ip`). */
  const textOf = (section: string, name: string, busy: readonly string[]): string | null => {
    const each = declared.get(key(section, name));
    const raw = each
      ? (given(section, name, each)?.texts.at(-1) ?? defaultText(each))
      : (entries.find([{ section, name }]).at(-1)?.value ?? null);
    if (raw === null) return each ? '' : null;
    if (busy.includes(key(section, name))) return null;
    const filled = interpolate(raw, lookupFrom(section, [...busy, key(section, name)]));
    return filled.text ?? null;
  };
  const lookupFrom = (section: string, busy: readonly string[]) => (other: string | null, name: string) =>
    other !== null ? textOf(other, name, busy) : (textOf(section, name, busy) ?? textOf('DEFAULT', name, busy));

  const resolve = (section: string, name: string, each: AnyOption): Resolved => {
    const from = given(section, name, each);
    const origin: Origin = from?.origin ?? { kind: 'default' };
    const written = from?.texts ?? (defaultText(each) === null ? null : [defaultText(each)!]);
    if (written === null) return { declared: each, section, name, value: null, text: '', origin };
    const here = () => place({ declared: each, section, name, text: written.join(', '), origin, value: null });
    const texts = written.map((raw) => {
      const { text, missing } = interpolate(raw, lookupFrom(section, [key(section, name)]));
      if (missing === undefined) return text;
      throw new ConfigError(
        `${here()}: ${each.secret ? 'a $ in it' : `$${missing}`} names no option; write $$ for a dollar sign`,
      );
    });
    if (!from && each.kind !== 'string')
      return { declared: each, section, name, value: each.default, text: texts.join(', '), origin };
    const { value, wrong } = parseValue(each, texts);
    if (wrong === undefined) return { declared: each, section, name, value, text: texts.join(', '), origin };
    throw new ConfigError(`${here()}: ${withoutValues(wrong, each, texts)}${remedyFor(each)}`);
  };

  const values = new Map<OptionGroup, Record<string, unknown>>();
  const resolved = new Map<string, Resolved>();
  for (const group of groups) {
    const groupValues: Record<string, unknown> = {};
    for (const [name, each] of Object.entries(group.options)) {
      const one = resolve(group.section, name, each);
      groupValues[name] = one.value;
      if (!resolved.has(key(group.section, name))) resolved.set(key(group.section, name), one);
    }
    values.set(group, groupValues);
  }

  return {
    files: all,
    unknown: entries.all.filter(
      (entry) => !used.has(entry) && !declared.has(key(entry.section, entry.name)) && !isOldName(declared, entry),
    ),
    deprecated: [...deprecated.values()],
    get<G extends OptionGroup>(group: G) {
      const found = values.get(group);
      if (!found) throw new Error(`options of [${group.section}] were not given to loadConfig`);
      return found as OptionValues<G>;
    },
    origin: (section, name) => resolved.get(key(section, name))?.origin ?? { kind: 'default' },
    where: (section, name) => {
      const one = resolved.get(key(section, name));
      return one ? place(one) : `[${section}] ${name}`;
    },
    effective: () =>
      [...resolved.values()].map(({ declared: each, section, name, text, origin }) => ({
        section,
        name,
        text: shown(each, text),
        origin,
      })),
  };
}

/** The assignments of all files, first to last; one file may be given twice, and counts at both places. */
class Entries {
  readonly all: readonly Entry[];
  readonly #byKey = new Map<string, { file: number; entry: Entry }[]>();

  constructor(files: readonly (readonly Entry[])[]) {
    this.all = files.flat();
    for (const [file, entries] of files.entries()) {
      for (const entry of entries) {
        const list = this.#byKey.get(key(entry.section, entry.name)) ?? [];
        list.push({ file, entry });
        this.#byKey.set(key(entry.section, entry.name), list);
      }
    }
  }

  /**
   * All assignments to any of the names, in an order whose last one counts: by file, and inside one file the present
   * name (the first of `names`) after its old ones.
   */
  find(names: readonly { section: string; name: string }[]): Entry[] {
    return names
      .flatMap(({ section, name }, rank) =>
        (this.#byKey.get(key(section, name)) ?? []).map((each) => ({ ...each, rank })),
      )
      .sort((a, b) => a.file - b.file || b.rank - a.rank)
      .map(({ entry }) => entry);
  }
}

function key(section: string, name: string): string {
  return `${section.toLowerCase()}\0${name}`;
}

/** Old names may be declared for an option that the file also gives by its present name. */
function isOldName(declared: ReadonlyMap<string, AnyOption>, entry: Entry): boolean {
  for (const [at, each] of declared) {
    const section = at.slice(0, at.indexOf('\0'));
    if (each.deprecated?.some((old) => key(old.section ?? section, old.name) === key(entry.section, entry.name)))
      return true;
  }
  return false;
}

/** A default as a file would give it; null when the option is unset by default. */
function defaultText(each: AnyOption): string | null {
  const value: unknown = each.default;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([k, v]) => `${k}:${v}`)
      .join(',');
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
}

function place({ declared, section, name, text, origin }: Resolved): string {
  const assignment = (s: string, n: string) => `[${s}] ${n} = ${shown(declared, text)}`;
  if (origin.kind === 'file') return `${origin.file}:${origin.line}: ${assignment(origin.section, origin.name)}`;
  return `${origin.kind}: ${assignment(section, name)}`;
}

function remedyFor(each: AnyOption): string {
  const usual = defaultText(each);
  return usual ? `; the default is ${usual}` : '';
}

/** A check's message may quote the value; of a secret it quotes what may be shown. */
function withoutValues(message: string, each: AnyOption, texts: readonly string[]): string {
  if (!each.secret) return message;
  return texts.reduce(
    (masked, text) => (text.length > 2 ? masked.replaceAll(text, shown(each, text)) : masked),
    message,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file}: ${reason(cause)}; a configuration file must be readable`, { cause });
  }
}
