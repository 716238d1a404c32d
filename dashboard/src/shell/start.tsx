import { Button, Group, Stack, Title, Text as Words } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useResources } from '../api/described.ts';
import { useText } from '../messages/text.tsx';
import { canMakeNetworks } from '../network/create-network.ts';
import { ErrorNote } from './fault.tsx';

const FirstSteps = lazy(async () => ({ default: (await import('./first-steps.tsx')).FirstSteps }));

const NetworkDialog = lazy(async () => ({ default: (await import('../network/network-dialog.tsx')).NetworkDialog }));

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
          <Button data-new onClick={() => setIsOpen(true)}>
            {text('network.title')}
          </Button>
        </Group>
      )}
      <Suspense>
        <FirstSteps />
      </Suspense>
      {isOpen && (
        <Suspense>
          <NetworkDialog resources={resources} onClose={() => setIsOpen(false)} />
        </Suspense>
      )}
    </Stack>
  );
}
