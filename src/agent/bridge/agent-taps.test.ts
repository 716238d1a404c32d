import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { AgentBench, deviceDetails, idOf } from './testing.ts';

const net = idOf(1);
const brq = 'brq11111111-11';
const port = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const tap = 'tapaaaaaaaa-aa';
const allTaken = { devices_up: [], failed_devices_up: [], devices_down: [], failed_devices_down: [] };
const details = (changes: Parameters<typeof deviceDetails>[1] = {}) => deviceDetails(port, changes);

let bench: AgentBench;
let host: AgentBench['host'];
let transport: AgentBench['transport'];
let known: AgentBench['known'];
let log: AgentBench['log'];
beforeEach(() => {
  bench = new AgentBench();
  ({ host, transport, known, log } = bench);
});
afterEach(() => bench.close());

describe('a guest that moves between hosts', () => {
  const guest = (changes: Partial<BoundDeviceDetails> = {}) => details({ device_owner: 'compute:nova', ...changes });
  const told = (method: string, port_id = port) =>
    transport.tell(`q-agent-notifier-${method.replace('_', '-')}`, method, { port_id, host: 'host1', network_id: net });

  it('finds everything ready here before it comes, and the server is told when its binding is activated', async () => {
    known.set(tap, guest({ no_active_binding: true, network_type: 'flat', physical_network: 'public' }));
    host.addNic('eth1');
    await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
    host.addTap(tap);
    await bench.agent.idle();
    const { links } = await host.readNetwork();
    expect([links.get('eth1')?.master, links.get(tap)?.master, links.get(tap)?.up]).toEqual([brq, brq, true]);
    expect(bench.reported('update_device_up')).toEqual([]);
    host.applied.length = 0;
    known.set(tap, guest({ network_type: 'flat', physical_network: 'public' }));
    await told('binding_activate');
    await bench.agent.idle();
    expect(host.applied).toEqual([]);
    expect(bench.reported('update_device_up')).toEqual([tap]);
  });

  it('that does not come after all leaves no word with the server', async () => {
    known.set(tap, guest({ no_active_binding: true }));
    await bench.start();
    host.addTap(tap);
    await bench.agent.idle();
    host.removeLink(tap);
    await bench.agent.idle();
    expect(bench.reported('update_device_down')).toEqual([]);
  });

  it('leaves its bridge here when it lives elsewhere, and is put back when it returns', async () => {
    known.set(tap, guest());
    await bench.start();
    host.addTap(tap);
    await bench.agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
    known.delete(tap);
    await told('binding_deactivate');
    await bench.agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBeNull();
    known.set(tap, guest());
    await told('binding_activate');
    await bench.agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
  });

  it('stays where it is when another port is meant, another host, or the server says otherwise', async () => {
    known.set(tap, guest());
    await bench.start();
    host.addTap(tap);
    await bench.agent.idle();
    await told('binding_deactivate', 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb');
    await told('binding_deactivate');
    await bench.agent.idle();
    expect((await host.readNetwork()).links.get(tap)?.master).toBe(brq);
  });
});

describe('taps that come and go', () => {
  it('asks once for all that came together', async () => {
    await bench.start();
    transport.sent.length = 0;
    for (let n = 0; n < 20; n += 1) {
      const name = `tap000000${String(n).padStart(2, '0')}-00`;
      known.set(name, details({ device: name }));
      host.addTap(name);
    }
    await bench.agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(1);
    await eventually(() => expect(bench.reported('update_device_up')).toHaveLength(20));
  });

  it('asks again for a tap that was made anew under its name', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    host.removeLink(tap);
    host.addTap(tap);
    await bench.agent.idle();
    expect(transport.argsOf('get_devices_details_list')).toHaveLength(2);
    expect(host.print()).toContain(`  ${tap} tun up`);
  });

  it('reports a tap that went as down', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    host.removeLink(tap);
    await bench.agent.idle();
    expect(bench.reported('update_device_down')).toEqual([tap]);
  });

  it('leaves a device alone that the server does not know, and finds it later', async () => {
    host.addTap(tap);
    await bench.start();
    expect(host.applied).toEqual([]);
    expect(bench.reported('update_device_up')).toEqual([]);
    known.set(tap, details());
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: port } });
    await bench.agent.idle();
    expect(bench.reported('update_device_up')).toEqual([tap]);
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
    await bench.start();
    await eventually(() => expect(bench.reported('update_device_up')).toEqual([tap]));
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
    await bench.start();
    await eventually(() => expect(bench.reported('update_device_up')).toHaveLength(2));
  });

  it('repeats of a list what the server did not take, and nothing else', async () => {
    const other = 'tapbbbbbbbb-bb';
    for (const device of [tap, other]) {
      host.addTap(device);
      known.set(device, details({ device }));
    }
    transport.answer({ update_device_list: { ...allTaken, devices_up: [tap], failed_devices_up: [other] } });
    await bench.start();
    await eventually(() => expect(transport.argsOf('update_device_up')).toHaveLength(1));
    expect(transport.argsOf('update_device_list')).toMatchObject([{ devices_up: [tap, other], devices_down: [] }]);
    expect(transport.argsOf('update_device_up')).toMatchObject([{ device: other }]);
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
    await bench.start();
    await eventually(() => expect(bench.reported('update_device_up')).toEqual([other]));
    expect(bench.reported('update_device_down')).toEqual([tap]);
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
    await bench.start();
    expect(host.applied).toEqual([]);
    expect(bench.reported('update_device_down')).toEqual([tap]);
  });
});
