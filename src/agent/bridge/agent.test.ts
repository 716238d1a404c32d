import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import { defaultValues } from '../../lib/options.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { BridgeAgent } from './agent.ts';
import { type BridgeAgentOptions, bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from './options.ts';
import { deviceDetails } from './testing.ts';
import { vxlanOptions } from './vxlan-options.ts';

const net = '11111111-1111-4111-8111-111111111111';
const brq = 'brq11111111-11';
const port = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const tap = 'tapaaaaaaaa-aa';

const details = (changes: Partial<BoundDeviceDetails> = {}) => deviceDetails(port, changes);

let host: FakeHost;
let transport: FakeTransport;
let agent: BridgeAgent;
let known: Map<string, BoundDeviceDetails>;
let statePath: string | null = null;
let log: { level: string; fields: object; message: string }[];
const allTaken = { devices_up: [], failed_devices_up: [], devices_down: [], failed_devices_down: [] };

beforeEach(() => {
  host = new FakeHost();
  known = new Map();
  log = [];
  transport = new FakeTransport({
    report_state: 'alive',
    get_devices_details_list: ({ devices }: { devices: string[] }) =>
      devices.map((device) => known.get(device) ?? { device }),
    update_device_up: null,
    bulk_pull: [],
    update_device_down: ({ device }: { device: string }) => ({ device, exists: true }),
    update_device_list: allTaken,
  });
});
afterEach(() => agent.close());

async function start(
  changes: { linuxBridge?: object; securityGroup?: object } = {},
  scanIntervalMs = 60_000,
): Promise<void> {
  const options: BridgeAgentOptions = {
    linuxBridge: defaultValues(linuxBridgeOptions, changes.linuxBridge),
    vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
    agent: defaultValues(bridgeAgentOptions),
    securityGroup: defaultValues(securityGroupOptions, changes.securityGroup),
  };
  const keep = (level: string) => (fields: object, message: string) => void log.push({ level, fields, message });
  const logger: Logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  agent = new BridgeAgent({
    host: 'host1',
    options,
    transport,
    linux: host,
    logger,
    scanIntervalMs,
    statePath,
  });
  await agent.start();
  await agent.idle();
}

/** Devices told of one by one or in lists. */
const reported = (method: 'update_device_up' | 'update_device_down') => [
  ...transport.argsOf(method).map(({ device }) => device),
  ...transport
    .argsOf('update_device_list')
    .flatMap((args) => (method === 'update_device_up' ? args.devices_up : args.devices_down) as string[]),
];

describe('a guest that moves between hosts', () => {
  const guest = (changes: Partial<BoundDeviceDetails> = {}) => details({ device_owner: 'compute:nova', ...changes });
  const told = (method: string, port_id = port) =>
    transport.tell(`q-agent-notifier-${method.replace('_', '-')}`, method, { port_id, host: 'host1', network_id: net });

  it('finds everything ready here before it comes, and the server is told when its binding is activated', async () => {
    known.set(tap, guest({ no_active_binding: true, network_type: 'flat', physical_network: 'public' }));
    host.addNic('eth1');
    await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
    host.addTap(tap);
    await agent.idle();
    const { links } = await host.readNetwork();
    expect([links.get('eth1')?.master, links.get(tap)?.master, links.get(tap)?.up]).toEqual([brq, brq, true]);
    expect(reported('update_device_up')).toEqual([]);
    host.applied.length = 0;
    known.set(tap, guest({ network_type: 'flat', physical_network: 'public' }));
    await told('binding_activate');
    await agent.idle();
    expect(host.applied).toEqual([]);
    expect(reported('update_device_up')).toEqual([tap]);
  });

  it('that does not come after all leaves no word with the server', async () => {
    known.set(tap, guest({ no_active_binding: true }));
    await start();
    host.addTap(tap);
    await agent.idle();
    host.removeLink(tap);
    await agent.idle();
    expect(reported('update_device_down')).toEqual([]);
  });

  it('leaves its bridge here when it lives elsewhere, and is put back when it returns', async () => {
    known.set(tap, guest());
    await start();
    host.addTap(tap);
    await agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
    known.delete(tap);
    await told('binding_deactivate');
    await agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBeNull();
    known.set(tap, guest());
    await told('binding_activate');
    await agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
  });

  it('stays where it is when another port is meant, another host, or the server says otherwise', async () => {
    known.set(tap, guest());
    await start();
    host.addTap(tap);
    await agent.idle();
    await told('binding_deactivate', 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb');
    await told('binding_deactivate');
    await agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
  });
});

describe('start', () => {
  it('reports itself with its real configuration', async () => {
    host.addNic('eth1', { mac: '52:54:00:00:00:01' });
    await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
    expect(transport.argsOf('report_state')[0].agent_state.agent_state).toMatchObject({
      binary: 'neutron-linuxbridge-agent',
      agent_type: 'Linux bridge agent',
      host: 'host1',
      topic: 'N/A',
      start_flag: true,
      configurations: {
        bridge_mappings: {},
        interface_mappings: { public: 'eth1' },
        tunnel_types: [],
        network_types: ['local', 'flat', 'vlan'],
        tunneling_ip: '',
        l2_population: false,
        devices: 0,
        extensions: [],
      },
    });
  });

  it('says as much of itself as the recorded agent did, and which networks it serves', async () => {
    await start();
    const file = new URL('../../../test/data/rpc-captures/01-linuxbridge-agent-start.json', import.meta.url);
    const { messages } = JSON.parse(readFileSync(file, 'utf8')) as {
      messages: { oslo_message: { method?: string; version?: string; args?: object } }[];
    };
    const recorded = messages.find(({ oslo_message }) => oslo_message.method === 'report_state')?.oslo_message as {
      version: string;
      args: { agent_state: { agent_state: { configurations: object; [key: string]: unknown } } };
    };
    const sent = transport.sent.find(({ method }) => method === 'report_state');
    expect(sent).toMatchObject({ topic: 'q-reports-plugin', version: recorded.version });
    const ours = sent?.args.agent_state.agent_state;
    const { resource_versions, ...theirs } = recorded.args.agent_state.agent_state;
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(Object.keys(ours.configurations).sort()).toEqual(
      [...Object.keys(theirs.configurations), 'network_types'].sort(),
    );
  });

  it('refuses in one line when a mapped interface is not there', async () => {
    await expect(start({ linuxBridge: { physical_interface_mappings: ['public:eth7'] } })).rejects.toThrow(
      /^\[linux_bridge\] physical_interface_mappings: there is no interface eth7 on this host/,
    );
  });

  it('wires the taps that are there and tells the server', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
    expect(transport.argsOf('update_device_up')).toEqual([{ device: tap, agent_id: 'lb000000000000', host: 'host1' }]);
  });

  it('plans nothing on a host that is as it should be', async () => {
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tap, { up: true, master: brq });
    known.set(tap, details());
    await start();
    expect(host.applied).toEqual([]);
    expect(reported('update_device_up')).toEqual([tap]);
  });
});

