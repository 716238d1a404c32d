import type { RecordedPair, Recording } from './recording.ts';

/** Recorded pairs that cannot be asked yet, by recording and name: none are left. */
const later: readonly { recording: string; name: RegExp; because: string }[] = [];

/** Why a recorded pair is not replayed now; null when it is. */
export function waiting(pair: RecordedPair, recording: Recording): string | null {
  const found = later.find((one) => one.recording === recording.name && one.name.test(pair.name));
  return found?.because ?? null;
}
