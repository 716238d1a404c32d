import { agentNames } from '../instance.ts';
import { type Narrator, TourFailed } from './narrator.ts';
import type { Stage } from './stage.ts';

/** All agents, and one of them stopped. */
export async function showAgents(stage: Stage, narrator: Narrator): Promise<void> {
  const { host1 } = stage;
  narrator.chapter('The agents');
  const table = await narrator.show(host1, ['neutron', 'agent-list'], {
    shows: agentNames,
    hides: ['xxx'],
  });
  narrator.confirm(table.split(':-)').length === agentNames.length + 1, `${agentNames.length} agents are alive`);

  const metadata = (await host1.processes()).filter(({ command }) =>
    /^\S*neutron-metadata-agent\b|neutron-metadata-agent.ts/.test(command),
  );
  if (metadata.length === 0) throw new TourFailed('no process of the metadata agent');
  const pids = metadata.map(({ pid }) => String(pid));
  await narrator.show(host1, ['kill', '-STOP', ...pids], {
    note: 'the metadata agent is stopped; heartbeats count for 4 s here, for 75 s by default',
  });
  await narrator.show(host1, ['neutron', 'agent-list'], {
    shows: [/xxx.*neutron-metadata-agent/],
    mark: ['xxx'],
    withinMs: 20_000,
  });
  await narrator.show(host1, ['kill', '-CONT', ...pids]);
  await narrator.show(host1, ['neutron', 'agent-list'], { hides: ['xxx'], withinMs: 20_000 });
}
