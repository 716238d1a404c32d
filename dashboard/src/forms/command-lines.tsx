import { Code, Group, Stack, Text as Words } from '@mantine/core';
import { apiBase, hasCredentials } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { Copy } from '../shell/copy.tsx';
import type { PluggedPort } from '../underneath/plug-command.ts';
import { PlugNote } from '../underneath/plug-note.tsx';
import { curlLine, type Done, neutronLine } from './command-line.ts';
import { openstackLine } from './openstack-line.ts';

/** What was just done, as lines for a shell. */
export function CommandLines({ done }: { done: readonly Done[] }) {
  const text = useText();
  const clients = [
    { label: text('forms.openstack'), lines: done.map(openstackLine) },
    { label: text('forms.neutron'), lines: done.map(neutronLine) },
  ];
  const ports = done.flatMap(({ resource, made }) =>
    resource.key === 'ports' && made ? [made as unknown as PluggedPort] : [],
  );
  return (
    <Stack gap="xs">
      {ports.map((port) => (
        <PlugNote key={port.id} port={port} />
      ))}
      <Words size="sm">{text('forms.doneText')}</Words>
      {clients.map(
        ({ label, lines }) => !lines.includes(null) && <Lines key={label} label={label} lines={lines.join('\n')} />,
      )}
      <Lines
        label={text('forms.curl')}
        lines={done.map((one) => curlLine(one, apiBase(), hasCredentials())).join('\n')}
      />
    </Stack>
  );
}

function Lines({ label, lines }: { label: string; lines: string }) {
  return (
    <div>
      <Group justify="space-between">
        <Words size="xs" c="dimmed">
          {label}
        </Words>
        <Copy value={lines} label={label} />
      </Group>
      <Code block style={{ whiteSpace: 'pre-wrap' }}>
        {lines}
      </Code>
    </div>
  );
}
