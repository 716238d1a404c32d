import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { bridgeName, tapName } from '../../lib/names.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { AgentBench, deviceDetails, FakeFirewall, idOf } from './testing.ts';

/** What the agent tells those who filter, and what it makes of their answers. */
const port = idOf(5);
const tap = tapName(port);
const brq = bridgeName(idOf(1));
const filtering = {
  securityGroup: { firewall_driver: 'neutron.agent.linux.iptables_firewall.IptablesFirewallDriver' },
};
const group = '99999999-9999-4999-8999-999999999999';
const guest = (changes: Partial<BoundDeviceDetails> = {}) =>
  deviceDetails(port, { port_security_enabled: true, device_owner: 'compute:nova', ...changes });
const isUp = () => !bench.host.print().includes(`${tap} tun down`);
let bench: AgentBench;
let driver: FakeFirewall;

beforeEach(() => {
  bench = new AgentBench();
  driver = new FakeFirewall();
  bench.drivers.push(driver);
  bench.transport.answer({
    security_group_info_for_devices: ({ devices }: { devices: string[] }) => infoOf(devices),
  });
});
afterEach(() => bench.close());

function infoOf(devices: string[]) {
  const secured = devices.filter((device) => bench.known.get(device)?.port_security_enabled);
  const told = secured.map((device) => [
    bench.known.get(device)!.port_id,
    { device, fixed_ips: [], security_groups: [group], security_group_rules: [] },
  ]);
  return {
    devices: Object.fromEntries(told),
    security_groups: secured.length > 0 ? { [group]: [{ direction: 'egress', ethertype: 'IPv4' }] } : {},
    sg_member_ips: {},
  };
}

it('the firewall hears of every port, and which of them are open, before anything is done with links', async () => {
  const open = 'tapbbbbbbbb-bb';
  bench.host.addTap(tap);
  bench.host.addTap(open);
  bench.known.set(tap, guest());
  bench.known.set(open, guest({ device: open, port_security_enabled: false }));
  driver.onApply = () => expect(bench.host.applied).toEqual([]);
  await bench.start(filtering);
  expect([...driver.state!.ports.values()].map((one) => [one.tap, one.bridge, one.filter, one.groups])).toEqual([
    [tap, brq, 'filtered', [group]],
    [open, brq, 'open', []],
  ]);
  expect([...driver.state!.groups.keys()]).toEqual([group]);
  expect(bench.reported('update_device_up')).toEqual([tap, open]);
});

it('nothing is told again where nothing changed, and only what changed where something did', async () => {
  bench.host.addTap(tap);
  bench.known.set(tap, guest());
  await bench.start(filtering);
  const before = driver.state!;
  await bench.transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
  await bench.agent.idle();
  expect(driver.state!.ports.get(tap)).toBe(before.ports.get(tap));
  expect(driver.state!.groups.get(group)).toBe(before.groups.get(group));
  bench.known.set(tap, guest({ mac_address: 'fa:16:3e:00:00:99' }));
  await bench.transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
  await bench.agent.idle();
  expect(driver.state!.ports.get(tap)?.mac).toBe('fa:16:3e:00:00:99');
});

it('asks for a group whose rules changed by one of its ports, and for none that is not here', async () => {
  const other = 'tapbbbbbbbb-bb';
  for (const name of [tap, other]) {
    bench.host.addTap(name);
    bench.known.set(name, guest({ device: name, port_id: `${name.slice(3)}-rest` }));
  }
  await bench.start(filtering);
  const asked = () => bench.transport.argsOf('security_group_info_for_devices').map(({ devices }) => devices);
  expect(asked()).toEqual([[tap, other]]);
  const tell = (groups: string[]) =>
    bench.transport.tell('q-agent-notifier-security_group-update', 'security_groups_rule_updated', {
      security_groups: groups,
    });
  await tell(['88888888-8888-4888-8888-888888888888']);
  await bench.agent.idle();
  expect(asked()).toHaveLength(1);
  await tell([group]);
  await bench.agent.idle();
  expect(asked()).toEqual([[tap, other], [tap]]);
});

it('a port of which the server tells no groups is not up, until it does', async () => {
  bench.host.addTap(tap);
  bench.known.set(tap, guest());
  bench.transport.answer({
    security_group_info_for_devices: { devices: {}, security_groups: {}, sg_member_ips: {} },
  });
  await bench.start(filtering);
  expect(driver.state!.ports.get(tap)?.filter).toBe('closed');
  expect(bench.reported('update_device_down')).toEqual([tap]);
  bench.transport.answer({ security_group_info_for_devices: ({ devices }: { devices: string[] }) => infoOf(devices) });
  await bench.transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
  await bench.agent.idle();
  expect(bench.reported('update_device_up')).toEqual([tap]);
});

it('a port whose rules cannot be made is set down, not put into a bridge, and said to be closed', async () => {
  bench.host.addTap(tap, { up: true });
  bench.known.set(tap, guest({ device_owner: '' }));
  driver.outcome = { closed: new Map([[tap, 'the set is full']]), late: new Map() };
  await bench.start(filtering);
  expect(bench.host.print()).toContain(`${tap} tun down`);
  expect(bench.host.print()).not.toContain(`master ${brq}`);
  expect(bench.reported('update_device_down')).toEqual([tap]);
  expect(bench.log).toContainEqual(
    expect.objectContaining({ level: 'warn', fields: { devices: [tap], reason: 'the set is full' } }),
  );
});

