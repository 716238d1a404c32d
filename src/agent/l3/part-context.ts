import type { PartContext } from './contract.ts';
import type { Questions } from './questions.ts';
import { isRouterId } from './remove.ts';
import type { Routers } from './routers.ts';
import type { StatusReports } from './status-reports.ts';

/** What parts have to work with. @param agent what comes after the parts, as soon as it is there */
export function partContext(
  whole: Pick<PartContext, 'transport' | 'plugin' | 'linux' | 'logger' | 'facts'>,
  agent: () => { routers: Routers; questions: Questions; statuses: StatusReports },
): PartContext {
  return {
    ...whole,
    routers: () => [...agent().routers.all()].flatMap(({ router }) => (router ? [router] : [])),
    router: (id) => agent().routers.get(id)?.router ?? null,
    state: (id) => agent().routers.get(id)?.state ?? null,
    refresh: (ids) => {
      for (const id of ids) void agent().routers.get(id)?.refresh();
    },
    ask: (ids) => agent().questions.add([...ids].filter(isRouterId)),
    floatingIpStatuses: (id, statuses) => agent().statuses.add(id, statuses),
  };
}
