import { Code, Group } from '@mantine/core';
import { Copy } from '../shell/copy.tsx';

/** A command as one types it, with a button that copies it. @param label what the button copies, for who does not see it */
export function CopiedLine({ line, label }: { line: string; label: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Code block style={{ flex: 1, whiteSpace: 'pre-wrap' }}>
        {line}
      </Code>
      <Copy value={line} label={label} />
    </Group>
  );
}
