import { figuresBy } from './messages.ts';
import { atRest, delivered, pause, type Raised, timesOf } from './raised.ts';
import type { AgentsReport } from './report.ts';
import { sharedClockMs } from './simulated-agent.ts';
import type { Stand } from './stand.ts';
import { watchCores } from './watch.ts';

const UPDATE_EVERY_MS = 1_000;
/** Of that, kept for asking the agents what arrived. */
const ASKING_MS = 20;
/** What did not arrive within this is lost. Where a machine does much else, nothing sooner is. */
const LOST_MS = 30_000;
/** Agents whose numbers are this far apart follow each other. */
const STRIDE = 7;

/** Switches a port of one agent after the other, one a second, and waits until its agent knows. */
export async function watchUpdates(raised: Raised, count: number): Promise<AgentsReport['updates']> {
  const { stand, crowd, members } = raised;
  const { serverPid: server, brokerPid: broker, databasePid: database } = stand;
  const used = watchCores({ server, broker, database, agents: crowd.pid });
  const sentBefore = await published(stand);
  const heardBefore = await delivered(crowd);
  const seen: Update[] = [];
  for (let at = 0; at < count; at++) {
    const began = performance.now();
    const update = await switchPort(raised, members[(at * STRIDE) % members.length]!.ports[0]!);
    if (update !== null) seen.push(update);
    await pause(UPDATE_EVERY_MS - (performance.now() - began));
  }
  await atRest(raised);
  const times = (pick: (update: Update) => number) => timesOf(seen.map(pick));
  return {
    count,
    lost: count - seen.length,
    fromRequest: times(({ sentMs, heardMs }) => heardMs - sentMs),
    fromAnswer: times(({ answeredMs, heardMs }) => heardMs - answeredMs),
    toFirstAgent: times(({ sentMs, firstMs }) => firstMs - sentMs),
    toLastAgent: times(({ sentMs, lastMs }) => lastMs - sentMs),
    messagesPerUpdate: ((await published(stand)) - sentBefore) / count,
    deliveriesPerUpdate: ((await delivered(crowd)) - heardBefore) / count,
    cores: used(),
  };
}

/** Moments of the machine's monotonic clock, in ms: the request, its answer, the port's agent, the first and last of those told. */
interface Update {
  sentMs: number;
  answeredMs: number;
  heardMs: number;
  firstMs: number;
  lastMs: number;
}

/** Switches a port down, or up again. Null when its agent was not told. */
async function switchPort({ stand, crowd }: Raised, port: string): Promise<Update | null> {
  const { api } = stand.deployment;
  const { admin_state_up } = await api.show('port', port);
  const { promise: heard, resolve } = Promise.withResolvers<number | null>();
  crowd.onPortUpdate = (id, atMs) => id === port && resolve(atMs);
  await crowd.ask('counts', {}); // what comes first is counted from here
  const sentMs = sharedClockMs();
  await api.update('port', port, { admin_state_up: !admin_state_up });
  const answeredMs = sharedClockMs();
  const timer = setTimeout(() => resolve(null), LOST_MS);
  const heardMs = await heard;
  clearTimeout(timer);
  // Those that are told last may not have been yet.
  await pause(UPDATE_EVERY_MS - (sharedClockMs() - sentMs) - ASKING_MS);
  const { firstDeliveryMs, lastDeliveryMs } = await crowd.ask('counts', {});
  return heardMs === null ? null : { sentMs, answeredMs, heardMs, firstMs: firstDeliveryMs, lastMs: lastDeliveryMs };
}

/** What the server published; replies are not counted there. */
async function published({ metricsUrl }: Stand): Promise<number> {
  const sent = await figuresBy(metricsUrl, 'neutrino_queue_sent_total', 'kind');
  return (sent.get('cast') ?? 0) + (sent.get('fanout') ?? 0);
}
