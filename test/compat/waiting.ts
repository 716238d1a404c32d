import type { RecordedPair, Recording } from './recording.ts';

/** Recordings of resources that a later part of the plan brings. */
const laterResources: Readonly<Record<string, string>> = {
  'metering-labels': 'metering',
  'routers-floatingips': 'routers and floating addresses (part 5)',
};

/** Single pairs of recordings that are replayed otherwise, by name. */
const laterPairs: readonly { name: RegExp; because: string }[] = [
  { name: /^service-providers$/, because: 'routers are the only service with providers (part 5)' },
  { name: /^quota-exceeded-router$/, because: 'routers (part 5)' },
  { name: /^(router|fip)-/, because: 'routers, floating addresses (part 5)' },
];

/** Why a recorded pair is not replayed now; null when it is. */
export function waiting(pair: RecordedPair, recording: Recording): string | null {
  return laterResources[recording.name] ?? laterPairs.find(({ name }) => name.test(pair.name))?.because ?? null;
}
