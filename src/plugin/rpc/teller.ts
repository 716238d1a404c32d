import type { Db } from '../../db/database.ts';
import type { View } from '../../db/read/view.ts';
import { agentsHosting, type HostingAgent } from '../../db/write/network-agents.ts';
import { boundSegments, type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import { causedBy } from '../../lib/cause.ts';
import { adminContext } from '../../lib/context.ts';
import type { Port } from '../../resources/shapes.ts';
import {
  BridgeNotifier,
  DhcpNotifier,
  dhcpPriorities,
  L3Notifier,
  SecurityGroupNotifier,
  type WireFixedIp,
  type WireNetwork,
  type WirePort,
} from '../../rpc/contract.ts';
import { FORWARDING } from '../l2-population/notes.ts';
import { concernsForwarding, ForwardingTeller } from '../l2-population/teller.ts';
import type { Binder } from '../ml2/binder.ts';
import { conntrackHelperObject } from '../objects/conntrack-helper.ts';
import type { ObjectData, ObjectKind } from '../objects/contract.ts';
import { ndpProxyObject } from '../objects/ndp-proxy.ts';
import type { Objects } from '../objects/objects.ts';
import { portForwardingObject } from '../objects/port-forwarding.ts';
import { subPortObject, trunkObject } from '../objects/trunk.ts';
import type { Task, TaskWorker } from '../outbox/outbox.ts';
import { messageView, type Shared } from '../parts.ts';
import { concernsGroups, groupChanges } from './group-changes.ts';
import { MeteringTeller } from './metering-teller.ts';
import { concernsRouters, isOfRouters, RouterTeller } from './router-teller.ts';
import { soleListeners } from './sole-listeners.ts';
import { wireNetworks, wirePort, wirePorts, wireSubnets } from './wire.ts';

/**
 * Of several agents that serve a network one, chosen by chance, works on a new port first, the others behind the rest of
 * what they have to do: so they share a burst.
 */
const LATER_PRIORITY = 6;

/** Tells agents of changes, and whoever listens to objects; and binds the ports that a dead server left unbound. */
export class Teller implements TaskWorker {
  readonly #shared: Shared;
  readonly #binder: () => Binder;
  readonly #objects: Objects;
  readonly #dhcp: DhcpNotifier;
  readonly #bridge: BridgeNotifier;
  readonly #l3: L3Notifier;
  readonly #groups: SecurityGroupNotifier;
  readonly #forwarding: ForwardingTeller;
  readonly #routers: RouterTeller;
  readonly #metering: MeteringTeller;

  constructor(shared: Shared, binder: () => Binder, objects: Objects) {
    this.#shared = shared;
    this.#binder = binder;
    this.#objects = objects;
    this.#dhcp = new DhcpNotifier(shared.transport);
    this.#bridge = new BridgeNotifier(shared.transport);
    this.#l3 = new L3Notifier(shared.transport);
    this.#groups = new SecurityGroupNotifier(shared.transport);
    this.#forwarding = new ForwardingTeller(shared);
    this.#routers = new RouterTeller(shared);
    this.#metering = new MeteringTeller(shared);
  }

  async prepare(task: Task): Promise<void> {
    const changed = task.action === 'created' || task.action === 'updated';
    if (task.resource_type !== 'port' || !changed) return;
    await this.#binder().bind(task.context ?? adminContext(), task.resource_id);
  }

  async tell(tasks: readonly Task[], done: (task: Task, error: unknown) => void): Promise<void> {
    const facts = new BatchFacts(this.#shared, tasks);
    const failed = new Map<string, unknown>();
    const groups = await this.#tellGroups(tasks);
    const forwarding = await failureOf(this.#forwarding.tell(tasks));
    const routers = await failureOf(this.#routers.tell(tasks));
    const told: Task[] = [];
    for (const task of tasks) {
      const resource = `${task.resource_type} ${task.resource_id}`;
      try {
        if (failed.has(resource)) throw new Error('an earlier task of it failed', { cause: failed.get(resource) });
        if (groups !== null && concernsGroups(task)) throw groups.error;
        if (forwarding !== null && concernsForwarding(task)) throw forwarding.error;
        if (routers !== null && concernsRouters(task)) throw routers.error;
        await causedBy(task.context ? [task.context] : [], () => this.#tellOne(task, facts));
        told.push(task);
      } catch (error) {
        failed.set(resource, error);
        done(task, error);
      }
    }
    await this.#push(told, done);
  }

  /** Agents first: they are waited for. */
  async #push(tasks: readonly Task[], done: (task: Task, error: unknown) => void): Promise<void> {
    let failure: unknown;
    try {
      await this.#objects.push(tasks);
    } catch (error) {
      failure = error;
    }
    for (const task of tasks) done(task, failure);
  }

  /** Tells of groups for all tasks at once. @returns why it failed, or null */
  async #tellGroups(tasks: readonly Task[]): Promise<{ error: unknown } | null> {
    const { rules, members } = groupChanges(tasks);
    const telling = async () => {
      if (rules.length > 0) await this.#groups.rulesUpdated(rules);
      if (members.length > 0) await this.#groups.membersUpdated(members);
    };
    return failureOf(telling());
  }

  async #tellOne(task: Task, facts: BatchFacts): Promise<void> {
    // Of interest to those who listen to objects only.
    if (task.action === 'changed' || isOfRouters(task)) return;
    const tell = this.#actions[`${task.resource_type} ${task.action}`];
    if (!tell) throw new Error(`no such task: ${task.resource_type} ${task.action}`);
    await tell(task, facts);
  }

  /** Agents hear what happened to these, and all of what they were. */
  #partsOfRouters(): Record<string, (task: Task) => Promise<void>> {
    const kinds = [portForwardingObject, conntrackHelperObject, ndpProxyObject];
    const events = ['created', 'updated', 'deleted'] as const;
    const tell = (kind: ObjectKind, event: (typeof events)[number]) => (task: Task) =>
      this.#objects.tell(kind, [task.payload.object as ObjectData], event);
    return Object.fromEntries(
      kinds.flatMap((kind) => events.map((event) => [`${kind.resource} ${event}`, tell(kind, event)])),
    );
  }

  readonly #actions: Readonly<Record<string, (task: Task, facts: BatchFacts) => Promise<void>>> = {
    'port created': async (task, facts) => {
      // A server died: its port was bound late, and the agent may have asked for its tap before that.
      if (!task.known) {
        const late = await facts.port(task.resource_id);
        if (late && late['binding:host_id'] !== '') await this.#tellBridge(task, late, facts);
      }
      const hosts = await this.#dhcpHosts(task, facts);
      if (hosts.length === 0) return;
      const port = task.known ? wirePort(task.known as Port) : await facts.port(task.resource_id);
      const network = await facts.network(networkOf(task));
      if (!port || !network) return;
      const first = Math.floor(this.#shared.random() * hosts.length);
      for (const [index, host] of hosts.entries()) {
        const priority = index === first ? dhcpPriorities.port_create_end : LATER_PRIORITY;
        await this.#dhcp.tell(host, 'port_create_end', { port: { ...port, network } }, { ...sender(task), priority });
      }
    },
    'port updated': async (task, facts) => {
      const { dhcp, bridge } = task.payload;
      if (!dhcp && !bridge) return;
      const port = await facts.port(task.resource_id);
      if (!port) return;
      if (dhcp) {
        for (const host of await this.#dhcpHosts(task, facts)) {
          await this.#dhcp.tell(host, 'port_update_end', { port }, sender(task));
        }
      }
      if (bridge) await this.#tellBridge(task, port, facts);
    },
    'port moved': async (task) => {
      const { from, to } = task.payload as { from: string; to: string };
      await this.#bridge.bindingDeactivate(task.resource_id, from, networkOf(task), sender(task));
      await this.#bridge.bindingActivate(task.resource_id, to, sender(task));
    },
    'port deleted': async (task, facts) => {
      const fixed_ips = (task.payload.fixed_ips as WireFixedIp[] | undefined) ?? [];
      const gone = { port_id: task.resource_id, network_id: networkOf(task), fixed_ips };
      for (const host of await this.#dhcpHosts(task, facts)) {
        await this.#dhcp.tell(host, 'port_delete_end', gone, sender(task));
      }
      await this.#bridge.portDelete(task.resource_id, sender(task));
    },
    'network scheduled': async (task) => {
      for (const host of hostsOf(task)) {
        await this.#dhcp.tell(host, 'network_create_end', { network: { id: task.resource_id } }, sender(task));
      }
    },
    'network unscheduled': async (task) => {
      for (const host of hostsOf(task)) {
        await this.#dhcp.tell(host, 'network_delete_end', { network_id: task.resource_id }, sender(task));
      }
    },
    'network updated': async (task, facts) => {
      const network = await facts.network(task.resource_id);
      if (!network) return;
      for (const host of await this.#dhcpHosts(task, facts)) {
        await this.#dhcp.tell(host, 'network_update_end', { network }, sender(task));
      }
      const { mtu_changed, qos_changed } = task.payload;
      if (mtu_changed || qos_changed) await this.#bridge.networkUpdate(network, sender(task));
    },
    'network deleted': async (task) => {
      await this.#bridge.networkDelete(task.resource_id, sender(task));
      if (this.#notifiesDhcp()) {
        await this.#dhcp.tellAll('network_delete_end', { network_id: task.resource_id }, sender(task));
      }
    },
    'subnet created': async (task, facts) => {
      const hosts = await this.#dhcpHosts(task, facts);
      const subnet = hosts.length > 0 ? await facts.subnet(task.resource_id) : null;
      const network = await facts.network(networkOf(task));
      if (!subnet || !network) return;
      for (const host of hosts) {
        await this.#dhcp.tell(host, 'subnet_create_end', { subnet: { ...subnet, network } }, sender(task));
      }
    },
    'subnet updated': async (task, facts) => {
      const hosts = await this.#dhcpHosts(task, facts);
      const subnet = hosts.length > 0 ? await facts.subnet(task.resource_id) : null;
      if (!subnet) return;
      for (const host of hosts) await this.#dhcp.tell(host, 'subnet_update_end', { subnet }, sender(task));
    },
    'subnet deleted': async (task, facts) => {
      const gone = { subnet_id: task.resource_id, network_id: networkOf(task) };
      for (const host of await this.#dhcpHosts(task, facts)) {
        await this.#dhcp.tell(host, 'subnet_delete_end', gone, sender(task));
      }
    },
    // Told with the whole batch.
    'security_group rules_updated': async () => {},
    'port forwarding': async () => {},
    'agent tunnel_end': async () => {},
    'trunk created': async ({ resource_id }) => {
      const objects = await trunkObject.read(this.#shared.database.db, { id: [resource_id] }, this.#shared.extensions);
      await this.#objects.tell(trunkObject, objects, 'created');
    },
    'trunk deleted': ({ payload }) => this.#objects.tell(trunkObject, [payload.object as ObjectData], 'deleted'),
    'trunk subports_added': ({ payload }) => this.#objects.tell(subPortObject, objectsOf(payload), 'created'),
    'trunk subports_removed': ({ payload }) => this.#objects.tell(subPortObject, objectsOf(payload), 'deleted'),
    'metering_label created': (task) => this.#metering.tell(task, sender(task)),
    'metering_label deleted': (task) => this.#metering.tell(task, sender(task)),
    'metering_label rule_added': (task) => this.#metering.tell(task, sender(task)),
    'metering_label rule_removed': (task) => this.#metering.tell(task, sender(task)),
    ...this.#partsOfRouters(),
    'agent updated': async (task) => {
      const { agent_type, host, admin_state_up } = task.payload;
      const notifier = agent_type === 'L3 agent' ? this.#l3 : this.#dhcp;
      await notifier.agentUpdated(host as string, admin_state_up === true, sender(task));
    },
  };

  async #tellBridge(task: Task, port: WirePort, facts: BatchFacts): Promise<void> {
    const host = await facts.soleListener(task);
    await this.#bridge.portUpdate({ port, ...(await facts.segment(port)) }, host, sender(task));
  }

  /** Hosts whose DHCP agents serve the task's network and are switched on. */
  async #dhcpHosts(task: Task, facts: BatchFacts): Promise<string[]> {
    if (!this.#notifiesDhcp()) return [];
    const agents = await facts.agents(networkOf(task));
    return agents.filter(({ admin_state_up }) => admin_state_up).map(({ host }) => host);
  }

  #notifiesDhcp(): boolean {
    const { dhcp_agent_notification, enable_traditional_dhcp } = this.#shared.options.core;
    return dhcp_agent_notification && enable_traditional_dhcp;
  }
}

