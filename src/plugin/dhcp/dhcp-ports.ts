import { findPorts } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import type { Context } from '../../lib/context.ts';
import { defineErrors, NeutronError } from '../../lib/errors.ts';
import type { Port } from '../../resources/shapes.ts';
import type { DhcpPortRequest } from '../../rpc/contract.ts';
import { DHCP_OWNER } from '../ipam/owners.ts';
import type { Machine } from '../machine.ts';

/** `device_id` of a port whose agent lost the network: the next agent takes it over with its addresses. */
export const RESERVED_DEVICE_ID = 'reserved_dhcp_port';

export const dhcpPortErrors = defineErrors({
  DhcpPortInUse: ['conflict', 'Port {port_id} is already acquired by another DHCP agent'],
});

/** Errors that mean "it went away while you asked": the agent gets null and forgets it. */
const gone = new Set([
  'NetworkNotFound',
  'SubnetNotFound',
  'PortNotFound',
  'IpAddressGenerationFailure',
  'InvalidInput',
  'InvalidIpForSubnet',
  'SubnetMismatchForPort',
]);

/** Ports of DHCP agents (upstream: api/rpc/handlers/dhcp_rpc.py). */
export class DhcpPorts {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Makes the agent's port on a network; null when there is nothing to make it on any more. */
  async create(context: Context, host: string, request: DhcpPortRequest): Promise<Port | null> {
    return orNull(async () => {
      const [port] = await this.#machine.ports.createFull(context, [
        {
          name: '',
          ...request,
          fixed_ips: request.fixed_ips ?? [],
          device_owner: DHCP_OWNER,
          port_security_enabled: false,
          'binding:host_id': host,
        },
      ]);
      return port!;
    });
  }

  /**
   * Changes the agent's port: other subnets, or taking over a reserved one.
   * @throws DhcpPortInUse when another agent has it
   */
  async update(context: Context, host: string, id: string, changes: Partial<DhcpPortRequest>): Promise<Port | null> {
    const { database } = this.#machine.shared;
    const [current] = await findPorts(database.db, { filters: { id: [id] } }, fullView);
    if (!current) return null;
    const { device_id } = changes;
    const foreign = device_id && ![RESERVED_DEVICE_ID, device_id].includes(current.device_id);
    if (foreign) throw dhcpPortErrors.DhcpPortInUse({ port_id: id });
    const { network_id: _network, project_id: _project, ...rest } = changes;
    return orNull(() =>
      this.#machine.ports.updateFull(context, id, { ...rest, device_owner: DHCP_OWNER, 'binding:host_id': host }),
    );
  }

  /** The agent serves the network no more. */
  async release(context: Context, networkId: string, deviceId: string): Promise<void> {
    const { database } = this.#machine.shared;
    const filters = { network_id: [networkId], device_id: [deviceId] };
    for (const port of await findPorts(database.db, { filters }, fullView)) {
      await orNull(() => this.#machine.ports.delete(context, port.id));
    }
  }

  /** Keeps the ports an agent had on a network for whoever serves it next: addresses and leases stay. */
  async reserve(context: Context, networkId: string, host: string): Promise<void> {
    const { database } = this.#machine.shared;
    const filters = { network_id: [networkId], device_owner: [DHCP_OWNER], 'binding:host_id': [host] };
    for (const port of await findPorts(database.db, { filters }, fullView)) {
      await orNull(() => this.#machine.ports.updateFull(context, port.id, { device_id: RESERVED_DEVICE_ID }));
    }
  }
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NeutronError && gone.has(error.type)) return null;
    throw error;
  }
}
