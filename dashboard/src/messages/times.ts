import type { Language } from './text.tsx';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Day and time of this browser's zone, to the second. @param ms since the epoch */
export function moment(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);
}

/** Hours and minutes. */
export function clock(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { timeStyle: 'short' }).format(ms);
}

/** In the largest unit of which there is one: `3 minutes ago`. What is not over yet, by a clock that is ahead, is now. */
export function ago(ms: number, nowMs: number, language: Language): string {
  const passedMs = Math.max(0, nowMs - ms);
  const [unit, size] = unitOf(passedMs);
  const format = new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto' });
  return format.format(-Math.floor(passedMs / size), unit);
}

/** `2 hours 5 minutes`: the largest unit and the one below. */
export function lasted(ms: number, language: Language): string {
  const [unit, size] = unitOf(ms);
  const below = units[units.findIndex(([name]) => name === unit) + 1];
  const rest = below === undefined ? 0 : Math.floor((ms % size) / below[1]);
  const words = [worded(Math.floor(ms / size), unit, language)];
  if (below !== undefined && rest > 0) words.push(worded(rest, below[0], language));
  return words.join(' ');
}

type Unit = 'day' | 'hour' | 'minute' | 'second';
const units: readonly (readonly [Unit, number])[] = [
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
];

function unitOf(ms: number): readonly [Unit, number] {
  return units.find(([, size]) => ms >= size) ?? units.at(-1)!;
}

function worded(count: number, unit: Unit, language: Language): string {
  return new Intl.NumberFormat(localeOf(language), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

function localeOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en';
}
