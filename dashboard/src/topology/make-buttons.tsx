import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { useResources } from '../api/described.ts';
import { FormDialog } from '../forms/form-dialog.tsx';
import type { FormValues } from '../forms/form-model.ts';
import { useText } from '../messages/text.tsx';
import { NetworkDialog } from '../network/network-dialog.tsx';

type Made = 'networks' | 'routers' | 'subnets' | 'ports' | 'floatingips';

interface Props {
  readonly make: readonly Made[];
  /** What the form begins with: the network or port that it was opened from. */
  readonly given?: FormValues;
}

const labels = {
  networks: 'network.title',
  routers: 'topology.newRouter',
  subnets: 'topology.newSubnet',
  ports: 'topology.newPort',
  floatingips: 'topology.newFloating',
} as const;

/** Opens the form of what is to be made. What the server does not serve is not offered. */
export function MakeButtons({ make, given }: Props) {
  const text = useText();
  const { resources } = useResources();
  const [open, setOpen] = useState<Made | null>(null);
  const resource = resources.find(({ key }) => key === open);
  const close = () => setOpen(null);
  const served = make.filter((name) => resources.some(({ key, create }) => key === name && create));
  return (
    <Group gap="xs">
      {served.map((name) => (
        <Button key={name} size="xs" variant="default" onClick={() => setOpen(name)}>
          {text(labels[name])}
        </Button>
      ))}
      {open === 'networks' ? (
        <NetworkDialog resources={resources} onClose={close} />
      ) : (
        resource && <FormDialog key={open} {...{ resource, resources, given }} onClose={close} />
      )}
    </Group>
  );
}
