import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Router } from '../../src/resources/shapes.ts';
import { type L3Stand, openL3Stand, type Placed } from '../support/l3-stand.ts';
import { until } from '../support/wait.ts';

/** What was published about Neutron's L3 agent, tried on ours. */
let stand: L3Stand;
let router: Router;
let guest: Placed;

beforeAll(async () => {
  stand = await openL3Stand();
  const { network, subnets } = await stand.network('10.1.0.0/24');
  router = await stand.router(subnets, { external_gateway_info: { network_id: stand.external.id } });
  guest = await stand.guest(network, 'guest');
});
afterAll(async () => await stand?.close());

it('OSSN-0020: connections by a floating IP end when it goes, in both directions', async () => {
  const { floating_ip_address: address, id } = await stand.floatingIp(guest.port);
  await stand.outsideReaches(address);
  const inwards = stand.lab.fabric.spawn(['ping', '-n', '-i', '0.1', address]);
  const outwards = guest.guest.spawn(['ping', '-n', '-i', '0.1', '203.0.113.1']);
  await until('answers both ways', () => [inwards, outwards].every(({ output }) => output.includes('icmp_seq=3')));
  // What comes for the address afterwards is sent back outside, and has an entry, too: those of the guest count.
  const fixed = guest.port.fixed_ips[0]!.ip_address;
  const flows = async () => {
    const argv = ['conntrack', '-L', '-p', 'icmp'];
    const { stdout } = await stand.host.run(argv, { netns: `qrouter-${router.id}`, okCodes: [0, 1] });
    return stdout.split('\n').filter((line) => line.includes(`=${address} `) && line.includes(`=${fixed} `));
  };
  expect(await flows()).not.toEqual([]);
  await stand.api.update('floatingip', id, { port_id: null });
  await until('the floating IP is free', async () => (await stand.api.show('floatingip', id)).status === 'DOWN');
  await until('no connection has its address', async () => (await flows()).length === 0);
  // The neighbour outside still knows whom to send to: only the connection could let it through.
  const answers = () => inwards.output.match(/bytes from/g)?.length;
  const count = answers();
  const before = outwards.output.length;
  await until('the guest is answered by the router’s own address', () => outwards.output.length > before);
  expect(answers()).toBe(count);
  await Promise.all([inwards.kill(), outwards.kill()]);
});

it('CVE-2014-4167, CVE-2014-8153: a router whose radvd does not start holds up no other', async () => {
  const broken = join(stand.host.folder, 'radvd');
  await writeFile(broken, '#!/bin/sh\necho "it is broken" >&2\nexit 1\n');
  await chmod(broken, 0o755);
  await stand.host.run(['mount', '--bind', broken, '/usr/sbin/radvd']);
  const { network, subnets } = await stand.network('10.2.0.0/24');
  subnets.push(
    await stand.api.create('subnet', {
      ...{
        network_id: network.id,
        ip_version: 6,
        cidr: 'fd02::/64',
        ipv6_ra_mode: 'slaac',
        ipv6_address_mode: 'slaac',
      },
    }),
  );
  const failing = await stand.router(subnets);
  await until(
    'its radvd has failed',
    () => /radvd/.test(stand.agent.output) && /it is broken|did not start|exit code 1/.test(stand.agent.output),
  );
  const other = await stand.network('10.3.0.0/24');
  await stand.router(other.subnets, { external_gateway_info: { network_id: stand.external.id } });
  const { guest: another } = await stand.guest(other.network, 'another');
  await stand.reaches(another, '203.0.113.1');
  // What works without it works there, too.
  expect(await stand.has(failing.id)).toBe(true);
  const { guest: inside } = await stand.guest(network, 'inside');
  await stand.reaches(inside, '10.2.0.1');
});
