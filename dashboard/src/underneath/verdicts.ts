import type { MessageKey } from '../messages/all.ts';
import type { Explanation, StepState } from './explanation.ts';

/** How a verdict is marked, and in which word. */
export const verdicts: Readonly<Record<Explanation['verdict'], readonly [mark: StepState, word: MessageKey]>> = {
  works: ['ok', 'underneath.works'],
  waits: ['waiting', 'underneath.waits'],
  broken: ['fault', 'underneath.broken'],
  unknown: ['unknown', 'underneath.verdictUnknown'],
};
