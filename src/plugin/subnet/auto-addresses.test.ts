import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFixture, type Fixture, type Network, type Port } from '../fixture.ts';

const slaac = { ip_version: 6, cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };

let f: Fixture;
let network: Network;
let wired: Port;
let group: string;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
  await f.bridgeAgent();
  network = await f.network();
  wired = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:01', 'binding:host_id': 'host1' });
  [group] = wired.security_groups as [string];
});
afterEach(() => f[Symbol.asyncDispose]());

/** Ports that agents are told of, with their addresses, and groups whose members are others now. */
const told = async () => {
  const messages = await f.told();
  const of = (wanted: string) => messages.flatMap(({ method, args }) => (method === wanted ? [args] : []));
  return {
    ports: of('port_update').map(({ port }) => [
      port.id,
      port.fixed_ips.map(({ ip_address }: { ip_address: string }) => ip_address),
    ]),
    groups: of('security_groups_member_updated').map(({ security_groups }) => security_groups),
  };
};

describe('agents that filter by addresses are told', () => {
  it('when ports get those of a new subnet, and lose them with it', async () => {
    await told();
    const subnet = await f.subnet(network.id, slaac);
    expect(await told()).toEqual({ ports: [[wired.id, ['2001:db8::f816:3eff:fe00:1']]], groups: [[group]] });
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect(await told()).toEqual({ ports: [[wired.id, []]], groups: [[group]] });
  });

  it('of members that are wired nowhere, too, and of none that means nothing to them', async () => {
    const { ports } = f.plugin.collections;
    await ports.delete!(f.context, wired.id);
    const member = await f.port(network.id);
    await f.port(network.id, { security_groups: [] });
    await told();
    const subnet = await f.subnet(network.id, slaac);
    expect(await told()).toEqual({ ports: [], groups: [member.security_groups] });
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect(await told()).toEqual({ ports: [], groups: [member.security_groups] });
  });
});
