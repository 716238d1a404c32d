import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { eui64, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import { routerDeviceName } from '../../lib/names.ts';
import type { AddressEvent } from '../../linux/contract.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import { type KeptFile, replaceFile } from '../daemons/kept.ts';
import type { L3Facts, PartContext, RouterDraft, RouterPart } from './contract.ts';
import { hasAddress, type KeeperState, StateReports } from './ha-states.ts';
import { haFolder, keepalivedDaemon, keepalivedFiles, primaryVip, stateFile, upstreamMonitor } from './keepalived.ts';
import type { L3Options } from './options.ts';
import { ReloadThrottle } from './reload-throttle.ts';

interface HaRouter {
  id: string;
  state: KeeperState;
  vip: string;
}

/**
 * HA routers: the namespace and its devices are made on each host of the router, addresses and routes are keepalived's.
 * Who is primary is seen by the address that only the primary has, with one `ip monitor` for all routers of the host.
 */
export class HaRouters {
  /** Of routers, by id and by name of the HA device. */
  readonly #routers = new Map<string, HaRouter>();
  readonly #devices = new Map<string, HaRouter>();
  #context: PartContext | null = null;
  #reports: StateReports | null = null;
  #throttle: ReloadThrottle | null = null;
  #watch: Promise<{ close(): Promise<void> }> | null = null;

  /** Before all other parts: they ask whether the router is active here. */
  readonly first: RouterPart = {
    name: 'ha',
    start: async (context) => this.#start(context),
    prepare: (routers) => this.#prepare(routers),
    derive: (draft, router, facts) => this.#deriveState(draft, router, facts),
    close: () => this.#close(),
  };

  /** After all other parts: what they made of addresses and routes is keepalived's to set. */
  readonly last: RouterPart = {
    name: 'keepalived',
    derive: (draft, router, facts) => this.#deriveDaemon(draft, router, facts),
    plan: async ({ router }) => {
      // Whatever the monitor could not tell is seen here, at each change and at each full check.
      if (this.#context && router.ha) await this.#look(router, this.#context.facts);
      return [];
    },
    leftovers: (routerId, facts) => [keepalivedDaemon(routerId, undefined, facts), upstreamMonitor(routerId, facts)],
    removed: (routerId) => this.#forget(routerId),
  };

  #start(context: PartContext): void {
    this.#context = context;
    this.#reports = new StateReports((states) => context.plugin.updateHaStates(states), context.logger);
    const throttleMs = context.facts.options.ha_vrrp_advert_int * 1_500;
    this.#throttle = new ReloadThrottle(throttleMs, (routerId) => context.refresh([routerId]));
  }

  async #close(): Promise<void> {
    this.#throttle?.close();
    await (await this.#watch?.catch(() => null))?.close();
    await this.#reports?.close();
  }

  /** Hosts without HA routers have no monitor. */
  async #prepare(routers: readonly WireRouter[]): Promise<void> {
    const { facts } = this.#context ?? {};
    const own = routers.filter((router) => router.ha && router._ha_interface);
    if (!facts || own.length === 0) return;
    this.#watch ??= this.#open();
    await this.#watch;
    await Promise.all(own.map((router) => this.#look(router, facts)));
  }

  #open(): Promise<{ close(): Promise<void> }> {
    const { linux, routers, facts } = this.#context!;
    const onLost = () => {
      for (const router of routers()) if (router.ha) void this.#look(router, facts);
    };
    const watch = linux.watchAddresses((event) => this.#heard(event), onLost);
    watch.catch(() => {
      this.#watch = null;
    });
    return watch;
  }

  #heard({ kind, device, cidr }: AddressEvent): void {
    const router = this.#devices.get(device);
    if (router?.vip === cidr) this.#set(router, kind === 'added' ? 'primary' : 'backup');
  }

  /** Reads the state itself. */
  async #look(wire: WireRouter, facts: L3Facts): Promise<void> {
    const port = wire._ha_interface;
    if (!port) return;
    const vip = primaryVip(wire);
    const { pidFile } = keepalivedDaemon(wire.id, undefined, facts).spec;
    const isHere = await hasAddress(pidFile, vip);
    const known = this.#routers.get(wire.id);
    // A process that is not found may have lost its pid file only: it is looked for, and says what becomes of the address.
    const state = isHere === null ? (known?.state ?? 'backup') : isHere ? 'primary' : 'backup';
    const router = known ?? { id: wire.id, state, vip };
    router.vip = vip;
    this.#routers.set(wire.id, router);
    this.#devices.set(routerDeviceName('ha', port.id), router);
    if (!known) await this.#write(router);
    if (known) this.#set(router, state);
    const reported = state === 'primary' ? 'active' : 'standby';
    if (!known && wire._ha_state !== reported) this.#reports?.add(wire.id, state);
  }

  #set(router: HaRouter, state: KeeperState): void {
    if (router.state === state) return;
    router.state = state;
    this.#context?.logger.info({ resource: 'router', id: router.id, state }, 'HA router changed its state');
    this.#reports?.add(router.id, state);
    void this.#write(router);
    this.#context?.refresh([router.id]);
  }

  async #write({ id, state }: HaRouter): Promise<void> {
    const { facts, logger } = this.#context!;
    await replaceFile(stateFile(id, facts.options), state).catch((error: unknown) =>
      logger.warn({ resource: 'router', id, error: String(error) }, 'writing the state of an HA router failed'),
    );
  }

  async #forget(routerId: string): Promise<void> {
    this.#routers.delete(routerId);
    for (const [device, { id }] of this.#devices) if (id === routerId) this.#devices.delete(device);
    this.#reports?.forget(routerId);
    this.#throttle?.forget(routerId);
    const { options } = this.#context?.facts ?? {};
    // Awaited: a router that comes back at once writes there.
    if (options) await rm(haFolder(routerId, options), { recursive: true, force: true });
  }

  #deriveState(draft: RouterDraft, router: WireRouter, { options }: L3Facts): void {
    if (!router.ha) return;
    draft.routedBy = 'keepalived';
    const state = this.#routers.get(router.id)?.state ?? writtenState(router.id, options);
    draft.isActive = state === 'primary';
    // Who loses an address in the middle of something must not go on sending from it.
    draft.sysctl('net/ipv4/ip_nonlocal_bind', '0');
  }

  #deriveDaemon(draft: RouterDraft, router: WireRouter, facts: L3Facts): void {
    if (router.ha) {
      leaveToKeepalived(draft);
      draft.daemon(upstreamMonitor(router.id, facts));
    }
    draft.daemon(keepalivedDaemon(router.id, draft.namespace, facts, this.#filesOf(draft, router, facts)));
  }

  #filesOf(draft: RouterDraft, router: WireRouter, { options }: L3Facts): readonly KeptFile[] {
    if (!router.ha) return [];
    const { _ha_interface: port, ha_vr_id } = router;
    // It becomes part of a configuration that names programs to run: whoever the server is.
    if (!Number.isInteger(ha_vr_id) || ha_vr_id < 1 || ha_vr_id > 255) {
      draft.problem({ resource: 'router', id: router.id, reason: 'it has no number for VRRP' });
      return [];
    }
    if (!port) {
      draft.problem({ resource: 'router', id: router.id, reason: 'it has no port on the HA network' });
      return [];
    }
    const device = routerDeviceName('ha', port.id);
    // A port whose id, MAC or addresses are malformed has none, and no word of it becomes one of the configuration.
    if (!draft.devices.has(device)) return [];
    const files = keepalivedFiles(draft, router, device, options);
    return this.#throttle?.take(router.id, files) ?? files;
  }
}

