import type { Address, IpVersion } from '../../../lib/ip/address.ts';
import { type Cidr, cidrHas } from '../../../lib/ip/cidr.ts';
import { parseBlock } from '../../../lib/ip/kernel-text.ts';
import { endFlows, listFlows } from '../../../linux/conntrack.ts';
import type { Exec } from '../../../linux/contract.ts';
import type { FirewallState } from '../contract.ts';
import type { PortPlan } from './desired.ts';
import { FlowJudge } from './flows.ts';

/**
 * So many lost addresses are kept while connections cannot be ended; from then on whole zones are. There whoever has no port
 * here counts as lost: connections with the outside, too, are judged anew.
 */
const MOST_LOST = 10_000;

/**
 * Ends connections that the rules no longer allow: the kernel goes on with whatever was once let through. What could not be
 * ended (no conntrack program, say) is kept for the next time.
 */
export class FlowKeeper {
  readonly #exec: Exec;
  readonly #taps = new Set<string>();
  readonly #lost = new Map<string, { zone: number; block: Cidr }>();
  readonly #lostZones = new Set<number>();
  #isEverything = false;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** Less passes at this port than before. */
  recheck(tap: string): void {
    this.#taps.add(tap);
  }

  /** An agent that was stopped may have changed rules and not have got to the connections. */
  recheckAll(): void {
    this.#isEverything = true;
  }

  /** What a port no longer is, or has. */
  lose({ tracking }: PortPlan, ips: Iterable<string>): void {
    if (tracking === 'notrack') return;
    for (const ip of ips) {
      const block = this.#lostZones.has(tracking.zone) ? null : parseBlock(ip);
      if (block) this.#lost.set(`${tracking.zone} ${ip}`, { zone: tracking.zone, block });
    }
    if (this.#lost.size > MOST_LOST) this.#widen();
  }

  get isIdle(): boolean {
    return this.#taps.size + this.#lost.size + this.#lostZones.size === 0 && !this.#isEverything;
  }

  /** Taps whose connections were not looked at yet. */
  get waiting(): ReadonlySet<string> {
    return this.#taps;
  }

  /** @returns how many connections were ended. @throws CommandFailed */
  async settle(plans: ReadonlyMap<string, PortPlan>, members: FirewallState['members']): Promise<number> {
    for (const tap of this.#taps) if (!plans.has(tap)) this.#taps.delete(tap);
    if (this.isIdle) return 0;
    const concerns = (plan: PortPlan) => this.#isEverything || this.#taps.has(plan.port.tap);
    const zones = new Set([...this.#lostZones, ...[...this.#lost.values()].map(({ zone }) => zone)]);
    for (const plan of plans.values()) {
      if (plan.port.filter === 'filtered' && plan.tracking !== 'notrack' && concerns(plan))
        zones.add(plan.tracking.zone);
    }
    const singles = new Set<string>();
    const blocks: { zone: number; block: Cidr }[] = [];
    for (const one of this.#lost.values()) {
      if (one.block.first === one.block.last) singles.add(`${one.zone} ${one.block.version} ${one.block.first}`);
      else blocks.push(one);
    }
    const lost = (zone: number, address: Address) =>
      this.#lostZones.has(zone) ||
      singles.has(`${zone} ${address.version} ${address.value}`) ||
      blocks.some((one) => one.zone === zone && cidrHas(one.block, address));
    let ended = 0;
    if (zones.size > 0) {
      const judge = new FlowJudge(plans.values(), members);
      const end = async (version: IpVersion) => {
        const flows = await listFlows(this.#exec, version, zones);
        const ends = flows.filter((flow) => judge.mustEnd(flow, concerns, lost));
        await endFlows(this.#exec, ends, flows);
        ended += ends.length;
      };
      await Promise.all([end(4), end(6)]);
    }
    this.#taps.clear();
    this.#lost.clear();
    this.#lostZones.clear();
    this.#isEverything = false;
    return ended;
  }

  /** Of the zone with most of them no single addresses are kept. */
  #widen(): void {
    const zones = Map.groupBy(this.#lost, ([, { zone }]) => zone);
    const [zone, most] = [...zones].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    for (const [key] of most) this.#lost.delete(key);
    this.#lostZones.add(zone);
  }
}
