import { Skeleton } from '@mantine/core';
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { useText } from '../messages/text.tsx';
import { useIsLate } from './late.ts';

const loaders: (() => Promise<unknown>)[] = [];

/**
 * A page whose code comes when it is opened, or before that when the browser has nothing else to do.
 * @param load imports the page's module @param name what it is called there
 */
export function lazyPage<Name extends string>(
  load: () => Promise<Readonly<Record<Name, () => ReactNode>>>,
  name: Name,
): () => ReactNode {
  loaders.push(load);
  const Page: ComponentType = lazy(async () => ({ default: (await load())[name] as ComponentType }));
  return function LazyPage() {
    return (
      <Suspense fallback={<Loading />}>
        <Page />
      </Suspense>
    );
  };
}

/** Nothing at first, so that what comes at once does not flicker. */
function Loading() {
  const text = useText();
  return useIsLate(true) && <Skeleton h={200} role="status" aria-label={text('shell.loading')} />;
}

/** Fetches the code of all pages while nothing else is to be done. What fails is asked for again when it is opened. */
export function loadPagesWhenIdle(): void {
  const next = () => {
    const load = loaders.shift();
    if (load === undefined) return;
    void load()
      .catch(() => {})
      .then(() => whenIdle(next));
  };
  whenIdle(next);
}

/** Safari has no idle callbacks. */
function whenIdle(run: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(run);
  else setTimeout(run, 200);
}
