import { Button, CopyButton } from '@mantine/core';
import { useText } from '../messages/text.tsx';

/** A button that copies a text. @param label what it copies, for who does not see it */
export function Copy({ value, label }: { value: string; label: string }) {
  const text = useText();
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button size="compact-xs" variant="light" onClick={copy} aria-label={`${text('shell.copy')}: ${label}`}>
          {text(copied ? 'shell.copied' : 'shell.copy')}
        </Button>
      )}
    </CopyButton>
  );
}
