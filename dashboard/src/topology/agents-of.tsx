import { Anchor, List, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Agent } from '../../../src/resources/shapes.ts';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { usePalette } from './palette.ts';

/**
 * The agents that serve a network or a router, and whether they are alive. Only admins are told.
 * @param of below `/v2.0`: `networks/ID/dhcp-agents`, `routers/ID/l3-agents`
 */
export function AgentsOf({ of }: { of: string }) {
  const text = useText();
  const palette = usePalette();
  const { data = [] } = useQuery({
    queryKey: ['agents', of],
    queryFn: async ({ signal }) =>
      (await ask<{ agents: Agent[] }>('GET', `/v2.0/${of}`, undefined, signal)).body.agents,
    retry: false,
  });
  if (data.length === 0) return <Words size="sm">{text('topology.noAgents')}</Words>;
  return (
    <List size="sm" listStyleType="none">
      {data.map(({ id, host, binary, alive }) => (
        <List.Item key={id}>
          <span style={{ color: palette.health[alive ? 'up' : 'error'] }}>{alive ? '●' : '✕'}</span>{' '}
          <Anchor size="sm" href={`#/agents?id=${id}`}>
            {binary} @ {host}
          </Anchor>{' '}
          ({text(alive ? 'topology.alive' : 'topology.dead')})
        </List.Item>
      ))}
    </List>
  );
}
