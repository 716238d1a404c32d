import { Button, Group, Modal, Select, Stack, Text as Words } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import type { ApiResource } from '../api/description.ts';
import { readAgain } from '../api/queries.ts';
import { requestOf } from '../forms/command-line.ts';
import { DoneDialog } from '../forms/done-dialog.tsx';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { type Joining, joinable, joinOf, partingOf } from './joining.ts';
import { shortId, type Topology } from './topology.ts';

interface Props {
  readonly topology: Topology;
  readonly joining: Joining;
  readonly onClose: () => void;
}

/** Joins a router and a network, by whichever of them one came from. */
export function JoinDialog({ topology, joining, onClose }: Props) {
  const text = useText();
  const { routers, networks } = joinable(topology);
  const [router, setRouter] = useState(joining.router);
  const [network, setNetwork] = useState(joining.network);
  const [chosen, setSubnet] = useState<string | null>(null);
  const item = networks.find((one) => one.network.id === network);
  const subnet = item?.subnets.find(({ id }) => id === chosen) ?? item?.subnets[0];
  const { resources } = useResources();
  const resource = resources.find(({ key }) => key === 'routers');
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: async (of: ApiResource) => {
      const done = joinOf(of, router!, item!, subnet?.id ?? null);
      const { method, path, body } = requestOf(done);
      const before = routers.find(({ id }) => id === router);
      const answer = await ask<Readonly<Record<string, unknown>>>(method, path, body);
      void readAgain();
      return { done: [done], undo: partingOf(done, answer.body, before) };
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (resource) mutate(resource);
  };
  if (data) return <DoneDialog {...data} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={text('topology.join')}>
      <form onSubmit={submit}>
        <Stack>
          <Select
            label={text('topology.router')}
            data={routers.map(({ id, name }) => ({ value: id, label: name }))}
            value={router}
            onChange={setRouter}
            searchable
            required
          />
          <Select
            label={text('topology.network')}
            data={networks.map((one) => ({
              value: one.network.id,
              label: `${one.isExternal ? '☁ ' : ''}${one.network.name || shortId(one.network.id)}`,
            }))}
            value={item ? network : null}
            onChange={setNetwork}
            searchable
            required
          />
          {item && !item.isExternal && (
            <Select
              label={text('topology.subnet')}
              data={item.subnets.map(({ id, name, cidr }) => ({ value: id, label: `${name} ${cidr}`.trim() }))}
              value={subnet?.id ?? null}
              onChange={setSubnet}
              allowDeselect={false}
            />
          )}
          {item && <Words size="sm">{text(item.isExternal ? 'topology.joinOutside' : 'topology.joinInside')}</Words>}
          {error && <ErrorNote error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text('shell.cancel')}
            </Button>
            <Button type="submit" loading={isPending} disabled={!router || !item || !resource}>
              {text('topology.join')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
