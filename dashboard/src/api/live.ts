import { useEffect, useSyncExternalStore } from 'react';
import { Changed, type Changes, concerns, idsFor } from './changed.ts';
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
  const changed = new Changed();
  const readAgain = paced(() => readChanged(changed.take()), pause);
  const stop = followEvents({
    open: (signal) => openStream('/dashboard/events', signal),
    onOpen: () => {
      // What happened in between is not told again.
      if (wire !== 'live') void queryClient.invalidateQueries();
      setWire('live');
    },
    onLoss: (status) => setWire(status === null ? 'away' : 'asking'),
    onChange: (change) => {
      changed.add(change);
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

/** Of long lists only what changed is read (`meta.patch`); everything else that shows it is read as a whole. */
function readChanged(changes: Changes): void {
  const shown = queryClient.getQueryCache().findAll({ predicate: ({ queryKey }) => concerns(queryKey, changes) });
  const whole = shown.filter((query) => {
    const patch = query.meta?.patch as Patch | undefined;
    const ids = patch ? idsFor(String(query.queryKey[0]), changes) : null;
    // While the whole of it is under way, what comes may be older than what is asked for now.
    if (!patch || !ids || query.state.data === undefined || query.state.fetchStatus !== 'idle') return true;
    patch(ids).catch(() => queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true }));
    return false;
  });
  const keys = new Set(whole.map(({ queryHash }) => queryHash));
  void queryClient.invalidateQueries({ predicate: ({ queryHash }) => keys.has(queryHash) });
}

/** Reads some items of a list, and puts them where they belong. */
export type Patch = (ids: ReadonlySet<string>) => Promise<void>;
