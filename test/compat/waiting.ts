import type { RecordedPair, Recording } from './recording.ts';

/** Recordings of resources that a later part of the plan brings. */
const laterResources: Readonly<Record<string, string>> = {
  extensions: 'the list of extensions grows with each part; part 2 compares what it lists',
  'metering-labels': 'metering',
  qos: 'quality of service',
  'routers-floatingips': 'routers and floating addresses (part 6)',
  trunks: 'trunks',
};

/** Single pairs of recordings that are replayed otherwise, by name. */
const laterPairs: readonly { name: RegExp; because: string }[] = [
  { name: /^(no-token|bad-token|root-slash-v2.0-none)$/, because: 'tokens (Keystone comes with part 2)' },
  { name: /^service-providers$/, because: 'routers are the only service with providers (part 6)' },
  { name: /^(list-demo)$/, because: 'who may see what: users other than admin (part 2)' },
  {
    name: /^network-(for-other-project-as-demo|update-project)$/,
    because: 'who may do what: users other than admin (part 2)',
  },
  { name: /^quota-exceeded-router$/, because: 'routers (part 6)' },
  { name: /^(router|fip)-/, because: 'routers, floating addresses (part 6)' },
  { name: /^port-qos-unknown$/, because: 'quality of service' },
];

/** Why a recorded pair is not replayed now; null when it is. */
export function waiting(pair: RecordedPair, recording: Recording): string | null {
  const later = laterResources[recording.name] ?? laterPairs.find(({ name }) => name.test(pair.name))?.because;
  if (later !== undefined) return later;
  // Refusals that hang on who asks need users that differ; all else a plain user asked, admin may ask as well.
  const refusedByPolicy =
    pair.response.status === 403 || pair.response.body?.NeutronError?.type === 'PolicyNotAuthorized';
  if (pair.as !== 'admin' && pair.as !== 'none' && refusedByPolicy)
    return 'who may do what: users other than admin (part 2)';
  const whoeverAsks = /^quota-/.test(pair.name);
  if ((pair.as === 'alt' && !whoeverAsks) || (pair.as === 'viewer' && pair.response.status >= 400)) {
    return 'who may see what: users other than admin (part 2)';
  }
  return null;
}
