import { addressVersion } from '../../lib/ip/address.ts';
import { formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import type { Address, Link, LinkEvent, NetworkOperation, NetworkState, Route, Vxlan } from '../contract.ts';
import { tunnelOverhead } from '../legs.ts';

/** Why the model refuses, in the kernel's words. */
export class Refused extends Error {}

/** Numbers that are one per host, not one per namespace. */
export interface HostCounters {
  ifindex: number;
}

const KERNELS_VXLAN_PORT = 8472;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableLink = Omit<Mutable<Link>, 'addresses' | 'carrier'> & { addresses: Address[] };

/** What a test says of a device that is there from the start. */
export type GivenLink = Partial<Pick<Link, 'kind' | 'mac' | 'mtu' | 'up' | 'master' | 'alias' | 'vlan' | 'vxlan'>> & {
  addresses?: readonly string[];
};

/** The network state of one namespace as a model that follows the kernel's rules as far as our plans rely on them. */
export class FakeNamespace {
  readonly name: string | null;
  readonly sysctls = new Map<string, string>();
  /** Kinds of devices that this kernel does not know. */
  readonly withoutKinds = new Set<string>();
  readonly #links = new Map<string, MutableLink>();
  readonly #counters: HostCounters;
  readonly #onEvent: (event: LinkEvent) => void;
  #routes: Route[] = [];

  constructor(name: string | null, counters: HostCounters, onEvent: (event: LinkEvent) => void) {
    this.name = name;
    this.#counters = counters;
    this.#onEvent = onEvent;
    this.give('lo', { kind: 'loopback', mac: null, mtu: 65_536, up: true, addresses: ['127.0.0.1/8'] });
  }

  /** Puts a device there, as hardware or somebody else would. */
  give(name: string, given: GivenLink = {}): Link {
    this.#counters.ifindex += 1;
    const ifindex = this.#counters.ifindex;
    const link: MutableLink = {
      name,
      ifindex,
      kind: given.kind ?? null,
      mac: given.mac === undefined ? `02:00:00:00:00:${(ifindex % 256).toString(16).padStart(2, '0')}` : given.mac,
      mtu: given.mtu ?? 1500,
      up: given.up ?? true,
      master: null,
      peer: null,
      alias: given.alias ?? null,
      addresses: [],
      ...(given.vlan && { vlan: given.vlan }),
      ...(given.vxlan && { vxlan: given.vxlan }),
    };
    this.#links.set(name, link);
    for (const cidr of given.addresses ?? []) this.#addAddress(name, cidr, null);
    this.#onEvent({ kind: 'added', name, ifindex });
    if (given.master) this.apply({ op: 'set_master', name, master: given.master });
    return this.#toLink(link);
  }

  giveRoute(route: Partial<Route> & { destination: string }): void {
    const family = route.via ? addressVersion(route.via) : addressVersion(route.destination.split('/')[0] as string);
    this.#routes.push({
      ...{ family: family ?? 4, via: null, device: null, metric: null, protocol: 'boot', scope: null, source: null },
      ...route,
    });
  }

  read(): NetworkState {
    return {
      links: new Map([...this.#links].map(([name, link]) => [name, this.#toLink(link)])),
      routes: structuredClone(this.#routes),
    };
  }

  has(name: string): boolean {
    return this.#links.has(name);
  }

  /** All operations but those that touch two namespaces. */
  apply(operation: NetworkOperation): void {
    switch (operation.op) {
      case 'ensure_bridge': {
        const there = this.#links.get(operation.name);
        if (there && there.kind !== 'bridge') throw new Refused('RTNETLINK answers: Operation not supported');
        if (!there) this.give(operation.name, { kind: 'bridge', up: false });
        if (operation.mtu)
          this.#change(operation.name, (link) => {
            link.mtu = operation.mtu as number;
          });
        return;
      }
      case 'ensure_vlan':
        this.#ensureVlan(operation);
        return;
      case 'ensure_vxlan':
        this.#ensureVxlan(operation);
        return;
      case 'move_vxlan':
        this.#need(operation.link);
        this.#change(operation.name, (link) => {
          if (!link.vxlan) throw new Refused('RTNETLINK answers: Operation not supported');
          link.vxlan = { ...link.vxlan, link: operation.link };
        });
        return;
      case 'delete_link':
        this.remove(operation.name);
        return;
      case 'set_up':
        this.#setUp(operation.name);
        return;
      case 'set_down':
        this.#setDown(operation.name);
        return;
      case 'set_mtu':
        this.#setMtu(operation.name, operation.mtu);
        return;
      case 'set_mac':
        this.#change(operation.name, (link) => {
          link.mac = operation.mac;
        });
        return;
      case 'set_alias':
        this.#change(operation.name, (link) => {
          link.alias = operation.alias;
        });
        return;
      case 'set_master':
        this.#setMaster(operation.name, operation.master);
        return;
      case 'add_address':
        this.#addAddress(operation.device, operation.cidr, operation.broadcast ?? null);
        return;
      case 'delete_address':
        this.#deleteAddress(operation.device, operation.cidr);
        return;
      case 'replace_route':
        this.#replaceRoute(operation);
        return;
      case 'delete_route':
        this.#routes = this.#routes.filter((route) => !sameRoute(route, operation) || route.via !== operation.via);
        return;
      case 'sysctl':
        this.sysctls.set(operation.key, operation.value);
        return;
      default:
        throw new Error(`${operation.op} is not for one namespace alone`);
    }
  }

  /** Takes a device away with what hung on it; that it is gone already is fine. */
  remove(name: string): void {
    const link = this.#links.get(name);
    if (!link) return;
    this.#links.delete(name);
    this.#routes = this.#routes.filter((route) => route.device !== name);
    for (const other of this.#links.values()) {
      if (other.master === name)
        this.#change(other.name, (port) => {
          port.master = null;
        });
    }
    this.#onEvent({ kind: 'removed', name, ifindex: link.ifindex });
    for (const upper of this.#uppersOf(name)) this.remove(upper.name);
  }

  /** Takes a device out, to be put into another namespace. */
  take(name: string): MutableLink {
    const link = this.#need(name);
    this.remove(name);
    return { ...link, addresses: [], master: null, up: false };
  }

  /** Puts in a device that was taken elsewhere. */
  put(link: MutableLink, name: string): void {
    if (this.#links.has(name)) throw new Refused('RTNETLINK answers: File exists');
    this.#links.set(name, { ...link, name });
    this.#onEvent({ kind: 'added', name, ifindex: link.ifindex });
  }

  setPeer(name: string, peer: Link['peer']): void {
    this.#need(name).peer = peer;
  }

  #ensureVlan({ name, link, vid }: Extract<NetworkOperation, { op: 'ensure_vlan' }>): void {
    if (this.withoutKinds.has('vlan')) throw new Refused('Error: Unknown device type.');
    const lower = this.#need(link);
    if (this.#links.has(name)) return;
    if (this.#vlansOf(link).some(({ vlan }) => vlan?.vid === vid)) {
      throw new Refused('Error: 8021q: VLAN device already exists.');
    }
    const { mac, mtu } = lower;
    this.give(name, { kind: 'vlan', up: false, mac, mtu, vlan: { link, vid, protocol: '802.1Q' } });
  }

  #ensureVxlan({ op, name, ...given }: Extract<NetworkOperation, { op: 'ensure_vxlan' }>): void {
    if (this.withoutKinds.has('vxlan')) throw new Refused('Error: Unknown device type.');
    const lower = given.link === null ? null : this.#need(given.link);
    if (this.#links.has(name)) return;
    const vxlan = { ...given, port: given.port || KERNELS_VXLAN_PORT };
    if ([...this.#links.values()].some((other) => other.vxlan?.vni === vxlan.vni && other.vxlan.port === vxlan.port)) {
      throw new Refused('Error: A VXLAN device with the specified VNI already exists.');
    }
    this.give(name, { kind: 'vxlan', up: false, mtu: lower ? lower.mtu - overhead(vxlan) : 1500, vxlan });
  }

  #setUp(name: string): void {
    const link = this.#need(name);
    if (link.up) return;
    if (link.vlan?.link && !this.#links.get(link.vlan.link)?.up)
      throw new Refused('RTNETLINK answers: Network is down');
    this.#change(name, () => {
      link.up = true;
    });
    for (const address of link.addresses) this.#addConnectedRoute(name, address.cidr);
    for (const upper of this.#vlansOf(name)) this.#setUp(upper.name);
  }

  #setDown(name: string): void {
    this.#change(name, (link) => {
      link.up = false;
    });
    this.#routes = this.#routes.filter((route) => route.device !== name);
    for (const upper of this.#vlansOf(name)) if (upper.up) this.#setDown(upper.name);
  }

  /** A VLAN device is at most as wide as the one below it, and follows when that becomes narrower. */
  #setMtu(name: string, mtu: number): void {
    const { vlan, vxlan } = this.#need(name);
    const lower = this.#links.get(vlan?.link ?? vxlan?.link ?? '');
    if (vlan && lower && mtu > lower.mtu) throw new Refused('RTNETLINK answers: Numerical result out of range');
    if (vxlan && lower && mtu > lower.mtu - overhead(vxlan)) throw new Refused('RTNETLINK answers: Invalid argument');
    this.#change(name, (link) => {
      link.mtu = mtu;
    });
    for (const upper of this.#vlansOf(name)) if (upper.mtu > mtu) this.#setMtu(upper.name, mtu);
  }

  #vlansOf(name: string): MutableLink[] {
    return [...this.#links.values()].filter((link) => link.vlan?.link === name);
  }

  /** Devices that the kernel deletes with the one below them. */
  #uppersOf(name: string): MutableLink[] {
    return [...this.#links.values()].filter((link) => link.vlan?.link === name || link.vxlan?.link === name);
  }

  #setMaster(name: string, master: string | null): void {
    if (master !== null && this.#need(master, 'Device does not exist').kind !== 'bridge') {
      throw new Refused('RTNETLINK answers: Operation not supported');
    }
    this.#change(name, (link) => {
      link.master = master;
    });
  }

  #addAddress(name: string, cidr: string, broadcast: string | null): void {
    const link = this.#need(name);
    const version = addressVersion(cidr.split('/')[0] as string);
    if (!version) throw new Refused(`Error: any valid prefix is expected rather than "${cidr}".`);
    const known = link.addresses.find((address) => address.cidr === cidr);
    if (known) return;
    const scope = name === 'lo' ? 'host' : cidr.startsWith('fe80:') ? 'link' : 'global';
    link.addresses.push({ cidr, family: version, scope, dynamic: false, broadcast });
    if (link.up && name !== 'lo') this.#addConnectedRoute(name, cidr);
  }

  #addConnectedRoute(device: string, cidr: string): void {
    const block = parseCidr(cidr);
    if (!block || block.first === block.last) return;
    const source = block.version === 4 ? (cidr.split('/')[0] as string) : null;
    const route: Route = {
      family: block.version,
      destination: formatCidr(block),
      via: null,
      device,
      metric: block.version === 4 ? null : 256,
      protocol: 'kernel',
      scope: block.version === 4 ? 'link' : null,
      source,
    };
    if (!this.#routes.some((other) => sameRoute(other, { ...route, device }) && other.source === source)) {
      this.#routes.push(route);
    }
  }

  #deleteAddress(name: string, cidr: string): void {
    const link = this.#links.get(name);
    if (!link) return;
    link.addresses = link.addresses.filter((address) => address.cidr !== cidr);
    const block = parseCidr(cidr);
    const source = cidr.split('/')[0] as string;
    this.#routes = this.#routes.filter(
      (route) =>
        route.device !== name ||
        route.protocol !== 'kernel' ||
        !block ||
        route.destination !== formatCidr(block) ||
        (route.family === 4 && route.source !== source),
    );
  }

  #replaceRoute(wanted: Extract<NetworkOperation, { op: 'replace_route' }>): void {
    if (!this.#need(wanted.device).up) throw new Refused('RTNETLINK answers: Network is down');
    if (wanted.via && !wanted.onLink && !this.#reaches(wanted.device, wanted.via)) {
      throw new Refused('Error: Nexthop has invalid gateway.');
    }
    const route: Route = {
      family: wanted.family,
      destination: wanted.destination,
      via: wanted.via,
      device: wanted.device,
      metric: wanted.metric || (wanted.family === 6 ? 1024 : null),
      protocol: wanted.protocol ?? 'boot',
      scope: wanted.via || wanted.family === 6 ? null : 'link',
      source: wanted.source ?? null,
      ...(wanted.onLink && { onLink: true }),
    };
    const sameKey = (other: Route) =>
      other.family === route.family && other.destination === route.destination && other.metric === route.metric;
    this.#routes = [...this.#routes.filter((other) => !sameKey(other)), route];
  }

  #reaches(device: string, via: string): boolean {
    if (via.startsWith('fe80:')) return true;
    return this.#need(device).addresses.some((address) => {
      const block = parseCidr(address.cidr);
      const gateway = parseCidr(`${via}/${addressVersion(via) === 4 ? 32 : 128}`);
      return (
        block &&
        gateway &&
        block.version === gateway.version &&
        block.first <= gateway.first &&
        gateway.last <= block.last
      );
    });
  }

  #need(name: string, text = `Cannot find device "${name}"`): MutableLink {
    const link = this.#links.get(name);
    if (!link) throw new Refused(text);
    return link;
  }

  #change(name: string, change: (link: MutableLink) => void): void {
    const link = this.#need(name);
    const before = JSON.stringify(link);
    change(link);
    if (JSON.stringify(link) !== before) this.#onEvent({ kind: 'changed', name, ifindex: link.ifindex });
  }

  #toLink(link: MutableLink): Link {
    const hasUpPort = [...this.#links.values()].some((port) => port.master === link.name && port.up);
    return { ...structuredClone(link), carrier: link.up && (link.kind !== 'bridge' || hasUpPort) };
  }
}

function overhead({ local, group }: Vxlan): number {
  return tunnelOverhead(local ?? group ?? '');
}

/** Same family, destination, device and metric; no metric given means any, as for `ip route del`. */
function sameRoute(
  route: Route,
  other: { family: 4 | 6; destination: string; device: string; metric?: number | null },
): boolean {
  return (
    route.family === other.family &&
    route.destination === other.destination &&
    route.device === other.device &&
    (!other.metric || route.metric === other.metric)
  );
}
