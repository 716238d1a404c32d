import { Alert, Anchor, Button, Group, Skeleton, Stack, Table, TextInput, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Port, Subnet } from '../../../src/resources/shapes.ts';
import { allPages } from '../api/all-pages.ts';
import { useResources } from '../api/described.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import {
  byRoom,
  leftOf,
  type NetworkAvailability,
  type SubnetUse,
  shareOf,
  usesOfNetworks,
  usesOfSubnets,
} from './addresses.ts';
import { RoomBar } from './room-bar.tsx';

/** Counting is work for the server: not with every port that changes, ms. */
const AGAIN_MS = 60_000;
/** Subnets that stand here before one asks for all. */
const SHOWN = 15;

/** How many addresses subnets have left: as the server counts for administrators, else from what one sees. */
export function AddressTable() {
  const text = useText();
  const { resources } = useResources();
  const isCounted = resources.some(({ key }) => key === 'network_ip_availabilities');
  const { data, error } = useQuery({
    queryKey: ['addresses left', isCounted],
    enabled: resources.length > 0,
    refetchInterval: AGAIN_MS,
    queryFn: async ({ signal }) => byRoom(isCounted ? await countedByServer(signal) : await countedHere(signal)),
  });
  if (error) return <ErrorNote error={error} />;
  if (data === undefined) return <Skeleton h={120} aria-label={text('shell.loading')} />;
  if (data.length === 0) return <Alert title={text('usage.noSubnets')}>{text('usage.noSubnetsText')}</Alert>;
  return (
    <Stack gap="xs">
      {!isCounted && (
        <Words size="sm" c="dimmed">
          {text('usage.addressesOwn')}
        </Words>
      )}
      <Uses uses={data} />
    </Stack>
  );
}

function Uses({ uses }: { uses: readonly SubnetUse[] }) {
  const { text, language } = useSpeech();
  const [wanted, setWanted] = useState('');
  const [isAll, setIsAll] = useState(false);
  const word = wanted.trim().toLowerCase();
  const fitting = uses.filter(({ subnet, network, cidr }) =>
    `${subnet} ${network} ${cidr}`.toLowerCase().includes(word),
  );
  const shown = isAll ? fitting : fitting.slice(0, SHOWN);
  const number = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', { notation: 'compact' });
  return (
    <>
      {uses.length > SHOWN && (
        <TextInput
          size="xs"
          type="search"
          w={260}
          label={text('usage.search')}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      {shown.length === 0 && <Words role="status">{text('usage.nothing')}</Words>}
      {shown.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table fz="sm" verticalSpacing={3} maw={960}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{text('usage.subnet')}</Table.Th>
                <Table.Th>{text('usage.network')}</Table.Th>
                <Table.Th ta="right">{text('usage.left')}</Table.Th>
                <Table.Th ta="right">{text('usage.total')}</Table.Th>
                <Table.Th>{text('usage.share')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((use) => (
                <Table.Tr key={use.subnetId}>
                  <Table.Th scope="row" style={{ overflowWrap: 'anywhere' }}>
                    <Anchor size="sm" href={`#/lists/subnets?id=${encodeURIComponent(use.subnetId)}`}>
                      {`${use.subnet} ${use.cidr}`.trim()}
                    </Anchor>
                  </Table.Th>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{use.network}</Table.Td>
                  <Table.Td ta="right">{number.format(leftOf(use))}</Table.Td>
                  <Table.Td ta="right">{number.format(use.total)}</Table.Td>
                  <Table.Td>
                    <RoomBar
                      share={shareOf(use)}
                      label={text('usage.shareOf', { used: String(use.used), limit: number.format(use.total) })}
                    />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {shown.length < fitting.length && (
        <Group>
          <Button size="xs" variant="default" onClick={() => setIsAll(true)}>
            {text('usage.showAll', { count: fitting.length })}
          </Button>
        </Group>
      )}
    </>
  );
}

async function countedByServer(signal: AbortSignal): Promise<SubnetUse[]> {
  const path = '/v2.0/network-ip-availabilities';
  return usesOfNetworks(await allPages<NetworkAvailability>('network_ip_availabilities', path, signal));
}

async function countedHere(signal: AbortSignal): Promise<SubnetUse[]> {
  const of = (...names: string[]) => names.map((name) => `fields=${name}`).join('&');
  const [subnets, ports, networks] = await Promise.all([
    allPages<Subnet>('subnets', `/v2.0/subnets?${of('id', 'name', 'network_id', 'cidr', 'allocation_pools')}`, signal),
    allPages<Port>('ports', `/v2.0/ports?${of('id', 'fixed_ips')}`, signal),
    allPages<{ id: string; name: string }>('networks', `/v2.0/networks?${of('id', 'name')}`, signal),
  ]);
  return usesOfSubnets(subnets, ports, new Map(networks.map(({ id, name }) => [id, name])));
}
