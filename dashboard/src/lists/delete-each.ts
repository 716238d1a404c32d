import { ApiError } from '../api/client.ts';
import type { Row } from './row.ts';

/** What became of one. */
export interface Outcome {
  readonly row: Row;
  /** Why it is still there; null: it is gone. */
  readonly error: ApiError | null;
}

interface Parts {
  /** @throws ApiError when it is refused */
  readonly remove: (row: Row) => Promise<void>;
  /** Told of all outcomes so far, after each. */
  readonly onOutcomes: (outcomes: readonly Outcome[]) => void;
  /** Whether the rest is to stay. */
  readonly isStopped: () => boolean;
}

/** Deletes one after the other. What is gone already is as good as deleted; what is refused stays, and the others go on. */
export async function deleteEach(rows: readonly Row[], { remove, onOutcomes, isStopped }: Parts): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    if (isStopped()) return;
    let error: ApiError | null = null;
    try {
      await remove(row);
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      if (reason.status !== 404) error = reason;
    }
    outcomes.push({ row, error });
    onOutcomes([...outcomes]);
  }
}
