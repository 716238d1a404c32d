import { useComputedColorScheme } from '@mantine/core';
import type { Health } from './cloud.ts';

/** Colours as plain values and no style sheet: so a saved picture looks as the page does. */
export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly box: string;
  readonly edge: string;
  readonly path: string;
  readonly onPath: string;
  readonly health: Readonly<Record<Health, string>>;
  network(hue: number): string;
}

const light: Palette = {
  paper: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  box: '#ffffff',
  edge: '#8c959f',
  path: '#7c2fd0',
  onPath: '#ffffff',
  health: { up: '#1a7f37', building: '#0969da', down: '#9a6700', error: '#cf222e', off: '#59636e' },
  network: (hue) => `hsl(${hue}, 60%, 86%)`,
};

const dark: Palette = {
  paper: '#1f1f1f',
  ink: '#e8e8e8',
  faint: '#a9b1ba',
  box: '#2b2b2b',
  edge: '#6e7681',
  path: '#c297ff',
  onPath: '#1f1f1f',
  health: { up: '#57c46c', building: '#6cb6ff', down: '#e0b040', error: '#ff7b72', off: '#a9b1ba' },
  network: (hue) => `hsl(${hue}, 35%, 26%)`,
};

/** Of a packet's way: red where it ends too early. */
export function colourOfHops(palette: Palette, { isDropped }: { isDropped: boolean }): string {
  return isDropped ? palette.health.error : palette.path;
}

export function usePalette(): Palette {
  return useComputedColorScheme('light') === 'dark' ? dark : light;
}

/** Text that fits into a width, counted in letters: wide ones (Chinese) as two. */
export function fitting(text: string, letters: number): string {
  let room = letters;
  let out = '';
  for (const letter of text) {
    room -= letter.codePointAt(0)! > 0x2e7f ? 2 : 1;
    if (room < 0) return `${out}…`;
    out += letter;
  }
  return out;
}
