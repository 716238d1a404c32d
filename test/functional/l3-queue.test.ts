import { afterAll, beforeAll, expect, it } from 'vitest';
import { Flow, openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { patience, until } from '../support/wait.ts';

/** RabbitMQ dies and comes back: who talks through a router does not notice, and what was changed meanwhile is made then. */
const LONGEST_STALL_MS = 1_000;

let stand: RoutedLab;
let inner: Awaited<ReturnType<RoutedLab['network']>>;
let guest: RoutedGuest;
let address: string;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1'], rabbit: true });
  const router = await stand.api.create('router', { external_gateway_info: { network_id: stand.external.id } });
  inner = await stand.network('10.10.0.0/24');
  await stand.attach(router, inner.subnet);
  guest = await stand.guest(stand.host('net1'), inner, 'guest');
  address = (await stand.floatingIp(guest.port)).floating_ip_address;
  await stand.answers(address);
  await Flow.listen(stand.outside, 5001);
  await Flow.listen(guest.guest, 5001);
});
afterAll(async () => {
  await stand?.close();
});

it('the queue is killed and started again', async () => {
  const agent = stand.routing.get('net1')!;
  const flows = await Promise.all([
    Flow.open(guest.guest, '203.0.113.1', 5001),
    Flow.open(stand.outside, address, 5001),
  ]);
  const before = flows.map((flow) => flow.gapsMs.length);
  using starvation = await Starvation.watch();
  await stand.rabbit!.kill();
  const noticed = () => agent.output.includes('lost the connection to RabbitMQ');
  await until('the agent to notice', noticed, { timeoutMs: 60_000 });
  const owner = { device_owner: 'compute:nova', 'binding:host_id': 'net1' };
  const later = await stand.api.create('port', { network_id: inner.network.id, ...owner });
  const floating = await stand.floatingIp(later);
  await stand.rabbit!.up();
  const host = stand.host('net1');
  const netns = (await host.namespaces()).find((name) => name.startsWith('qrouter-'))!;
  const isThere = async () =>
    (await host.read(['ip', '-n', netns, '-br', 'addr'])).includes(`${floating.floating_ip_address}/32`);
  await until('what was made meanwhile', isThere, { timeoutMs: 60_000 });
  for (const flow of flows) await flow.goesOn();
  expect(Math.max(...flows.map((flow, i) => flow.longestGapMs(before[i])))).toBeLessThan(
    LONGEST_STALL_MS * patience + starvation.allowanceMs,
  );
  await stand.answers(address);
  await Promise.all(flows.map((flow) => flow.close()));
});
