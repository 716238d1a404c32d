import { Button, Group, List, Progress, ScrollArea, Text as Words } from '@mantine/core';
import type { ApiResource } from '../api/description.ts';
import { CommandLines } from '../forms/command-lines.tsx';
import { useText } from '../messages/text.tsx';
import { useIsLate } from '../shell/late.ts';
import { refusal } from '../shell/refusal.ts';
import type { Outcome } from './delete-each.ts';
import { idOf, labelOf, type Row } from './row.ts';

interface Props {
  readonly resource: ApiResource;
  readonly parentId: string | null;
  readonly rows: readonly Row[];
  readonly outcomes: readonly Outcome[];
  readonly isOver: boolean;
  readonly onStop: () => void;
  readonly onClose: () => void;
}

/** How far it is, and then of each whether it is gone. */
export function DeleteReport({ resource, parentId, rows, outcomes, isOver, onStop, onClose }: Props) {
  const text = useText();
  const isLate = useIsLate(!isOver);
  const gone = outcomes.filter(({ error }) => error === null);
  const refused = outcomes.length - gone.length;
  const kept = rows.length - outcomes.length;
  const progress = text('lists.deleting', { done: outcomes.length, count: rows.length });
  const summary = [
    text('lists.deleted', { count: gone.length }),
    ...(refused > 0 ? [text('lists.refused', { count: refused })] : []),
    ...(kept > 0 ? [text('lists.kept', { count: kept })] : []),
  ];
  return (
    <>
      {!isOver && isLate && (
        <Progress.Root>
          <Progress.Section value={(100 * outcomes.length) / rows.length} animated aria-label={progress} />
        </Progress.Root>
      )}
      <div role={refused > 0 ? 'alert' : 'status'}>{isOver ? summary.join(', ') : isLate && progress}</div>
      {isOver && (rows.length > 1 || refused > 0) && (
        <ScrollArea.Autosize mah={300} type="auto">
          <List size="sm" listStyleType="none">
            {rows.map((row, at) => (
              <Result key={idOf(resource, row)} label={labelOf(resource, row)} outcome={outcomes[at] ?? null} />
            ))}
          </List>
        </ScrollArea.Autosize>
      )}
      {isOver && gone.length === 1 && (
        <CommandLines done={[{ resource, verb: 'delete', id: idOf(resource, gone[0]!.row), parentId, body: {} }]} />
      )}
      <Group justify="flex-end">
        {!isOver && isLate && (
          <Button variant="default" onClick={onStop}>
            {text('lists.stop')}
          </Button>
        )}
        <Button onClick={onClose} disabled={!isOver}>
          {text('shell.close')}
        </Button>
      </Group>
    </>
  );
}

function Result({ label, outcome }: { label: string; outcome: Outcome | null }) {
  const text = useText();
  const error = outcome?.error ?? null;
  const sign = outcome === null ? '–' : error === null ? '✓' : '✕';
  return (
    <List.Item>
      <span aria-hidden>{sign}</span> {label}:{' '}
      {error === null ? text(outcome === null ? 'lists.isKept' : 'lists.isGone') : refusal(error, text)}{' '}
      {error && (
        <Words span size="xs" c="dimmed">
          {error.type} {error.requestId}
        </Words>
      )}
    </List.Item>
  );
}
