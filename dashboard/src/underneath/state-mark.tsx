import { useText } from '../messages/text.tsx';
import { type Palette, usePalette } from '../topology/palette.ts';
import type { StepState } from './explanation.ts';

const marks = { ok: '●', waiting: '◐', fault: '✕', unknown: '?', not_applicable: '–' } as const;
const healths = { ok: 'up', waiting: 'building', fault: 'error', unknown: 'down', not_applicable: 'off' } as const;

export function colourOf(palette: Palette, state: StepState): string {
  return palette.health[healths[state]];
}

/** By colour and mark, and as a word for who hears the page. */
export function StateMark({ state }: { state: StepState }) {
  const text = useText();
  const palette = usePalette();
  return (
    <span role="img" aria-label={text(`underneath.${state}`)} style={{ color: colourOf(palette, state) }}>
      {marks[state]}
    </span>
  );
}
