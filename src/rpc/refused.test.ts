import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RefusedMessages } from './refused.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('says the first of a queue at once, and those that follow once a minute with their number', () => {
  const said: object[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object, what: string) => said.push({ ...fields, what }),
  };
  const refused = new RefusedMessages(logger);
  for (let i = 0; i < 1000; i++) refused.note('dropped', 'q-plugin', `no JSON ${i}`);
  refused.note('dropped', 'q-other', 'no method');
  refused.note('refused', 'q-plugin', 'no such method');
  const first = [
    { what: 'dropped', queue: 'q-plugin', error: 'no JSON 0' },
    { what: 'dropped', queue: 'q-other', error: 'no method' },
    { what: 'refused', queue: 'q-plugin', error: 'no such method' },
  ];
  expect(said).toEqual(first);
  vi.advanceTimersByTime(60_000);
  const sum = { what: 'dropped', queue: 'q-plugin', more: 999, seconds: 60, error: 'no JSON 999' };
  expect(said).toEqual([...first, sum]);
  refused.note('dropped', 'q-plugin', 'again');
  expect(said).toHaveLength(4);
  vi.advanceTimersByTime(60_000);
  expect(said.slice(4)).toEqual([{ ...sum, more: 1, error: 'again' }]);
  // A minute of silence, and the next is a first one again.
  vi.advanceTimersByTime(60_000);
  refused.note('dropped', 'q-plugin', 'much later');
  expect(said.slice(5)).toEqual([{ what: 'dropped', queue: 'q-plugin', error: 'much later' }]);
  refused.close();
  expect(vi.getTimerCount()).toBe(0);
});
