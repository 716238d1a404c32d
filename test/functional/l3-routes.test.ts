import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network, Router } from '../../src/resources/shapes.ts';
import { addressOf, type L3Stand, openL3Stand, type Placed } from '../support/l3-stand.ts';
import { until } from '../support/wait.ts';

/** Extra routes that overlap, share a destination, or lead in a ring: which of them a packet takes, and that `trace` says the same. */
let stand: L3Stand;
let router: Router;
let transfer: Network;
let sender: Placed;
let one: Placed;
let two: Placed;

beforeAll(async () => {
  stand = await openL3Stand();
  const made = await stand.twoNetworks({ external_gateway_info: { network_id: stand.external.id } });
  router = made.router;
  transfer = made.far;
  sender = await stand.guest(made.near, 'sender');
  const at = (host: number) => ({ fixed_ips: [{ ip_address: `10.2.0.${host}` }, { ip_address: `fd02::${host}` }] });
  one = await stand.guest(transfer, 'one', at(11));
  two = await stand.guest(transfer, 'two', at(12));
  await stand.reaches(sender.guest, addressOf(two));
});
afterAll(async () => await stand?.close());

const by = (nexthop: string, ...destinations: string[]) =>
  destinations.map((destination) => ({ destination, nexthop }));

async function setRoutes(...routes: { destination: string; nexthop: string }[]): Promise<void> {
  await stand.api.update('router', router.id, { routes });
}

/** The hop at which `trace` sees a router decide. */
async function tracedBy(to: string): Promise<string> {
  const { trace } = await stand.api.expect('GET', `/v2.0/ports/${sender.port.id}/trace?to=${to}`);
  return JSON.stringify(trace.hops);
}

it('the longest destination decides, down to one host, and one to everywhere goes before the gateway', async () => {
  // Nobody but the one whom the right route leads to has the address.
  const places = { one: ['192.0.2.7', '10.77.0.1', '10.77.5.7'], two: ['10.77.5.1', '198.51.100.9'] };
  await stand.host.ipBatch(
    places.one.map((address) => `addr add ${address}/32 dev lo`),
    one.guest.netns,
  );
  await stand.host.ipBatch(
    places.two.map((address) => `addr add ${address}/32 dev lo`),
    two.guest.netns,
  );
  await setRoutes(
    ...by(addressOf(one), '0.0.0.0/0', '10.77.0.0/16', '10.77.5.7/32'),
    ...by(addressOf(two), '10.77.5.0/24', '198.51.100.8/29', '128.0.0.0/1'),
    ...by(addressOf(one), '192.0.2.0/24'),
  );
  for (const address of [...places.one, ...places.two]) await stand.reaches(sender.guest, address);
  for (const [to, route] of [
    ['10.77.0.1', '10.77.0.0/16'],
    ['10.77.5.1', '10.77.5.0/24'],
    ['10.77.5.7', '10.77.5.7/32'],
    ['8.8.8.8', '0.0.0.0/0'],
    ['203.0.114.1', '128.0.0.0/1'],
  ] as const) {
    expect(await tracedBy(to)).toContain(`route ${route} via`);
  }
  // What the router is on is reached as before.
  await stand.reaches(sender.guest, '203.0.113.1');
  await stand.reaches(sender.guest, addressOf(two));
  await setRoutes();
  const ways = ['ip', '-n', `qrouter-${router.id}`, 'route', 'show', 'proto', 'static'];
  await until('the gateway again', async () =>
    /^default via 203.0.113.1 dev qg-\S+ *\n?$/.test(await stand.host.read(ways)),
  );
});

it('several next hops of one destination share its connections, of both kinds of addresses', async () => {
  for (const { guest } of [one, two]) {
    await stand.host.ipBatch(['route add local 10.78.0.0/24 dev lo', 'route add local fd78::/64 dev lo'], guest.netns);
  }
  await setRoutes(
    ...[one, two].flatMap((hop) => [...by(addressOf(hop), '10.78.0.0/24'), ...by(addressOf(hop, 6), 'fd78::/64')]),
  );
  for (const prefix of ['10.78.0.', 'fd78::']) {
    const before = [await pinged(one, prefix), await pinged(two, prefix)];
    for (let host = 1; host <= 24; host++) await stand.reaches(sender.guest, `${prefix}${host}`);
    const after = [await pinged(one, prefix), await pinged(two, prefix)];
    // By chance all go to one of two: once in 2^23.
    expect(after.map((count, at) => count > before[at]!)).toEqual([true, true]);
  }
});

/** How many pings a guest has had. */
async function pinged({ guest }: Placed, prefix: string): Promise<number> {
  const [file, name] = prefix.includes(':') ? ['snmp6', 'Icmp6InEchos'] : ['snmp', 'Icmp:'];
  const text = await stand.host.read(['cat', `/proc/net/${file}`], { netns: guest.netns });
  const lines = text.split('\n').filter((line) => line.startsWith(name!));
  if (lines.length === 1) return Number(lines[0]!.split(/\s+/)[1]);
  const [names, values] = lines.map((line) => line.split(' '));
  return Number(values![names!.indexOf('InEchos')]);
}

it('two routers that send each other a packet let it die, and go on', async () => {
  const other = await stand.router([]);
  const port = await stand.api.create('port', { network_id: transfer.id });
  await stand.attach(other, { port_id: port.id });
  const leg = port.fixed_ips.find(({ ip_address }) => !ip_address.includes(':'))!.ip_address;
  await setRoutes(...by(leg, '10.99.0.0/24'));
  // Whichever of them sees its end says so to the sender.
  await stand.api.update('router', other.id, { routes: by('10.2.0.1', '10.99.0.0/24', '10.1.0.0/24') });
  const ping = ['ping', '-n', '-W', '1', '-c', '1', '10.99.0.1'];
  await until('it dies on the way', async () =>
    (await sender.guest.run(ping, { okCodes: [0, 1] })).stdout.includes('Time to live exceeded'),
  );
  const { trace } = await stand.api.expect('GET', `/v2.0/ports/${sender.port.id}/trace?to=10.99.0.1`);
  expect(trace).toMatchObject({ verdict: 'dropped' });
  await stand.reaches(sender.guest, addressOf(one));
});

it('routes to odd places are there, and a start finds nothing to do about them', async () => {
  await setRoutes(
    ...by(addressOf(one), '0.0.0.0/0', '0.0.0.0/32', '224.0.0.0/4', '240.0.0.0/4', '255.255.255.255/32'),
    ...by(addressOf(one), '10.2.0.0/16', '10.2.0.128/25', '10.2.0.1/32'),
    ...by(addressOf(one, 6), '::/0', '::/128', 'ff00::/8', '::ffff:0:0/96', '::7f00:1/128', 'fd02::/48'),
  );
  const routes = async () =>
    (await stand.host.read(['ip', '-n', `qrouter-${router.id}`, 'route', 'show', 'proto', 'static']))
      .trim()
      .split('\n');
  await until('all of them', async () => (await routes()).length === 8);
  await until('the router is as it should be', async () => {
    const { explanation } = await stand.api.expect('GET', `/v2.0/routers/${router.id}/explain`);
    return explanation.verdict === 'works';
  });
  const before = await stand.inside(router.id);
  await stand.agent.stop();
  const log = stand.mark();
  stand.agent.start();
  await until('a sync', () => /synchronized with the server/.test(log()), { timeoutMs: 20_000 });
  expect(log()).not.toMatch(/changing the host/);
  expect(await stand.inside(router.id)).toBe(before);
  await stand.reaches(sender.guest, addressOf(two));
});
