import { causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { portIdPrefix } from '../../lib/names.ts';
import { describeOperation, type LinkEvent, type NetworkState } from '../../linux/contract.ts';
import { mayBeLeg } from '../../linux/legs.ts';
import type { WatchedHost } from '../../linux/watched-host.ts';
import type { AgentIdentity, ExplainStep } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { dryRunQuestion } from '../dry-run.ts';
import type { Forwarding } from '../fdb/forwarding.ts';
import type { GroupKnowledge } from '../firewall/groups.ts';
import { isOpen } from '../firewall/ports.ts';
import type { Qos, QosSight } from '../qos/qos.ts';
import { Trunks } from '../trunk/trunks.ts';
import { DeviceQuestions } from './ask.ts';
import { DeletedNetworks } from './deleted-networks.ts';
import { type Derived, derive, type HostState } from './derive.ts';
import { type Device, Devices } from './devices.ts';
import { HostMemory } from './host-memory.ts';
import { releaseLeftGuests } from './left-guests.ts';
import { underlay } from './legs.ts';
import { Links } from './links.ts';
import type { BridgeConfig } from './options.ts';
import { Outcomes } from './outcomes.ts';
import { plan } from './plan.ts';
import type { Protection } from './protection.ts';
import { DeviceReports } from './reports.ts';
import { Sight } from './sight.ts';
import { TapGate } from './tap-gate.ts';
import { parentTaps, underParents } from './trunk-parents.ts';

export interface SyncParts {
  linux: WatchedHost;
  transport: Transport;
  config: BridgeConfig;
  protection: Protection;
  /** What the server says of security groups; null where nobody filters by them on this host. */
  groups: GroupKnowledge | null;
  identity: () => AgentIdentity;
  /** Limits and marks of ports; null where the extension is off. */
  qos: Qos | null;
  /** Entries of tunnels; null where they are nobody's to keep. */
  forwarding: Forwarding | null;
  logger: Logger;
  /** Folder for what the next run must know; null keeps nothing. */
  statePath: string | null;
  /** Asks for a pass soon. */
  wake: () => void;
}

/** What the agent did since it started. */
export interface SyncStatistics {
  rounds: number;
  /** Rounds that ended with an error, or left something undone. */
  failed: number;
  seconds: number;
  /** Operations on the host: what plans had, and what was done. */
  planned: number;
  applied: number;
  /** When all devices were last known to be as the server has them, in ms since the epoch. */
  fullSyncAtMs: number | null;
}

/** What failed on the host is tried again after this. */
const APPLY_RETRY_MS = 5_000;

/**
 * One pass makes the host as the server wants it: see what taps there are, ask for those that are new or changed, derive,
 * plan, apply, and tell the server. Start, message, link event and scan all lead here; without anything to do it costs
 * one look at the kernel.
 */
export class SyncLoop {
  readonly trunks: Trunks;
  readonly statistics: SyncStatistics = {
    rounds: 0,
    failed: 0,
    seconds: 0,
    planned: 0,
    applied: 0,
    fullSyncAtMs: null,
  };
  readonly #parts: SyncParts;
  #config: BridgeConfig;
  readonly #devices = new Devices();
  readonly #questions: DeviceQuestions;
  readonly #memory: HostMemory;
  readonly #deletedNetworks: DeletedNetworks;
  readonly #gate: TapGate;
  readonly #links: Links;
  readonly #reports: DeviceReports;
  readonly #outcomes: Outcomes;
  readonly #sight: Sight;
  #closed: ReadonlyMap<string, string> = new Map();
  /** Something new was heard since the last pass: what is planned then is no drift. */
  #news = true;
  /** The server was or is to be asked about everything, and that has not been done on the host yet. */
  #isAllAsked = false;
  /** The device that tunnel packets leave by: what becomes of it matters. */
  #underlay: string | null = null;

  constructor(parts: SyncParts) {
    const { linux, transport, identity, logger } = parts;
    const devices = this.#devices;
    this.#parts = parts;
    this.#config = parts.config;
    this.#questions = new DeviceQuestions({ transport, identity, devices, logger });
    this.#memory = new HostMemory(linux, parts.statePath, logger);
    this.#deletedNetworks = new DeletedNetworks(linux, this.#memory, logger);
    this.#gate = new TapGate(parts);
    this.#links = new Links({ linux, memory: this.#memory, logger, counts: this.statistics });
    this.#reports = new DeviceReports({ transport, identity, logger });
    this.#outcomes = new Outcomes({ devices, reports: this.#reports, logger });
    this.#sight = new Sight({
      ...{ linux, devices, questions: this.#questions, groups: parts.groups, reports: this.#reports },
      before: async (state) => {
        await this.#memory.remember(state);
        return await this.#returnToCards(state);
      },
    });
    this.trunks = new Trunks({ linux, transport, logger, wake: parts.wake });
  }

  get deviceCount(): number {
    return this.#devices.size;
  }

  /** Why nothing may pass a tap (yet), as of the last pass; null when that is not so. */
  closedReason(tap: string): string | null {
    return this.#closed.get(tap) ?? null;
  }

  /** What of a tap's rules is in force. */
  explainRules(tap: string): Promise<ExplainStep[]> {
    return this.#parts.protection.explain(this.#devices.details(), tap);
  }

  /** How often the host was found changed by others without a quiet pass in between. */
  get driftsInARow(): number {
    return this.#links.driftsInARow;
  }

  /** Whether a change of this device may mean work. */
  concerns(name: string): boolean {
    const { interfaces, bridges } = this.#config;
    const mapped = [...interfaces.values(), ...bridges.values()];
    if (portIdPrefix(name) !== null || name.startsWith('brq') || mayBeLeg(name)) return true;
    return mapped.includes(name) || name === this.#underlay;
  }

  /** The kernel says that a device changed. One that came is asked for at once, before it is seen. */
  changed(event: LinkEvent): void {
    if (event.kind === 'added') this.#devices.announce(event.name, event.ifindex);
    this.#gate.changed(event);
  }

  askAll(): void {
    this.#news = true;
    this.#isAllAsked = true;
    this.#devices.markStale(() => true);
    this.trunks.askAll();
  }

  /** What the server has told nothing of so far: a message may have been lost. */
  askUnknown(): void {
    const { groups } = this.#parts;
    const isUnfiltered = ({ name, details }: Device) => details !== null && !isOpen(details) && !groups?.port(name);
    this.#devices.markStale((device) => device.details === null || (groups !== null && isUnfiltered(device)));
  }

  /** Rules, or members, of these groups changed. @returns whether a port of this host has to do with it */
  askGroups(what: 'rules' | 'members', ids: readonly string[]): boolean {
    const { groups } = this.#parts;
    const isOurs = groups !== null && (what === 'rules' ? groups.rulesUpdated(ids) : groups.membersUpdated(ids));
    this.#news ||= isOurs;
    return isOurs;
  }

  askDevice(name: string): void {
    this.#news = true;
    this.#devices.markStale((device) => device.name === name);
  }

  /** The guest of this tap lives on another host from now on, the server says. */
  guestLeft(name: string): void {
    const device = this.#devices.get(name);
    if (device) device.hasLeft = true;
    this.askDevice(name);
  }

  askNetwork(networkId: string): void {
    this.#news = true;
    this.#devices.markStale((device) => device.details?.network_id === networkId);
  }

  /** The tap may live on for a moment: whoever made it takes it away. */
  portDeleted(name: string): void {
    this.#news = true;
    this.#reports.forget(name);
    this.#questions.forget(name);
    const device = this.#devices.get(name);
    if (device) Object.assign(device, { details: null, stale: false, toReport: false });
  }

  networkDeleted(networkId: string): void {
    this.#news = true;
    this.#deletedNetworks.add(networkId);
  }

  /** Before the first pass: the agent has found out what the kernel can do. */
  configure(config: BridgeConfig): void {
    this.#config = config;
  }

  close(): void {
    this.#reports.close();
  }

  /** What must not wait for the queue: the host gets back addresses that went with a bridge while no agent ran. */
  async begin(state: NetworkState): Promise<void> {
    await this.#memory.remember(state);
    await this.#returnToCards(state);
  }

  async pass(): Promise<{ againInMs?: number } | undefined> {
    const { statistics } = this;
    const startedMs = performance.now();
    const isFull = this.#isAllAsked;
    this.#isAllAsked = false;
    let isDone = false;
    try {
      const result = await this.#pass();
      isDone = result === undefined;
      return result;
    } finally {
      statistics.rounds += 1;
      statistics.seconds += (performance.now() - startedMs) / 1000;
      if (!isDone) statistics.failed += 1;
      if (isFull && isDone) statistics.fullSyncAtMs = Date.now();
      if (isFull && !isDone) this.#isAllAsked = true;
    }
  }

  async #pass(): Promise<{ againInMs?: number } | undefined> {
    const { linux } = this.#parts;
    const seen = await this.#sight.look();
    const { asked, failed: askFailed, causes } = seen;
    let { state } = seen;
    const isNews = this.#news || seen.isNew;
    this.#news = false;
    this.trunks.retold(seen.retold);
    return await causedBy(causes, async () => {
      if (await this.#removeNetworks(state)) state = await linux.readNetwork();
      if (await releaseLeftGuests(this.#parts, this.#devices, state)) state = await linux.readNetwork();
      const failed = await this.#follow(state, isNews || asked > 0);
      const isTrunkLeft = !askFailed && (await this.#followTrunks(state));
      if (failed || isTrunkLeft) return { againInMs: APPLY_RETRY_MS };
      return askFailed ? { againInMs: this.#questions.nextRetry() } : undefined;
    });
  }

  /** @returns whether something of a trunk is left to be tried again */
  async #followTrunks(state: NetworkState): Promise<boolean> {
    return await this.trunks.follow({
      taps: parentTaps(this.#devices, state),
      state,
      isUnknown: (name) => {
        const device = this.#devices.get(name);
        return device !== undefined && device.details === null && !device.stale;
      },
      ask: (name) => this.#devices.markStale((device) => device.name === name),
    });
  }

  /** Derive, plan, apply, tell. @returns whether something failed on the host */
  async #follow(before: NetworkState, isNews: boolean): Promise<boolean> {
    const { protection } = this.#parts;
    const devices = this.#devices.details();
    const wished = this.#derive(before);
    const makeRules = () => protection.apply(devices, wished, (name) => before.links.has(name));
    const [state, guarded] = protection.isEmpty
      ? [before, await makeRules()]
      : await this.#gate.shutWhile(makeRules, { devices, desired: wished.state }, before);
    const derived = underParents(guarded.derived, this.#devices, state);
    const orphans = this.#devices.orphans(performance.now());
    // Where a tap was shut and no longer need be, nobody has changed the host but we.
    const isOurs = isNews || this.#closed.size > 0;
    // Meanwhile Nova may have put a tap into its bridge that was seen without one: if it is closed that must not stay.
    const now = derived.closed.size > 0 ? await this.#parts.linux.readNetwork() : state;
    this.#gate.note(derived, now);
    const { failed, state: after } = await this.#links.apply(derived.state, now, orphans, isOurs);
    this.#notePlugged(derived.state, after);
    this.#parts.forwarding?.networks(tunnelsOf(derived.state));
    this.#parts.qos?.see(this.#sightOf(after));
    this.#outcomes.tell(derived, failed);
    this.#closed = derived.closed;
    return failed.size > 0 || guarded.isUnfinished;
  }

  /**
   * The plan for now, a line each, without doing it.
   *
   * @throws MessagingTimeout, RemoteError when the server does not tell of the devices
   */
  async dryRun(): Promise<string[]> {
    const { linux, groups, protection } = this.#parts;
    const state = await linux.readNetwork();
    this.#devices.see(state, performance.now());
    groups?.askFor(this.#devices.all().map(({ name }) => name));
    await groups?.ask(dryRunQuestion());
    await this.#questions.askForDryRun();
    const desired = this.#derive(state).state;
    await this.#memory.load();
    const remembered = this.#memory.lost(state);
    const toCards = this.#memory.planReturn(state, (name) => desired.bridges.has(name));
    const lines = [...toCards, ...plan(desired, state, { remembered })].map(describeOperation);
    const ofTrunks = await this.trunks.dryRun({ taps: parentTaps(this.#devices, state), state });
    const forwarding = (await this.#parts.forwarding?.dryRun(tunnelsOf(desired))) ?? [];
    const rules = await protection.plan(this.#devices.details(), (name) => state.links.has(name));
    const qos = (await this.#parts.qos?.dryRun(this.#sightOf(state))) ?? [];
    return [...lines, ...ofTrunks.map(describeOperation), ...forwarding, ...qos, ...rules];
  }

  #sightOf({ links }: NetworkState): QosSight {
    const taps = [...links.values()].filter(({ name }) => portIdPrefix(name) !== null);
    return { ports: this.#devices.details(), taps: new Map(taps.map(({ name, ifindex }) => [name, ifindex])) };
  }

  #derive(state: NetworkState): Derived {
    const config = this.#config;
    this.#underlay = config.vxlan ? (underlay(config.vxlan.localIp, state)?.name ?? this.#underlay) : null;
    return derive(this.#devices.details(), config, state, this.#devices.stale().length === 0);
  }

  async #returnToCards(state: NetworkState): Promise<boolean> {
    const known = this.#derive(state).state.bridges;
    return await this.#memory.returnToCards(state, (name) => known.has(name));
  }

  /** @returns whether anything was done */
  async #removeNetworks(state: NetworkState): Promise<boolean> {
    const { ids } = this.#deletedNetworks;
    if (ids.size === 0) return false;
    for (const device of this.#devices.all()) {
      if (device.details && ids.has(device.details.network_id)) this.portDeleted(device.name);
    }
    return await this.#deletedNetworks.remove(state, new Set(this.#config.interfaces.values()));
  }

  #notePlugged(desired: HostState, state: NetworkState): void {
    for (const tap of desired.taps.values()) {
      const device = this.#devices.get(tap.name);
      if (device && tap.bridge !== null && state.links.get(tap.name)?.master === tap.bridge) device.wasPlugged = true;
    }
  }
}

/** Network id → device, of the networks that are tunnelled. */
function tunnelsOf({ bridges }: HostState): Map<string, string> {
  return new Map(
    [...bridges.values()].flatMap(({ networkId, leg }) =>
      leg?.kind === 'vxlan' ? [[networkId, leg.name] as const] : [],
    ),
  );
}
