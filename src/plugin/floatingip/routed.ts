import type { Router } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import type { Fixture, Network, Subnet } from '../fixture.ts';

/** An external network and one behind a router: for the tests of what stands on routers. */
export interface Routed {
  readonly outside: Network;
  readonly outsideSubnet: Subnet;
  readonly inside: Network;
  readonly insideSubnet: Subnet;
  readonly router: string;
}

export async function routed(f: Fixture, project = 'p1'): Promise<Routed> {
  const outside = await f.network({ 'router:external': true, project_id: 'admin' });
  const outsideSubnet = await f.subnet(outside.id, {
    cidr: '198.18.210.0/24',
    project_id: 'admin',
    enable_dhcp: false,
  });
  const inside = await f.network({ project_id: project });
  const insideSubnet = await f.subnet(inside.id, { project_id: project });
  const router = await connect(f, insideSubnet, outside);
  return { outside, outsideSubnet, inside, insideSubnet, router };
}

/** A router from a subnet to an external network. */
export async function connect(f: Fixture, subnet: Subnet, outside: Network, input: Input = {}): Promise<string> {
  const { id } = (await f.plugin.collections.routers!.create!(f.context, {
    project_id: 'p1',
    name: '',
    external_gateway_info: { network_id: outside.id },
    ...input,
  })) as Router;
  await attach(f, id, { subnet_id: subnet.id });
  return id;
}

/** Gives a router an interface. */
export async function attach(f: Fixture, id: string, input: Input): Promise<void> {
  const call = { context: f.context, params: { id }, input, parameters: [], ifRevision: null };
  await f.plugin.routes['PUT routers/{id}/add_router_interface']!(call);
}
