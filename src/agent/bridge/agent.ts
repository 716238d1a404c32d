import type { Logger } from '../../lib/log.ts';
import { tapName } from '../../lib/names.ts';
import { defaultValues } from '../../lib/options.ts';
import type { Host, LinkEvent, NetworkState } from '../../linux/contract.ts';
import { readLinkCounters } from '../../linux/link-counters.ts';
import type { TableWatch } from '../../linux/table-watch.ts';
import { WatchedHost } from '../../linux/watched-host.ts';
import {
  type AgentState,
  BRIDGE_AGENT_VERSION,
  type BridgeAgentMethods,
  bridgeAgentTopics,
  EXPLAIN_VERSION,
  type ExplainMethods,
  type ExplainStep,
  endpoint,
  explainServer,
  type NetworkInfo,
  NO_TOPIC,
  qosPolicyObject,
  type SecurityGroupAgentMethods,
  topics,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { Forwarding } from '../fdb/forwarding.ts';
import type { FirewallDriver } from '../firewall/contract.ts';
import { GroupKnowledge } from '../firewall/groups.ts';
import { Heartbeat, reportStatus, type SyncReason } from '../heartbeat.ts';
import { ErrorMemory } from '../last-error.ts';
import { explainQos } from '../qos/explain.ts';
import { qosOptions } from '../qos/options.ts';
import { QOS_EXTENSION, Qos } from '../qos/qos.ts';
import { explainTrunk } from '../trunk/explain.ts';
import { explainNetwork, explainPort, withCounters } from './explain.ts';
import { agentId, checkHost } from './identity.ts';
import { checkTunnels, findLacking, legReport } from './leg-support.ts';
import { type BridgeAgentOptions, type BridgeConfig, bridgeConfig } from './options.ts';
import { Protection } from './protection.ts';
import { SyncLoop, type SyncStatistics } from './sync.ts';
import { Wake } from './wake.ts';

export interface BridgeAgentParts {
  /** Name of this host as the server knows it. */
  host: string;
  options: BridgeAgentOptions;
  transport: Transport;
  linux: Host;
  logger?: Logger;
  /** What filters on this host: the firewall of `firewall_driver`, and the guard against spoofed frames. */
  drivers?: readonly FirewallDriver[];
  /** Tells whether tables of nftables were changed; without it they are read from time to time. */
  tableWatch?: TableWatch;
  /** `state_path`: where it is kept what the host itself has on bridges, for the next run. */
  statePath?: string | null;
  /** Called when what this host alone decides is done: from then on it waits for the server, however long. */
  onSetUp?: () => void;
  /** Folders of the locks that agents of this host share. */
  lockPaths?: readonly string[];
  /** Default 20,000: how often the host is looked at when nothing was heard. */
  scanIntervalMs?: number;
}

const SCAN_INTERVAL_MS = 20_000;
/** Looking at thousands of rules costs more than looking at links: so many scans are one of rules. */
const RULE_SCAN_EVERY = 2.5;
/** Taps go in bursts: wait this long for the next one. */
const BURST_MS = 4;
/** Changes of what is known are mostly our own, or Nova's in several steps. */
const SETTLE_MS = 50;
const MOST_DOUBLINGS = 8;

/** The Linux-bridge agent of one host: derive, plan, apply, whenever something happens. */
export class BridgeAgent {
  readonly #host: string;
  readonly #extensions: readonly string[];
  #config: BridgeConfig;
  readonly #transport: Transport;
  readonly #linux: Host;
  /** The same, for passes: what changed is read again. */
  readonly #watched: WatchedHost;
  readonly #logger: Logger;
  /** Null where no server tells what is where. */
  readonly #forwarding: Forwarding | null;
  readonly #protection: Protection;
  /** Null without the extension. */
  readonly #qos: Qos | null;
  readonly #sync: SyncLoop;
  readonly #wake: Wake;
  readonly #heartbeat: Heartbeat;
  readonly #tableWatch: TableWatch | null;
  readonly #scanIntervalMs: number;
  readonly #onSetUp: () => void;
  readonly #listeners: Listener[] = [];
  #agentId = '';
  #watch: { close(): Promise<void> } | null = null;
  #scan: NodeJS.Timeout | null = null;
  #ruleScan: NodeJS.Timeout | null = null;

  constructor(parts: BridgeAgentParts) {
    this.#host = parts.host;
    this.#extensions = parts.options.agent.extensions;
    this.#config = bridgeConfig(parts.options);
    this.#transport = parts.transport;
    this.#linux = parts.linux;
    this.#watched = new WatchedHost(parts.linux);
    const logger = new ErrorMemory(parts.logger);
    this.#logger = logger;
    this.#tableWatch = parts.tableWatch ?? null;
    this.#scanIntervalMs = parts.scanIntervalMs ?? SCAN_INTERVAL_MS;
    this.#onSetUp = parts.onSetUp ?? (() => {});
    this.#qos = qosOf(parts, this.#logger);
    this.#forwarding = forwardingOf(parts, this.#config, this.#logger);
    const groups = this.#config.filtering ? new GroupKnowledge(parts.transport, this.#logger) : null;
    this.#protection = new Protection({
      drivers: parts.drivers ?? [],
      groups,
      bridges: this.#config.bridges,
      logger: this.#logger,
    });
    const identity = () => ({ agent_id: this.#agentId, host: this.#host });
    this.#sync = new SyncLoop({
      linux: this.#watched,
      transport: parts.transport,
      config: this.#config,
      protection: this.#protection,
      groups,
      forwarding: this.#forwarding,
      qos: this.#qos,
      identity,
      statePath: parts.statePath ?? null,
      logger: this.#logger,
      wake: () => this.#wake.in(0),
    });
    this.#wake = new Wake(() => this.#sync.pass(), this.#logger);
    this.#heartbeat = new Heartbeat({
      transport: parts.transport,
      state: () => this.#state(),
      intervalMs: parts.options.agent.report_interval * 1000,
      onFullSync: (why) => this.#fullSync(why),
      logger,
      errors: logger,
    });
  }

  /** @throws CannotStart when the configuration names what this host does not have; MessagingTimeout and the like never */
  async start(): Promise<void> {
    const state = await this.#linux.readNetwork();
    checkHost(this.#config, state);
    await this.#protection.start();
    this.#agentId = agentId(this.#config, state);
    await this.#sync.begin(state);
    // Behind that: what tunnels end at may have gone with a bridge, and is back now.
    await this.#checkLegs(await this.#linux.readNetwork());
    // Reports until the server answers; the work on the host does not wait for that.
    void this.#heartbeat.start();
    this.#onSetUp();
    await this.#listen();
    this.#watch = await this.#watched.watchLinks(
      (event) => this.#onLink(event),
      () => this.#wake.in(0),
    );
    this.#sync.askAll();
    this.#wake.in(0);
    this.#scan = setInterval(() => {
      this.#watched.distrust();
      this.#sync.askUnknown();
      this.#forwarding?.check();
      this.#qos?.check();
      this.#wake.in(0);
    }, this.#scanIntervalMs);
    this.#ruleScan = setInterval(() => void this.#checkRules(), this.#scanIntervalMs * RULE_SCAN_EVERY);
    const unknown = this.#extensions.filter((name) => name !== QOS_EXTENSION);
    if (unknown.length > 0)
      this.#logger.warn({ extensions: unknown }, 'Agent extensions that are not served are left out');
    this.#logger.info({ agent_id: this.#agentId, host: this.#host }, 'The Linux-bridge agent works');
  }

  get statistics(): SyncStatistics & { devices: number } {
    return { ...this.#sync.statistics, devices: this.#sync.deviceCount };
  }

  /** What it would do on this host now, as lines; does nothing on the host. */
  async dryRun(): Promise<string[]> {
    const state = await this.#linux.readNetwork();
    checkHost(this.#config, state);
    this.#agentId = agentId(this.#config, state);
    await this.#checkLegs(state);
    return await this.#sync.dryRun();
  }

  /** In words for people. */
  get status(): string {
    return `${this.#sync.deviceCount} devices; ${reportStatus(this.#transport, this.#heartbeat)}`;
  }

  /** Settles when all that is known now is done on the host and told to the server. For tests. */
  async idle(): Promise<void> {
    await this.#wake.idle();
    await this.#forwarding?.idle();
    await this.#qos?.idle();
  }

  /** Leaves the host as it is. */
  async close(): Promise<void> {
    if (this.#scan) clearInterval(this.#scan);
    if (this.#ruleScan) clearInterval(this.#ruleScan);
    this.#tableWatch?.close();
    await this.#watch?.close();
    await this.#heartbeat.close();
    await this.#wake.close();
    await this.#forwarding?.close();
    await this.#qos?.close();
    this.#sync.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Tables that nobody wrote since they were last looked at are as they were. */
  async #checkRules(): Promise<void> {
    const nftables = (await this.#tableWatch?.isQuiet()) ?? false;
    this.#protection.distrust({ nftables });
    this.#wake.in(0);
  }

  async #checkLegs(state: NetworkState): Promise<void> {
    const lacking = await findLacking(this.#linux.exec, this.#config);
    checkTunnels(this.#config, state, lacking);
    this.#config = { ...this.#config, lacking };
    this.#sync.configure(this.#config);
    for (const [kind, reason] of lacking) {
      this.#logger.info({ network_type: kind, reason }, 'Networks of a type cannot be served on this host');
    }
  }

  #onLink(event: LinkEvent): void {
    if (!this.#sync.concerns(event.name)) return;
    this.#forwarding?.check(event.name);
    this.#sync.changed(event);
    // Where somebody else undoes what we do again and again, it is done less and less often.
    const settleMs = SETTLE_MS * 2 ** Math.min(this.#sync.driftsInARow, MOST_DOUBLINGS);
    this.#wake.in({ added: 0, removed: BURST_MS, changed: settleMs }[event.kind]);
  }

  #fullSync(reason: SyncReason): void {
    this.#logger.info({ reason }, 'Asking the server for everything again');
    this.#watched.distrust();
    this.#sync.askAll();
    this.#forwarding?.askAll();
    this.#qos?.askAll();
    this.#wake.in(0);
  }

  async #listen(): Promise<void> {
    await this.#forwarding?.start();
    await this.#qos?.start();
    const methods = endpoint<BridgeAgentMethods>(BRIDGE_AGENT_VERSION, {
      port_update: async ({ port }) => this.#ask(tapName(port.id)),
      port_delete: async ({ port_id }) => {
        this.#sync.portDeleted(tapName(port_id));
        this.#wake.in(0);
      },
      network_update: async ({ network }) => {
        // Its legs depend on addresses of the host, whose changes no event tells.
        this.#watched.distrust();
        this.#sync.askNetwork(network.id);
        this.#wake.in(0);
      },
      network_delete: async ({ network_id }) => {
        this.#watched.distrust();
        this.#sync.networkDeleted(network_id);
        this.#wake.in(0);
      },
      binding_activate: async ({ port_id, host }) => {
        if (host === this.#host) this.#ask(tapName(port_id));
      },
      binding_deactivate: async ({ port_id, host }) => {
        if (host !== this.#host) return;
        this.#sync.guestLeft(tapName(port_id));
        this.#wake.in(0);
      },
    });
    const groupMethods = endpoint<SecurityGroupAgentMethods>(BRIDGE_AGENT_VERSION, {
      security_groups_rule_updated: async ({ security_groups }) => this.#askGroups('rules', security_groups),
      security_groups_member_updated: async ({ security_groups }) => this.#askGroups('members', security_groups),
    });
    for (const topic of bridgeAgentTopics)
      this.#listeners.push(await this.#transport.listen(topic, this.#host, [methods]));
    this.#listeners.push(await this.#transport.listen(topics.securityGroupUpdate, this.#host, [groupMethods]));
    this.#listeners.push(...(await this.#sync.trunks.listen(this.#host)));
    const explain = endpoint<ExplainMethods>(EXPLAIN_VERSION, {
      explain_port: async (request) => {
        const tap = tapName(request.port.id);
        const closed = this.#sync.closedReason(tap);
        const [state, rules, counters] = await Promise.all([
          this.#linux.readNetwork(),
          this.#sync.explainRules(tap),
          readLinkCounters(),
        ]);
        const ofTrunk = explainTrunk(request.port, state, this.#sync.trunks);
        const links = withCounters(explainPort(request, state, this.#config, closed), counters);
        const forwarding = await this.#explainForwarding(request.network as NetworkInfo);
        const limits = await explainQos(this.#qos, request.port);
        return { steps: [...ofTrunk, ...links, ...rules, ...forwarding, ...limits] };
      },
      explain_network: async (request) => {
        const [state, counters] = await Promise.all([this.#linux.readNetwork(), readLinkCounters()]);
        const links = withCounters(explainNetwork(request, state, this.#config), counters);
        return { steps: [...links, ...(await this.#explainForwarding(request.network as NetworkInfo))] };
      },
    });
    this.#listeners.push(await this.#transport.listen(topics.explain, explainServer('bridge', this.#host), [explain]));
  }

  /** Where the others of a tunnelled network are; nothing of other networks. */
  async #explainForwarding({ id, segments }: NetworkInfo): Promise<ExplainStep[]> {
    const isTunnelled = segments[0]?.network_type === 'vxlan';
    const step = isTunnelled ? await this.#forwarding?.explain(id) : undefined;
    return step ? [step] : [];
  }

  #askGroups(what: 'rules' | 'members', groups: readonly string[]): void {
    if (this.#sync.askGroups(what, groups)) this.#wake.in(0);
  }

  #ask(device: string): void {
    this.#sync.askDevice(device);
    this.#wake.in(0);
  }

  #state(): AgentState {
    return {
      binary: 'neutron-linuxbridge-agent',
      host: this.#host,
      topic: NO_TOPIC,
      agent_type: 'Linux bridge agent',
      ...(this.#qos && { resource_versions: { [qosPolicyObject.name]: qosPolicyObject.version } }),
      configurations: {
        extensions: this.#qos ? [QOS_EXTENSION] : [],
        bridge_mappings: Object.fromEntries(this.#config.bridges),
        interface_mappings: Object.fromEntries(this.#config.interfaces),
        ...legReport(this.#config),
        devices: this.#sync.deviceCount,
      },
    };
  }
}

function forwardingOf(parts: BridgeAgentParts, { vxlan }: BridgeConfig, logger: Logger): Forwarding | null {
  if (vxlan?.mode !== 'unicast') return null;
  const { host, transport, linux } = parts;
  return new Forwarding({ host, localIp: vxlan.localIp, answers: vxlan.arpResponder, transport, linux, logger });
}

function qosOf({ host, options, transport, linux, lockPaths }: BridgeAgentParts, logger: Logger): Qos | null {
  if (!options.agent.extensions.includes(QOS_EXTENSION)) return null;
  const qos = options.qos ?? defaultValues(qosOptions);
  return new Qos({ host, options: qos, transport, linux, logger, ...(lockPaths && { lockPaths }) });
}
