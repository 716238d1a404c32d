import { expect, it } from 'vitest';
import { type Cause, CauseList, causedBy, currentCauses, MOST_CAUSES } from './cause.ts';

const cause = (requestId: string): Cause => ({ requestId, globalRequestId: null });
const ids = (causes: readonly Cause[]) => causes.map(({ requestId }) => requestId);

it('is known to all that is awaited and started, and to nobody else', async () => {
  const seen: string[][] = [];
  const look = () => seen.push(ids(currentCauses()));
  let timer = Promise.resolve();
  await causedBy([cause('a')], async () => {
    look();
    timer = new Promise((resolve) => setTimeout(() => resolve(void look()), 1));
    await Promise.resolve();
    causedBy([cause('b'), cause('c')], look);
    causedBy([], look);
    look();
  });
  look();
  await timer;
  expect(seen).toEqual([['a'], ['b', 'c'], [], ['a'], [], ['a']]);
});

it('gathers each cause once, the newest of many', () => {
  const list = new CauseList();
  list.add([cause('a'), cause('b')]);
  causedBy([cause('a')], () => list.add());
  expect(ids(list.take())).toEqual(['b', 'a']);
  expect(list.take()).toEqual([]);
  const many = Array.from({ length: MOST_CAUSES + 3 }, (_, index) => cause(String(index)));
  for (const one of many) list.add([one]);
  expect(ids(list.take())).toEqual(ids(many.slice(3)));
});