describe('taps that come and go', () => {
  it('asks once for all that came together', async () => {
    await start();
    transport.sent.length = 0;
    for (let n = 0; n < 20; n += 1) {
      const name = `tap000000${String(n).padStart(2, '0')}-00`;
      known.set(name, details({ device: name }));
      host.addTap(name);
    }
    await agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(1);
    await vi.waitFor(() => expect(reported('update_device_up')).toHaveLength(20), { timeout: 20_000 });
  });

  it('asks again for a tap that was made anew under its name', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    host.removeLink(tap);
    host.addTap(tap);
    await agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(2);
    expect(host.print()).toContain(`  ${tap} tun up`);
  });

  it('reports a tap that went as down', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    host.removeLink(tap);
    await agent.idle();
    expect(reported('update_device_down')).toEqual([tap]);
  });

  it('leaves a device alone that the server does not know, and finds it later', async () => {
    host.addTap(tap);
    await start();
    expect(host.applied).toEqual([]);
    expect(reported('update_device_up')).toEqual([]);
    known.set(tap, details());
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
    await agent.idle();
    expect(reported('update_device_up')).toEqual([tap]);
  });

  it('keeps the host and tries again while the server does not answer', async () => {
    host.addTap(tap);
    let failures = 2;
    transport.answer({
      get_devices_details_list: ({ devices }: { devices: string[] }) => {
        failures -= 1;
        if (failures >= 0) throw new Error('no server');
        return devices.map(() => details());
      },
    });
    await start();
    await vi.waitFor(() => expect(reported('update_device_up')).toEqual([tap]), { timeout: 5_000 });
  });

  it('repeats a report that failed', async () => {
    host.addTap(tap);
    known.set(tap, details());
    let failures = 1;
    transport.answer({
      update_device_up: () => {
        failures -= 1;
        if (failures >= 0) throw new Error('no server');
        return null;
      },
    });
    await start();
    await vi.waitFor(() => expect(reported('update_device_up')).toHaveLength(2), { timeout: 5_000 });
  });

  it('repeats of a list what the server did not take, and nothing else', async () => {
    const other = 'tapbbbbbbbb-bb';
    for (const device of [tap, other]) {
      host.addTap(device);
      known.set(device, details({ device }));
    }
    transport.answer({ update_device_list: { ...allTaken, devices_up: [tap], failed_devices_up: [other] } });
    await start();
    await vi.waitFor(() => expect(transport.argsOf('update_device_up')).toHaveLength(1), { timeout: 5_000 });
    expect(transport.argsOf('update_device_list')).toMatchObject([{ devices_up: [tap, other], devices_down: [] }]);
    expect(transport.argsOf('update_device_up')).toMatchObject([{ device: other }]);
  });
});

