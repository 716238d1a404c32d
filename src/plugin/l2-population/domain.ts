import {
  endpoint,
  type FdbEntries,
  FORWARDING_VERSION,
  type ForwardingMethods,
  fdbDigest,
  topics,
} from '../../rpc/contract.ts';
import type { Domain } from '../domain.ts';
import type { Machine } from '../machine.ts';
import { NetworkLists } from './lists.ts';
import { populates } from './notes.ts';

/** What is where in tunnelled networks: told by ForwardingTeller, and answered to agents that ask. */
export const l2Population: Domain = {
  name: 'l2 population',
  aliases: () => [],
  make: (machine) => (populates(machine.mechanisms.drivers) ? { endpoints: [forwardingEndpoint(machine)] } : {}),
};

function forwardingEndpoint({ shared }: Machine) {
  const methods = endpoint<ForwardingMethods>(FORWARDING_VERSION, {
    get_fdb_entries: async ({ host, networks }) => {
      const ids = Object.keys(networks);
      const lists = await shared.database.snapshot((db) => NetworkLists.read(db, ids, host));
      const fdb_entries: FdbEntries = {};
      const same: string[] = [];
      for (const id of ids) {
        const list = lists.without(host, id) ?? { segment_id: 0, network_type: '', ports: {} };
        if (fdbDigest(list.ports) === networks[id]) same.push(id);
        else fdb_entries[id] = list;
      }
      return { fdb_entries, same };
    },
  });
  return { topic: topics.forwarding, endpoint: methods };
}
