import type { Context } from '../lib/context.ts';
import { topics } from '../rpc/contract.ts';
import type { Endpoint } from '../rpc/transport.ts';
import { Agents } from './agent/agents.ts';
import { AvailabilityZones } from './agent/availability-zones.ts';
import { AgentDirectory } from './agent/directory.ts';
import { Changes } from './changes.ts';
import type { CorePlugin, Explanation } from './contract.ts';
import { DhcpPorts } from './dhcp/dhcp-ports.ts';
import { explainPort } from './explain/explain.ts';
import { loadedExtensions } from './extensions.ts';
import { Ipam } from './ipam/ipam.ts';
import type { Machine } from './machine.ts';
import { Binder } from './ml2/binder.ts';
import { Mechanisms } from './ml2/mechanisms.ts';
import { loadDrivers } from './ml2/registry.ts';
import { SegmentTypes } from './ml2/segment-types.ts';
import { Networks } from './network/networks.ts';
import { Outbox } from './outbox/outbox.ts';
import { type PluginParts, type Shared, share } from './parts.ts';
import { Ports } from './port/ports.ts';
import { deviceEndpoint } from './rpc/devices.ts';
import { dhcpEndpoint } from './rpc/dhcp.ts';
import { reportsEndpoint } from './rpc/reports.ts';
import { securityGroupEndpoint } from './rpc/security-groups.ts';
import { Teller } from './rpc/teller.ts';
import { Subnets } from './subnet/subnets.ts';

/** The plugin with its life: what a server runs. */
export interface Plugin extends CorePlugin {
  /** What agents may call; the server listens with it on its transport. */
  rpcEndpoints(): { topic: string; endpoints: Endpoint[] }[];
  /** Takes up what an earlier process left undone, and begins to watch over agents. */
  start(): Promise<void>;
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
  const setup = { options, logger };
  const types = new SegmentTypes(
    await loadDrivers('type_drivers', setup),
    options.ml2.tenant_network_types,
    options.ml2.external_network_type,
  );
  const mechanisms = new Mechanisms(await loadDrivers('mechanism_drivers', setup), logger);
  const extensionDrivers = await loadDrivers('extension_drivers', setup);
  const shared = share(parts, loadedExtensions(extensionDrivers, options));
  const machine = assemble(shared, { types, mechanisms, extensionDrivers });
  const dhcpPorts = new DhcpPorts(machine);
  const directory = new AgentDirectory(machine, dhcpPorts);
  return {
    extensions: shared.extensions,
    collections: {
      networks: new Networks(machine),
      subnets: new Subnets(machine),
      ports: machine.ports,
      agents: new Agents(machine),
      availability_zones: new AvailabilityZones(shared),
    },
    explainPort: (context: Context, id: string): Promise<Explanation> => explainPort(shared, context, id),
    rpcEndpoints: () => [
      {
        topic: topics.plugin,
        endpoints: [deviceEndpoint(shared), dhcpEndpoint(shared, dhcpPorts, directory), securityGroupEndpoint(shared)],
      },
      { topic: topics.reports, endpoints: [reportsEndpoint(directory)] },
    ],
    async start() {
      machine.outbox.start();
      directory.start();
    },
    async idle() {
      await directory.idle();
      await machine.outbox.idle();
    },
    async close() {
      await directory.close();
      await machine.outbox.close();
    },
  };
}

function assemble(shared: Shared, drivers: Pick<Machine, 'types' | 'mechanisms' | 'extensionDrivers'>): Machine {
  const { database, logger, now, options } = shared;
  const ipam = new Ipam(shared.random);
  const binder = new Binder({ database, mechanisms: drivers.mechanisms, options, logger, now });
  const teller = new Teller(shared, () => binder);
  const outbox = new Outbox({ database, logger, now, worker: teller });
  const changes = new Changes({ database, outbox, now, onLostRace: () => ipam.picker.forgetAll() });
  const ports: Ports = new Ports(() => machine);
  const machine: Machine = { shared, changes, outbox, ipam, binder, ports, ...drivers };
  return machine;
}
