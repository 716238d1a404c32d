import type { IpVersion } from '../../lib/ip/address.ts';
import { routerDeviceName, routerNamespace, tapName } from '../../lib/names.ts';
import type { WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import { builtIn, chainName, commonChains, isOfFamily, routerTables } from './chains.ts';
import type {
  RouterDaemon,
  RouterDevice,
  RouterDraft,
  RouterFloatingIp,
  RouterProblem,
  RouterRoute,
  RouterRule,
  RouterTable,
} from './contract.ts';

type Chains = Map<string, RouterRule[]>;

/** The state of a router while it is made. */
export class Draft implements RouterDraft {
  readonly routerId: string;
  readonly namespace: string;
  readonly devices = new Map<string, RouterDevice>();
  readonly routes: RouterRoute[] = [];
  readonly sysctls = new Map<string, string>();
  readonly rules: Record<IpVersion, Map<RouterTable, Chains>> = { 4: new Map(), 6: new Map() };
  readonly floatingIps = new Map<string, RouterFloatingIp>();
  readonly daemons: RouterDaemon[] = [];
  readonly problems: RouterProblem[] = [];
  isActive = true;
  routedBy: 'agent' | 'keepalived' = 'agent';

  constructor(router: Pick<WireRouter, 'id'>) {
    this.routerId = router.id;
    this.namespace = routerNamespace(router.id);
    for (const family of [4, 6] as const) for (const table of routerTables) this.#addCommonChains(family, table);
  }

  get gateway(): RouterDevice | null {
    return [...this.devices.values()].find(({ role }) => role === 'gateway') ?? null;
  }

  get internal(): RouterDevice[] {
    return [...this.devices.values()].filter(({ role }) => role === 'internal');
  }

  device(role: RouterDevice['role'], port: WireRouterPort): RouterDevice {
    const name = routerDeviceName(role, port.id);
    const known = this.devices.get(name);
    if (known) return known;
    const device: RouterDevice = {
      name,
      role,
      tap: tapName(port.id),
      port,
      mac: port.mac_address.toLowerCase(),
      mtu: port.mtu,
      addresses: [],
      addressedBy: 'agent',
      isUp: true,
      sysctls: [],
    };
    this.devices.set(name, device);
    return device;
  }

  /** A later one stands instead of an earlier one: an extra route to everywhere instead of the gateway's. */
  route(route: RouterRoute): void {
    const { family, destination } = route;
    const at = this.routes.findIndex((one) => one.family === family && one.destination === destination);
    if (at === -1) this.routes.push(route);
    else this.routes[at] = route;
  }

  sysctl(key: string, value: string): void {
    this.sysctls.set(key, value);
  }

  chain(family: IpVersion, table: RouterTable, name: string): void {
    this.#chain(family, table, name);
  }

  rule(family: IpVersion, table: RouterTable, chain: string, body: string, cause: string): void {
    this.#chain(family, table, chain).push({ body: withNames(body), cause });
  }

  floatingIp(floatingIp: RouterFloatingIp): void {
    this.floatingIps.set(floatingIp.id, floatingIp);
    const address = `${floatingIp.address}/32`;
    const { gateway } = this;
    if (gateway && !gateway.addresses.includes(address)) gateway.addresses.push(address);
  }

  daemon(daemon: RouterDaemon): void {
    this.daemons.push(daemon);
  }

  problem(problem: RouterProblem): void {
    this.problems.push(problem);
  }

  #addCommonChains(family: IpVersion, table: RouterTable): void {
    for (const chain of builtIn[table]) this.#chain(family, table, chain);
    for (const [chain, bodies] of Object.entries(commonChains[table])) {
      if (!isOfFamily(family, table, chain)) continue;
      const rules = bodies.map((body) => ({ body: withNames(body), cause: 'every router' }));
      this.#chain(family, table, chain).push(...rules);
    }
  }

  #chain(family: IpVersion, table: RouterTable, name: string): RouterRule[] {
    let chains = this.rules[family].get(table);
    if (!chains) {
      chains = new Map();
      this.rules[family].set(table, chains);
    }
    const full = chainName(name);
    const rules = chains.get(full) ?? [];
    chains.set(full, rules);
    return rules;
  }
}

/** `-j $snat` → `-j neutron-l3-agent-snat` */
function withNames(body: string): string {
  return body.replace(/\$([\w-]+)/g, (_, name: string) => chainName(name));
}
