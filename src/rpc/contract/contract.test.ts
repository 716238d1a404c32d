import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type AgentState,
  BridgeNotifier,
  DhcpNotifier,
  dhcpPriorities,
  ExplainApi,
  type ExplainMethods,
  endpoint,
  L2PopulationNotifier,
  PluginApi,
  reportTime,
  StateReports,
} from '../contract.ts';
import { FakeTransport, type SentMessage } from '../fake.ts';

interface Recorded {
  method: string;
  version: string;
  exchange: string;
  routing_key: string;
  args: Record<string, unknown>;
}

const file = new URL('../../../test/data/rpc-captures/METHODS.json', import.meta.url);
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as { methods: Recorded[] }).methods;

/** The recorded shape of a method, sent to where the message went. */
function recordedAs({ method, topic, server, fanout }: SentMessage): Recorded | undefined {
  const key = fanout ? `${topic}_fanout` : server ? `${topic}.<host>` : topic;
  return recorded.find((entry) => entry.method === method && entry.routing_key === key && entry.version !== '9.0');
}

const agent = { agent_id: 'lb6610ef911582', host: 'host1' };
const state: AgentState = { binary: 'b', host: 'h', topic: 't', agent_type: 'DHCP agent', configurations: {} };
const port = { id: 'p' } as never;
const subnet = { id: 's' } as never;
const network = { id: 'n' } as never;
const placed = { segment_id: 1, network_type: 'vxlan', ports: {} };

const messages: [name: string, send: (transport: FakeTransport) => Promise<unknown>][] = [
  ['get_devices_details_list', (t) => new PluginApi(t).getDevicesDetailsList(agent, ['tap1'])],
  ['get_network_details', (t) => new PluginApi(t).getNetworkDetails(agent, 'n')],
  ['update_device_up', (t) => new PluginApi(t).updateDeviceUp(agent, 'tap1')],
  ['update_device_down', (t) => new PluginApi(t).updateDeviceDown(agent, 'tap1')],
  ['get_active_networks_info', (t) => new PluginApi(t).getActiveNetworksInfo('host1')],
  ['get_network_info', (t) => new PluginApi(t).getNetworkInfo('n', 'host1')],
  ['create_dhcp_port', (t) => new PluginApi(t).createDhcpPort({ device_id: 'd', network_id: 'n' }, 'host1')],
  ['update_dhcp_port', (t) => new PluginApi(t).updateDhcpPort('p', { device_id: 'd', network_id: 'n' }, 'host1')],
  ['release_dhcp_port', (t) => new PluginApi(t).releaseDhcpPort('n', 'd', 'host1')],
  ['dhcp_ready_on_ports', (t) => new PluginApi(t).dhcpReadyOnPorts(['p'])],
  ['get_ports', (t) => new PluginApi(t).getPorts({ network_id: ['n'] })],
  ['report_state', (t) => new StateReports(t).report(state, reportTime(new Date()))],
  ['report_state', (t) => new StateReports(t).tell(state, reportTime(new Date()))],
  [
    'port_update',
    (t) =>
      new BridgeNotifier(t).portUpdate(
        { port, network_type: 'flat', segmentation_id: null, physical_network: 'p' },
        null,
      ),
  ],
  ['port_delete', (t) => new BridgeNotifier(t).portDelete('p')],
  ['network_delete', (t) => new BridgeNotifier(t).networkDelete('n')],
  ['network_create_end', (t) => new DhcpNotifier(t).tell('host1', 'network_create_end', { network: { id: 'n' } })],
  ['network_update_end', (t) => new DhcpNotifier(t).tell('host1', 'network_update_end', { network })],
  ['network_delete_end', (t) => new DhcpNotifier(t).tell('host1', 'network_delete_end', { network_id: 'n' })],
  ['network_delete_end', (t) => new DhcpNotifier(t).tellAll('network_delete_end', { network_id: 'n' })],
  ['subnet_create_end', (t) => new DhcpNotifier(t).tell('host1', 'subnet_create_end', { subnet })],
  ['subnet_update_end', (t) => new DhcpNotifier(t).tell('host1', 'subnet_update_end', { subnet })],
  [
    'subnet_delete_end',
    (t) => new DhcpNotifier(t).tell('host1', 'subnet_delete_end', { subnet_id: 's', network_id: 'n' }),
  ],
  ['port_create_end', (t) => new DhcpNotifier(t).tell('host1', 'port_create_end', { port })],
  ['port_update_end', (t) => new DhcpNotifier(t).tell('host1', 'port_update_end', { port })],
  [
    'port_delete_end',
    (t) => new DhcpNotifier(t).tell('host1', 'port_delete_end', { port_id: 'p', network_id: 'n', fixed_ips: [] }),
  ],
  ['add_fdb_entries', (t) => new L2PopulationNotifier(t).add({ n: placed }, null)],
  ['add_fdb_entries', (t) => new L2PopulationNotifier(t).add({ n: placed }, 'host1')],
  ['remove_fdb_entries', (t) => new L2PopulationNotifier(t).remove({ n: placed })],
  ['update_fdb_entries', (t) => new L2PopulationNotifier(t).changeAddresses({ n: { '192.0.2.1': { before: [] } } })],
  ['agent_updated', (t) => new DhcpNotifier(t).agentUpdated('host1', false)],
];

describe('what our clients send was sent by the real ones to the same place', () => {
  test.each(messages)('%s', async (method, send) => {
    const transport = new FakeTransport({ [method]: null });
    await send(transport);
    const [message] = transport.sent;
    const original = recordedAs(message as SentMessage);
    expect(original, `${method} to ${message?.topic}`).toBeDefined();
    expect(message?.version).toBe(original?.version);
    const keys = Object.keys(message?.args);
    expect(Object.keys(original?.args ?? {})).toEqual(expect.arrayContaining(keys));
    if (message?.args.payload) {
      const recordedPayload = Object.keys(((original as Recorded).args as { payload: object }).payload);
      expect(Object.keys(message.args.payload).sort()).toEqual(recordedPayload.sort());
    }
  });

  test('each notification carries the priority that the agent sorts by', () => {
    const folder = new URL('../../../test/data/rpc-captures/', import.meta.url);
    const priorities: Record<string, number> = {};
    for (const name of [
      '07-subnet-create-dhcp',
      '25-subnet-update',
      '26-network-update-admin-down-up',
      '82-ports-subnet-network-delete',
    ]) {
      const { messages: all } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
      for (const { oslo_message: message } of all) {
        if (message.args?.payload?.priority !== undefined) priorities[message.method] = message.args.payload.priority;
      }
    }
    expect(Object.keys(priorities).length).toBeGreaterThan(5);
    expect(dhcpPriorities).toMatchObject(priorities);
  });
});

test('each agent of a host is asked by itself, and silence is an error within two seconds', async () => {
  const transport = new FakeTransport();
  const steps = [{ step: 'lease', state: 'ok' as const, expected: 'a', found: 'a' }];
  const handlers = { explain_port: async () => ({ steps }) };
  await transport.listen('neutrino-explain', 'host1:dhcp', [
    endpoint<Pick<ExplainMethods, 'explain_port'>>('1.0', handlers),
  ]);
  const request = { port, network } as never;
  expect(await new ExplainApi(transport).explainPort('dhcp', 'host1', request)).toEqual(steps);
  await expect(new ExplainApi(transport).explainPort('bridge', 'host1', request)).rejects.toThrow('within 2000 ms');
});
