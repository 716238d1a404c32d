import type { Check } from './check.ts';
import { type DefaultRule, defaultRules } from './defaults.ts';
import { PolicySyntaxError, parseRule, type RuleSource } from './language.ts';

/** One policy file as it was read: rule names and what stands for them. */
export interface RuleFile {
  readonly path: string;
  readonly rules: Readonly<Record<string, unknown>>;
}

/** What an operator did wrong in a policy file: one line. */
export class PolicyError extends Error {
  override name = 'PolicyError';
}

export interface RuleOptions {
  /** Off: the rules of older releases count beside the present ones, as oslo.policy has it. */
  readonly enforce_new_defaults: boolean;
}

/**
 * All rules in force: the built-in ones, and over them those of the files, a later file over an earlier one.
 * @throws PolicyError
 */
export function makeRules(
  files: readonly RuleFile[],
  options: RuleOptions,
  defaults: Readonly<Record<string, DefaultRule>> = defaultRules,
): Map<string, Check> {
  const given = new Map<string, { check: Check; path: string }>();
  for (const { path, rules } of files) {
    for (const [name, source] of Object.entries(rules)) given.set(name, { check: read(path, name, source), path });
  }
  const all = new Map<string, Check>();
  for (const [name, each] of Object.entries(defaults)) all.set(name, builtIn(each, options));
  for (const [name, { oldName }] of Object.entries(defaults)) {
    const old = oldName === undefined ? undefined : given.get(oldName);
    if (old !== undefined) all.set(name, old.check);
  }
  for (const [name, { check }] of given) all.set(name, check);
  refuseCircles(all, given);
  return all;
}

function builtIn({ rule, was }: DefaultRule, { enforce_new_defaults }: RuleOptions): Check {
  if (enforce_new_defaults || was === undefined) return parseRule(rule);
  return { kind: 'or', of: [parseRule(rule), parseRule(was)] };
}

function read(path: string, name: string, source: unknown): Check {
  // YAML says null where nothing stands behind the colon: the empty rule, which holds always.
  const text = source === null ? '' : source;
  if (typeof text !== 'string' && !Array.isArray(text)) {
    throw new PolicyError(`${path}: rule "${name}": must be text or a list, not ${typeof text}; put it in quotes`);
  }
  try {
    return parseRule(text as RuleSource);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw new PolicyError(`${path}: rule "${name}": ${error.message}`);
    throw error;
  }
}

/** A rule that leads back to itself could never be decided. */
function refuseCircles(rules: ReadonlyMap<string, Check>, given: ReadonlyMap<string, { readonly path: string }>): void {
  const done = new Set<string>();
  const walk = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) {
      const circle = [...way.slice(way.indexOf(name)), name];
      const path = circle.map((each) => given.get(each)?.path).find((each) => each !== undefined) ?? 'built-in rules';
      throw new PolicyError(`${path}: rule "${name}" leads back to itself: ${circle.join(' -> ')}`);
    }
    if (done.has(name)) return;
    for (const next of ruleNames(rules.get(name))) walk(next, [...way, name]);
    done.add(name);
  };
  for (const name of rules.keys()) walk(name, []);
}

function ruleNames(check: Check | undefined): string[] {
  if (check === undefined) return [];
  if (check.kind === 'rule') return [check.name];
  if (check.kind === 'and' || check.kind === 'or') return check.of.flatMap(ruleNames);
  return check.kind === 'not' ? ruleNames(check.of) : [];
}
