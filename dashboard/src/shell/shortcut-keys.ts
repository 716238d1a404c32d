/** What a key does on every page, and its mark on the element that it is for. */
export const shortcutKeys = { n: 'data-new', '/': 'data-search', '?': null } as const;
export type ShortcutKey = keyof typeof shortcutKeys;

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

/** Where the key was pressed. */
interface Place {
  readonly tagName: string;
  readonly isContentEditable: boolean;
  readonly role: string | null;
}

const typedInto = new Set(['INPUT', 'TEXTAREA', 'SELECT']);
/** By their first letters people move in these. */
const lists = new Set(['menuitem', 'menu', 'option', 'listbox', 'combobox']);

/** The shortcut that was meant: not while somebody types, by a chord of the browser's, or in a menu. */
export function shortcutOf(pressed: Pressed, place: Place | null): ShortcutKey | null {
  const { key, ctrlKey, metaKey, altKey, isComposing, defaultPrevented } = pressed;
  if (ctrlKey || metaKey || altKey || isComposing || defaultPrevented || !Object.hasOwn(shortcutKeys, key)) return null;
  const isTyping =
    place !== null && (typedInto.has(place.tagName) || place.isContentEditable || lists.has(place.role ?? ''));
  return isTyping ? null : (key as ShortcutKey);
}
