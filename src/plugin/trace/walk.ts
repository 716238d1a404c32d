import type { Address } from '../../lib/ip/address.ts';
import { METADATA_ADDRESS } from '../../lib/ip/metadata.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import type { WireRouterPort } from '../../rpc/contract.ts';
import type { KnownRouter, Memory, Mend, Packet, TraceWorld } from './contract.ts';
import { filterHop, tapHop } from './filter.ts';
import { guestRoute } from './guest-routes.ts';
import {
  scopeOf,
  scopeThatStops,
  type Translated,
  translateArrival,
  translateDeparture,
  translatedBack,
} from './nat.ts';
import { hasAddress, isRouterOwner, portsOf, type RouterRoute, routerRoutes, whyStopped } from './router-routes.ts';
import { allowingRule, isIn } from './rules.ts';
import { shown } from './texts.ts';
import { Trail, type Walked } from './trail.ts';

const METADATA_PORT = 80;
/** Networks that reach beyond what we rule: others may be on them. */
const PHYSICAL = ['flat', 'vlan'];

/**
 * Follows a packet from a guest's port until it arrives, is dropped, or leaves what we know. Nothing is asked but rows.
 *
 * @param memory of the packet that this one answers; absent for the first of a flow
 */
export async function walk(
  world: TraceWorld,
  from: Port,
  packet: Packet,
  memory: Memory | null = null,
): Promise<Walked> {
  return new Walk(world, memory).leave(from, packet);
}

class Walk {
  readonly #world: TraceWorld;
  readonly #memory: Memory | null;
  readonly #trail: Trail;

  constructor(world: TraceWorld, memory: Memory | null, trail = new Trail()) {
    this.#world = world;
    this.#memory = memory;
    this.#trail = trail;
  }

  async leave(port: Port, packet: Packet): Promise<Walked> {
    const { network, subnets } = await this.#world.network(port.network_id);
    const ending = this.#trail.step(tapHop(port, network)) ?? (await this.#filter(port, packet, 'egress'));
    if (ending !== null) return ending;
    const route = guestRoute(port, subnets, packet.dst);
    const project = port.project_id;
    if (route.kind === 'none') {
      const { why: text, remedy, mend } = route;
      return this.#trail.end('dropped', { hop: 'route', text, remedy, mend, project });
    }
    if (route.kind === 'link') {
      const text = `${shown(packet.dst)} is on the guest's own link`;
      this.#trail.pass({ hop: 'route', text, cause: `subnet ${route.subnet.id} (${route.subnet.cidr})`, project });
      return this.#wire(network, port, packet.dst, packet);
    }
    const text = `the guest sends it to ${shown(route.nexthop)}`;
    this.#trail.pass({ hop: 'route', text, cause: route.cause, project });
    return this.#wire(network, port, route.nexthop, packet);
  }

