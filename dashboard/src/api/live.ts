import { useEffect, useSyncExternalStore } from 'react';
import { openStream } from './client.ts';
import { followEvents } from './events.ts';
import { paced } from './paced.ts';
import { queryClient, readAgain as readAllAgain } from './queries.ts';

/** Least time between two rounds of reading, ms. */
const pause = 300;
/** How often everything shown is read again while nobody tells, ms. */
const withoutNews = 5000;

/** `live`: changes arrive by themselves; `asking`: there is no stream; `away`: nothing answers. */
type Wire = 'live' | 'asking' | 'away';

let wire: Wire = 'asking';
const listeners = new Set<() => void>();

function setWire(now: Wire): void {
  if (now === wire) return;
  wire = now;
  for (const listener of listeners) listener();
}

export function useWire(): Wire {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => wire,
  );
}

/**
 * Follows the server's event stream while the page is open: what is shown of a changed resource is read again. Without the
 * stream everything shown is read again every few seconds.
 */
export function useLiveNews(): void {
  useEffect(followNews, []);
}

function followNews(): () => void {
  const changed = new Set<string>();
  const readAgain = paced(() => {
    const resources = [...changed];
    changed.clear();
    void queryClient.invalidateQueries({ predicate: ({ queryKey }) => concerns(queryKey, resources) });
  }, pause);
  const stop = followEvents({
    open: (signal) => openStream('/dashboard/events', signal),
    onOpen: () => {
      // What happened in between is not told again.
      if (wire !== 'live') void queryClient.invalidateQueries();
      setWire('live');
    },
    onLoss: (status) => setWire(status === null ? 'away' : 'asking'),
    onChange: ({ resource }) => {
      changed.add(resource);
      readAgain.ask();
    },
  });
  const regularly = setInterval(() => {
    if (wire !== 'live' && document.visibilityState === 'visible') void readAllAgain();
  }, withoutNews);
  return () => {
    stop();
    clearInterval(regularly);
    readAgain.stop();
    setWire('asking');
  };
}

/** Whether a query shows what changed: its key begins with the collection, or it names the resource further on. `*` is all. */
export function concerns(queryKey: readonly unknown[], resources: readonly string[]): boolean {
  const words = queryKey.filter((part) => typeof part === 'string');
  return resources.some(
    (resource) => resource === '*' || words.some((word) => word === resource || word === pluralOf(resource)),
  );
}

function pluralOf(member: string): string {
  return member.endsWith('y') ? `${member.slice(0, -1)}ies` : `${member}s`;
}
