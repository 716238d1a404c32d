import type { HttpAnswer, Json } from '../../support/api.ts';
import type { Step } from './both.ts';

/** A difference, with all that is known of the exchange it is from. */
export interface Occurrence {
  place: string;
  recorded: Json;
  ours: Json;
  step: Step;
  real: HttpAnswer;
  own: HttpAnswer;
}

/** What may differ, and why: each of these stands in docs/differences.md, or is about what a later part brings. */
export interface Tolerance {
  because: string;
  applies: (occurrence: Occurrence) => boolean;
}
