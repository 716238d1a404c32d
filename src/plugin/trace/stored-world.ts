import type { Db } from '../../db/database.ts';
import { addressHolder } from '../../db/read/address-holders.ts';
import { listedAddresses, memberAddresses, rulesOfGroups } from '../../db/read/group-rules.ts';
import { getNetwork } from '../../db/read/networks.ts';
import { getPort } from '../../db/read/ports.ts';
import { forwardingsOfRouter, routerOfFloatingPort } from '../../db/read/router-forwardings.ts';
import { findSubnets } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import { agentsOfRouters } from '../../db/write/router-agents.ts';
import { groupFacts } from '../../db/write/security-groups.ts';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import { wholeRouters } from '../l3-agent/router-infos.ts';
import { agentsFilter } from '../options.ts';
import type { Shared } from '../parts.ts';
import type { KnownRouter, KnownRule, TraceWorld } from './contract.ts';

/** The rows of the database, as one snapshot has them; each thing is read once. */
export class StoredWorld implements TraceWorld {
  readonly filters: boolean;
  readonly #db: Db;
  readonly #shared: Shared;
  readonly #networks = new Map<string, Promise<{ network: Network; subnets: readonly Subnet[] }>>();
  readonly #routers = new Map<string, Promise<KnownRouter | null>>();
  readonly #rules = new Map<string, Promise<readonly KnownRule[]>>();

  constructor(db: Db, shared: Shared) {
    this.#db = db;
    this.#shared = shared;
    this.filters = agentsFilter(shared.options);
  }

  port(id: string): Promise<Port | null> {
    return getPort(this.#db, id, fullView);
  }

  async holder(networkId: string, address: string): Promise<{ port: Port; by: 'own' | 'pair' } | null> {
    const holder = await addressHolder(this.#db, networkId, address);
    const port = holder && (await this.port(holder.port_id));
    return port ? { port, by: holder.by } : null;
  }

  network(id: string): Promise<{ network: Network; subnets: readonly Subnet[] }> {
    return once(this.#networks, id, async () => ({
      network: (await getNetwork(this.#db, id, fullView))!,
      subnets: await findSubnets(this.#db, { filters: { network_id: [id] } }, fullView),
    }));
  }

  router(id: string): Promise<KnownRouter | null> {
    return once(this.#routers, id, async () => {
      const [router] = await wholeRouters(this.#shared, this.#db, [id]);
      if (router === undefined) return null;
      const { now, options } = this.#shared;
      const agents = (await agentsOfRouters(this.#db, [id])).map(({ host, heartbeat_timestamp }) => ({
        host,
        alive: isAlive(heartbeat_timestamp, now(), options.core),
      }));
      return { router, agents, forwardings: await forwardingsOfRouter(this.#db, id) };
    });
  }

  routerOfFloating(portId: string): Promise<string | null> {
    return routerOfFloatingPort(this.#db, portId);
  }

  rules(port: Port): Promise<readonly KnownRule[]> {
    const groups = port.security_groups ?? [];
    if (groups.length === 0) return Promise.resolve([]);
    return once(this.#rules, port.id, () => this.#rulesOf(groups));
  }

  async #rulesOf(groups: readonly string[]): Promise<readonly KnownRule[]> {
    const rules = await rulesOfGroups(this.#db, groups);
    const stateful = new Map((await groupFacts(this.#db, groups)).map((group) => [group.id, group.stateful]));
    const named = (key: 'remote_group_id' | 'remote_address_group_id') => [
      ...new Set(rules.flatMap((rule) => (rule[key] === null ? [] : [rule[key]]))),
    ];
    const members = [
      ...(await memberAddresses(this.#db, named('remote_group_id'))),
      ...(await listedAddresses(this.#db, named('remote_address_group_id'))),
    ];
    const addresses = Map.groupBy(members, ({ group }) => group);
    return rules.map(({ security_group_id: group, normalized_cidr, ...rule }) => {
      const source = rule.remote_group_id ?? rule.remote_address_group_id;
      const remote =
        source === null
          ? normalized_cidr === null
            ? null
            : [normalized_cidr]
          : (addresses.get(source) ?? []).map(({ address }) => address);
      return { ...rule, group, stateful: stateful.get(group) !== false, remote };
    });
  }
}

function once<T>(known: Map<string, Promise<T>>, id: string, read: () => Promise<T>): Promise<T> {
  const value = known.get(id) ?? read();
  known.set(id, value);
  return value;
}