  /** Over a network, to whoever answers for an address there. */
  async #wire(
    network: Network,
    from: { id: string; mac_address: string } | WireRouterPort,
    nexthop: Address,
    packet: Packet,
  ): Promise<Walked> {
    const holder = await this.#world.holder(network.id, shown(nexthop));
    const name = `network ${network.id}`;
    const project = network.project_id;
    if (holder === null) {
      const type = network['provider:network_type'] ?? '';
      if (network['router:external'] || PHYSICAL.includes(type)) {
        const text = `leaves by ${name} to ${shown(nexthop)}, which is none of our ports`;
        return this.#trail.end('leaves', { hop: 'gateway', text, project });
      }
      const text = `nobody on ${name} has ${shown(nexthop)}`;
      const { subnets } = await this.#world.network(network.id);
      const subnet = subnets.find(({ gateway_ip }) => gateway_ip !== null && isIn(nexthop, gateway_ip));
      const remedy = subnet && `neutron router-interface-add ROUTER ${subnet.id}`;
      const help = remedy ? { remedy, mend: joined(network.id) } : {};
      return this.#trail.end('dropped', { hop: 'bridge', text, project, ...help });
    }
    const { port } = holder;
    if (port.id === from.id) {
      return this.#trail.end('dropped', { hop: 'bridge', text: `${shown(nexthop)} is the sender itself`, project });
    }
    const owner = port.device_owner;
    this.#trail.pass({ hop: 'bridge', text: `over ${name} to port ${port.id} (${owner || 'a guest'})`, project });
    if (owner === 'network:floatingip') return this.#toFloating(port, packet);
    if (isRouterOwner(owner)) return this.#toRouter(port.device_id, port.id, packet);
    return this.#enter(port, network, nexthop, packet, holder.by);
  }

  async #toFloating(port: Port, packet: Packet): Promise<Walked> {
    const routerId = await this.#world.routerOfFloating(port.id);
    if (routerId !== null) return this.#toRouter(routerId, null, packet);
    const text = `${port.fixed_ips[0]?.ip_address ?? 'the floating IP'} belongs to no port: nobody answers for it`;
    const remedy = `neutron floatingip-associate ${port.device_id} PORT`;
    const mend: Mend = { resource: 'floatingips', id: port.device_id, values: {} };
    return this.#trail.end('dropped', { hop: 'nat', text, remedy, mend, project: port.project_id });
  }

  async #enter(port: Port, network: Network, address: Address, packet: Packet, by: 'own' | 'pair'): Promise<Walked> {
    const stopped = this.#trail.step(tapHop(port, network)) ?? (await this.#filter(port, packet, 'ingress'));
    if (stopped !== null) return stopped;
    const project = port.project_id;
    const isForIt = address.value === packet.dst.value && address.version === packet.dst.version;
    if (!isForIt) {
      const text = `port ${port.id} has ${shown(address)}: whether its guest passes it on, rows do not say`;
      return this.#trail.end('unknown', { hop: 'arrival', text, project });
    }
    const text =
      by === 'own'
        ? `arrives at port ${port.id}`
        : `arrives at port ${port.id} if its guest has taken ${shown(address)} (address pair)`;
    const arrived = this.#trail.arrive({ hop: 'arrival', text, project }, by === 'own');
    const rule = allowingRule(await this.#world.rules(port), 'ingress', packet);
    return { ...arrived, at: { port, packet, rule } };
  }

  /** @param legId the port it comes in by; null: by the gateway */
  async #toRouter(routerId: string, legId: string | null, packet: Packet): Promise<Walked> {
    const known = await this.#world.router(routerId);
    const project = known?.router.project_id ?? null;
    const stopped = known === null ? `router ${routerId} is gone` : whyStopped(known);
    if (known === null || stopped !== null) {
      const remedy = known === null ? undefined : `neutrino explain router ${routerId}`;
      return this.#trail.end('dropped', { hop: 'router', text: stopped!, project, ...(remedy ? { remedy } : {}) });
    }
    const { router, agents } = known;
    const leg = portsOf(router).find(({ id }) => id === legId) ?? router.gw_port;
    if (leg === undefined) {
      return this.#trail.end('dropped', { hop: 'leg', text: `router ${routerId} has no such port`, project });
    }
    const where = `router ${routerId} on ${agents.map(({ host }) => host).join(', ')}`;
    const lost = this.#trail.enterRouter(project);
    if (lost !== null) return lost;
    if (agents.some(({ alive }) => alive)) this.#trail.pass({ hop: 'router', text: where, project });
    else {
      const text = `${where}: its agent does not report; what it made goes on without it`;
      this.#trail.doubt({ hop: 'router', text, remedy: 'start neutron-l3-agent there', project });
    }
    if (isMetadata(packet) && leg !== router.gw_port) {
      const text = 'the metadata proxy of the router answers it';
      return this.#trail.end('arrives', { hop: 'arrival', text, project });
    }
    return this.#route(known, leg, packet);
  }

  async #route(known: KnownRouter, leg: WireRouterPort, arrived: Packet): Promise<Walked> {
    const { router } = known;
    const project = router.project_id;
    const back = this.#memory && translatedBack(this.#memory.translations, router.id, arrived);
    const translated = back ? null : translateArrival(known, arrived);
    if (back && (back.src.value !== arrived.src.value || back.dst.value !== arrived.dst.value))
      this.#trail.pass({ hop: 'nat', text: `translated back to ${shown(back.src)} → ${shown(back.dst)}`, project });
    if (translated) this.#trail.pass({ hop: 'nat', text: translated.text, cause: translated.cause, project });
    const packet = back ?? translated?.packet ?? arrived;
    if (hasAddress(router, packet.dst)) return this.#forRouter(router.id, packet, project);
    const routes = routerRoutes(router, packet.dst);
    if (routes.length === 0) {
      const text = `router ${router.id} has no route to ${shown(packet.dst)}`;
      const remedy = router.gw_port
        ? `neutron router-update ${router.id} --route destination=CIDR,nexthop=ADDRESS`
        : `neutron router-gateway-set ${router.id} NETWORK, or a route: neutron router-update ${router.id} --route destination=CIDR,nexthop=ADDRESS`;
      const mend: Mend = { resource: 'routers', id: router.id, values: {} };
      return this.#trail.end('dropped', { hop: 'route', text, remedy, mend, project });
    }
    const place = { known, leg, arrived, translated, isAnswer: Boolean(back) };
    const [first, ...others] = routes;
    const branches = others.map(() => new Walk(this.#world, this.#memory, this.#trail.branch()));
    const result = await this.#forward(place, first!, packet);
    for (const [index, route] of others.entries()) {
      const other = await branches[index]!.#forward(place, route, packet);
      if (other.verdict === result.verdict) continue;
      const text = `of ${routes.length} routes that share ${shown(packet.dst)} one ends otherwise: ${route.cause}: ${other.hops.at(-1)!.text}`;
      return {
        ...result,
        verdict: 'unknown',
        hops: [...result.hops, { hop: 'route', state: 'unknown', text, project }],
      };
    }
    return result;
  }

  async #forward(
    { known, leg, arrived, translated, isAnswer }: RoutedAt,
    { out, nexthop, cause }: RouterRoute,
    packet: Packet,
  ): Promise<Walked> {
    const { router } = known;
    const project = router.project_id;
    const isOut = out === router.gw_port;
    const text = `out by ${isOut ? 'the gateway port' : 'port'} ${out.id}${nexthop ? ` to ${shown(nexthop)}` : ''}`;
    this.#trail.pass({ hop: isOut ? 'gateway' : 'leg', text, cause, project });
    const scope = translated?.scope === undefined ? scopeOf(leg, packet.version) : translated.scope;
    const stop = isAnswer ? null : scopeThatStops(router, packet, { scope, to: out });
    if (stop !== null) return this.#trail.end('dropped', { hop: 'router', text: stop, project });
    const wasTranslated = translated !== null;
    const departed = isAnswer ? null : translateDeparture(router, packet, { from: leg, to: out, wasTranslated });
    if (departed) this.#trail.pass({ hop: 'nat', text: departed.text, cause: departed.cause, project });
    const last = departed?.packet ?? packet;
    // Also what was left as it was: answers of a connection are not judged anew.
    if (!isAnswer) this.#trail.translated({ router: router.id, before: arrived, after: last });
    const { network } = await this.#world.network(out.network_id);
    return this.#wire(network, out, nexthop ?? last.dst, last);
  }

  #forRouter(id: string, packet: Packet, project: string): Walked {
    if (packet.protocol === 'icmp') {
      return this.#trail.end('arrives', { hop: 'arrival', text: `router ${id} itself answers`, project });
    }
    const text = `${shown(packet.dst)} is router ${id} itself, which serves nothing on that port`;
    return this.#trail.end('dropped', { hop: 'arrival', text, project });
  }

  async #filter(port: Port, packet: Packet, direction: 'egress' | 'ingress'): Promise<Walked | null> {
    const rules = this.#world.filters ? await this.#world.rules(port) : null;
    return this.#trail.step(filterHop(port, rules, packet, direction, this.#memory));
  }
}

interface RoutedAt {
  readonly known: KnownRouter;
  readonly leg: WireRouterPort;
  readonly arrived: Packet;
  readonly translated: Translated | null;
  readonly isAnswer: boolean;
}

function isMetadata({ dst, protocol, port }: Packet): boolean {
  return protocol === 'tcp' && port === METADATA_PORT && isIn(dst, METADATA_ADDRESS);
}

function joined(network: string): Mend {
  return { resource: 'routers', id: null, values: {}, join: network };
}
