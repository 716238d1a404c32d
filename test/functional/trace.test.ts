import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { type CloudPlan, cloudPlan, outsideAddress, type PacketPlan, packetPlans } from '../support/clouds/chance.ts';
import { MadeCloud } from '../support/clouds/made-cloud.ts';
import { Packets, type Sending } from '../support/clouds/packets.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { OUTSIDE, openOutside } from '../support/outside.ts';
import { until } from '../support/wait.ts';

/**
 * What `trace` says of a packet is what the packet does: random clouds, random packets, real guests. The model has rows only;
 * the packets go through real taps, rules, bridges and routers.
 */
const long = process.env.NEUTRINO_TEST_LONG === '1';
const clouds = long ? 200 : 5;

let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let external: string;
let outsidePool: string;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  const filtering = { enable_security_group: true, firewall_driver: 'iptables' };
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: {
      DEFAULT: { service_plugins: 'router,port_forwarding' },
      securitygroup: filtering,
      quotas: { quota_port: -1, quota_network: -1, quota_subnet: -1, quota_router: -1, quota_floatingip: -1 },
    },
  });
  await deployment.start();
  const bridging = { vxlan: { enable_vxlan: false }, securitygroup: filtering };
  await deployment.agent('neutron-linuxbridge-agent', host, bridging);
  await deployment.agent('neutron-l3-agent', host, {
    DEFAULT: { interface_driver: 'linuxbridge', enable_metadata_proxy: false },
    agent: { extensions: 'port_forwarding' },
  });
  const network = await deployment.api.create('network', { 'router:external': true });
  external = network.id;
  const pool = { name: 'outside', prefixes: ['198.51.100.0/24'], default_prefixlen: 24 };
  outsidePool = (await deployment.api.create('subnetpool', pool)).id;
  await deployment.api.create('subnet', {
    ...{ network_id: external, ip_version: 4, cidr: '198.51.100.0/24', gateway_ip: '198.51.100.1', enable_dhcp: false },
    subnetpool_id: outsidePool,
  });
  // The gateway of the external network, with the rest of the world behind it.
  await openOutside(host, external, ['198.51.100.1/24', `${outsideAddress}/32`]);
});
afterAll(async () => {
  await deployment?.close();
  await lab?.close();
});

interface Asked extends Sending {
  readonly trace: Json;
  /** The namespace it should arrive in; null: none. */
  readonly wanted: string | null;
  /** Whether a ping should be answered; null: nobody knows. */
  readonly answered: boolean | null;
}

it(`in ${clouds} random clouds the verdict is what the packet does`, { timeout: clouds * 60_000 }, async () => {
  let packets = 0;
  for (const [at, seed] of fc.sample(fc.integer(), { numRuns: clouds, seed: firstSeed() }).entries()) {
    const [plan] = fc.sample(cloudPlan, { numRuns: 1, seed });
    const [wanted] = fc.sample(packetPlans, { numRuns: 1, seed });
    packets += await compare(`cloud ${at}, seed ${seed}`, plan!, wanted!);
  }
  // Fewer would mean that most verdicts were "unknown".
  expect(packets).toBeGreaterThan(clouds * 10);
});

/** @returns how many packets had a verdict */
async function compare(name: string, plan: CloudPlan, wanted: readonly PacketPlan[]): Promise<number> {
  const cloud = new MadeCloud({ api: deployment.api, host, external, outsidePool });
  try {
    await cloud.make(plan);
    await cloud.settled(plan);
    const asked = await askAll(cloud, wanted);
    const namespaces = [OUTSIDE, ...cloud.guests.map(({ guest }) => guest.netns)];
    await using packets = new Packets(host, namespaces);
    await packets.ready();
    await expectAll(name, packets, asked, plan);
    return asked.length;
  } finally {
    await cloud.remove();
  }
}

