import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentBench, deviceDetails, idOf } from './testing.ts';

const net = idOf(1);
const brq = 'brq11111111-11';
const port = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const tap = 'tapaaaaaaaa-aa';
const details = (changes: Parameters<typeof deviceDetails>[1] = {}) => deviceDetails(port, changes);

let bench: AgentBench;
let host: AgentBench['host'];
let transport: AgentBench['transport'];
let known: AgentBench['known'];
beforeEach(() => {
  bench = new AgentBench();
  ({ host, transport, known } = bench);
});
afterEach(() => bench.close());

describe('start', () => {
  it('reports itself with its real configuration', async () => {
    host.addNic('eth1', { mac: '52:54:00:00:00:01' });
    await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
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
    await bench.start();
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
    await expect(bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth7'] } })).rejects.toThrow(
      /^\[linux_bridge\] physical_interface_mappings: there is no interface eth7 on this host/,
    );
  });

  it('wires the taps that are there and tells the server', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
    expect(transport.argsOf('update_device_up')).toEqual([{ device: tap, agent_id: 'lb000000000000', host: 'host1' }]);
  });

  it('plans nothing on a host that is as it should be', async () => {
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tap, { up: true, master: brq });
    known.set(tap, details());
    await bench.start();
    expect(host.applied).toEqual([]);
    expect(bench.reported('update_device_up')).toEqual([tap]);
  });
});

describe('messages', () => {
  beforeEach(async () => {
    host.addNic('eth1', { addresses: ['192.168.56.11/24'] });
    host.addTap(tap);
    known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
    await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  });

  it('port_update: a port that is set down', async () => {
    known.set(tap, details({ network_type: 'flat', physical_network: 'public', admin_state_up: false }));
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
    await bench.agent.idle();
    expect(host.print()).toContain(`  ${tap} tun down`);
    expect(bench.reported('update_device_down')).toEqual([tap]);
  });

  it('network_update: another MTU', async () => {
    known.set(tap, details({ network_type: 'flat', physical_network: 'public', mtu: 1400 }));
    await transport.tell('q-agent-notifier-network-update', 'network_update', { network: { id: net } });
    await bench.agent.idle();
    expect(host.print()).toContain(`${brq} bridge up mtu 1400 192.168.56.11/24`);
  });

  it('network_delete: the bridge goes, the card has its address back, and the tap makes no new bridge', async () => {
    await transport.tell('q-agent-notifier-network-delete', 'network_delete', { network_id: net });
    await bench.agent.idle();
    expect(host.print()).toBe(`eth1 up mtu 1500 192.168.56.11/24\n${tap} tun up mtu 1500`);
  });

  it('port_delete: nothing is told of a port that is no more', async () => {
    await transport.tell('q-agent-notifier-port-delete', 'port_delete', { port_id: port });
    host.removeLink(tap);
    await bench.agent.idle();
    expect(bench.reported('update_device_down')).toEqual([]);
    expect(host.print()).toContain(brq);
  });

  it('a connection that came back: everything is asked again', async () => {
    transport.sent.length = 0;
    transport.reconnect();
    await bench.agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(1);
  });
});

it('a dry run tells the plan, does nothing on the host, and tells the server nothing', async () => {
  const settled = 'tapbbbbbbbb-bb';
  host.root.give('brq22222222-22', { kind: 'bridge' });
  host.addTap(settled, { up: true, master: 'brq22222222-22' });
  host.addTap(tap);
  known.set(tap, details());
  known.set(settled, details({ device: settled, network_id: '22222222-2222-4222-8222-222222222222' }));
  await bench.prepare();
  expect((await bench.agent.dryRun())[0]).toBe(`ensure_bridge name=${brq}`);
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
  await bench.prepare();
  await expect(bench.agent.dryRun()).rejects.toThrow('nobody there');
});

it('explains a port from tap to card', async () => {
  host.addNic('eth1');
  host.addTap(tap);
  known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
  await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
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
  await bench.close();
  host.removeLink(brq);
  await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  expect(await ask()).toMatchObject({ tap: 'ok', bridge: 'ok' });
});
