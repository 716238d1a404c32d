import { expect, it } from 'vitest';
import { shortcutOf } from './shortcut-keys.ts';

const plain = { key: 'n', ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false };
const body = { tagName: 'BODY', isContentEditable: false, role: null };

it.each(['n', '/', '?'] as const)('%s is a shortcut on the page', (key) => {
  expect(shortcutOf({ ...plain, key }, body)).toBe(key);
  expect(shortcutOf({ ...plain, key }, { ...body, tagName: 'BUTTON' })).toBe(key);
});

it.each([
  ['another key', { ...plain, key: 'x' }, body],
  ['a name of every object', { ...plain, key: 'toString' }, body],
  ['a chord of the browser', { ...plain, ctrlKey: true }, body],
  ['what an input method takes', { ...plain, isComposing: true }, body],
  ['what something else took', { ...plain, defaultPrevented: true }, body],
  ['what is typed into a field', plain, { ...body, tagName: 'INPUT' }],
  ['what is typed into text', plain, { ...body, isContentEditable: true }],
  ['what looks for an entry of a menu', plain, { ...body, role: 'menuitem' }],
])('%s is none', (_what, pressed, place) => {
  expect(shortcutOf(pressed, place)).toBeNull();
});
