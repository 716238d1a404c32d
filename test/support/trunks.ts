import type { Port } from '../../src/resources/shapes.ts';
import type { ApiClient } from './api.ts';
import { until } from './wait.ts';

export interface SubPort {
  port_id: string;
  segmentation_type: string;
  segmentation_id: number;
}

export interface Trunk {
  id: string;
  status: string;
  revision_number: number;
  sub_ports: SubPort[];
}

export const vlan = ({ id }: Port, segmentation_id: number): SubPort => ({
  ...{ port_id: id, segmentation_type: 'vlan', segmentation_id },
});

export async function createTrunk(api: ApiClient, parent: Port, sub_ports: readonly SubPort[]): Promise<Trunk> {
  return (await api.expect('POST', '/v2.0/trunks', { trunk: { port_id: parent.id, sub_ports } })).trunk;
}

export async function showTrunk(api: ApiClient, id: string): Promise<Trunk> {
  return (await api.expect('GET', `/v2.0/trunks/${id}`)).trunk;
}

export async function changeSubPorts(
  api: ApiClient,
  what: 'add' | 'remove',
  id: string,
  sub_ports: readonly { port_id: string }[],
): Promise<void> {
  await api.expect('PUT', `/v2.0/trunks/${id}/${what}_subports`, { sub_ports });
}

export async function trunkStatus(api: ApiClient, id: string, status: string): Promise<void> {
  await until(`trunk ${id} ${status}`, async () => (await showTrunk(api, id)).status === status, { timeoutMs: 20_000 });
}
