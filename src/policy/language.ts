import { always, type Check, never } from './check.ts';

/** A rule that cannot be read: says which part and why. */
export class PolicySyntaxError extends Error {
  override name = 'PolicySyntaxError';
}

/** What stands for a rule in a file: text, or (the older form) a list of lists, any of which must hold as a whole. */
export type RuleSource = string | readonly unknown[];

/**
 * Reads a rule (upstream: oslo.policy `_parser`): `role:admin or (role:member and project_id:%(project_id)s)`. `not` binds
 * tighter than `and`, that tighter than `or`; empty and `@` hold always, `!` never.
 *
 * @throws PolicySyntaxError
 */
export function parseRule(source: RuleSource): Check {
  if (typeof source !== 'string') return parseList(source);
  const text = source.trim();
  if (text === '') return always;
  const parser = new Parser(tokensOf(text));
  const check = parser.disjunction();
  parser.end();
  return check;
}

function parseList(source: readonly unknown[]): Check {
  if (source.length === 0) return always;
  const alternatives = source.map((item) => {
    const parts = typeof item === 'string' ? [item] : item;
    if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) {
      throw new PolicySyntaxError('a list may hold checks, or lists of checks');
    }
    const checks = (parts as string[]).map(parseCheck);
    return checks.length === 1 ? checks[0]! : ({ kind: 'and', of: checks } as Check);
  });
  return alternatives.length === 1 ? alternatives[0]! : { kind: 'or', of: alternatives };
}

type Token = { readonly type: '(' | ')' | 'and' | 'or' | 'not' } | { readonly type: 'check'; readonly text: string };

/** Words apart by blanks; parentheses stick to words, and `%(name)s` in a word is no parenthesis. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const word of text.split(/\s+/)) {
    let rest = word;
    while (rest.startsWith('(')) {
      tokens.push({ type: '(' });
      rest = rest.slice(1);
    }
    let closing = 0;
    while (rest.endsWith(')')) {
      rest = rest.slice(0, -1);
      closing++;
    }
    const lower = rest.toLowerCase();
    if (lower === 'and' || lower === 'or' || lower === 'not') tokens.push({ type: lower });
    else if (rest !== '') tokens.push({ type: 'check', text: rest });
    for (; closing > 0; closing--) tokens.push({ type: ')' });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  disjunction(): Check {
    const parts = [this.#conjunction()];
    while (this.#take('or')) parts.push(this.#conjunction());
    return parts.length === 1 ? parts[0]! : { kind: 'or', of: parts };
  }

  end(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw new PolicySyntaxError(`'${textOf(token)}' is one too many`);
  }

  #conjunction(): Check {
    const parts = [this.#negation()];
    while (this.#take('and')) parts.push(this.#negation());
    return parts.length === 1 ? parts[0]! : { kind: 'and', of: parts };
  }

  #negation(): Check {
    if (this.#take('not')) return { kind: 'not', of: this.#negation() };
    if (this.#take('(')) {
      if (++this.#depth > MAX_DEPTH) throw new PolicySyntaxError('too many parentheses inside each other');
      const inner = this.disjunction();
      this.#depth--;
      if (!this.#take(')')) throw new PolicySyntaxError("a ')' is missing");
      return inner;
    }
    const token = this.#tokens[this.#at];
    if (token?.type !== 'check') {
      throw new PolicySyntaxError(
        token === undefined ? 'it ends too early' : `'${textOf(token)}' stands where a check should`,
      );
    }
    this.#at++;
    return parseCheck(token.text);
  }

  #take(type: Token['type']): boolean {
    if (this.#tokens[this.#at]?.type !== type) return false;
    this.#at++;
    return true;
  }
}

const MAX_DEPTH = 100;

function textOf(token: Token): string {
  return token.type === 'check' ? token.text : token.type;
}

/** One check: `kind:match`. */
function parseCheck(text: string): Check {
  if (text === '@') return always;
  if (text === '!') return never;
  const colon = text.indexOf(':');
  if (colon < 0) throw new PolicySyntaxError(`'${text}' is no check: it has no colon`);
  const kind = text.slice(0, colon);
  const match = text.slice(colon + 1);
  if (kind === 'rule') return { kind: 'rule', name: match };
  if (kind === 'role') return { kind: 'role', role: match };
  if (kind === 'field') return parseField(match);
  if (kind === 'http' || kind === 'https') {
    throw new PolicySyntaxError(`'${text}': asking another server is not supported`);
  }
  if (kind === 'tenant_id' && !/^%\(.*\)s$/.test(match)) {
    throw new PolicySyntaxError(`'${text}': tenant_id takes the form tenant_id:%(<field_name>)s`);
  }
  return { kind: 'match', left: kind, right: match };
}

function parseField(match: string): Check {
  const [, resource, field, value] = /^([^:]+):(.+?)=(.*)$/s.exec(match) ?? [];
  if (resource === undefined || field === undefined || value === undefined) {
    throw new PolicySyntaxError(`'field:${match}' is not of the form field:<resource>:<field>=<value>`);
  }
  if (value.startsWith('~')) {
    try {
      new RegExp(value.slice(1));
    } catch {
      throw new PolicySyntaxError(`'${value.slice(1)}' is no regular expression`);
    }
  }
  return { kind: 'field', resource, field, value };
}

/** A tree as text that reads back to the same tree. */
export function printRule(check: Check): string {
  switch (check.kind) {
    case 'true':
      return '@';
    case 'false':
      return '!';
    case 'and':
    case 'or':
      return `(${check.of.map(printRule).join(` ${check.kind} `)})`;
    case 'not':
      return `not ${printRule(check.of)}`;
    case 'rule':
      return `rule:${check.name}`;
    case 'role':
      return `role:${check.role}`;
    case 'field':
      return `field:${check.resource}:${check.field}=${check.value}`;
    case 'match':
      return `${check.left}:${check.right}`;
  }
}
