import type { CrowdCounts, CrowdEvent, CrowdMember, CrowdOrder, CrowdOrders } from './crowd.ts';
import { SharedWire } from './shared-wire.ts';
import { type AgentCounts, SimulatedAgent } from './simulated-agent.ts';
import { SimulatedDhcpAgent } from './simulated-dhcp-agent.ts';

/** Agents on one pair of connections: few enough that a broker spreads its work over several. */
const AGENTS_PER_WIRE = 100;

/** A process of simulated agents; `Crowd` gives the orders. */
const wires: SharedWire[] = [];
const agents = new Map<string, SimulatedAgent>();
let dhcpAgent: SimulatedDhcpAgent | null = null;
const counts: AgentCounts = { deliveries: {}, firstDeliveryMs: Number.NaN, lastDeliveryMs: Number.NaN };
let transportUrl = '';
let reportIntervalMs = 30_000;

const tell = (event: CrowdEvent): void => void process.send?.(event);

const orders: { [K in keyof CrowdOrders]: (args: CrowdOrders[K]['args']) => Promise<CrowdOrders[K]['result']> } = {
  connect: async (args) => {
    ({ transportUrl, reportIntervalMs } = args);
  },
  /** Their queues; agents that are one after the other in the list share connections. */
  listen: async ({ members }) => {
    const wanted: SimulatedAgent[] = [];
    for (const member of members) wanted.push(await simulate(member));
    await Promise.all(wanted.map((agent) => agent.listen()));
  },
  /** @returns when the server knew all of each agent, in ms after it began */
  start: async ({ hosts, overMs }) => {
    const beginnings = hosts.map(async (host, at) => {
      await new Promise((resolve) => setTimeout(resolve, (overMs * at) / hosts.length));
      const began = performance.now();
      await agents.get(host)!.start();
      return performance.now() - began;
    });
    return await Promise.all(beginnings);
  },
  startDhcp: async ({ host }) => {
    dhcpAgent = new SimulatedDhcpAgent({ host, wire: await wireFor(0), counts, reportIntervalMs });
    await dhcpAgent.start();
  },
  plug: async ({ host, port }) => await agents.get(host)!.plug(port),
  counts: async () => counted(),
  stop: async () => {
    await Promise.all([...agents.values()].map((agent) => agent.close()));
    await dhcpAgent?.close();
    await Promise.all(wires.map((wire) => wire[Symbol.asyncDispose]()));
  },
};

async function wireFor(at: number): Promise<SharedWire> {
  const index = Math.floor(at / AGENTS_PER_WIRE);
  wires[index] ??= await SharedWire.open(transportUrl, `bench-agents:${process.pid}:${index}`);
  return wires[index];
}

async function simulate({ host, number, ports }: CrowdMember): Promise<SimulatedAgent> {
  const agent = new SimulatedAgent({
    host,
    number,
    ports,
    wire: await wireFor(agents.size),
    counts,
    reportIntervalMs,
    onPortUpdate: (port, atMs) => tell({ event: 'port_update', host, port, atMs }),
  });
  agents.set(host, agent);
  return agent;
}

function counted(): CrowdCounts {
  const all = [...agents.values()];
  const sum = (pick: (agent: SimulatedAgent) => number) => all.reduce((total, agent) => total + pick(agent), 0);
  const { firstDeliveryMs } = counts;
  counts.firstDeliveryMs = Number.NaN;
  return {
    deliveries: counts.deliveries,
    firstDeliveryMs,
    lastDeliveryMs: counts.lastDeliveryMs,
    beats: sum(({ beats }) => beats),
    busy: all.filter(({ isBusy }) => isBusy).length,
    timeouts: sum(({ timeouts }) => timeouts) + (dhcpAgent?.timeouts ?? 0),
    failures: sum(({ failures }) => failures),
    firstFailure: all.find(({ firstFailure }) => firstFailure !== null)?.firstFailure ?? null,
  };
}

process.on('message', ({ id, order, args }: CrowdOrder) => {
  const work = orders[order] as (args: unknown) => Promise<unknown>;
  work(args).then(
    (result) => tell({ event: 'done', id, result: result ?? null }),
    (error: Error) => tell({ event: 'failed', id, error: error.stack ?? String(error) }),
  );
});
// Whoever gives orders is gone.
process.on('disconnect', () => process.exit(1));
