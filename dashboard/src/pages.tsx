import { lazyPage } from './shell/lazy-page.tsx';
import type { Page } from './shell/navigation.ts';
import { StartPage } from './shell/start.tsx';

const topology = lazyPage(() => import('./topology/page.tsx'), 'TopologyPage');
/** Also reached below its own address, `/underneath/port/ID`. */
export const underneath = lazyPage(() => import('./underneath/page.tsx'), 'UnderneathPage');
const agents = lazyPage(() => import('./agents/page.tsx'), 'AgentsPage');
const usage = lazyPage(() => import('./usage/page.tsx'), 'UsagePage');

/** Pages that are more than a list: one line each. */
export const pages: readonly Page[] = [
  { path: '/', label: 'shell.home', section: 'shell.home', component: StartPage },
  { path: '/topology', label: 'topology.title', section: 'shell.home', component: topology },
  { path: '/underneath', label: 'underneath.title', section: 'shell.home', component: underneath },
  { path: '/agents', label: 'agents.title', section: 'shell.operation', component: agents, needs: 'agents' },
  { path: '/usage', label: 'usage.title', section: 'shell.operation', component: usage },
];
