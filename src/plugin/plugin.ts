import { projectRows, projectRowsOfAll } from '../db/write/quotas.ts';
import { topics } from '../rpc/contract.ts';
import type { Endpoint } from '../rpc/transport.ts';
import { Agents } from './agent/agents.ts';
import { AvailabilityZones } from './agent/availability-zones.ts';
import { AgentDirectory } from './agent/directory.ts';
import { livenessWatch } from './agent/liveness-watch.ts';
import { Changes } from './changes.ts';
import type { CorePlugin } from './contract.ts';
import { DhcpPorts } from './dhcp/dhcp-ports.ts';
import { FailOver } from './dhcp/fail-over.ts';
import type { Domain } from './domain.ts';
import { domains as allDomains } from './domains.ts';
import { Duties, type DutyState } from './duty/duties.ts';
import { loadedExtensions } from './extensions.ts';
import { Ipam } from './ipam/ipam.ts';
import { ForwardingNotes } from './l2-population/notes.ts';
import type { Machine } from './machine.ts';
import { Binder } from './ml2/binder.ts';
import { Mechanisms } from './ml2/mechanisms.ts';
import { loadDrivers } from './ml2/registry.ts';
import { SegmentTypes } from './ml2/segment-types.ts';
import { Networks } from './network/networks.ts';
import { networkRbac } from './network/rbac.ts';
import { News } from './news/news.ts';
import { NovaLane } from './nova/lane.ts';
import { NovaNotes } from './nova/notes.ts';
import { pullEndpoint, resourceVersionsEndpoint } from './objects/endpoints.ts';
import { Objects } from './objects/objects.ts';
import { Outbox, SWEEP_EVERY_MS } from './outbox/outbox.ts';
import { messageView, type PluginParts, type Shared, share } from './parts.ts';
import { Ports } from './port/ports.ts';
import { PortStatuses } from './port/status.ts';
import { Quotas } from './quota/quotas.ts';
import { deviceEndpoint } from './rpc/devices.ts';
import { dhcpEndpoint } from './rpc/dhcp.ts';
import { reportsEndpoint } from './rpc/reports.ts';
import { securityGroupEndpoint } from './rpc/security-groups.ts';
import { Teller } from './rpc/teller.ts';
import { DefaultGroups } from './security-group/default-groups.ts';
import { Subnets } from './subnet/subnets.ts';
import { Usage } from './usage/usage.ts';