describe('messages', () => {
  beforeEach(async () => {
    host.addNic('eth1', { addresses: ['192.168.56.11/24'] });
    host.addTap(tap);
    known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
    await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  });

  it('port_update: a port that is set down', async () => {
    known.set(tap, details({ network_type: 'flat', physical_network: 'public', admin_state_up: false }));
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
    await agent.idle();
    expect(host.print()).toContain(`  ${tap} tun down`);
    expect(reported('update_device_down')).toEqual([tap]);
  });

  it('network_update: another MTU', async () => {
    known.set(tap, details({ network_type: 'flat', physical_network: 'public', mtu: 1400 }));
    await transport.tell('q-agent-notifier-network-update', 'network_update', { network: { id: net } });
    await agent.idle();
    expect(host.print()).toContain(`${brq} bridge up mtu 1400 192.168.56.11/24`);
  });

  it('network_delete: the bridge goes, the card has its address back, and the tap makes no new bridge', async () => {
    await transport.tell('q-agent-notifier-network-delete', 'network_delete', { network_id: net });
    await agent.idle();
    expect(host.print()).toBe(`eth1 up mtu 1500 192.168.56.11/24\n${tap} tun up mtu 1500`);
  });

  it('port_delete: nothing is told of a port that is no more', async () => {
    await transport.tell('q-agent-notifier-port-delete', 'port_delete', { port_id: port });
    host.removeLink(tap);
    await agent.idle();
    expect(reported('update_device_down')).toEqual([]);
    expect(host.print()).toContain(brq);
  });

  it('a connection that came back: everything is asked again', async () => {
    transport.sent.length = 0;
    transport.reconnect();
    await agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(1);
  });
});

