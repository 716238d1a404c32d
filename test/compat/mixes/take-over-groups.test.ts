import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network, Port } from '../../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../../support/guest.ts';
import type { EmulatedHost } from '../../support/hosts.ts';
import type { Program } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import { Cloud } from './cloud.ts';
import type { Kind } from './configuration.ts';
import { withoutLoss } from './pinging.ts';
import { addressOf, makeFlatNetwork, makePort, WAIT } from './ports.ts';

/**
 * A host whose ports have security groups. Our agent does not serve them yet: with `enable_security_group = false` it leaves the
 * rules of Python's agent as they are, for as long as it runs.
 */
let cloud: Cloud;
let host: EmulatedHost;
let network: Network;
let closedGroup: string;
const bridge = {} as Record<Kind, Program>;
const near = {} as { guest: Guest; port: Port };
const far = {} as { guest: Guest; port: Port };
const closed = {} as { guest: Guest; port: Port };

beforeAll(async () => {
  cloud = await Cloud.raise('ours');
  host = await cloud.addHost('host1');
  bridge.python = await cloud.agent('neutron-linuxbridge-agent', 'python', host, { groups: true });
  await cloud.agent('neutron-dhcp-agent', 'ours', host);
  network = await makeFlatNetwork(cloud, '10.7.0.0/24');
  const made = await cloud.api.expect('POST', '/v2.0/security-groups', { security_group: { name: 'closed' } });
  closedGroup = made.security_group.id;
  for (const [name, place, attributes] of [
    ['near', near, {}],
    ['far', far, {}],
    ['closed', closed, { security_groups: [closedGroup] }],
  ] as const) {
    place.port = await makePort(cloud, network, host.name, attributes);
    place.guest = await plugGuest(host, place.port, name);
    expect((await place.guest.dhcp({ tries: 60 })).address).toBe(addressOf(place.port));
    await cloud.portStatus(place.port.id, 'ACTIVE');
  }
});
afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]();
});

const reachesClosed = () => near.guest.ping(addressOf(closed.port), 1);
const rules = async () => {
  const saved = await Promise.all([host.read(['iptables-save']), host.read(['ebtables-save'])]);
  return saved.join('').replaceAll(/^#.*|\[\d+:\d+\]/gm, '');
};

it('ours takes over: nothing is lost, and what Python’s agent filters stays filtered', async () => {
  expect(await reachesClosed()).toBe(false);
  const before = await rules();
  expect(before).toContain(`neutron-linuxbri-i${closed.port.id.slice(0, 10)}`);
  const revision = (await cloud.api.show('port', near.port.id)).revision_number;
  const both = [
    [near.guest, addressOf(far.port)],
    [far.guest, addressOf(near.port)],
  ] as const;
  await withoutLoss('ports with security groups, to ours', both, async () => {
    await bridge.python.stop();
    // The same file, but for the groups.
    bridge.ours = await cloud.agent('neutron-linuxbridge-agent', 'ours', host, { groups: false });
    const isUpAgain = async () => {
      const { status, revision_number } = await cloud.api.show('port', near.port.id);
      return status === 'ACTIVE' && revision_number > revision;
    };
    await until('the port is up again', isUpAgain, WAIT);
  });
  expect(await reachesClosed()).toBe(false);
  expect(await rules()).toBe(before);
});

it('Python’s agent has its host back, and rules change again', async () => {
  await bridge.ours.stop();
  const back = await cloud.makeAgent('neutron-linuxbridge-agent', 'python', host, { groups: true });
  await cloud.startAgent(back);
  const rule = { security_group_id: closedGroup, direction: 'ingress', protocol: 'icmp' };
  await cloud.api.expect('POST', '/v2.0/security-group-rules', { security_group_rule: rule });
  await until('the rule opens the port', reachesClosed, WAIT);
  expect(await near.guest.ping(addressOf(far.port), 1)).toBe(true);
});
