import { createHashHistory, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ListPage } from './lists/list-page.tsx';
import { useText } from './messages/text.tsx';
import { pages } from './pages.tsx';
import { Frame } from './shell/frame.tsx';
import { UnderneathPage } from './underneath/page.tsx';

const root = createRootRoute({ component: Frame, notFoundComponent: NoSuchPage });

function NoSuchPage() {
  return useText()('shell.notFound');
}

const ofPages = pages.map(({ path, component }) => createRoute({ getParentRoute: () => root, path, component }));
const ofLists = ['/lists/$collection', '/lists/$parent/$id/$collection'].map((path) =>
  createRoute({ getParentRoute: () => root, path, component: ListPage }),
);

const underneath = createRoute({
  getParentRoute: () => root,
  path: '/underneath/$what/$id',
  component: UnderneathPage,
});

/** Addresses stand behind `#`: the server serves one page, below whatever prefix. */
export const router = createRouter({
  routeTree: root.addChildren([...ofPages, ...ofLists, underneath]),
  history: createHashHistory(),
});
