import { endFlows } from '../../../linux/conntrack.ts';
import { portForwardingObject, type WirePortForwarding, type WireRouter } from '../../../rpc/contract.ts';
import type { PartContext, PartLook, PartStep, RouterDraft, RouterPart } from '../contract.ts';
import { readForwarded, strayFlows } from './forwarding-flows.ts';
import { type Forwarding, forwardingChain, forwardingOf, forwardingRule } from './forwarding-rules.ts';
import { RouterObjects } from './objects.ts';

/** The chain that leads to those of single forwardings. */
const CHAIN = 'fip-pf';

/**
 * Single ports of a floating address that lead to guests (upstream: agent/l3/extensions/port_forwarding.py): the rules, the
 * address on the gateway, and the end of connections that go where no forwarding leads any more.
 */
export class PortForwardingPart implements RouterPart {
  readonly name = 'port_forwarding';
  readonly #objects = new RouterObjects<WirePortForwarding>(portForwardingObject);
  /** By router: what its connections were last judged by, and the addresses that then led somewhere. */
  readonly #judged = new Map<string, { fingerprint: string; addresses: readonly string[] }>();

  async start(context: PartContext): Promise<void> {
    await this.#objects.start(context);
  }

  async prepare(routers: readonly WireRouter[], { transport }: PartContext): Promise<void> {
    const byId = new Map(routers.map((router) => [router.id, router]));
    await this.#objects.ask(transport, [...byId.keys()], (ids) => {
      const asked = new Set(ids.flatMap((id) => forwardingFips(byId.get(id)!)));
      return asked.size === 0 ? null : { floatingip_id: [...asked] };
    });
  }

  derive(draft: RouterDraft, router: WireRouter): void {
    if (draft.gateway === null) return;
    for (const object of this.#objects.of(router.id)) {
      if (forwardingOf(object) !== null) continue;
      const { id, protocol, external_port_range } = object;
      const reason = `ports ${external_port_range} of protocol ${protocol} cannot be forwarded`;
      draft.problem({ resource: 'port_forwarding', id, reason });
    }
    const forwardings = this.#of(router.id);
    if (forwardings.length === 0) return;
    draft.chain(4, 'nat', CHAIN);
    draft.rule(4, 'nat', 'PREROUTING', `-j $${CHAIN}`, 'port forwardings of the router');
    const chains = new Set<string>();
    for (const forwarding of forwardings) {
      const { floatingIpId: id, address } = forwarding;
      const cause = `port forwarding ${forwarding.id} of floating IP ${address}`;
      const chain = forwardingChain(forwarding.id);
      if (!chains.has(chain)) draft.rule(4, 'nat', CHAIN, `-j $${chain}`, cause);
      chains.add(chain);
      draft.rule(4, 'nat', chain, forwardingRule(forwarding), cause);
      if (draft.floatingIps.has(id)) continue;
      const told = router._floatingips?.find((one) => one.id === id);
      draft.floatingIp({ id, address, fixedAddress: null, status: told?.status ?? 'DOWN' });
    }
  }

  async plan({ host, router, state, fresh }: PartLook): Promise<PartStep[]> {
    const forwardings = [...state.devices.values()].some(({ role }) => role === 'gateway') ? this.#of(router.id) : [];
    const known = this.#judged.get(router.id);
    const fingerprint = JSON.stringify(forwardings);
    if (known?.fingerprint === fingerprint) return [];
    const now = [...new Set(forwardings.map(({ address }) => address))];
    const judge = () => this.#judged.set(router.id, { fingerprint, addresses: now });
    const own = new Set(
      [...state.floatingIps.values()].filter((one) => one.fixedAddress !== null).map((one) => one.address),
    );
    // Connections of an address that a guest has wholly are not ours to judge.
    const addresses = [...new Set([...now, ...(known?.addresses ?? [])])].filter((address) => !own.has(address));
    if (fresh || addresses.length === 0) {
      judge();
      return [];
    }
    const looks = addresses.map(async (address) => {
      const flows = await readForwarded(host.exec, state.namespace, address);
      return { address, flows, ends: strayFlows(flows, forwardings) };
    });
    const strays = (await Promise.all(looks)).filter(({ ends }) => ends.length > 0);
    if (strays.length === 0) judge();
    let left = strays.length;
    return strays.map(({ address, flows, ends }) => ({
      text: `end connections=${ends.length} to=${address}: no forwarding leads there`,
      run: async () => {
        await endFlows(host.exec, ends, flows, state.namespace);
        left -= 1;
        if (left === 0) judge();
      },
    }));
  }

  removed(routerId: string): void {
    this.#judged.delete(routerId);
  }

  forget(routerId: string): void {
    this.#objects.forget(routerId);
  }

  async close(): Promise<void> {
    await this.#objects.close();
  }

  #of(routerId: string): Forwarding[] {
    return this.#objects.of(routerId).flatMap((object) => forwardingOf(object) ?? []);
  }
}

/** Floating addresses that may have forwardings. Python's server tells them apart, in a list of their own. */
function forwardingFips(router: WireRouter): string[] {
  const named = router.fip_managed_by_port_forwardings;
  const own = (router._floatingips ?? []).filter(({ port_id }) => port_id === null).map(({ id }) => id);
  return Array.isArray(named) ? [...own, ...named.map(String)] : own;
}
