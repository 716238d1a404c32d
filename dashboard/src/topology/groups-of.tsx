import { Button, Group, Stack, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import { FormDialog } from '../forms/form-dialog.tsx';
import { useText } from '../messages/text.tsx';
import { ListLink } from './facts.tsx';
import { shortId } from './topology.ts';

interface SecurityGroup {
  readonly id: string;
  readonly name: string;
}

/** What decides who may reach a guest's port: its groups, the rules of each, and a button for one more. */
export function GroupsOf({ portId }: { portId: string }) {
  const text = useText();
  const { resources } = useResources();
  const rules = resources.find(({ key }) => key === 'security_group_rules');
  const [opened, setOpened] = useState<string | null>(null);
  const { data: groups } = useQuery({
    queryKey: ['ports', 'security_groups', 'of port', portId],
    enabled: rules !== undefined,
    queryFn: async ({ signal }) => {
      const path = `/v2.0/ports/${portId}?fields=security_groups&fields=port_security_enabled`;
      const { port } = (await ask<{ port: Guarded }>('GET', path, undefined, signal)).body;
      if (port.security_groups.length === 0 || port.port_security_enabled === false) return [];
      const query = port.security_groups.map((id) => `id=${encodeURIComponent(id)}`).join('&');
      const named = `/v2.0/security-groups?fields=id&fields=name&${query}`;
      return (await ask<{ security_groups: SecurityGroup[] }>('GET', named, undefined, signal)).body.security_groups;
    },
  });
  if (!rules || groups === undefined) return null;
  if (groups.length === 0) return <Words size="sm">{text('topology.noGroups')}</Words>;
  return (
    <Stack gap={4}>
      {groups.map(({ id, name }) => (
        <Group key={id} gap="xs" justify="space-between">
          <span>
            <Words size="sm" span>
              {text('topology.securityGroup')}:{' '}
            </Words>
            <ListLink of="security_group_rules" by="security_group_id" value={id}>
              {name || shortId(id)}
            </ListLink>
          </span>
          {rules.create && (
            <Button
              size="compact-xs"
              variant="light"
              aria-label={text('topology.openPortOf', { name: name || shortId(id) })}
              onClick={() => setOpened(id)}
            >
              {text('topology.openPort')}
            </Button>
          )}
        </Group>
      ))}
      {opened && (
        <FormDialog
          resource={rules}
          resources={resources}
          given={{ security_group_id: opened, direction: 'ingress' }}
          onClose={() => setOpened(null)}
        />
      )}
    </Stack>
  );
}

interface Guarded {
  readonly security_groups: readonly string[];
  readonly port_security_enabled?: boolean;
}
