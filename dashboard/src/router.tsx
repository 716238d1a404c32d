import { createHashHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { useText } from './messages/text.tsx';
import { pages, underneath } from './pages.tsx';
import { Frame } from './shell/frame.tsx';
import { lazyPage } from './shell/lazy-page.tsx';

const root = createRootRoute({ component: Frame, notFoundComponent: NoSuchPage });

function NoSuchPage() {
  return useText()('shell.notFound');
}

const ListPage = lazyPage(() => import('./lists/list-page.tsx'), 'ListPage');
const ofPages = pages.map(({ path, component }) => createRoute({ getParentRoute: () => root, path, component }));
const ofLists = ['/lists/$collection', '/lists/$parent/$id/$collection'].map((path) =>
  createRoute({ getParentRoute: () => root, path, component: ListPage }),
);

const ofUnderneath = createRoute({
  getParentRoute: () => root,
  path: '/underneath/$what/$id',
  component: underneath,
});

/** Addresses stand behind `#`: the server serves one page, below whatever prefix. */
export const router = createRouter({
  routeTree: root.addChildren([...ofPages, ...ofLists, ofUnderneath]),
  history: createHashHistory(),
});