/** The plugin with its life: what a server runs. */
export interface Plugin extends CorePlugin {
  readonly news: News;
  /** What agents may call; the server listens with it on its transport. */
  rpcEndpoints(): { topic: string; endpoints: Endpoint[] }[];
  /** Takes up what an earlier process left undone, and begins to look for periodic work that no other server does. */
  start(): Promise<void>;
  /** How many tasks after commits were done by this process, and how many tries failed. */
  readonly outbox: { readonly done: number; readonly failed: number };
  /** The periodic work of all servers on this database, and which of it is this one's. */
  readonly duties: readonly DutyState[];
  /** Settles when nothing waits to be told: for tests, and before a planned end. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the ML2 plugin from its parts. Loads and checks the drivers, changes nothing.
 * @throws DriverConfigurationError with one line for the operator
 */
export async function createPlugin(parts: PluginParts): Promise<Plugin> {
  const bare = share(parts, new Set());
  const { options, logger } = bare;
  const setup = { options, logger, random: bare.random, section: parts.section ?? (() => ({})) };
  const types = new SegmentTypes(
    await loadDrivers('type_drivers', setup),
    options.ml2.tenant_network_types,
    options.ml2.external_network_type,
  );
  const mechanisms = new Mechanisms(await loadDrivers('mechanism_drivers', setup), logger);
  const extensionDrivers = await loadDrivers('extension_drivers', setup);
  const domains = allDomains.filter((domain) => domain.enabled?.(options) !== false);
  const shared = share(parts, loadedExtensions({ drivers: extensionDrivers, mechanisms }, domains, options));
  const { database, now, stopPoint } = shared;
  const lane = parts.nova ? new NovaLane({ database, nova: parts.nova, logger, now, stopPoint }) : null;
  const news = new News(shared);
  const machine = assemble(shared, domains, {
    ...{ types, mechanisms, extensionDrivers },
    nova: parts.nova ? new NovaNotes(parts.nova) : null,
    wakeLane: () => lane?.wake(),
    news,
  });
  const brought = domains.map((domain) => domain.make(machine));
  const dhcpPorts = new DhcpPorts(machine);
  const directory = new AgentDirectory(machine);
  const failOver = new FailOver(machine, dhcpPorts);
  const duties = new Duties({
    database,
    logger,
    host: shared.host,
    ...(parts.dutyTimes && { times: parts.dutyTimes }),
  });
  duties.add({ name: 'outbox', everyMs: SWEEP_EVERY_MS, work: (stillOurs) => machine.outbox.sweep(stillOurs) });
  duties.add(livenessWatch(shared));
  const usage = new Usage(shared);
  duties.add(usage.duty);
  for (const duty of [...failOver.duties, ...brought.flatMap((part) => part.duties ?? [])]) duties.add(duty);
  const collections = Object.assign(machine.collections, {
    networks: new Networks(machine),
    subnets: new Subnets(machine),
    ports: machine.ports,
    agents: new Agents(machine),
    availability_zones: new AvailabilityZones(shared),
    ...merged(brought.map(({ collections }) => collections)),
  });
  return {
    extensions: shared.extensions,
    news,
    usage,
    collections,
    children: merged(brought.map(({ children }) => children)),
    routes: merged(brought.map(({ routes }) => routes)),
    checkQuota: (resource, inputs) => machine.quotas.checkInputs(shared.database.db, resource, inputs),
    rpcEndpoints: () => [
      {
        topic: topics.plugin,
        endpoints: [
          deviceEndpoint(machine),
          dhcpEndpoint(machine, dhcpPorts, directory),
          securityGroupEndpoint(shared),
          pullEndpoint(shared),
        ],
      },
      { topic: topics.reports, endpoints: [reportsEndpoint(directory)] },
      { topic: topics.resourceVersions, endpoints: [resourceVersionsEndpoint(machine.objects.versions)] },
      ...brought
        .flatMap(({ endpoints }) => endpoints ?? [])
        .map(({ topic, endpoint }) => ({ topic, endpoints: [endpoint] })),
    ],
    outbox: machine.outbox.statistics,
    async start() {
      await machine.objects.versions.refresh(shared.database.db);
      machine.outbox.start();
      lane?.start();
      duties.start();
      for (const part of brought) await part.start?.();
    },
    get duties() {
      return duties.states;
    },
    async idle() {
      await directory.idle();
      await machine.outbox.idle();
      await lane?.idle();
    },
    async close() {
      await news.close();
      for (const part of brought.toReversed()) await part.close?.();
      await duties.close();
      await directory.close();
      await machine.outbox.close();
      await lane?.close();
    },
  };
}

/** What several domains bring, in one. */
function merged<T>(parts: readonly (Readonly<Record<string, T>> | undefined)[]): Record<string, T> {
  return Object.assign({}, ...parts);
}

const coreQuotas = {
  network: projectRows('networks'),
  subnet: projectRows('subnets'),
  port: projectRows('ports'),
} as const;

const coreTagged = {
  networks: { table: 'networks', type: 'network' },
  subnets: { table: 'subnets', type: 'subnet' },
  ports: { table: 'ports', type: 'port' },
} as const;

function assemble(
  shared: Shared,
  domains: readonly Domain[],
  {
    wakeLane,
    news,
    ...given
  }: Pick<Machine, 'types' | 'mechanisms' | 'extensionDrivers' | 'nova'> & { wakeLane: () => void; news: News },
): Machine {
  const { database, logger, now, options } = shared;
  const ipam = new Ipam(shared.random);
  const forwarding = new ForwardingNotes(given.mechanisms.drivers);
  const statuses = new PortStatuses(given.nova, forwarding);
  const objects = new Objects(shared);
  const teller: Teller = new Teller(shared, () => binder, objects);
  const outbox = new Outbox({ database, logger, now, worker: teller, wakeLane });
  const shareable = [networkRbac, ...domains.flatMap((domain) => domain.rbac ?? [])];
  const rbac = new Map(shareable.map((object) => [object.type, object]));
  const counted = {
    ...coreQuotas,
    ...merged(domains.map(({ quotas }) => quotas)),
    rbac_policy: projectRowsOfAll(shareable.map(({ table }) => table)),
  };
  const quotas = new Quotas(options.quota, new Map(Object.entries(counted)));
  const { requests } = shared;
  const changes = new Changes({
    database,
    outbox,
    quotas,
    now,
    requests,
    wanted: (type) => objects.wants(type),
    onLostRace: () => ipam.picker.forgetAll(),
    news,
  });
  const binder = new Binder({
    ...{ database, changes, outbox, statuses },
    mechanisms: given.mechanisms,
    options,
    logger,
    now,
    random: shared.random,
    view: messageView(shared),
  });
  const defaultGroups = new DefaultGroups(options.securityGroup.enable_security_group, changes);
  const ports: Ports = new Ports(() => machine);
  const tagged = new Map(Object.entries({ ...coreTagged, ...merged(domains.map((domain) => domain.tagged)) }));
  const providers = domains.flatMap((domain) => domain.providers?.(options) ?? []);
  const own = {
    shared,
    changes,
    quotas,
    rbac,
    tagged,
    providers,
    defaultGroups,
    collections: {},
    outbox,
    ipam,
    binder,
    statuses,
    forwarding,
    objects,
    ports,
  };
  const machine: Machine = { ...own, ...given };
  return machine;
}
