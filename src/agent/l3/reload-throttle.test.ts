import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ReloadThrottle } from './reload-throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const files = (text: string) => [{ path: '/s/keepalived.conf', text }];

test('the first change at once, of those that follow only the last, when the while is over', () => {
  const again: string[] = [];
  const throttle = new ReloadThrottle(3_000, (id) => again.push(id));
  const take = (text: string) => throttle.take('r', files(text))[0]!.text;
  expect([take('a'), take('b'), take('c')]).toEqual(['a', 'a', 'a']);
  vi.advanceTimersByTime(2_999);
  expect(again).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(again).toEqual(['r']);
  expect(take('c')).toBe('c');
  vi.advanceTimersByTime(60_000);
  expect(again).toEqual(['r']);
  expect(take('d')).toBe('d');
  throttle.close();
});

test('one router does not wait for another', () => {
  const throttle = new ReloadThrottle(3_000, () => {});
  throttle.take('r', files('a'));
  expect(throttle.take('s', files('b'))[0]!.text).toBe('b');
  throttle.close();
});
