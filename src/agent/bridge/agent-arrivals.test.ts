import { afterEach, beforeEach, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../lib/names.ts';
import { AgentBench, deviceDetails, FakeFirewall, idOf } from './testing.ts';

let bench: AgentBench;
let firewall: FakeFirewall;
beforeEach(() => {
  bench = new AgentBench();
  firewall = new FakeFirewall();
  bench.drivers.push(firewall);
});
afterEach(() => bench.close());

const asked = () => bench.transport.argsOf('get_devices_details_list').map(({ devices }) => devices as string[]);

function knownPorts(digits: readonly number[]): string[] {
  const taps = digits.map((digit) => tapName(idOf(digit)));
  for (const digit of digits) bench.known.set(tapName(idOf(digit)), deviceDetails(idOf(digit)));
  return taps;
}

const told = ({ devices }: { devices: string[] }) => devices.map((device) => bench.known.get(device) ?? { device });

/** Does something once, while the agent waits for the server's next answer on devices. */
function whileAsked(work: () => void): void {
  bench.transport.answer({
    get_devices_details_list: (args: { devices: string[] }) => {
      bench.transport.answer({ get_devices_details_list: told });
      work();
      return told(args);
    },
  });
}

it('asks for a tap while the host is still being looked at', async () => {
  await bench.start();
  const [tap] = knownPorts([2]) as [string];
  const question = Promise.withResolvers<void>();
  whileAsked(question.resolve);
  const readAgain = bench.host.readAgain.bind(bench.host);
  bench.host.readAgain = async (...args) => {
    await question.promise;
    return await readAgain(...args);
  };
  bench.host.addTap(tap);
  await bench.settle();
  expect(asked()).toEqual([[tap]]);
  expect(bench.reported('update_device_up')).toEqual([tap]);
});

it('takes taps that come while the server is asked into the same pass', async () => {
  await bench.start();
  const [first, second] = knownPorts([2, 3]) as [string, string];
  const filtered: string[][] = [];
  firewall.apply = async (state) => {
    filtered.push([...state.ports.keys()]);
    return firewall.outcome;
  };
  whileAsked(() => bench.host.addTap(second));
  bench.host.addTap(first);
  await bench.settle();
  expect(filtered[0]).toEqual([first, second]);
  expect(bench.transport.argsOf('update_device_list').map(({ devices_up }) => devices_up)).toEqual([[first, second]]);
});

it('does not wait for ever where taps never stop coming', async () => {
  await bench.start();
  const digits = [2, 3, 4, 5, 6, 7, 8, 9];
  const taps = knownPorts(digits);
  const seen: number[] = [];
  firewall.apply = async (state) => {
    seen.push(state.ports.size);
    return firewall.outcome;
  };
  // Each question takes a while, and during each another tap comes.
  bench.transport.answer({
    get_devices_details_list: async (args: { devices: string[] }) => {
      const next = taps.shift();
      if (next) bench.host.addTap(next);
      await new Promise((resolve) => setTimeout(resolve, 30));
      return told(args);
    },
  });
  bench.host.addTap(taps.shift()!);
  await bench.settle();
  expect(seen[0]).toBeLessThan(digits.length);
  expect(bench.reported('update_device_up')).toHaveLength(digits.length);
});

it('reports a tap down that went while it was asked for', async () => {
  await bench.start();
  const [tap] = knownPorts([2]) as [string];
  whileAsked(() => bench.host.removeLink(tap));
  const readAgain = bench.host.readAgain.bind(bench.host);
  bench.host.readAgain = async (...args) => {
    await new Promise((resolve) => setImmediate(resolve));
    return await readAgain(...args);
  };
  bench.host.addTap(tap);
  await bench.settle();
  expect(bench.reported('update_device_up')).toEqual([]);
  expect(bench.reported('update_device_down')).toEqual([tap]);
});

it('asks again for a tap that was made anew while it was asked for', async () => {
  await bench.start();
  const [tap] = knownPorts([2]) as [string];
  whileAsked(() => {
    bench.host.removeLink(tap);
    bench.host.addTap(tap);
  });
  bench.host.addTap(tap);
  await bench.settle();
  expect(bench.reported('update_device_up')).toEqual([tap]);
});

it('a port that is deleted while it is asked for does not come back with the answer', async () => {
  await bench.start();
  const [tap] = knownPorts([2]) as [string];
  bench.transport.answer({
    get_devices_details_list: async (args: { devices: string[] }) => {
      const answer = told(args);
      bench.known.delete(tap);
      await bench.transport.tell('q-agent-notifier-port-delete', 'port_delete', { port_id: idOf(2) });
      return answer;
    },
  });
  bench.host.addTap(tap);
  await bench.settle();
  expect([...(firewall.state?.ports.keys() ?? [])]).toEqual([]);
  expect(bench.host.print()).toBe(`${tap} tun down mtu 1500`);
  expect(bench.reported('update_device_up')).toEqual([]);
});

it('a guest that leaves while its port is asked for is taken out of its bridge', async () => {
  await bench.start();
  const [tap] = knownPorts([2]) as [string];
  bench.known.set(tap, deviceDetails(idOf(2), { device_owner: 'compute:nova' }));
  bench.host.root.give(bridgeName(idOf(1)), { kind: 'bridge', up: true });
  bench.host.addTap(tap, { up: true, master: bridgeName(idOf(1)) });
  await bench.settle();
  const leave = () =>
    bench.transport.tell('q-agent-notifier-binding-deactivate', 'binding_deactivate', {
      ...{ port_id: idOf(2), host: 'host1', network_id: idOf(1) },
    });
  bench.transport.answer({
    get_devices_details_list: async (args: { devices: string[] }) => {
      const answer = told(args);
      if (bench.known.delete(tap)) await leave();
      return answer;
    },
  });
  await bench.tell('port_update', { port: { id: idOf(2) } });
  expect((await bench.host.readNetwork()).links.get(tap)?.master).toBeNull();
});
