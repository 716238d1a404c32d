import { Button, Group, Stack, Title, Text as Words } from '@mantine/core';
import { useState } from 'react';
import { useResources } from '../api/described.ts';
import { useText } from '../messages/text.tsx';
import { canMakeNetworks } from '../network/create-network.ts';
import { NetworkDialog } from '../network/network-dialog.tsx';
import { ErrorNote } from './fault.tsx';

/** The first page: what to do next. */
export function StartPage() {
  const text = useText();
  const { resources, error } = useResources();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Stack maw={720}>
      <Title order={2}>{text('shell.welcome')}</Title>
      <Words>{text('shell.welcomeText')}</Words>
      {error && <ErrorNote error={error} />}
      {canMakeNetworks(resources) && (
        <Group>
          <Button onClick={() => setIsOpen(true)}>{text('network.title')}</Button>
        </Group>
      )}
      {isOpen && <NetworkDialog resources={resources} onClose={() => setIsOpen(false)} />}
    </Stack>
  );
}
