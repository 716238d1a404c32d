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

/** A host whose ports have security groups is taken over by our agent, and given back: at no moment is what was closed open. */
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
/** Chains that Python's agent gave a port. */
const chains = async ({ id }: Port) =>
  (await host.read(['iptables-save', '-t', 'filter'])).match(
    new RegExp(`^:neutron-linuxbri-[ios]${id.slice(0, 10)}`, 'gm'),
  );

/** Asks a closed port all the time while something is done. @returns how many answers came */
async function answersOfClosed(work: () => Promise<unknown>): Promise<number> {
  const knocking = near.guest.spawn(['ping', '-n', '-i', '0.02', addressOf(closed.port)]);
  await work();
  await knocking.kill('SIGINT');
  await knocking.finished;
  return [...knocking.output.matchAll(/icmp_seq=\d+ ttl=/g)].length;
}

/** One agent ends, another begins, and has seen to the ports. */
async function changeHands(from: Program, to: Program): Promise<void> {
  const revision = (await cloud.api.show('port', near.port.id)).revision_number;
  await from.stop();
  await cloud.startAgent(to);
  const isUpAgain = async () => {
    const { status, revision_number } = await cloud.api.show('port', near.port.id);
    return status === 'ACTIVE' && revision_number > revision;
  };
  await until('the port is up again', isUpAgain, WAIT);
}

it('ours takes over: nothing is lost, what is closed stays closed, and chains keep their names', async () => {
  expect(await reachesClosed()).toBe(false);
  const before = await chains(closed.port);
  expect(before).toHaveLength(3);
  bridge.ours = await cloud.makeAgent('neutron-linuxbridge-agent', 'ours', host, { groups: true });
  const both = [
    [near.guest, addressOf(far.port)],
    [far.guest, addressOf(near.port)],
  ] as const;
  const answers = await answersOfClosed(() =>
    withoutLoss('ports with security groups, to ours', both, () => changeHands(bridge.python, bridge.ours)),
  );
  expect(answers).toBe(0);
  expect(await chains(closed.port)).toEqual(before);
});

it('rules change under ours', async () => {
  const opening = { security_group_id: closedGroup, direction: 'ingress', protocol: 'icmp' };
  const made = await cloud.api.expect('POST', '/v2.0/security-group-rules', { security_group_rule: opening });
  await until('the rule opens the port', reachesClosed, WAIT);
  await cloud.api.expect('DELETE', `/v2.0/security-group-rules/${made.security_group_rule.id}`);
  await until('without it the port is closed', async () => !(await reachesClosed()), WAIT);
});

it('Python’s agent has its host back: what is closed stays closed, rules change, and new ports are served', async () => {
  const back = await cloud.makeAgent('neutron-linuxbridge-agent', 'python', host, { groups: true });
  expect(await answersOfClosed(() => changeHands(bridge.ours, back))).toBe(0);
  const rule = { security_group_id: closedGroup, direction: 'ingress', protocol: 'icmp' };
  await cloud.api.expect('POST', '/v2.0/security-group-rules', { security_group_rule: rule });
  await until('the rule opens the port', reachesClosed, WAIT);
  expect(await near.guest.ping(addressOf(far.port), 1)).toBe(true);
  const port = await makePort(cloud, network, host.name);
  const fresh = await plugGuest(host, port, 'fresh');
  await cloud.portStatus(port.id, 'ACTIVE');
  expect((await fresh.dhcp({ tries: 60 })).address).toBe(addressOf(port));
  expect(await fresh.ping(addressOf(far.port), 1)).toBe(true);
});
