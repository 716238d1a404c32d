import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { Explanation } from '../contract.ts';
import { createFixture, type Fixture, failure, type Network } from '../fixture.ts';

let f: Fixture;
let network: Network;
beforeEach(async () => {
  f = await createFixture({ flat: { flat_networks: ['*'] }, vlan: { network_vlan_ranges: ['far'] } });
  network = await f.network({ name: 'n' });
});
afterEach(() => f[Symbol.asyncDispose]());

const explain = (id: string) =>
  f.plugin.routes['GET ports/{id}/explain']!({
    context: f.context,
    params: { id },
    input: {},
    parameters: [],
    ifRevision: null,
  }) as Promise<Explanation>;

const explainNet = (id: string) =>
  f.plugin.routes['GET networks/{id}/explain']!({
    context: f.context,
    params: { id },
    input: {},
    parameters: [],
    ifRevision: null,
  }) as Promise<Explanation>;

const on = (host: string) => ({ 'binding:host_id': host, device_owner: 'compute:nova' });

/** An agent of host1 that answers with these steps. */
async function answering(agent: string, steps: ExplainStep[]): Promise<unknown[]> {
  const asked: unknown[] = [];
  const answer = async (args: unknown) => {
    asked.push(args);
    return { steps };
  };
  await f.transport.listen('neutrino-explain', `host1:${agent}`, [
    { version: '1.1', methods: { explain_port: answer, explain_network: answer } },
  ]);
  return asked;
}

const ok = (step: string): ExplainStep => ({ step, state: 'ok', expected: 'a', found: 'a' });
const stateOf = (steps: { step: string; state: string }[]) =>
  Object.fromEntries(steps.map(({ step, state }) => [step, state]));

describe('explaining a port', () => {
  it('that nobody plugged in says how to', async () => {
    const port = await f.port(network.id);
    const explanation = await explain(port.id);
    expect(explanation).toMatchObject({ port_id: port.id, verdict: 'waits' });
    expect(explanation.summary).toContain('no host is set');
    expect(stateOf(explanation.steps)).toEqual({
      admin_state: 'ok',
      bound: 'waiting',
      agent: 'not_applicable',
      dhcp_agent: 'not_applicable',
      status: 'waiting',
    });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['without an agent', async () => {}, /no Linux bridge agent ever reported from host1/],
    [
      'with a dead agent',
      async () => {
        await f.bridgeAgent();
        f.clock.nowMs += 80_000;
      },
      /start neutron-linuxbridge-agent on host1/,
    ],
    [
      'with an agent that lacks the physical network',
      () => f.bridgeAgent(),
      /add far:<device> to \[linux_bridge\] physical_interface_mappings/,
    ],
  ])('that could not be bound, %s, says why', async (_, prepare, remedy) => {
    await prepare();
    const { id } = await f.network({ 'provider:network_type': 'flat', 'provider:physical_network': 'far' });
    const port = await f.port(id, on('host1'));
    const { verdict, steps } = await explain(port.id);
    expect(verdict).toBe('broken');
    expect(steps.find(({ step }) => step === 'bound')!.remedy).toMatch(remedy);
  });

  it('that no agent of its host can wire says so', async () => {
    await f.bridgeAgent('host1', { network_types: ['local', 'flat'] });
    const { id } = await f.network({ 'provider:network_type': 'vxlan', 'provider:segmentation_id': 5 });
    const { steps } = await explain((await f.port(id, on('host1'))).id);
    expect(steps.find(({ step }) => step === 'bound')!.remedy).toMatch(/serves local, flat and not vxlan/);
  });

  it('that the kernel of its host cannot wire says so, in the words of the agent', async () => {
    const unserved_network_types = { vlan: 'the kernel has no VLAN devices' };
    await f.bridgeAgent('host1', { network_types: ['local', 'flat'], unserved_network_types });
    const segment = { 'provider:physical_network': 'far', 'provider:segmentation_id': 5 };
    const { id } = await f.network({ 'provider:network_type': 'vlan', ...segment });
    const { steps } = await explain((await f.port(id, on('host1'))).id);
    expect(steps.find(({ step }) => step === 'bound')!.remedy).toMatch(
      /serves local, flat and not vlan \(the kernel has no VLAN devices\)/,
    );
  });

  it('asks the agents of its hosts, and joins what they say', async () => {
    await f.bridgeAgent();
    await f.dhcpAgent();
    await f.subnet(network.id);
    const port = await f.port(network.id, on('host1'));
    const asked = await answering('bridge', [ok('tap'), ok('bridge')]);
    await answering('dhcp', [ok('hosts_file')]);
    await answering('metadata', [ok('metadata')]);
    await f.ask('update_device_up', { device: `tap${port.id.slice(0, 11)}`, agent_id: 'lb', host: 'host1' });
    await f.ask('dhcp_ready_on_ports', { port_ids: [port.id] });
    const explanation = await explain(port.id);
    expect(explanation).toMatchObject({ verdict: 'works', summary: 'everything is as it should be' });
    expect(explanation.steps.map(({ step }) => step)).toEqual([
      'admin_state',
      'bound',
      'agent',
      'dhcp_agent',
      'tap',
      'bridge',
      'hosts_file',
      'metadata',
      'status',
    ]);
    expect(asked).toMatchObject([
      { port: { id: port.id }, network: { id: network.id, segments: [{ network_type: 'local' }] } },
    ]);
  });

  it('tells agents the segment that the port is wired to, first', async () => {
    await f.bridgeAgent('host1', { bridge_mappings: { far: 'br' } });
    const flat = (physical: string) => ({ 'provider:network_type': 'flat', 'provider:physical_network': physical });
    const { id } = await f.network({ segments: [flat('near'), flat('far')] });
    const port = await f.port(id, on('host1'));
    const asked = await answering('bridge', [ok('tap')]);
    await explain(port.id);
    expect(asked).toMatchObject([
      { network: { segments: [{ physical_network: 'far' }, { physical_network: 'near' }] } },
    ]);
  });

  it('names the first fault an agent found', async () => {
    await f.bridgeAgent();
    const port = await f.port(network.id, on('host1'));
    await answering('bridge', [
      ok('tap'),
      { step: 'nic', state: 'fault', expected: 'eth0 up', found: 'down', remedy: 'ip link set eth0 up' },
    ]);
    const { verdict, summary } = await explain(port.id);
    expect({ verdict, summary }).toEqual({
      verdict: 'broken',
      summary: 'nic: expected eth0 up; found down. ip link set eth0 up',
    });
  });

  it('says so when a host does not answer', async () => {
    await f.bridgeAgent();
    const port = await f.port(network.id, on('host1'));
    const { verdict, steps } = await explain(port.id);
    expect(verdict).toBe('unknown');
    expect(steps.find(({ step }) => step === 'bridge_agent_answer')).toMatchObject({ state: 'unknown' });
  });

  it('sees that a port or its network is switched off', async () => {
    const port = await f.port(network.id, { admin_state_up: false });
    expect((await explain(port.id)).summary).toContain(`port-update ${port.id} --admin-state-up True`);
  });

  it('sees that nobody serves DHCP', async () => {
    await f.subnet(network.id);
    const port = await f.port(network.id);
    expect((await explain(port.id)).verdict).toBe('broken');
  });

  it('needs the port', async () => {
    expect((await failure(explain('nope'))).type).toBe('PortNotFound');
  });
});