/** The agent makes the devices; their addresses come and go with the state. */
function leaveToKeepalived(draft: RouterDraft): void {
  for (const device of [...draft.internal, ...(draft.gateway ? [draft.gateway] : [])]) {
    device.addressedBy = 'keepalived';
    if (!existsSync('/proc/sys/net/ipv6')) continue;
    // All hosts have the device with the same MAC: the address that the kernel makes of it is the primary's alone, too.
    device.sysctls.push(['ipv6', 'addr_gen_mode', '1']);
    device.addresses.push(`${formatAddress(eui64(LINK_LOCAL, device.mac), 6)}/64`);
  }
  if (!draft.isActive) silence(draft);
}

/** What an agent wrote, for a dry run: it follows nothing. */
function writtenState(routerId: string, options: L3Options): string | null {
  try {
    return readFileSync(stateFile(routerId, options), 'utf8').trim();
  } catch {
    return null;
  }
}

const LINK_LOCAL = parseAddress('fe80::')!.value;

/**
 * A standby must not be heard: it has the primary's MAC, and one frame of it makes switches send the primary's traffic
 * here. A host that does not forward IPv6 is in no multicast group of routers, so nothing asks it for an answer.
 */
function silence(draft: RouterDraft): void {
  draft.sysctl('net/ipv6/conf/all/forwarding', '0');
  const { gateway } = draft;
  if (!gateway) return;
  const others = gateway.sysctls.filter(([family, key]) => family !== 'ipv6' || key !== 'accept_ra');
  gateway.sysctls.splice(0, gateway.sysctls.length, ...others, ['ipv6', 'accept_ra', '0']);
}
