import { batchLine } from '../../../linux/batch.ts';

/** One line of `ip -n <namespace> -batch`. */
export interface InsideStep {
  readonly line: string;
  /** Failing with this text means that nothing was left to do. */
  readonly tolerate?: RegExp;
  /** Of a line that adds one. */
  readonly address?: string;
}

/** @throws on a word that is none */
export function inside(words: readonly (string | number)[], more: Omit<InsideStep, 'line'> = {}): InsideStep {
  return { line: batchLine(words), ...more };
}