async function askAll(cloud: MadeCloud, wanted: readonly PacketPlan[]): Promise<Asked[]> {
  const addresses = [...cloud.addresses];
  const asked: Asked[] = [];
  for (const { guest: at, protocol, port, target } of wanted) {
    const from = cloud.guests[at % cloud.guests.length]!;
    const to = addresses[target % addresses.length]!;
    const number = protocol === 'icmp' ? null : port;
    const query = `to=${to}${number === null ? '' : `&${protocol}=${number}`}`;
    const { trace } = await deployment.api.expect('GET', `/v2.0/ports/${from.port.id}/trace?${query}`);
    if (trace.verdict === 'unknown' || (trace.verdict === 'leaves' && to !== outsideAddress)) continue;
    asked.push({ netns: from.guest.netns, protocol, to, port: number, trace, ...expected(cloud, trace) });
  }
  return asked;
}

function expected(cloud: MadeCloud, trace: Json): Pick<Asked, 'wanted' | 'answered'> {
  if (trace.verdict === 'leaves') return { wanted: OUTSIDE, answered: null };
  if (trace.verdict === 'dropped') return { wanted: null, answered: false };
  const last = trace.hops.at(-1).text as string;
  const guest = cloud.guests.find(({ port }) => last === `arrives at port ${port.id}`);
  // A router's own address: nobody sees it there, but its answer.
  if (guest === undefined) return { wanted: null, answered: null };
  const back = trace.answer.verdict;
  return { wanted: guest.guest.netns, answered: back === 'unknown' || back === 'leaves' ? null : back === 'arrives' };
}

/** Sends all again until what should arrive has arrived; then once more what should not, with the others behind it. */
async function expectAll(name: string, packets: Packets, asked: readonly Asked[], plan: CloudPlan): Promise<void> {
  const sent = new Map<Asked, number[]>(asked.map((one) => [one, []]));
  const sendAll = () => {
    for (const one of asked) sent.get(one)!.push(packets.send(one));
  };
  const came = (one: Asked, numbers: readonly number[] = sent.get(one)!) =>
    (one.wanted === null || numbers.some((number) => packets.seen(number).at.has(one.wanted!))) &&
    (one.answered !== true || one.protocol !== 'icmp' || numbers.some((number) => packets.seen(number).answered));
  const missing = () => asked.filter((one) => !came(one));
  let rounds = 0;
  await until(
    `packets arrive in ${name}`,
    () => {
      if (rounds % 5 === 0) sendAll();
      rounds += 1;
      return missing().length === 0;
    },
    { timeoutMs: 20_000 },
  ).catch((error) => {
    throw new Error(`${name}: ${error.message}\n${report(missing(), plan)}`);
  });
  const last = asked.map((one) => [one, [packets.send(one)]] as const);
  await until(`the last packets arrive in ${name}`, () => last.every(([one, numbers]) => came(one, numbers)));
  const wrong = asked.filter((one) =>
    sent.get(one)!.some((number) => {
      const { at, answered } = packets.seen(number);
      return (
        [...at].some((netns) => netns !== one.wanted) || (one.protocol === 'icmp' && one.answered === false && answered)
      );
    }),
  );
  const where = wrong.map(
    (one) =>
      sent
        .get(one)!
        .flatMap((number) => [...packets.seen(number).at])
        .join(' ') || 'answered',
  );
  expect(where, `${name}: arrived where it should not\n${report(wrong, plan)}`).toEqual([]);
}

function report(asked: readonly Asked[], plan: CloudPlan): string {
  const lines = asked.map(({ netns, protocol, port, to, trace }) => {
    const hops = trace.hops.map(({ hop, text, cause }: Json) => `    ${hop}: ${text}${cause ? ` (${cause})` : ''}`);
    const back = (trace.answer?.hops ?? []).map(({ hop, text }: Json) => `    back ${hop}: ${text}`);
    return [`  ${netns} → ${to} ${protocol} ${port ?? ''}: ${trace.verdict}`, ...hops, ...back].join('\n');
  });
  return `${lines.join('\n')}\n${JSON.stringify(plan)}`;
}

/** `NEUTRINO_SEED` asks for other clouds; the message of a failure names the seed of its cloud. */
function firstSeed(): number {
  return Number(process.env.NEUTRINO_SEED ?? 20_261_129);
}
