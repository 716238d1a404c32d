import { Alert, Stack, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { CopiedLine } from './copied-line.tsx';
import { isPluggable, type PluggedPort, plugCommand } from './plug-command.ts';

/** How a guest is put on a port: shown until there is one, where the server says that it can be done by hand. */
export function PlugNote({ port }: { port: PluggedPort }) {
  const text = useText();
  const pluggable = isPluggable(port);
  const { data: plug } = useQuery({
    queryKey: ['plug'],
    enabled: pluggable,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      (await ask<{ command: string | null }>('GET', '/dashboard/plug', undefined, signal)).body.command,
  });
  if (!pluggable || !plug) return null;
  return (
    <Alert color="blue" variant="light" p="xs" title={text('underneath.plug')}>
      <Stack gap={6}>
        <CopiedLine line={plugCommand(plug, port)} label={text('underneath.plug')} />
        <Words size="xs">{text('underneath.plugText')}</Words>
      </Stack>
    </Alert>
  );
}
