import { Anchor, Group, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { healthOf } from '../topology/cloud.ts';
import { HealthNote } from '../topology/facts.tsx';
import { type SubjectName, subjects } from './explanation.ts';
import { PlugNote } from './plug-note.tsx';
import { underneathAddress } from './references.ts';

/** One port, network, router or floating IP, as far as it is told here. */
interface Thing {
  readonly id: string;
  readonly name?: string;
  readonly status: string;
  readonly admin_state_up?: boolean;
  readonly network_id?: string;
  readonly mac_address?: string;
  readonly device_owner?: string;
  readonly fixed_ips?: readonly { readonly ip_address: string }[];
  readonly floating_ip_address?: string;
  readonly 'binding:host_id'?: string;
}

/** What it is that is looked at, as it is now; of a port that nobody has, how a guest gets it. */
export function SubjectHead({ subject, id }: { subject: SubjectName; id: string }) {
  const text = useText();
  const { collection, title } = subjects[subject];
  const { data } = useQuery({
    // News of the collection reach it: its status is live, whatever the agents take to be asked.
    queryKey: [collection, 'underneath', id],
    queryFn: async ({ signal }) => {
      const { body } = await ask<Record<string, Thing>>('GET', `/v2.0/${collection}/${id}`, undefined, signal);
      return Object.values(body)[0]!;
    },
    retry: false,
  });
  const addresses = data?.fixed_ips?.map(({ ip_address }) => ip_address).join(', ');
  const words = [data?.name || data?.floating_ip_address || id.slice(0, 8), addresses, data?.mac_address].filter(
    Boolean,
  );
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Title order={3} size="h4">
          {text(title)} {words.join(' · ')}
        </Title>
        {data && (
          <span role="status">
            <HealthNote health={healthOf({ admin_state_up: true, ...data })} /> ({data.status})
          </span>
        )}
      </Group>
      <Group gap="md">
        <Anchor size="sm" href={`#/topology?select=${data?.id ?? id}`}>
          {text('underneath.inTopology')}
        </Anchor>
        <Anchor size="sm" href={`#/lists/${collection}?id=${id}`}>
          {text('underneath.inLists')}
        </Anchor>
        {subject === 'port' && data?.network_id && (
          <Anchor size="sm" href={underneathAddress('network', data.network_id)}>
            {text('underneath.ofNetwork')}
          </Anchor>
        )}
      </Group>
      {subject === 'port' && data && (
        <PlugNote port={{ ...data, name: data.name ?? '', device_owner: data.device_owner ?? '' }} />
      )}
    </Stack>
  );
}
