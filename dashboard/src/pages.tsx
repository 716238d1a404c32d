import { AgentsPage } from './agents/page.tsx';
import type { Page } from './shell/navigation.ts';
import { StartPage } from './shell/start.tsx';
import { TopologyPage } from './topology/page.tsx';
import { UnderneathPage } from './underneath/page.tsx';
import { UsagePage } from './usage/page.tsx';

/** Pages that are more than a list: one line each. */
export const pages: readonly Page[] = [
  { path: '/', label: 'shell.home', section: 'shell.home', component: StartPage },
  { path: '/topology', label: 'topology.title', section: 'shell.home', component: TopologyPage },
  { path: '/underneath', label: 'underneath.title', section: 'shell.home', component: UnderneathPage },
  { path: '/agents', label: 'agents.title', section: 'shell.operation', component: AgentsPage, needs: 'agents' },
  { path: '/usage', label: 'usage.title', section: 'shell.operation', component: UsagePage },
];
