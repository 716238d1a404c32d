import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeReply, encodeLargeResult } from './envelope.ts';
import { encodeInTurns, isLarge } from './large-result.ts';

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `räks"${i}`, fixed_ips: [{ ip: i }] }));

it.each([
  ['a long list', rows(450)],
  ['an object with one', { id: 'x', none: undefined, ports: rows(300), subnets: [] }],
  ['a list of those', [{ ports: rows(150) }, { ports: rows(150), at: new Date(0) }, undefined, null]],
  ['many short ones', { a: rows(90), b: rows(90), c: rows(90) }],
])('writes %s as JSON.stringify does', async (_, value) => {
  expect(isLarge(value)).toBe(true);
  expect((await encodeInTurns(value)).toString()).toBe(JSON.stringify(value));
  expect(decodeReply((await encodeLargeResult('m1', value)).toString())).toMatchObject({
    msgId: 'm1',
    result: JSON.parse(JSON.stringify(value)),
    error: null,
    ending: true,
  });
});

it('writes anything as JSON.stringify does', async () => {
  const list = fc.array(fc.jsonValue(), { minLength: 150, maxLength: 260, size: 'max' });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.jsonValue(), list, fc.dictionary(fc.string(), list, { maxKeys: 3 })),
      async (value) => {
        expect((await encodeInTurns(value)).toString()).toBe(JSON.stringify(value));
      },
    ),
    { numRuns: 50 },
  );
});

it.each([[null], [undefined], ['text'], [rows(20)], [{ devices: rows(60) }]])(
  'leaves small ones in one piece',
  (value) => {
    expect(isLarge(value)).toBe(false);
  },
);
