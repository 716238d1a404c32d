import { describe, expect, it } from 'vitest';
import type { Logger } from '../lib/log.ts';
import { ErrorMemory } from './last-error.ts';

const AT = Date.UTC(2026, 10, 29, 12);

function memory() {
  const lines: string[] = [];
  const line = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  return { memory: new ErrorMemory(logger, () => AT), lines };
}

describe('what an agent remembers of what it logs', () => {
  it('is nothing as long as nothing fails, and all goes on into the log', () => {
    const { memory: logger, lines } = memory();
    logger.debug({ error: 'x' }, 'a');
    logger.info({}, 'b');
    logger.warn({ plan: [] }, 'found the host not as it was left, mending it');
    logger.warn({ error: null }, 'c');
    expect(logger.last).toBeNull();
    expect(lines).toEqual(['debug a', 'info b', 'warn found the host not as it was left, mending it', 'warn c']);
  });

  it.each([
    ['an error', 'error', {}, 'it broke', 'it broke'],
    ['its reason', 'error', { error: new Error('no\n  space') }, 'it broke', 'it broke: no space'],
    ['a warning with one', 'warn', { reason: 'full' }, 'it broke', 'it broke: full'],
    ['the first of many', 'warn', { failed: ['one', 'two'] }, 'it broke', 'it broke: one'],
    ['whose it is', 'error', { resource: 'router', id: 'r1', error: 'x' }, 'it broke', 'it broke (router r1): x'],
  ] as const)('is %s', (_, level, fields, message, what) => {
    const { memory: logger } = memory();
    logger[level](fields, message);
    expect(logger.last).toEqual({ at: '2026-11-29T12:00:00.000Z', what, count: 1 });
  });

  it('is the last one, counted, and of a length that every server keeps', () => {
    const { memory: logger } = memory();
    logger.error({}, 'first');
    logger.error({ error: '😀'.repeat(1_000) }, 'second');
    expect(logger.last!.count).toBe(2);
    expect(logger.last!.what).toMatch(/^second: 😀+…$/u);
    expect([...logger.last!.what]).toHaveLength(300);
  });
});