async function failureOf(work: Promise<void>): Promise<{ error: unknown } | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return { error };
  }
}

/** Whether agents are told of it, and those of its network. */
function hasNetwork(task: Task): boolean {
  const { resource_type, action } = task;
  if (concernsForwarding(task)) return false;
  return action !== 'changed' && ['network', 'subnet', 'port'].includes(resource_type);
}

function networkOf(task: Task): string {
  return task.resource_type === 'network' ? task.resource_id : (task.payload.network_id as string);
}

function hostsOf(task: Task): string[] {
  return (task.payload.hosts as string[] | undefined) ?? [];
}

function objectsOf(payload: Task['payload']): readonly ObjectData[] {
  return payload.objects as readonly ObjectData[];
}

function sender({ context }: Task): { context?: Task['context'] } {
  return context ? { context } : {};
}

/** What a batch of tasks must read, each thing once, and for many tasks in one query. */
class BatchFacts {
  readonly #shared: Shared;
  readonly #db: Db;
  readonly #tasks: readonly Task[];
  readonly #view: View;
  readonly #networkIds: readonly string[];
  readonly #portIds: readonly string[];
  readonly #networks = new Map<string, Promise<WireNetwork | null>>();
  readonly #segments = new Map<string, Promise<SegmentRow[]>>();
  #agents: Promise<HostingAgent[]> | null = null;
  #ports: Promise<Map<string, WirePort>> | null = null;
  #soleListeners: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(shared: Shared, tasks: readonly Task[]) {
    this.#shared = shared;
    this.#db = shared.database.db;
    this.#tasks = tasks;
    this.#view = messageView(shared);
    this.#networkIds = [...new Set(tasks.filter(hasNetwork).map(networkOf))];
    const unread = ['deleted', 'changed', FORWARDING];
    const unknown = tasks.filter(
      (task) => task.resource_type === 'port' && !unread.includes(task.action) && !task.known,
    );
    this.#portIds = [...new Set(unknown.map(({ resource_id }) => resource_id))];
  }

  async agents(networkId: string): Promise<HostingAgent[]> {
    this.#agents ??= agentsHosting(this.#db, this.#networkIds);
    return (await this.#agents).filter(({ network_id }) => network_id === networkId);
  }

  async port(id: string): Promise<WirePort | null> {
    this.#ports ??= wirePorts(this.#db, { id: this.#portIds }, this.#view).then(
      (ports) => new Map(ports.map((port) => [port.id, port])),
    );
    return (await this.#ports).get(id) ?? null;
  }

  network(id: string): Promise<WireNetwork | null> {
    return remember(this.#networks, id, async () => (await wireNetworks(this.#db, { id: [id] }))[0] ?? null);
  }

  async subnet(id: string) {
    return (await wireSubnets(this.#db, { id: [id] }))[0] ?? null;
  }

  /** The host whose bridge agent alone must know of the task's port; null where all must. */
  async soleListener({ resource_id }: Task): Promise<string | null> {
    this.#soleListeners ??= soleListeners(this.#shared, this.#tasks);
    return (await this.#soleListeners).get(resource_id) ?? null;
  }

  /** What a port is on: its network's only segment, or the one it is bound to. */
  async segment({ id, network_id }: WirePort): Promise<Segment> {
    const [first, ...more] = await remember(this.#segments, network_id, () =>
      segmentsOfNetworks(this.#db, [network_id]),
    );
    const segment = more.length === 0 ? first : (await boundSegments(this.#db, [id])).get(id);
    return {
      network_type: segment?.network_type ?? null,
      segmentation_id: segment?.segmentation_id ?? null,
      physical_network: segment?.physical_network ?? null,
    };
  }
}

interface Segment {
  network_type: string | null;
  segmentation_id: number | null;
  physical_network: string | null;
}

function remember<T>(map: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  let value = map.get(key);
  if (!value) {
    value = read();
    map.set(key, value);
  }
  return value;
}
