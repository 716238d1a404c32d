import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client.ts';
import { deleteEach, type Outcome } from './delete-each.ts';

const rows = ['a', 'b', 'c'].map((id) => ({ id }));

async function run(refusals: Record<string, ApiError>, stopAfter = Number.POSITIVE_INFINITY) {
  const told: (readonly Outcome[])[] = [];
  await deleteEach(rows, {
    remove: async ({ id }) => {
      if (refusals[String(id)]) throw refusals[String(id)];
    },
    onOutcomes: (outcomes) => told.push(outcomes),
    isStopped: () => told.length >= stopAfter,
  });
  return told;
}
const refusal = (status: number) => new ApiError(status, 'InUse', 'in use', '', null);

describe('deleting several', () => {
  it('tells of each as it goes, and goes on after a refusal', async () => {
    const told = await run({ b: refusal(409) });
    expect(told.map(({ length }) => length)).toEqual([1, 2, 3]);
    expect(told.at(-1)!.map(({ row, error }) => [row.id, error?.message ?? null])).toEqual([
      ['a', null],
      ['b', 'in use'],
      ['c', null],
    ]);
  });

  it('takes for deleted what is gone already', async () => {
    expect((await run({ a: refusal(404) })).at(-1)![0]!.error).toBeNull();
  });

  it('leaves the rest when it is stopped', async () => {
    expect((await run({}, 1)).at(-1)!.map(({ row }) => row.id)).toEqual(['a']);
  });
});
