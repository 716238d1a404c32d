import { parseAddress } from '../../../lib/ip/address.ts';
import { parseCidr } from '../../../lib/ip/cidr.ts';
import { kernelAddress, kernelCidr } from '../../../lib/ip/kernel-text.ts';
import { batchLine, runBatch } from '../../../linux/batch.ts';
import type { Exec } from '../../../linux/contract.ts';
import { ndpProxyObject, type WireNdpProxy, type WireRouter } from '../../../rpc/contract.ts';
import type {
  PartContext,
  PartLook,
  PartStep,
  RouterDevice,
  RouterDraft,
  RouterPart,
  RouterState,
} from '../contract.ts';
import { RouterObjects } from './objects.ts';

const CHAIN = 'NDP';

/**
 * IPv6 addresses of guests that the router answers for outside, so that they are reached without a route (upstream:
 * agent/l3/extensions/ndp_proxy.py). What comes in for others of these subnets is dropped.
 */
export class NdpProxyPart implements RouterPart {
  readonly name = 'ndp_proxy';
  readonly #objects = new RouterObjects<WireNdpProxy>(ndpProxyObject);
  /** Routers that are known to answer for nobody. */
  readonly #silent = new Set<string>();
  #context: PartContext | null = null;
  #canAnnounce = true;

  async start(context: PartContext): Promise<void> {
    this.#context = context;
    await this.#objects.start(context);
  }

  async prepare(routers: readonly WireRouter[], { transport }: PartContext): Promise<void> {
    const ids = routers.filter(({ enable_ndp_proxy }) => enable_ndp_proxy).map(({ id }) => id);
    await this.#objects.ask(transport, ids, (router_id) => ({ router_id }));
  }

  derive(draft: RouterDraft, router: WireRouter): void {
    const { gateway } = draft;
    if (gateway === null) return;
    const isOn = router.enable_ndp_proxy === true;
    gateway.sysctls.push(['ipv6', 'proxy_ndp', isOn ? '1' : '0']);
    if (!isOn) return;
    for (const cidr of subnetsOutside(draft, gateway)) {
      const cause = `NDP proxies of subnet ${cidr}`;
      draft.rule(6, 'filter', 'FORWARD', `-d ${cidr} -i ${gateway.name} -j $${CHAIN}`, cause);
    }
    for (const { id, address } of this.#addresses(router.id)) {
      const body = `-d ${address}/128 -i ${gateway.name} -j ACCEPT`;
      draft.rule(6, 'filter', CHAIN, body, `NDP proxy ${id} of ${address}`);
    }
    draft.rule(6, 'filter', CHAIN, `-i ${gateway.name} -j DROP`, 'addresses without an NDP proxy');
  }

  async plan({ host, router, state, before, fresh: isNew }: PartLook): Promise<PartStep[]> {
    const gateway = gatewayOf(state);
    if (gateway === null) return [];
    // The kernel answers for nobody then, whoever is still listed: that is not worth a process per router and restart.
    if (router.enable_ndp_proxy !== true && before === null) return [];
    // A standby must not answer: the address would lead to a router that does not forward.
    const isAnswering = router.enable_ndp_proxy === true && state.isActive;
    const wanted = new Set(isAnswering ? this.#addresses(router.id).map(({ address }) => address) : []);
    if (wanted.size === 0 && (isNew || this.#silent.has(router.id))) return [];
    const there = await readProxied(host.exec, state.namespace, gateway.name);
    if (wanted.size + there.size === 0) this.#silent.add(router.id);
    else this.#silent.delete(router.id);
    const fresh = [...wanted].filter((address) => !there.has(address));
    const gone = [...there].filter((address) => !wanted.has(address));
    const change = (verb: 'add' | 'del', address: string): PartStep => ({
      text: `${verb} proxied neighbour ${address} device=${gateway.name}`,
      run: () => this.#change(host.exec, state.namespace, gateway.name, verb, address),
    });
    return [...fresh.map((address) => change('add', address)), ...gone.map((address) => change('del', address))];
  }

  removed(routerId: string): void {
    this.#silent.delete(routerId);
  }

  forget(routerId: string): void {
    this.#objects.forget(routerId);
  }

  async close(): Promise<void> {
    await this.#objects.close();
  }

  #addresses(routerId: string): { id: string; address: string }[] {
    return this.#objects.of(routerId).flatMap(({ id, ip_address }) => {
      const address = parseAddress(String(ip_address));
      return address?.version === 6 ? [{ id, address: kernelAddress(address.value, 6) }] : [];
    });
  }

  async #change(exec: Exec, netns: string, device: string, verb: 'add' | 'del', address: string): Promise<void> {
    const line = batchLine(['neigh', verb, 'proxy', address, 'dev', device]);
    const [failed] = await runBatch(exec, 'ip', [line], netns);
    if (failed && !/File exists|No such file/.test(failed.reason)) throw new Error(`${line}: ${failed.reason}`);
    if (verb === 'add') await this.#announce(exec, netns, device, address);
  }

  /** Neighbours that know another MAC for the address hear of it at once; without the program they ask in half a minute. */
  async #announce(exec: Exec, netns: string, device: string, address: string): Promise<void> {
    if (!this.#canAnnounce) return;
    try {
      await exec.run(['ndsend', address, device], { netns });
    } catch (error) {
      this.#canAnnounce = false;
      const fields = { error: String(error) };
      this.#context?.logger.info(fields, 'proxied IPv6 addresses are not announced: there is no ndsend that works');
    }
  }
}

/** Subnets of guests in the address scope of the gateway: what is reached from outside without NAT. */
function subnetsOutside({ internal }: RouterDraft, gateway: RouterDevice): string[] {
  const scope = gateway.port.address_scopes?.['6'] ?? null;
  const inside = internal.filter(({ port }) => (port.address_scopes?.['6'] ?? null) === scope);
  const cidrs = inside.flatMap(({ port }) => port.subnets.map(({ cidr }) => parseCidr(cidr)));
  return [...new Set(cidrs.flatMap((cidr) => (cidr?.version === 6 ? kernelCidr(cidr) : [])))].sort();
}

function gatewayOf(state: RouterState): RouterDevice | null {
  return [...state.devices.values()].find(({ role }) => role === 'gateway') ?? null;
}

/** Addresses that the kernel answers for on a device. */
async function readProxied(exec: Exec, netns: string, device: string): Promise<Set<string>> {
  const argv = ['ip', '-j', '-6', 'neigh', 'show', 'proxy', 'dev', device];
  const { stdout } = await exec.run(argv, { netns, okCodes: [0, 1, 255] });
  const entries = stdout.trim() === '' ? [] : (JSON.parse(stdout) as { dst?: string }[]);
  return new Set(entries.flatMap(({ dst }) => dst ?? []));
}
