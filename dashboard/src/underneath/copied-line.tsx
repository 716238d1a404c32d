import { Button, Code, CopyButton, Group } from '@mantine/core';
import { useText } from '../messages/text.tsx';

/** A command as one types it, with a button that copies it. @param label what the button copies, for who does not see it */
export function CopiedLine({ line, label }: { line: string; label: string }) {
  const text = useText();
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Code block style={{ flex: 1, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {line}
      </Code>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="light" onClick={copy} aria-label={`${text('shell.copy')}: ${label}`}>
            {text(copied ? 'shell.copied' : 'shell.copy')}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
