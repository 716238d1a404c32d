import type { Db } from '../../db/database.ts';
import { allMeteringLabels, type MeteringLabelRow, meteredRouters } from '../../db/read/metered-routers.ts';
import { agentByTypeAndHost } from '../../db/write/agents.ts';
import { routersOfAgent } from '../../db/write/router-agents.ts';
import {
  endpoint,
  METERING_PLUGIN_VERSION,
  type MeteringPluginMethods,
  type WireMeteredRouter,
  type WireMeteringLabel,
} from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import type { Machine } from '../machine.ts';

/** What metering agents ask (upstream: db/metering/metering_rpc.py MeteringRpcCallbacks). */
export function meteringEndpoint({ shared }: Machine): Endpoint {
  const { db } = shared.database;
  return endpoint<MeteringPluginMethods>(METERING_PLUGIN_VERSION, {
    get_sync_data_metering: async ({ host }) => {
      const routers = await countedRouters(db, await allMeteringLabels(db));
      if (!host) return routers;
      const agent = await agentByTypeAndHost(db, 'L3 agent', host);
      const served = new Set(agent ? await routersOfAgent(db, agent.id) : []);
      return served.size === 0 ? null : routers.filter(({ id }) => served.has(id));
    },
  });
}

/** Routers that are switched on with the labels that count what passes them: those of their project, and shared ones. */
export async function countedRouters(
  db: Db,
  labels: readonly MeteringLabelRow[],
  shown: (label: MeteringLabelRow) => WireMeteringLabel = wholeLabel,
): Promise<WireMeteredRouter[]> {
  if (labels.length === 0) return [];
  const projects = labels.some(({ shared }) => shared) ? null : [...new Set(labels.map((label) => label.project_id))];
  return (await meteredRouters(db, projects)).flatMap((router) => {
    const own = labels.filter(({ project_id, shared }) => shared || project_id === router.project_id);
    return own.length === 0 ? [] : [{ ...router, distributed: false, _metering_labels: own.map(shown) }];
  });
}

function wholeLabel({ id, name, shared, rules }: MeteringLabelRow): WireMeteringLabel {
  return { id, rules, shared, name };
}
