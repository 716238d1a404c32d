import { mkdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { NetworkInfo } from '../../src/rpc/contract.ts';
import { bridgeOf, type DhcpStand, openDhcpStand } from '../support/dhcp-stand.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** What breaks, and what the agent makes of it, with the real program and the real dnsmasq. */
let lab: Lab;
let host: EmulatedHost;
let stand: DhcpStand;
let agent: HostProcess;
let network: NetworkInfo;
let guest: Guest;
let port: ReturnType<DhcpStand['addPort']>;
let bridge: string;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  await putShim();
  stand = await openDhcpStand(lab, host);
  stand.options = { enable_isolated_metadata: true, resync_interval: 1 };
  agent = await stand.startAgent();
  network = stand.addNetwork([{ cidr: '10.31.0.0/24', gateway_ip: '10.31.0.1' }]);
  port = stand.addPort(network, ['10.31.0.50']);
  await stand.tellNetwork(network);
  await until('dnsmasq and haproxy', async () => (await dnsmasq()) && (await haproxy()));
  bridge = await bridgeOf(stand, network);
  guest = await plugGuest(host, port);
  await host.ipBatch([`link set tap${port.id.slice(0, 11)} master ${bridge}`]);
  await guest.dhcp();
});
afterAll(async () => {
  await stand?.close();
  await lab?.close();
});
beforeEach(async () => {
  if (!agent.running) throw new Error(agent.output);
});

/** A program in front of the host's own dnsmasq, which ends at once as long as the file `broken` lies beside it. */
async function putShim(): Promise<void> {
  const shims = join(host.folder, 'shims');
  await mkdir(shims);
  const text = `#!/bin/sh\n[ -e ${shims}/broken ] && { echo "broken for a test" >&2; exit 2; }\nexec /usr/sbin/dnsmasq "$@"\n`;
  await writeFile(join(shims, 'dnsmasq'), text, { mode: 0o755 });
  // Only this host sees it: its mounts are its own.
  await host.run(['mount', '--bind', shims, '/usr/local/sbin']);
}

const dnsmasq = async () => (await stand.pids('dnsmasq', network.id))[0];
const proxyPid = () => join(stand.statePath, 'external/pids', `${network.id}.pid`);
/** The daemon: not the process that starts it, which is there until it has read its configuration and bound its addresses. */
const haproxy = async () => {
  const [pids, named] = await Promise.all([
    stand.pids('haproxy', network.id),
    readFile(proxyPid(), 'utf8').catch(() => ''),
  ]);
  return pids.find((pid) => pid === Number(named));
};
const mended = () => agent.output.split('found the host not as it was left').length - 1;
const folder = () => join(stand.statePath, 'dhcp', network.id);
const kill9 = (pid: number) => host.run(['kill', '-9', String(pid)]);

it('leaves the host as it is when it is restarted', async () => {
  const before = [
    await dnsmasq(),
    await haproxy(),
    (await stat(join(folder(), 'host'))).mtimeMs,
    await host.read(['ip', '-n', `qdhcp-${network.id}`, '-br', 'addr']),
  ];
  const leases = await stand.file(network, 'leases');
  expect(await stand.dryRun()).toEqual([]);
  await agent.stop();
  expect(await dnsmasq()).toBe(before[0]);
  agent = await stand.startAgent();
  const after = [
    await dnsmasq(),
    await haproxy(),
    (await stat(join(folder(), 'host'))).mtimeMs,
    await host.read(['ip', '-n', `qdhcp-${network.id}`, '-br', 'addr']),
  ];
  expect(after).toEqual(before);
  expect(await stand.file(network, 'leases')).toBe(leases);
});

it('survives kill -9 of the agent: daemons stay, the next start finds them', async () => {
  const before = [await dnsmasq(), await haproxy()];
  await agent.kill('SIGKILL');
  await agent.finished;
  expect([await dnsmasq(), await haproxy()]).toEqual(before);
  agent = await stand.startAgent();
  expect([await dnsmasq(), await haproxy()]).toEqual(before);
});

it('starts dnsmasq again after kill -9, and the guest keeps its lease', async () => {
  const before = (await dnsmasq())!;
  const leases = await stand.file(network, 'leases');
  expect(leases).toContain(port.mac_address);
  await kill9(before);
  await until('another dnsmasq', async () => {
    const pid = await dnsmasq();
    return pid && pid !== before;
  });
  expect(await stand.file(network, 'leases')).toBe(leases);
  expect((await guest.dhcp()).address).toBe('10.31.0.50');
});

