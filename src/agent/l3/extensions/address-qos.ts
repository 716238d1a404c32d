import {
  type AddressLimit,
  applyAddressLimits,
  type DeviceLimits,
  isEmpty,
  planAddressLimits,
  readAddressLimits,
} from '../../../linux/address-limits.ts';
import { canPolice } from '../../../linux/traffic-control.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import { addressLimits, type Policy } from '../../qos/derive.ts';
import { Policies } from '../../qos/policies.ts';
import type {
  PartContext,
  PartLook,
  PartStep,
  RouterDevice,
  RouterDraft,
  RouterPart,
  RouterState,
} from '../contract.ts';

/** Which addresses of routers are limited. */
export interface AddressQosOptions {
  /** `fip_qos` */
  readonly floating: boolean;
  /** `gateway_ip_qos` */
  readonly gateway: boolean;
}

/** An address on the gateway, and the policy that counts for it. */
interface PolicedAddress {
  readonly address: string;
  readonly policyId: string;
}

/** How often the server is asked whether anything was missed. */
const ASK_EVERY_MS = 300_000;

/**
 * Limits what single addresses of a router send and get, on its gateway (upstream: agent/l3/extensions/qos/fip.py and
 * gateway_ip.py): floating addresses by their own policy, or that of their network; the gateway's own by the router's.
 */
export class AddressQosPart implements RouterPart {
  readonly name = 'address_qos';
  readonly #options: AddressQosOptions;
  readonly #addresses = new Map<string, readonly PolicedAddress[]>();
  /** Routers that are known to have no limits on the host. */
  readonly #without = new Set<string>();
  #policies: Policies | null = null;
  #means: 'police' | 'detour' | null = null;
  #timer: NodeJS.Timeout | null = null;
  #forgetReconnect: () => void = () => {};

  constructor(options: AddressQosOptions) {
    this.#options = options;
  }

  async start(context: PartContext): Promise<void> {
    const { transport, logger, facts } = context;
    const onNews = () => context.refresh([...this.#addresses].filter(([, own]) => own.length > 0).map(([id]) => id));
    this.#policies = new Policies({ host: facts.host, transport, logger, onNews });
    await this.#policies.start();
    const askAll = () => this.#policies?.askAll();
    this.#forgetReconnect = transport.onReconnect(askAll);
    this.#timer = setInterval(askAll, ASK_EVERY_MS);
  }

  derive(draft: RouterDraft, router: WireRouter): void {
    const own = draft.gateway === null ? [] : policedAddresses(draft, router, this.#options);
    this.#addresses.set(router.id, own);
    this.#want();
  }

  async plan({ host, router, state, fresh }: PartLook): Promise<PartStep[]> {
    const gateway = gatewayOf(state);
    if (gateway === null) return [];
    const wanted = this.#limits(router.id, gateway);
    // What the server has not said yet leaves everything as it is.
    if (wanted === null) return [];
    const isNone = wanted.out.length === 0 && wanted.in.length === 0;
    if (isNone && (fresh || this.#without.has(router.id))) return [];
    const found = await readAddressLimits(host.exec, state.namespace, gateway.name);
    if (isNone && found.out.parent === null && found.in.parent === null && found.detour === null) {
      this.#without.add(router.id);
      return [];
    }
    this.#means ??= (await canPolice(host.exec)) ? 'police' : 'detour';
    const commands = planAddressLimits(gateway.name, wanted, found, this.#means);
    if (isEmpty(commands)) return [];
    this.#without.delete(router.id);
    const lines = [...commands.before, ...commands.traffic, ...commands.after];
    const run = () => applyAddressLimits(host.exec, state.namespace, commands);
    return [{ text: `limit addresses of ${gateway.name}: ${lines.join('; ')}`, run }];
  }

  removed(routerId: string): void {
    this.#without.delete(routerId);
  }

  forget(routerId: string): void {
    this.#addresses.delete(routerId);
    this.#want();
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#forgetReconnect();
    await this.#policies?.close();
  }

  #want(): void {
    this.#policies?.want(new Set([...this.#addresses.values()].flatMap((own) => own.map(({ policyId }) => policyId))));
  }

  /** Null while a policy of the router is not known. */
  #limits(routerId: string, { mtu }: RouterDevice): DeviceLimits | null {
    const limits = { out: [] as AddressLimit[], in: [] as AddressLimit[] };
    for (const { address, policyId } of this.#addresses.get(routerId) ?? []) {
      const policy: Policy | null | undefined = this.#policies?.get(policyId);
      if (policy === undefined) return null;
      const { toGuest, fromGuest } = addressLimits(policy, mtu);
      if (fromGuest) limits.out.push({ address, rate: fromGuest.rate, burst: fromGuest.burst });
      if (toGuest) limits.in.push({ address, rate: toGuest.rate, burst: toGuest.burst });
    }
    return limits;
  }
}

/** Of several that claim an address the first counts: a floating address is nobody's gateway. */
function policedAddresses(draft: RouterDraft, router: WireRouter, options: AddressQosOptions): PolicedAddress[] {
  const found = new Map<string, string>();
  const add = (address: string, ...policies: (string | null | undefined)[]) => {
    const policyId = policies.find((id) => typeof id === 'string');
    if (policyId && !found.has(address) && /^[\d.]+$/.test(address)) found.set(address, policyId);
  };
  if (options.floating) {
    const told = new Map(router._floatingips?.map((one) => [one.id, one]));
    for (const { id, address } of draft.floatingIps.values()) {
      add(address, told.get(id)?.qos_policy_id, told.get(id)?.qos_network_policy_id);
    }
  }
  if (options.gateway && router.gw_port) {
    const { fixed_ips, qos_network_policy_id } = router.gw_port;
    const own = router.external_gateway_info?.qos_policy_id;
    for (const { ip_address } of fixed_ips) add(ip_address, own, qos_network_policy_id);
  }
  return [...found].map(([address, policyId]) => ({ address, policyId }));
}

function gatewayOf(state: RouterState): RouterDevice | null {
  return [...state.devices.values()].find(({ role }) => role === 'gateway') ?? null;
}
