import { type Address, type IpVersion, parseAddress } from '../../../lib/ip/address.ts';
import { type Cidr, cidrHas } from '../../../lib/ip/cidr.ts';
import { parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { Flow } from '../../../linux/conntrack.ts';
import type { FirewallState } from '../contract.ts';
import type { PortPlan } from './desired.ts';
import type { RuleTerms } from './rule-text.ts';

/** Addresses of a port that was here, or that it no longer has. */
export interface LostAddress {
  readonly zone: number;
  /** An address or a CIDR. */
  readonly ip: string;
}

interface Claims {
  /** The address as a number with its version. */
  readonly fixed: Map<string, PortPlan[]>;
  readonly pairs: { block: Cidr; plan: PortPlan }[];
}

/**
 * Judges connections by the rules as they are now, in the direction of their beginning. Rules go by port, and a connection
 * does not say which port it is of; so the port is whoever may have the address, and of several one that allows it is enough.
 */
export class FlowJudge {
  readonly #members: FirewallState['members'];
  readonly #zones = new Map<number, Claims>();
  readonly #blocks = new Map<string, { single: Set<string>; blocks: Cidr[] }>();

  constructor(plans: Iterable<PortPlan>, members: FirewallState['members']) {
    this.#members = members;
    for (const plan of plans) this.#claim(plan);
  }

  /**
   * Whether a connection must end.
   *
   * @param concerns whether a port's rules changed so that less passes
   * @param lost whether an address was a port's, and is no longer
   */
  mustEnd(
    flow: Flow,
    concerns: (plan: PortPlan) => boolean,
    lost: (zone: number, address: Address) => boolean,
  ): boolean {
    const source = parseAddress(flow.source);
    const destination = parseAddress(flow.destination);
    if (!source || !destination) return false;
    const from = this.#claimants(flow.zone, source);
    const to = this.#claimants(flow.zone, destination);
    if (from.length === 0 && lost(flow.zone, source)) return true;
    if (to.length === 0 && lost(flow.zone, destination)) return true;
    const ends = { source, destination };
    return (
      (from.some(concerns) && !from.some((plan) => this.#mayBegin(plan, flow, ends))) ||
      (to.some(concerns) && !to.some((plan) => this.#mayReach(plan, flow, ends)))
    );
  }

  #claim(plan: PortPlan): void {
    if (plan.tracking === 'notrack') return;
    const { zone } = plan.tracking;
    const claims: Claims = this.#zones.get(zone) ?? { fixed: new Map(), pairs: [] };
    this.#zones.set(zone, claims);
    for (const ip of plan.port.fixedIps) {
      const address = parseAddress(ip);
      if (address) claims.fixed.set(textOf(address), [...(claims.fixed.get(textOf(address)) ?? []), plan]);
    }
    for (const { ip_address } of plan.port.addressPairs) {
      const block = parseBlock(ip_address);
      if (block) claims.pairs.push({ block, plan });
    }
  }

  /** Those with the fixed address; where nobody has it, those with a pair for it, the narrowest. */
  #claimants(zone: number, address: Address): readonly PortPlan[] {
    const claims = this.#zones.get(zone);
    if (!claims) return [];
    const fixed = claims.fixed.get(textOf(address));
    const pairs = claims.pairs.filter(({ block }) => cidrHas(block, address));
    if (fixed) return [...fixed, ...pairs.filter(({ block }) => block.first === block.last).map(({ plan }) => plan)];
    const narrowest = Math.max(0, ...pairs.map(({ block }) => block.prefix));
    return pairs.filter(({ block }) => block.prefix === narrowest).map(({ plan }) => plan);
  }

  #mayBegin({ port, stateless, groups }: PortPlan, flow: Flow, ends: Ends): boolean {
    if (port.filter !== 'filtered' || stateless) return port.filter !== 'closed';
    const { protocol, sourcePort, destinationPort, version } = flow;
    if (version === 6 && protocol === 58) return flow.icmp?.type !== 134;
    const [client, server] = version === 4 ? [68, 67] : [546, 547];
    if (protocol === 17 && sourcePort === client && destinationPort === server) return true;
    if (protocol === 17 && sourcePort === server && destinationPort === client) return false;
    return groups.some(({ lines }) => lines[version].egress.some(({ terms }) => this.#matches(terms, flow, ends)));
  }

  #mayReach({ port, stateless, groups }: PortPlan, flow: Flow, ends: Ends): boolean {
    if (port.filter !== 'filtered' || stateless) return port.filter !== 'closed';
    if (flow.version === 6 && flow.protocol === 58 && [130, 135, 136].includes(flow.icmp?.type ?? -1)) return true;
    return groups.some(({ lines }) =>
      lines[flow.version].ingress.some(({ terms }) => this.#matches(terms, flow, ends)),
    );
  }

  #matches(terms: RuleTerms, flow: Flow, { source, destination }: Ends): boolean {
    const { protocol, sourcePorts, ports, icmp, remote, direction, version } = terms;
    if (protocol !== null && protocol !== flow.protocol) return false;
    if (terms.source && !cidrHas(terms.source, source)) return false;
    if (terms.destination && !cidrHas(terms.destination, destination)) return false;
    if (!isInside(sourcePorts, flow.sourcePort) || !isInside(ports, flow.destinationPort)) return false;
    if (icmp && (flow.icmp?.type !== icmp.type || (icmp.code !== null && flow.icmp.code !== icmp.code))) return false;
    return remote === null || this.#isMember(remote, version, direction === 'ingress' ? source : destination);
  }

  #isMember(id: string, version: IpVersion, address: Address): boolean {
    const key = `${version} ${id}`;
    let known = this.#blocks.get(key);
    if (!known) {
      known = { single: new Set(), blocks: [] };
      for (const [text] of this.#members.get(id)?.[`IPv${version}`] ?? []) {
        const block = parseBlock(text);
        if (!block) continue;
        if (block.first === block.last) known.single.add(textOf({ version, value: block.first }));
        else known.blocks.push(block);
      }
      this.#blocks.set(key, known);
    }
    return known.single.has(textOf(address)) || known.blocks.some((block) => cidrHas(block, address));
  }
}

type Ends = { readonly source: Address; readonly destination: Address };

function textOf({ version, value }: Address): string {
  return `${version} ${value}`;
}

function isInside(range: readonly [number, number] | null, port: number | null): boolean {
  return range === null || (port !== null && range[0] <= port && port <= range[1]);
}
