import { agentsOnHost } from '../../db/write/agents.ts';
import { type BindingRow, bindingsOf, replaceBindingLevels, saveBinding } from '../../db/write/bindings.ts';
import { bumpPort } from '../../db/write/ports.ts';
import { deleteProvisioningBlocks, ensureProvisioningBlock } from '../../db/write/provisioning.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { waitsForL2 } from '../ml2/provisioning.ts';
import { takeDeviceMac } from '../port/device-mac.ts';
import { generateMac } from '../port/mac.ts';
import { bindingErrors as errors } from './errors.ts';

/**
 * Makes the binding on a host the port's active one, inside the transaction: the other becomes inactive and unwired, the
 * port DOWN until the new host's agent reports, and both hosts' agents are told (upstream: ml2/plugin.py `activate`).
 */
export async function activateBinding(change: Change, machine: Machine, port: Port, host: string): Promise<BindingRow> {
  const { tx, time } = change;
  const was = await machine.forwarding.before(change, port.id);
  const bindings = await bindingsOf(tx, port.id);
  const active = bindings.find(({ status }) => status === 'ACTIVE');
  if (active?.host === host) throw errors.PortBindingAlreadyActive({ port_id: port.id, host });
  const next = bindings.find((binding) => binding.host === host);
  if (next === undefined) throw errors.PortBindingNotFound({ port_id: port.id, host });
  if (active !== undefined) {
    await saveBinding(tx, { ...active, vif_type: 'unbound', vif_details: {}, status: 'INACTIVE' });
    await replaceBindingLevels(tx, port.id, active.host, []);
  }
  await saveBinding(tx, { ...next, status: 'ACTIVE' });
  const { options, random } = machine.shared;
  await takeDeviceMac(tx, port, next, () => generateMac(options.core.base_mac, random));
  if (!(await machine.statuses.set(change, port, 'DOWN'))) await bumpPort(tx, port.id, time);
  if (waitsForL2(machine.mechanisms.drivers, await agentsOnHost(tx, host), next.vnic_type)) {
    await ensureProvisioningBlock(tx, port.id, 'L2');
  } else {
    await deleteProvisioningBlocks(tx, [port.id], 'L2');
  }
  // Before the hosts are told: the guest goes on running at this moment.
  await machine.forwarding.prepared(change, port.id, was);
  const { network_id } = port;
  await change.todo('port', port.id, 'moved', { network_id, from: active?.host ?? '', to: host });
  return { ...next, status: 'ACTIVE' };
}
