import type { ApiClient, Json } from '../api.ts';
import { type Guest, plugGuest } from '../guest.ts';
import type { EmulatedHost } from '../hosts.ts';
import { until } from '../wait.ts';
import {
  addressOf,
  type CloudPlan,
  cidrOf,
  destinationOf,
  type GuestPlan,
  outsideAddress,
  type RulePlan,
  type ScopePlan,
} from './chance.ts';

/** What the server refuses of a plan is left out: two legs that overlap, routes by addresses that are nowhere … */
const REFUSED = [400, 404, 409];
const FIRST_GUEST = 11;

export interface CloudGuest {
  readonly port: Json;
  readonly guest: Guest;
}

/** A plan made real: by the API, and with guests that have their addresses and the routes that DHCP would tell them. */
export class MadeCloud {
  readonly guests: CloudGuest[] = [];
  /** Everything that packets may be sent to. */
  readonly addresses = new Set<string>([outsideAddress, '10.9.0.1']);
  readonly #api: ApiClient;
  readonly #host: EmulatedHost;
  readonly #external: string;
  /** That of the external network's addresses. */
  readonly #outsidePool: string;
  readonly #scopes: string[] = [];
  readonly #pools: string[] = [];
  readonly #networks: Json[] = [];
  readonly #subnets: Json[] = [];
  readonly #routers: Json[] = [];
  readonly #legs: { router: string; port: string }[] = [];
  readonly #floating: string[] = [];
  /** Their paths. */
  readonly #forwardings: string[] = [];
  readonly #groups: string[] = [];

  constructor(parts: { api: ApiClient; host: EmulatedHost; external: string; outsidePool: string }) {
    this.#api = parts.api;
    this.#outsidePool = parts.outsidePool;
    this.#host = parts.host;
    this.#external = parts.external;
  }

  async make(plan: CloudPlan): Promise<void> {
    await this.#makeScopes(plan.outsideScope);
    for (const [at, { hasGateway, hostRoute, scope }] of plan.networks.entries()) {
      const network = await this.#api.create('network');
      const routes = hostRoute ? [{ destination: cidrOf(hostRoute.to), nexthop: addressOf(at, hostRoute.via) }] : [];
      const subnet = await this.#api.create('subnet', {
        ...{ network_id: network.id, ip_version: 4, cidr: cidrOf(at), enable_dhcp: false, host_routes: routes },
        gateway_ip: hasGateway ? addressOf(at, 1) : null,
        ...(scope !== null && { subnetpool_id: this.#pools[scope] }),
      });
      this.#networks.push(network);
      this.#subnets.push(subnet);
    }
    for (const rules of plan.groups) await this.#makeGroup(rules);
    for (const [at, guest] of plan.guests.entries()) await this.#makeGuest(at, guest);
    for (const [at, router] of plan.routers.entries()) await this.#makeRouter(at, router);
    for (const [at, { floating }] of plan.guests.entries()) if (floating) await this.#makeFloating(at);
    for (const forwarding of plan.forwardings) await this.#makeForwarding(forwarding);
    for (const [at, { up }] of plan.routers.entries()) {
      if (!up) await this.#api.update('router', this.#routers[at]!.id, { admin_state_up: false });
    }
  }

