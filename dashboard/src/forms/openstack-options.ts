/** How the client says a value: by options of the command, or by a command that takes it away (`port unset --qos-policy`). */
export interface Said {
  readonly options: readonly string[];
  readonly unset?: readonly string[];
}

/** Null: the client cannot say it. */
export type Say = (value: unknown, verb: 'create' | 'set') => Said | null;

const said = (...options: string[]): Said => ({ options });
const taken = (...unset: string[]): Said => ({ options: [], unset });

/** A value that may be empty text. */
export function text(flag: string): Say {
  return (value) => (isScalar(value) ? said(`${flag}=${value}`) : null);
}

/**
 * A value that is something: empty ones the client passes over.
 * @param none how it is said that there is none: an option of `set`, or with `unset` in front one of that command
 */
export function word(flag: string, none?: string): Say {
  return (value, verb) => {
    if (isScalar(value) && value !== '' && value !== 0) return said(`${flag}=${value}`);
    if (value !== null || none === undefined || verb === 'create') return null;
    return none.startsWith('unset ') ? taken(none.slice('unset '.length)) : said(none);
  };
}

/** Only when it is made: `set` has no such option, or another meaning of it. */
export function onCreate(say: Say): Say {
  return (value, verb) => (verb === 'create' ? say(value, verb) : null);
}

export function onSet(say: Say): Say {
  return (value, verb) => (verb === 'set' ? say(value, verb) : null);
}

export function flags(yes: string, no: string | null): Say {
  return (value) => {
    if (value === true) return said(yes);
    return value === false && no !== null ? said(no) : null;
  };
}

/** One of some values, each with its own flag. */
export function oneOf(by: Readonly<Record<string, string>>): Say {
  return (value) => (typeof value === 'string' && Object.hasOwn(by, value) ? said(by[value]!) : null);
}

/**
 * Each by its own option.
 * @param none takes away what was there: without it `set` would add to that
 */
export function list(flag: string, none?: string): Say {
  return many(none, (one) => (isScalar(one) && one !== '' ? `${flag}=${one}` : null));
}

/**
 * Objects as `start=10.0.0.2,end=10.0.0.9`.
 * @param keys what the client calls the members, in its order
 */
export function objects(flag: string, keys: Readonly<Record<string, string>>, none?: string): Say {
  return many(none, (one) => {
    const entries = Object.entries((one ?? {}) as Record<string, unknown>);
    const isPlain = entries.every(
      ([name, value]) => Object.hasOwn(keys, name) && isScalar(value) && !/[,=]/.test(`${value}`),
    );
    return isPlain && entries.length > 0
      ? `${flag}=${entries.map(([name, value]) => `${keys[name]}=${value}`).join(',')}`
      : null;
  });
}

/** A list that is not the server's choice but empty, when something is made. */
export function orNone(flag: string, say: Say): Say {
  return (value, verb) =>
    verb === 'create' && Array.isArray(value) && value.length === 0 ? said(flag) : say(value, verb);
}

function many(none: string | undefined, optionOf: (one: unknown) => string | null): Say {
  return (value, verb) => {
    if (!Array.isArray(value) || (verb === 'set' && none === undefined)) return null;
    if (value.length === 0) return verb === 'set' ? said(none!) : null;
    const options = value.map(optionOf);
    if (options.includes(null)) return null;
    return { options: [...(verb === 'set' ? [none!] : []), ...(options as string[])] };
  };
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