describe('drift', () => {
  it('puts back a bridge that was deleted by hand, and says so', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    log.length = 0;
    host.removeLink(brq);
    await agent.idle();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'The host was not as it should be: mended', fields: { count: 5 } },
    ]);
  });

  it("gives back the host's own addresses that went with the bridge", async () => {
    host.addNic('eth1', { addresses: ['192.168.56.11/24', '2001:db8::11/64'] });
    host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
    host.addTap(tap);
    known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
    await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
    const before = host.print();
    expect(before).toContain(`${brq} bridge up mtu 1500 192.168.56.11/24 2001:db8::11/64`);
    host.removeLink(brq);
    await agent.idle();
    expect(host.print()).toBe(before);
  });

  describe('a bridge that was deleted while no agent ran', () => {
    const mapped = { linuxBridge: { physical_interface_mappings: ['public:eth1'] } };
    let whole: string;

    beforeEach(async () => {
      statePath = mkdtempSync(join(tmpdir(), 'neutrino-bridge-'));
      host.addNic('eth1', { addresses: ['192.168.56.11/24', '2001:db8::11/64'] });
      host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
      host.addTap(tap);
      known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
      await start(mapped);
      whole = host.print();
      await agent.close();
      host.removeLink(brq);
    });
    afterEach(() => {
      rmSync(statePath as string, { recursive: true });
      statePath = null;
    });

    it("comes back with the host's addresses", async () => {
      await start(mapped);
      expect(host.print()).toBe(whole);
      expect(log).toContainEqual(expect.objectContaining({ message: expect.stringContaining('was deleted by hand') }));
    });

    it('gives them to the card while the server cannot be asked: the way to it may need them', async () => {
      transport.answer({
        get_devices_details_list: () => {
          throw new Error('no answer');
        },
      });
      await start(mapped);
      expect(host.print()).toContain('eth1 up mtu 1500 192.168.56.11/24 2001:db8::11/64');
      expect(host.print()).toContain('default via 192.168.56.1 dev eth1');
    });

    it('gives them to the card when the network is gone too', async () => {
      host.removeLink(tap);
      await start(mapped);
      expect(host.print()).toContain('eth1 up mtu 1500 192.168.56.11/24 2001:db8::11/64');
    });

    it('gives them back though somebody has made an empty bridge of that name', async () => {
      host.root.give(brq, { kind: 'bridge' });
      await start(mapped);
      expect(host.print()).toContain(`${brq} bridge up mtu 1500 192.168.56.11/24 2001:db8::11/64`);
    });

    it('leaves a card alone that somebody has given another address', async () => {
      host.root.apply({ op: 'add_address', device: 'eth1', cidr: '192.168.57.9/24' });
      await start(mapped);
      expect(host.print()).toContain('192.168.57.9/24');
      expect(host.print()).not.toContain('192.168.56.11/24');
    });

    it('uses no record that is broken or of an earlier boot', async () => {
      const file = join(statePath as string, 'bridge_addresses.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      for (const text of [
        '{',
        JSON.stringify({ ...record, boot: 'another' }),
        JSON.stringify(record).replaceAll('192.168.56.11/24', '1.2.3.4/24 dev eth1\\nlink del eth1'),
      ]) {
        writeFileSync(file, text);
        await start(mapped);
        expect(host.print()).not.toContain('192.168.56.11');
        await agent.close();
        host.removeLink(brq);
      }
    });
  });

  it("puts a guest's tap back into a bridge that it was seen in", async () => {
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tap, { up: true, master: brq });
    known.set(tap, details({ device_owner: 'compute:nova' }));
    await start();
    host.removeLink(brq);
    await agent.idle();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
  });

  it('looks again when the link monitor was away', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    host.root.apply({ op: 'set_down', name: brq });
    host.loseMonitor();
    await agent.idle();
    expect(host.print()).toContain(`${brq} bridge up`);
  });

  it('mends less and less often what somebody undoes again and again', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start();
    host.applied.length = 0;
    const started = performance.now();
    const undo = setInterval(() => host.root.apply({ op: 'set_master', name: tap, master: null }), 5);
    await vi.waitFor(() => expect(host.applied.length).toBeGreaterThanOrEqual(5), { timeout: 5_000 });
    clearInterval(undo);
    // Without the growing pauses five times take a quarter of a second.
    expect(performance.now() - started).toBeGreaterThan(500);
  });

  it('finds by its scan what no event told', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await start({}, 30);
    host.exec.ran.length = 0;
    host.root.apply({ op: 'set_master', name: tap, master: null });
    await vi.waitFor(() => expect(host.print()).toContain(`  ${tap} tun up`), { timeout: 20_000 });
  });
});