  /** Waits until agents have done what they were told. */
  async settled(plan: CloudPlan): Promise<void> {
    await until('ports of guests are ACTIVE', async () => {
      const ports = await this.#api.list('port', 'device_owner=compute:nova&admin_state_up=true');
      return ports.every(({ status }) => status === 'ACTIVE');
    });
    for (const { id } of this.#routers.filter((_, at) => plan.routers[at]!.up)) {
      let explanation: Json;
      const works = async () => {
        explanation = (await this.#api.expect('GET', `/v2.0/routers/${id}/explain`)).explanation;
        return explanation.verdict === 'works';
      };
      await until(`router ${id} is as it should be`, works, { timeoutMs: 30_000 }).catch((error) => {
        throw new Error(`${error.message}\n${JSON.stringify(explanation, null, 1)}`);
      });
    }
  }

  async remove(): Promise<void> {
    for (const path of this.#forwardings) await this.#api.expect('DELETE', path);
    for (const id of this.#floating) await this.#api.remove('floatingip', id);
    for (const { id } of this.#routers) await this.#api.update('router', id, { routes: [] });
    for (const { router, port } of this.#legs) {
      await this.#api.request('PUT', `/v2.0/routers/${router}/remove_router_interface`, { port_id: port });
    }
    for (const { id } of this.#routers) await this.#api.remove('router', id);
    for (const { port, guest } of this.guests) {
      await this.#host.run(['ip', 'netns', 'del', guest.netns]);
      await this.#api.remove('port', port.id);
    }
    for (const { id } of this.#networks) await this.#api.remove('network', id);
    for (const id of this.#groups) await this.#api.remove('security_group', id);
    await this.#api.update('subnetpool', this.#outsidePool, { address_scope_id: null });
    for (const id of this.#pools) await this.#api.remove('subnetpool', id);
    for (const id of this.#scopes) await this.#api.expect('DELETE', `/v2.0/address-scopes/${id}`);
  }

  async #makeScopes(outside: ScopePlan): Promise<void> {
    for (const name of ['x', 'y']) {
      const asked = { address_scope: { name, ip_version: 4 } };
      const { address_scope } = await this.#api.expect('POST', '/v2.0/address-scopes', asked);
      this.#scopes.push(address_scope.id);
      const pool = { name, prefixes: ['10.0.0.0/13'], default_prefixlen: 24, address_scope_id: address_scope.id };
      this.#pools.push((await this.#api.create('subnetpool', pool)).id);
    }
    const address_scope_id = outside === null ? null : this.#scopes[outside];
    await this.#api.update('subnetpool', this.#outsidePool, { address_scope_id });
  }

  async #makeGroup(rules: readonly RulePlan[]): Promise<void> {
    const group = await this.#api.create('security_group', { name: `group ${this.#groups.length}` });
    this.#groups.push(group.id);
    for (const { id } of group.security_group_rules as Json[]) await this.#api.remove('security_group_rule', id);
    for (const { direction, protocol, ports, remote } of rules) {
      const hasPorts = ports !== null && (protocol === 'tcp' || protocol === 'udp');
      await this.#try('POST', '/v2.0/security-group-rules', {
        security_group_rule: {
          ...{ security_group_id: group.id, direction, ethertype: 'IPv4', protocol },
          ...(hasPorts ? { port_range_min: ports[0], port_range_max: ports[1] } : {}),
          ...(remote === 'own group' ? { remote_group_id: group.id } : {}),
          ...(typeof remote === 'number' ? { remote_ip_prefix: cidrOf(remote) } : {}),
        },
      });
    }
  }

  async #makeGuest(at: number, { network, groups, security, up }: GuestPlan): Promise<void> {
    const address = addressOf(network, FIRST_GUEST + at);
    const subnet = this.#subnets[network]!;
    const port = await this.#api.create('port', {
      ...{ network_id: this.#networks[network]!.id, device_owner: 'compute:nova', 'binding:host_id': this.#host.name },
      ...{ fixed_ips: [{ subnet_id: subnet.id, ip_address: address }], admin_state_up: up },
      ...(security
        ? { security_groups: groups.map((group) => this.#groups[group]) }
        : { security_groups: [], port_security_enabled: false }),
    });
    const guest = await plugGuest(this.#host, port as never, `guest${at}`);
    const routes = (subnet.host_routes as { destination: string; nexthop: string }[]).map(
      ({ destination, nexthop }) => `route replace ${destination} via ${nexthop}`,
    );
    const gateway = subnet.gateway_ip ? [`route add default via ${subnet.gateway_ip}`] : [];
    await this.#host.ipBatch([`addr add ${address}/24 dev eth0`, ...gateway, ...routes], guest.netns);
    this.guests.push({ port, guest });
    this.addresses.add(address).add(addressOf(network, 1)).add(addressOf(network, 99));
  }

  async #makeRouter(at: number, { legs, gateway, snat, routes }: CloudPlan['routers'][number]): Promise<void> {
    const info = { network_id: this.#external, enable_snat: snat };
    const router = await this.#api.create('router', gateway ? { external_gateway_info: info } : {});
    this.#routers.push(router);
    for (const { ip_address } of router.external_gateway_info?.external_fixed_ips ?? []) this.addresses.add(ip_address);
    for (const network of legs) await this.#makeLeg(router.id, at, network);
    const wanted = routes.map(({ to, by, via }) => ({
      destination: destinationOf(to),
      nexthop: addressOf(by, via),
    }));
    for (const route of wanted) {
      await this.#try('PUT', `/v2.0/routers/${router.id}/add_extraroutes`, { router: { routes: [route] } });
    }
  }

  async #makeLeg(router: string, at: number, network: number): Promise<void> {
    const subnet = this.#subnets[network]!;
    const add = (body: Json) => this.#try('PUT', `/v2.0/routers/${router}/add_router_interface`, body);
    const answer = subnet.gateway_ip ? await add({ subnet_id: subnet.id }) : null;
    if (answer !== null) {
      this.#legs.push({ router, port: answer.port_id });
      return;
    }
    const address = addressOf(network, 2 + at);
    const port = await this.#try('POST', '/v2.0/ports', {
      port: { network_id: subnet.network_id, fixed_ips: [{ subnet_id: subnet.id, ip_address: address }] },
    });
    if (port === null) return;
    if ((await add({ port_id: port.port.id })) === null) await this.#api.remove('port', port.port.id);
    else {
      this.#legs.push({ router, port: port.port.id });
      this.addresses.add(address);
    }
  }

  async #makeFloating(at: number): Promise<void> {
    const body = { floating_network_id: this.#external, port_id: this.guests[at]!.port.id };
    const made = await this.#try('POST', '/v2.0/floatingips', { floatingip: body });
    if (made === null) return;
    this.#floating.push(made.floatingip.id);
    this.addresses.add(made.floatingip.floating_ip_address);
  }

  async #makeForwarding({ guest, external, internal }: CloudPlan['forwardings'][number]): Promise<void> {
    const target = this.guests[guest];
    if (target === undefined) return;
    const floating = await this.#api.create('floatingip', { floating_network_id: this.#external });
    this.#floating.push(floating.id);
    this.addresses.add(floating.floating_ip_address);
    const made = await this.#try('POST', `/v2.0/floatingips/${floating.id}/port_forwardings`, {
      port_forwarding: {
        ...{ protocol: 'udp', external_port: external, internal_port: internal },
        ...{ internal_port_id: target.port.id, internal_ip_address: target.port.fixed_ips[0].ip_address },
      },
    });
    if (made) this.#forwardings.push(`/v2.0/floatingips/${floating.id}/port_forwardings/${made.port_forwarding.id}`);
  }

  /** @returns null: refused */
  async #try(method: string, path: string, given: Json): Promise<Json | null> {
    const { status, body: answer } = await this.#api.request(method, path, given);
    if (status < 300) return answer;
    if (REFUSED.includes(status)) return null;
    throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  }
}