it('warns of a dnsmasq that did not start, tries again, and makes an error of it when it fails again', async () => {
  const before = agent.output.length;
  const told = () =>
    [
      ...agent.output.slice(before).matchAll(/"level":"(\w+)","message":"configuring DHCP failed.*broken for a test/g),
    ].map(([, level]) => level);
  await writeFile(join(host.folder, 'shims/broken'), '');
  await kill9((await dnsmasq())!);
  await until('it has failed twice', () => told().length >= 2, { timeoutMs: 30_000 });
  await rm(join(host.folder, 'shims/broken'));
  await until('another dnsmasq', dnsmasq, { timeoutMs: 30_000 });
  expect(told().slice(0, 2)).toEqual(['warn', 'error']);
  expect((await guest.dhcp()).address).toBe('10.31.0.50');
});

it('starts haproxy again after kill -9', async () => {
  const before = (await haproxy())!;
  await kill9(before);
  await until('another haproxy', async () => {
    const pid = await haproxy();
    return pid && pid !== before;
  });
});

it('does not start a second dnsmasq when the pid file is deleted', async () => {
  const before = await dnsmasq();
  await unlink(join(folder(), 'pid'));
  await unlink(join(folder(), 'host'));
  await until('the hosts file', async () => (await stand.file(network, 'host')).includes(port.mac_address));
  await until('the pid file', async () => (await stand.file(network, 'pid')).trim() === String(before));
  expect(await stand.pids('dnsmasq', network.id)).toEqual([before]);
});

it('mends deleted files and says what it found', async () => {
  await rm(folder(), { recursive: true });
  await until('the files', async () => (await stand.file(network, 'host')).includes(port.mac_address));
  await until('the log', () => /found the host not as it was left.*write_file/.test(agent.output));
  expect((await guest.dhcp()).address).toBe('10.31.0.50');
});

it('mends a deleted namespace', async () => {
  const before = await dnsmasq();
  await host.run(['ip', 'netns', 'del', `qdhcp-${network.id}`]);
  await until('the namespace and a dnsmasq in it', async () => {
    const pid = await dnsmasq();
    return pid && pid !== before && (await host.namespaces()).includes(`qdhcp-${network.id}`);
  });
  await bridgeOf(stand, network);
  expect((await guest.dhcp()).address).toBe('10.31.0.50');
});

it('mends addresses and routes that somebody changed', async () => {
  const device = await stand.file(network, 'interface');
  await host.ipBatch([`addr flush dev ${device} scope global`], `qdhcp-${network.id}`);
  await until('the addresses', async () => {
    const text = await host.read(['ip', '-n', `qdhcp-${network.id}`, '-br', 'addr', 'show', 'dev', device]);
    return text.includes('10.31.0.2/24') && text.includes('169.254.169.254/32');
  });
  await until('the default route', async () =>
    (await host.read(['ip', '-n', `qdhcp-${network.id}`, 'route'])).includes('default via 10.31.0.1'),
  );
});

it('restarts dnsmasq where a reload would crash it: a port with options of its own and a lease', async () => {
  const before = mended();
  const tagged = {
    ...port,
    extra_dhcp_opts: [{ opt_name: '150', opt_value: '10.31.0.9', ip_version: 4 as const }],
    revision_number: 2,
  };
  stand.put(tagged);
  await stand.tellUpdated(tagged);
  await until('the option', async () => (await stand.file(network, 'opts')).includes('150,10.31.0.9'));
  expect((await guest.dhcp()).raw.opt150 ?? '').not.toBe('');
  for (let i = 0; i < 5; i += 1) {
    const more = stand.addPort(network, [`10.31.0.${100 + i}`]);
    await stand.tellCreated(more);
    await until('the reservation reported', () => stand.ready.has(more.id));
    expect(await dnsmasq()).toBeDefined();
  }
  expect((await guest.dhcp()).address).toBe('10.31.0.50');
  expect(mended()).toBe(before);
});

it('gives an address to its next port at once: the lease of the one before is released', async () => {
  const guestPort = stand.networks.get(network.id)!.ports.find((one) => one.id === port.id)!;
  await stand.removePort(guestPort);
  await until('the lease to go', async () => !(await stand.file(network, 'leases')).includes(' 10.31.0.50 '));
  await guest.remove();
  const heir = stand.addPort(network, ['10.31.0.50']);
  await stand.tellCreated(heir);
  await until('the reservation reported', () => stand.ready.has(heir.id));
  const next = await plugGuest(host, heir);
  await host.ipBatch([`link set tap${heir.id.slice(0, 11)} master ${bridge}`]);
  expect((await next.dhcp()).address).toBe('10.31.0.50');
});

it('takes everything away with the network', async () => {
  const files = await readFile(join(stand.statePath, 'ns-metadata-proxy', `${network.id}.conf`), 'utf8');
  expect(files).toContain('169.254.169.254:80');
  const tap = `tap${stand.dhcpPort(network).id.slice(0, 11)}`;
  await stand.tellRemoved(network);
  await until('the namespace to go', async () => !(await host.namespaces()).includes(`qdhcp-${network.id}`));
  await until('the port to be released', () =>
    stand.calls.some(({ method, args }) => method === 'release_dhcp_port' && args.network_id === network.id),
  );
  await until('the rest to go', async () => {
    expect(await stand.pids('dnsmasq', network.id)).toEqual([]);
    expect(await stand.pids('haproxy', network.id)).toEqual([]);
    expect(await host.links()).not.toContain(tap);
    await expect(stat(folder())).rejects.toThrow(/ENOENT/);
    await expect(stat(join(stand.statePath, 'ns-metadata-proxy', `${network.id}.conf`))).rejects.toThrow(/ENOENT/);
    return true;
  });
});
