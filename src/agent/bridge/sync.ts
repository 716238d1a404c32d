import { type Cause, CauseList, causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { bridgeName, portIdPrefix } from '../../lib/names.ts';
import { planBridgeRemoval } from '../../linux/cleanup/remove-bridge.ts';
import {
  ApplyFailed,
  describeOperation,
  type Host,
  type NetworkOperation,
  type NetworkState,
} from '../../linux/contract.ts';
import { type AgentIdentity, PluginApi } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { dryRunQuestion } from '../dry-run.ts';
import { AddressFile } from './address-file.ts';
import { type Derived, type DesiredTap, derive, type HostState } from './derive.ts';
import { Devices } from './devices.ts';
import type { Gate } from './gate.ts';
import { AddressMemory, planReturnToCard } from './host-addresses.ts';
import type { BridgeConfig } from './options.ts';
import { plan } from './plan.ts';
import { DeviceReports } from './reports.ts';

export interface SyncParts {
  linux: Host;
  transport: Transport;
  config: BridgeConfig;
  gate: Gate;
  identity: () => AgentIdentity;
  logger: Logger;
  /** Folder for what the next run must know; null keeps nothing. */
  statePath: string | null;
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

/** So many devices are asked for in one call. */
const DETAILS_CHUNK = 500;
/** While the server cannot be asked, it is asked again after this, doubling up to the longest. */
const FIRST_ASK_RETRY_MS = 500;
const LONGEST_ASK_RETRY_MS = 20_000;
/** What failed on the host is tried again after this. */
const APPLY_RETRY_MS = 5_000;
/** An operation may fail because something else just changed the host: look again and plan anew this often. */
const APPLY_ATTEMPTS = 20;
/** A log line is for people. */
const LOGGED_OPERATIONS = 40;

/**
 * One pass makes the host as the server wants it: see what taps there are, ask for those that are new or changed, derive,
 * plan, apply, and tell the server. Start, message, link event and scan all lead here; without anything to do it costs
 * one look at the kernel.
 */
export class SyncLoop {
  readonly statistics: SyncStatistics = {
    rounds: 0,
    failed: 0,
    seconds: 0,
    planned: 0,
    applied: 0,
    fullSyncAtMs: null,
  };
  readonly #parts: SyncParts;
  readonly #plugin: PluginApi;
  readonly #reports: DeviceReports;
  readonly #devices = new Devices();
  readonly #file: AddressFile;
  #memory = new AddressMemory();
  #isMemoryLoaded = false;
  readonly #deletedNetworks = new Set<string>();
  readonly #toldProblems = new Map<string, string>();
  #askRetryMs = FIRST_ASK_RETRY_MS;
  /** Something new was heard since the last pass: what is planned then is no drift. */
  #news = true;
  #failing = false;
  /** The server was or is to be asked about everything, and that has not been done on the host yet. */
  #isAllAsked = false;
  #driftsInARow = 0;
  #closedTold: ReadonlySet<string> = new Set();

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#plugin = new PluginApi(parts.transport);
    this.#file = new AddressFile(parts.statePath, parts.logger);
    this.#reports = new DeviceReports({ transport: parts.transport, identity: parts.identity, logger: parts.logger });
  }

  get deviceCount(): number {
    return this.#devices.size;
  }

  /** How often the host was found changed by others without a quiet pass in between. */
  get driftsInARow(): number {
    return this.#driftsInARow;
  }

  /** Whether a change of this device may mean work. */
  concerns(name: string): boolean {
    const { interfaces, bridges } = this.#parts.config;
    const mapped = [...interfaces.values(), ...bridges.values()];
    return portIdPrefix(name) !== null || name.startsWith('brq') || mapped.includes(name);
  }

  askAll(): void {
    this.#news = true;
    this.#isAllAsked = true;
    this.#devices.markStale(() => true);
  }

  askUnknown(): void {
    this.#devices.markStale((device) => device.details === null);
  }

  askDevice(name: string): void {
    this.#news = true;
    this.#devices.markStale((device) => device.name === name);
  }

  askNetwork(networkId: string): void {
    this.#news = true;
    this.#devices.markStale((device) => device.details?.network_id === networkId);
  }

  /** The tap may live on for a moment: whoever made it takes it away. */
  portDeleted(name: string): void {
    this.#news = true;
    this.#reports.forget(name);
    const device = this.#devices.get(name);
    if (device) Object.assign(device, { details: null, stale: false, toReport: false });
  }

  networkDeleted(networkId: string): void {
    this.#news = true;
    this.#deletedNetworks.add(networkId);
  }

  close(): void {
    this.#reports.close();
  }

  /** What must not wait for the queue: the host gets back addresses that went with a bridge while no agent ran. */
  async begin(state: NetworkState): Promise<void> {
    await this.#remember(state);
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
    let state = await linux.readNetwork();
    await this.#remember(state);
    if (await this.#returnToCards(state)) state = await linux.readNetwork();
    const { gone, came } = this.#devices.see(state, performance.now());
    for (const device of gone) {
      this.#reports.forget(device.name);
      if (device.details) this.#reports.report(device.name, 'down');
    }
    const isNews = this.#news || came.length > 0 || gone.length > 0;
    this.#news = false;
    const { asked, failed: askFailed, causes } = await this.#ask();
    return await causedBy(causes, async () => {
      if (await this.#removeNetworks(state)) state = await linux.readNetwork();
      const failed = await this.#follow(state, isNews || asked > 0);
      if (failed) return { againInMs: APPLY_RETRY_MS };
      return askFailed ? { againInMs: this.#nextAskRetry() } : undefined;
    });
  }

  /** Derive, plan, apply, tell. @returns whether something failed on the host */
  async #follow(state: NetworkState, isNews: boolean): Promise<boolean> {
    const derived = await this.#derive(state);
    const { failed, state: after } = await this.#apply(derived.state, state, isNews);
    this.#notePlugged(derived.state, after);
    this.#report(derived, failed);
    this.#logProblems(derived, failed);
    return failed.size > 0;
  }

  /**
   * The plan for now, a line each, without doing it.
   *
   * @throws MessagingTimeout, RemoteError when the server does not tell of the devices
   */
  async dryRun(): Promise<string[]> {
    const state = await this.#parts.linux.readNetwork();
    this.#devices.see(state, performance.now());
    const names = this.#devices.stale().map((device) => device.name);
    for (let start = 0; start < names.length; start += DETAILS_CHUNK) {
      const chunk = names.slice(start, start + DETAILS_CHUNK);
      const answers = await this.#plugin.getDevicesDetailsList(this.#parts.identity(), chunk, dryRunQuestion());
      for (const details of answers) this.#devices.learn(details);
    }
    const desired = derive(this.#devices.details(), this.#parts.config).state;
    await this.#loadMemory();
    const remembered = this.#memory.lost(state);
    const toCards = [...remembered].flatMap(([name, had]) =>
      desired.bridges.has(name) ? [] : planReturnToCard(had, state),
    );
    const lines = [...toCards, ...plan(desired, state, { remembered })].map(describeOperation);
    const { gate } = this.#parts;
    for (const { name, closed } of desired.taps.values()) {
      if (closed && !(await gate.isClosed(name))) lines.push(`drop_frames name=${name} (port security is on)`);
    }
    return lines;
  }

  /**
   * Asks for the devices that are new or changed. The host is kept as it is while nobody answers.
   * @returns causes of this pass: who asked for it, and who made the ports of taps that came
   */
  async #ask(): Promise<{ asked: number; failed: boolean; causes: readonly Cause[] }> {
    const causes = new CauseList();
    causes.add();
    const stale = this.#devices.stale();
    for (let start = 0; start < stale.length; start += DETAILS_CHUNK) {
      const chunk = stale.slice(start, start + DETAILS_CHUNK);
      for (const device of chunk) device.stale = false;
      const names = chunk.map((device) => device.name);
      try {
        const answers = await this.#plugin.getDevicesDetailsList(this.#parts.identity(), names);
        for (const details of answers) {
          this.#devices.learn(details);
          if (details.request_id) causes.add([{ requestId: details.request_id, globalRequestId: null }]);
        }
        this.#askRetryMs = FIRST_ASK_RETRY_MS;
      } catch (error) {
        for (const device of stale.slice(start)) device.stale = true;
        this.#parts.logger.warn(
          { devices: stale.length, error: String(error) },
          'The server did not tell of the devices',
        );
        return { asked: start, failed: true, causes: causes.take() };
      }
    }
    return { asked: stale.length, failed: false, causes: causes.take() };
  }

  async #remember(state: NetworkState): Promise<void> {
    await this.#loadMemory();
    this.#memory.see(state);
    await this.#file.save(this.#memory.all);
  }

  /**
   * Where a bridge was deleted by hand that nobody has said (yet) belongs here, the host gets its addresses back on the
   * card. Before the server is asked: the way to it may lead over them.
   *
   * @returns whether anything was done
   */
  async #returnToCards(state: NetworkState): Promise<boolean> {
    const lost = [...this.#memory.lost(state)];
    if (lost.length === 0) return false;
    const known = derive(this.#devices.details(), this.#parts.config).state.bridges;
    const operations = lost.flatMap(([name, had]) => (known.has(name) ? [] : planReturnToCard(had, state)));
    if (operations.length === 0) return false;
    try {
      await this.#parts.linux.apply(operations);
      this.#logOperations(
        operations,
        'A bridge was deleted by hand: its card has the addresses of this host again',
        'warn',
      );
      await this.#remember(await this.#parts.linux.readNetwork());
    } catch (error) {
      this.#parts.logger.warn({ error: String(error) }, 'A card could not get back the addresses of this host');
    }
    return true;
  }

  async #loadMemory(): Promise<void> {
    if (this.#isMemoryLoaded) return;
    this.#memory = new AddressMemory(await this.#file.load());
    this.#isMemoryLoaded = true;
  }

  #nextAskRetry(): number {
    const waitMs = this.#askRetryMs;
    this.#askRetryMs = Math.min(this.#askRetryMs * 2, LONGEST_ASK_RETRY_MS);
    return waitMs;
  }

  /** @returns whether anything was done */
  async #removeNetworks(state: NetworkState): Promise<boolean> {
    const nics = new Set(this.#parts.config.interfaces.values());
    let done = false;
    for (const networkId of [...this.#deletedNetworks]) {
      for (const device of this.#devices.all()) {
        if (device.details?.network_id === networkId) this.portDeleted(device.name);
      }
      const operations = planBridgeRemoval(bridgeName(networkId), state, nics);
      try {
        await this.#parts.linux.apply(operations);
        if (operations.length > 0)
          this.#logOperations(operations, 'The network was deleted: its bridge is gone', 'info');
        this.#deletedNetworks.delete(networkId);
        this.#memory.forget(bridgeName(networkId));
      } catch (error) {
        // Tried again with the next pass: the scan's at the latest.
        this.#parts.logger.warn({ network_id: networkId, error: String(error) }, 'A bridge could not be removed');
      }
      done ||= operations.length > 0;
    }
    return done;
  }

  /** Ports that must be closed are, before anything is put into a bridge; where that fails their taps go down. */
  async #derive(state: NetworkState): Promise<Derived> {
    const { config, gate, logger } = this.#parts;
    const derived = derive(this.#devices.details(), config);
    const closed = [...derived.state.taps.values()].filter((tap) => tap.closed).map((tap) => tap.name);
    try {
      const isOurs = (name: string) => Boolean(this.#devices.get(name)?.details);
      await gate.set(new Set(closed), isOurs, (name) => state.links.has(name));
      return derived;
    } catch (error) {
      // Without ebtables nothing was ever closed on this host, and nothing is to be.
      if (closed.length === 0) return derived;
      logger.error(
        { taps: closed, error: String(error) },
        'Ports could not be closed by rules: their taps are set down',
      );
      const shut = (tap: DesiredTap): DesiredTap => (tap.closed ? { ...tap, up: false, enslave: false } : tap);
      const taps = new Map([...derived.state.taps].map(([name, tap]) => [name, shut(tap)]));
      return { ...derived, state: { ...derived.state, taps } };
    }
  }

  async #apply(
    desired: HostState,
    before: NetworkState,
    isNews: boolean,
  ): Promise<{ failed: Map<string, string>; state: NetworkState }> {
    const { linux, logger } = this.#parts;
    const orphans = this.#devices.orphans(performance.now());
    const failed = new Map<string, string>();
    const failedOnce = new Set<string>();
    let state = before;
    for (let attempt = 1; ; attempt += 1) {
      const operations = plan(desired, state, {
        orphans,
        leaveAlone: new Set(failed.keys()),
        remembered: this.#memory.lost(state),
      });
      this.statistics.planned += operations.length;
      if (operations.length === 0) {
        this.#driftsInARow = 0;
        return { failed, state };
      }
      try {
        await linux.apply(operations);
        this.statistics.applied += operations.length;
        if (operations.some(({ op }) => op === 'add_address')) await this.#remember(await linux.readNetwork());
        const found = 'The host was not as it should be: mended';
        const isDrift = !isNews && !this.#failing;
        this.#driftsInARow = isDrift ? this.#driftsInARow + 1 : 0;
        this.#logOperations(operations, isDrift ? found : 'The host was changed', isDrift ? 'warn' : 'info');
        this.#failing = failed.size > 0;
        return { failed, state: this.#withMasters(operations, state) };
      } catch (error) {
        if (!(error instanceof ApplyFailed) || attempt === APPLY_ATTEMPTS) throw error;
        state = await linux.readNetwork();
        for (const subject of culprits(error.operation, desired)) {
          if (failedOnce.has(subject)) failed.set(subject, error.message);
          failedOnce.add(subject);
        }
        logger.debug({ error: error.message }, 'An operation on the host failed: looking again');
        this.#failing = true;
      }
    }
  }

  /** The state as the operations left it, as far as membership of bridges goes. */
  #withMasters(operations: readonly NetworkOperation[], state: NetworkState): NetworkState {
    const links = new Map(state.links);
    for (const operation of operations) {
      if (operation.op !== 'set_master') continue;
      const link = links.get(operation.name);
      if (link) links.set(operation.name, { ...link, master: operation.master });
    }
    return { ...state, links };
  }

  #notePlugged(desired: HostState, state: NetworkState): void {
    for (const tap of desired.taps.values()) {
      const device = this.#devices.get(tap.name);
      if (device && state.links.get(tap.name)?.master === tap.bridge) device.wasPlugged = true;
    }
  }

  #report({ state, problems }: Derived, failed: ReadonlyMap<string, string>): void {
    for (const device of this.#devices.all()) {
      if (!device.toReport) continue;
      const tap = state.taps.get(device.name);
      const broken = problems.has(device.name) || !tap || failed.has(tap.name) || failed.has(tap.bridge);
      const word = !broken && tap.up && !tap.closed ? 'up' : 'down';
      if (word !== device.told) this.#reports.report(device.name, word);
      device.told = word;
      // What is broken is looked at again until it works.
      device.toReport = broken && !problems.has(device.name);
    }
  }

  /** Each reason once, not with every pass. */
  #logProblems({ state, problems }: Derived, failed: ReadonlyMap<string, string>): void {
    const now = new Map([...problems, ...failed]);
    const closed = new Set([...state.taps.values()].filter((tap) => tap.closed).map((tap) => tap.name));
    const fresh = [...closed].filter((name) => !this.#closedTold.has(name));
    if (fresh.length > 0) {
      const reason = 'security groups are configured and not served yet';
      this.#parts.logger.warn({ devices: fresh, reason }, 'Ports with port security stay closed');
    }
    this.#closedTold = closed;
    for (const [subject, reason] of now) {
      if (this.#toldProblems.get(subject) !== reason) {
        this.#parts.logger.warn({ device: subject, reason }, 'A device cannot be served');
      }
    }
    this.#toldProblems.clear();
    for (const [subject, reason] of now) this.#toldProblems.set(subject, reason);
  }

  #logOperations(operations: readonly NetworkOperation[], message: string, level: 'info' | 'warn'): void {
    const lines = operations.slice(0, LOGGED_OPERATIONS).map(describeOperation);
    this.#parts.logger[level]({ count: operations.length, operations: lines }, message);
  }
}

/** Devices an operation works on. */
function subjects(operation: NetworkOperation): string[] {
  if ('name' in operation) return [operation.name];
  if ('device' in operation) return [operation.device];
  return [operation.key.split('/')[3] ?? ''];
}

/** Whom to leave alone after an operation failed: the tap, or the bridge and with it all its taps. */
function culprits(operation: NetworkOperation, desired: HostState): string[] {
  return subjects(operation).flatMap((name) => {
    const bridge = [...desired.bridges.values()].find((candidate) => candidate.nic === name);
    return bridge ? [bridge.name] : [name];
  });
}