describe('failures on the host', () => {
  it('serves the other taps when one cannot be, and reports that one down until it can', async () => {
    const other = 'tapbbbbbbbb-bb';
    host.addTap(tap);
    host.addTap(other);
    known.set(tap, details());
    known.set(other, details({ device: other }));
    host.failOn((operation) => ('name' in operation && operation.name === tap ? 'Device or resource busy' : null));
    await start();
    await vi.waitFor(() => expect(reported('update_device_up')).toEqual([other]), { timeout: 20_000 });
    expect(reported('update_device_down')).toEqual([tap]);
    expect(log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'A device cannot be served',
        fields: expect.objectContaining({ device: tap }),
      }),
    );
  });

  it('does not take on a network that is mapped to nothing here', async () => {
    host.addTap(tap);
    known.set(tap, details({ network_type: 'flat', physical_network: 'elsewhere' }));
    await start();
    expect(host.applied).toEqual([]);
    expect(reported('update_device_down')).toEqual([tap]);
  });
});

it('a dry run tells the plan, does nothing on the host, and tells the server nothing', async () => {
  const settled = 'tapbbbbbbbb-bb';
  host.root.give('brq22222222-22', { kind: 'bridge' });
  host.addTap(settled, { up: true, master: 'brq22222222-22' });
  host.addTap(tap);
  known.set(tap, details());
  known.set(settled, details({ device: settled, network_id: '22222222-2222-4222-8222-222222222222' }));
  const options: BridgeAgentOptions = {
    linuxBridge: defaultValues(linuxBridgeOptions),
    vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
    agent: defaultValues(bridgeAgentOptions),
    securityGroup: defaultValues(securityGroupOptions),
  };
  agent = new BridgeAgent({ host: 'host1', options, transport, linux: host });
  expect((await agent.dryRun())[0]).toBe(`ensure_bridge name=${brq}`);
  expect(host.applied).toEqual([]);
  expect(transport.sent.map(({ method, context }) => [method, context.readOnly])).toEqual([
    ['get_devices_details_list', true],
    ['bulk_pull', true],
  ]);
  transport.answer({
    get_devices_details_list: () => {
      throw new Error('nobody there');
    },
  });
  await agent.close();
  agent = new BridgeAgent({ host: 'host1', options, transport, linux: host });
  await expect(agent.dryRun()).rejects.toThrow('nobody there');
});

it('explains a port from tap to card', async () => {
  host.addNic('eth1');
  host.addTap(tap);
  known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
  await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  const request = {
    port: {
      id: port,
      network_id: net,
      admin_state_up: true,
      device_owner: 'network:dhcp',
      mac_address: '',
      fixed_ips: [],
    },
    network: {
      id: net,
      mtu: 1500,
      segments: [{ network_type: 'flat', physical_network: 'public', segmentation_id: null }],
    },
  };
  const ask = async () => {
    const { steps } = (await transport.tell('neutrino-explain', 'explain_port', request)) as {
      steps: { step: string; state: string }[];
    };
    return Object.fromEntries(steps.map(({ step, state }) => [step, state]));
  };
  expect(await ask()).toEqual({ tap: 'ok', tap_in_bridge: 'ok', bridge: 'ok', nic: 'ok', firewall: 'ok' });
  await agent.close();
  host.removeLink(brq);
  await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  expect(await ask()).toMatchObject({ tap: 'ok', bridge: 'ok' });
});

it('moves the addresses a card has now, though nothing told of the newest', async () => {
  host.addNic('eth1', { addresses: ['192.168.56.11/24'] });
  await start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  host.root.apply({ op: 'delete_address', device: 'eth1', cidr: '192.168.56.11/24' });
  host.root.apply({ op: 'add_address', device: 'eth1', cidr: '192.168.56.12/24' });
  known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
  host.addTap(tap);
  await agent.idle();
  expect(host.print()).toContain(`${brq} bridge up mtu 1500 192.168.56.12/24`);
});
