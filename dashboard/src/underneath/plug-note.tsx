import { Alert, Stack, Text as Words } from '@mantine/core';
import { useText } from '../messages/text.tsx';
import { CopiedLine } from './copied-line.tsx';
import { isPluggable, type PluggedPort, plugCommand } from './plug-command.ts';

/** How a guest is put on a port: shown until there is one. */
export function PlugNote({ port }: { port: PluggedPort }) {
  const text = useText();
  if (!isPluggable(port)) return null;
  return (
    <Alert color="blue" variant="light" p="xs" title={text('underneath.plug')}>
      <Stack gap={6}>
        <CopiedLine line={plugCommand(port)} label={text('underneath.plug')} />
        <Words size="xs">{text('underneath.plugText')}</Words>
      </Stack>
    </Alert>
  );
}