it('a guest that runs is left alone where the kernel does not tell its rules', async () => {
  bench.host.root.give(brq, { kind: 'bridge', up: true });
  bench.host.addTap(tap, { up: true, master: brq });
  bench.known.set(tap, guest());
  driver.onApply = () => {
    throw new Error('no iptables');
  };
  await bench.start(filtering);
  expect(bench.host.applied.filter((operation) => operation.includes(tap))).toEqual([]);
  expect(bench.reported('update_device_up')).toEqual([]);
});

it('noop asks for no groups', async () => {
  bench.host.addTap(tap);
  bench.known.set(tap, guest());
  await bench.start({ securityGroup: { firewall_driver: 'neutron.agent.firewall.NoopFirewallDriver' } });
  expect(bench.reported('update_device_up')).toEqual([tap]);
  expect(bench.transport.argsOf('security_group_info_for_devices')).toEqual([]);
  expect(driver.state!.ports.get(tap)?.filter).toBe('filtered');
});

it('a tap that Nova puts into its bridge while its rules fail is shut before the server hears that it is closed', async () => {
  bench.host.addTap(tap);
  bench.known.set(tap, guest());
  driver.outcome = { closed: new Map([[tap, 'the set is full']]), late: new Map() };
  driver.onApply = () => {
    driver.onApply = () => {};
    bench.host.addTap(tap, { up: true });
  };
  const wasUp: boolean[] = [];
  bench.transport.answer({ update_device_down: () => void wasUp.push(isUp()) });
  await bench.start(filtering);
  expect(wasUp[0]).toBe(false);
});

it('a closed tap that somebody opens is shut again while its rules are tried again', async () => {
  bench.host.addTap(tap);
  bench.known.set(tap, guest());
  driver.outcome = { closed: new Map([[tap, 'the set is full']]), late: new Map() };
  await bench.start(filtering);
  let tries = 0;
  driver.onApply = async () => {
    await eventually(() => expect(isUp()).toBe(false));
    tries += 1;
  };
  bench.host.addTap(tap, { up: true, master: brq });
  await bench.settle();
  expect(tries).toBeGreaterThan(0);
});

describe('a tap that Nova put into its bridge, up,', () => {
  beforeEach(async () => {
    bench.host.root.give(brq, { kind: 'bridge', up: true });
    bench.known.set(tap, guest());
  });

  it('is down while its rules are made, and up when they are in force', async () => {
    await bench.start(filtering);
    driver.onApply = async () => {
      driver.onApply = () => {};
      await eventually(() => expect(isUp()).toBe(false));
    };
    bench.host.addTap(tap, { up: true, master: brq });
    await bench.settle();
    expect(bench.host.applied.filter((operation) => operation.includes(tap))).toEqual([
      expect.stringMatching(/down/),
      expect.stringMatching(/up/),
    ]);
    expect(bench.reported('update_device_up')).toEqual([tap]);
    expect(isUp()).toBe(true);
  });

  it('is set down while its rules are made though it was not there when they were begun', async () => {
    await bench.start(filtering);
    driver.onApply = async () => {
      driver.onApply = () => {};
      await bench.host.apply([
        { op: 'set_master', name: tap, master: brq },
        { op: 'set_up', name: tap },
      ]);
      await eventually(() => expect(isUp()).toBe(false));
    };
    bench.host.addTap(tap);
    await bench.settle();
    expect(bench.reported('update_device_up')).toEqual([tap]);
    expect(isUp()).toBe(true);
  });

  it('stays up where it is when its rules change, and when an agent starts', async () => {
    bench.host.addTap(tap, { up: true, master: brq });
    await bench.start(filtering);
    bench.known.set(tap, guest({ mac_address: 'fa:16:3e:00:00:99' }));
    await bench.transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
    await bench.settle();
    expect(bench.host.applied.filter((operation) => operation.includes(tap))).toEqual([]);
  });

  it('is left alone where it is open to everybody', async () => {
    await bench.start(filtering);
    bench.known.set(tap, guest({ port_security_enabled: false }));
    bench.host.addTap(tap, { up: true, master: brq });
    await bench.settle();
    expect(bench.host.applied.filter((operation) => operation.includes(tap))).toEqual([]);
    expect(bench.reported('update_device_up')).toEqual([tap]);
  });

  it('keeps its state where the kernel does not tell its rules: one that ran runs on, a new one stays down', async () => {
    const other = 'tapbbbbbbbb-bb';
    bench.known.set(other, guest({ device: other, port_id: 'bbbbbbbb-bb11' }));
    bench.host.addTap(tap, { up: true, master: brq });
    await bench.start(filtering);
    driver.onApply = () => {
      throw new Error('no iptables');
    };
    bench.host.addTap(other, { up: true, master: brq });
    await bench.settle();
    expect(bench.host.print()).toContain(`${other} tun down`);
    expect(isUp()).toBe(true);
  });
});

it('a dry run tells what the firewall would do', async () => {
  bench.host.addTap(tap, { up: true });
  bench.known.set(tap, guest());
  await bench.prepare({ securityGroup: { firewall_driver: 'iptables' } });
  expect(await bench.agent.dryRun()).toContain(`filter ${tap}`);
  expect(driver.state).toBeNull();
  expect(bench.host.applied).toEqual([]);
});

it('those who filter hear, before they look again, whether somebody wrote tables of nftables', async () => {
  const answers = [false, true, true, false];
  let ended = false;
  const tableWatch = {
    isQuiet: async () => answers.shift() ?? false,
    close: () => {
      ended = true;
    },
  };
  await bench.start({ ...filtering, parts: { tableWatch, scanIntervalMs: 10 } });
  await eventually(() => expect(answers).toEqual([]));
  await bench.close();
  expect(driver.distrusted.slice(0, 4).map((unchanged) => unchanged?.nftables)).toEqual([false, true, true, false]);
  expect(ended).toBe(true);
});