describe('explaining a network', () => {
  it('without subnets and ports says what is missing', async () => {
    const { network_id, verdict, steps } = await explainNet(network.id);
    expect({ network_id, verdict }).toEqual({ network_id: network.id, verdict: 'waits' });
    expect(stateOf(steps)).toEqual({
      admin_state: 'ok',
      subnets: 'waiting',
      segment: 'ok',
      ports: 'ok',
      agent: 'not_applicable',
      dhcp_agent: 'not_applicable',
    });
  });

  it('asks the agents of the hosts that have its ports, and notes who said what', async () => {
    await f.bridgeAgent();
    await f.dhcpAgent();
    await f.subnet(network.id);
    const port = await f.port(network.id, on('host1'));
    await f.port(network.id);
    const asked = await answering('bridge', [{ ...ok('bridge'), device: 'brq1', counters: { rx_packets: 1 } }]);
    await answering('dhcp', [ok('dnsmasq')]);
    const { steps } = await explainNet(network.id);
    expect(steps.slice(-2)).toMatchObject([
      { step: 'bridge', agent: 'bridge', host: 'host1', device: 'brq1', counters: { rx_packets: 1 } },
      { step: 'dnsmasq', agent: 'dhcp', host: 'host1' },
    ]);
    expect(asked).toMatchObject([{ network: { id: network.id, ports: [] }, port_ids: [port.id] }]);
    expect(steps.find(({ step }) => step === 'ports')).toMatchObject({
      state: 'waiting',
      found: expect.stringMatching(/^\d in all, 1 bound, 0 of these ACTIVE: port /),
    });
  });

  it('names a host whose agent is gone', async () => {
    await f.bridgeAgent();
    await f.port(network.id, on('host1'));
    f.clock.nowMs += 80_000;
    const { verdict, steps } = await explainNet(network.id);
    expect(verdict).toBe('broken');
    expect(steps.find(({ step }) => step === 'agent')!.remedy).toBe('start neutron-linuxbridge-agent on host1');
  });

  it('needs the network', async () => {
    expect((await failure(explainNet('nope'))).type).toBe('NetworkNotFound');
  });
});
