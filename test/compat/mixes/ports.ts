import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Network, Port } from '../../../src/resources/shapes.ts';
import type { Cloud } from './cloud.ts';

/** Python's agents look at their host every two seconds, and their first commands take seconds more. */
export const WAIT = { timeoutMs: 60_000, everyMs: 100 };

/** The one flat network of `physnet1`, with one subnet. */
export async function makeFlatNetwork({ api }: Cloud, cidr: string, subnet: object = {}): Promise<Network> {
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' };
  const network = await api.create('network', flat);
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr, ...subnet });
  return network;
}

/** A port as Nova makes it, bound to a host. */
export async function makePort(
  { api }: Cloud,
  network: Network,
  host: string,
  attributes: Record<string, unknown> = {},
): Promise<Port> {
  const port = await api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    device_id: randomUUID(),
    'binding:host_id': host,
    ...attributes,
  });
  expect(port['binding:vif_type']).toBe('bridge');
  return port;
}

export const addressOf = (port: Port): string => port.fixed_ips[0]!.ip_address;
