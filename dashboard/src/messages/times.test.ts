import { expect, it } from 'vitest';
import { ago, lasted } from './times.ts';

const HOUR_MS = 3_600_000;

it.each([
  [0, 'now', '现在'],
  [-5_000, 'now', '现在'],
  [59_999, '59 seconds ago', '59秒钟前'],
  [90_000, '1 minute ago', '1分钟前'],
  [26 * HOUR_MS, 'yesterday', '昨天'],
])('%d ms ago is %s', (passed, english, chinese) => {
  expect([ago(1e12 - passed, 1e12, 'en'), ago(1e12 - passed, 1e12, 'zh')]).toEqual([english, chinese]);
});

it.each([
  [200, '0 seconds', '0秒钟'],
  [61_000, '1 minute 1 second', '1分钟 1秒钟'],
  [2 * HOUR_MS, '2 hours', '2小时'],
  [49 * HOUR_MS, '2 days 1 hour', '2天 1小时'],
])('%d ms last %s', (ms, english, chinese) => {
  expect([lasted(ms, 'en'), lasted(ms, 'zh')]).toEqual([english, chinese]);
});
