import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tapName } from '../../src/lib/names.ts';
import { type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { project } from '../support/programs.ts';
import { runVmGuest, vmKernelCommand } from '../support/vm-guest.ts';

/** A true virtual machine on a tap: nothing of the guest is emulated by namespaces here. */
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  const [program, ...argv] = vmKernelCommand();
  await promisify(execFile)(program!, argv, { cwd: project, timeout: 300_000 }); // downloads the kernel when the cache has none
}, 320_000);
afterAll(() => lab.close());

it('gets its address by DHCP, reaches its metadata and its gateway', async () => {
  const host = await lab.addHost({ name: 'vmhost' });
  await using one = new OneHost(host);
  await one.start();
  const { network } = await one.makeNetwork('10.7.0.0/24');
  const neighbour = await one.makeGuest(network.id, 'neighbour');
  await neighbour.guest.dhcp();
  const port = await one.api.create('port', { network_id: network.id, name: 'vm' });
  await one.neutrino(['plug', port.id, '--tap']);
  const events = await runVmGuest(host, {
    tap: tapName(port.id),
    mac: port.mac_address,
    pings: [neighbour.port.fixed_ips[0]!.ip_address],
    urls: ['http://169.254.169.254/latest/meta-data/local-ipv4'],
  });
  const address = port.fixed_ips[0]!.ip_address;
  expect(events.find(({ event }) => event === 'lease')).toMatchObject({ ip: address, mask: '24' });
  expect(events.find(({ event }) => event === 'metadata')).toMatchObject({ rc: 0, body: address });
  const ping = events.find(({ event, to }) => event === 'ping' && to === neighbour.port.fixed_ips[0]!.ip_address);
  expect(ping).toMatchObject({ ok: true });
});
