/**
 * Declarations of configuration options. A folder declares the options it understands beside the code that uses them;
 * `bin` reads the files through `src/config` and passes the values in. Nothing here touches a file.
 *
 *     export const dhcpOptions = declareOptions('DEFAULT', {
 *       dhcp_lease_duration: option.int({ default: 86_400, min: -1, help: 'seconds a lease lasts; -1 is for ever' }),
 *     });
 *     export type DhcpOptions = OptionValues<typeof dhcpOptions>;
 */
export interface OptionExtras<T> {
  default: T;
  help: string;
  /** Names (and sections, if others) this option had in earlier releases. */
  deprecated?: readonly { section?: string; name: string }[];
  /** Masked wherever the value is shown; of a `'url'` only the password. */
  secret?: boolean | 'url';
}

export type OptionKind = 'string' | 'int' | 'float' | 'bool' | 'list' | 'dict' | 'multi';

/** One option; `T` is the type of its value. */
export interface Option<T> extends OptionExtras<T> {
  readonly kind: OptionKind;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Returns what is wrong with a value, or null. Runs after the kind's own checks. */
  readonly check?: (value: T) => string | null;
}

type Bounds = { min?: number; max?: number };
type Check<T> = { check?: (value: T) => string | null };

export const option = {
  string: (o: OptionExtras<string> & Check<string> & { choices?: readonly string[] }): Option<string> => ({
    kind: 'string',
    ...o,
  }),
  /** A string that may be unset (null). */
  maybe: (
    o: Omit<OptionExtras<string | null>, 'default'> & Check<string | null> & { choices?: readonly string[] },
  ): Option<string | null> => ({
    kind: 'string',
    default: null,
    ...o,
  }),
  int: (o: OptionExtras<number> & Check<number> & Bounds): Option<number> => ({ kind: 'int', ...o }),
  maybeInt: (
    o: Omit<OptionExtras<number | null>, 'default'> & Check<number | null> & Bounds,
  ): Option<number | null> => ({
    kind: 'int',
    default: null,
    ...o,
  }),
  float: (o: OptionExtras<number> & Check<number> & Bounds): Option<number> => ({ kind: 'float', ...o }),
  bool: (o: OptionExtras<boolean> & Check<boolean>): Option<boolean> => ({ kind: 'bool', ...o }),
  /** Comma-separated. */
  list: (o: OptionExtras<readonly string[]> & Check<readonly string[]>): Option<readonly string[]> => ({
    kind: 'list',
    ...o,
  }),
  /** Comma-separated `key:value` pairs; a key given twice is refused. */
  dict: (
    o: OptionExtras<Readonly<Record<string, string>>> & Check<Readonly<Record<string, string>>>,
  ): Option<Readonly<Record<string, string>>> => ({
    kind: 'dict',
    ...o,
  }),
  /** May stand in a file several times; every value counts. */
  multi: (o: OptionExtras<readonly string[]> & Check<readonly string[]>): Option<readonly string[]> => ({
    kind: 'multi',
    ...o,
  }),
};

/** An option whatever its type: tables hold options of many types. */
// biome-ignore lint/suspicious/noExplicitAny: Option<T> is neither co- nor contravariant in T (check takes it), so no other type holds all of them
export type AnyOption = Option<any>;

type OptionTable = Record<string, AnyOption>;

/** The options one folder declares in one section. */
export interface OptionGroup<T extends OptionTable = OptionTable> {
  readonly section: string;
  readonly options: T;
}

/** The values of a group: what the code that declared it receives. */
export type OptionValues<G extends OptionGroup> = {
  readonly [K in keyof G['options']]: G['options'][K] extends Option<infer T> ? T : never;
};

export function declareOptions<const T extends OptionTable>(section: string, options: T): OptionGroup<T> {
  return { section, options };
}

/** The values of a group when no file says anything: for tests and for the embedded configuration. */
export function defaultValues<G extends OptionGroup>(
  group: G,
  changes: Partial<OptionValues<G>> = {},
): OptionValues<G> {
  const values: Record<string, unknown> = {};
  for (const [name, { default: value }] of Object.entries(group.options)) values[name] = value;
  return { ...values, ...changes } as OptionValues<G>;
}
