import { until } from '../../test/support/wait.ts';
import { figuresBy, openSpy, recordedMessages, repliesBetween } from './messages.ts';
import { atRest, delivered, pause, portOn, type Raised } from './raised.ts';
import type { AgentsReport } from './report.ts';

/** A guest takes longer than the agents to hear that its group has a new member. */
const GUEST_BOOTS_MS = 300;

/** Makes ports with a host, lets their taps appear there, and counts what the server says because of one. */
export async function countMessages(raised: Raised, ports: number): Promise<AgentsReport['perPort']> {
  const { stand, crowd, wire, members, network } = raised;
  const { api } = stand.deployment;
  const projects = Array.from({ length: ports }, (_, at) => `fresh-${at}`);
  // The project's default group is not the port's; nor do other agents hold ports in it, as when it was recorded.
  for (const project_id of projects) await api.create('port', { network_id: network, project_id });
  // Agents look at what they were told last at their next scan.
  await atRest(raised);
  const served = () => figuresBy(stand.metricsUrl, 'neutrino_rpc_served_total', 'method');
  const before = await served();
  const heardBefore = await delivered(crowd);
  const spy = await openSpy(wire);
  for (const [at, project] of projects.entries()) {
    const { host } = members[at % members.length]!;
    const port = await api.create('port', portOn(network, host, project));
    await pause(GUEST_BOOTS_MS);
    await crowd.ask('plug', { host, port: port.id });
    await until('ACTIVE', async () => (await api.show('port', port.id)).status === 'ACTIVE', { everyMs: 10 });
  }
  await atRest(raised);
  await spy.close();
  const heard = (await delivered(crowd)) - heardBefore;
  const messages = { ...spy.messages, ...repliesBetween(before, await served()) };
  const ours = Object.fromEntries(Object.entries(messages).map(([kind, count]) => [kind, count / ports]));
  return { ports, ours, recorded: recordedMessages(), deliveries: heard / ports };
}
