import fc from 'fast-check';

/** Bodies that nearly make sense: for tests which send what nobody has thought of. */

export type Attributes = Record<string, fc.Arbitrary<unknown>>;

/** What clients send that have a bug, or a bad intention. */
export const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  2 ** 31,
  2 ** 53,
  1.5,
  '',
  ' ',
  'a\nb',
  `'; DROP TABLE ports; --`,
  '$(reboot)',
  'x'.repeat(256),
  '😀',
  [],
  {},
  [null],
  [{}],
  '00000000-0000-0000-0000-000000000000',
];

export const anythingStrange = fc.constantFrom(...strange);

/** A value that fits, but for one of so many. */
export function nearly(good: fc.Arbitrary<unknown>, oneOf = 15): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: oneOf - 1, arbitrary: good }, { weight: 1, arbitrary: anythingStrange });
}

export function nearlyOf(...good: unknown[]): fc.Arbitrary<unknown> {
  return nearly(fc.constantFrom(...good));
}

/** A few of these, so that some requests get past the first checks. */
export function some(attributes: Attributes, most = 3): fc.Arbitrary<Record<string, unknown>> {
  const names = Object.keys(attributes);
  return fc
    .subarray(names, { maxLength: Math.min(most, names.length) })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, attributes[name]!]))));
}

/** What a request cannot do without, and a few more. */
export function few(needed: Attributes, more: Attributes): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(fc.record(needed), some(more)).map(([first, rest]) => ({ ...first, ...rest }));
}

/** Ids stand in bodies as functions, because they are known only when there is something: this puts them in. */
export function resolved(value: unknown): unknown {
  if (typeof value === 'function') return value();
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolved(member)]));
}
