import { Button, Group, Select, Text as Words } from '@mantine/core';
import { useText } from '../messages/text.tsx';
import { type ListState, pageSizes } from './list-query.ts';

interface PagerProps {
  readonly state: ListState;
  readonly onState: (state: ListState) => void;
  readonly page: number;
  readonly onPrevious: (() => void) | null;
  readonly onNext: (() => void) | null;
}

/** Turns pages by the markers of the server. */
export function Pager({ state, onState, page, onPrevious, onNext }: PagerProps) {
  const text = useText();
  return (
    <Group justify="flex-end" gap="xs">
      <Select
        size="xs"
        w={90}
        aria-label={text('lists.perPage')}
        allowDeselect={false}
        data={pageSizes.map(String)}
        value={String(state.limit)}
        onChange={(size) => onState({ ...state, limit: Number(size) })}
      />
      <Button size="xs" variant="default" disabled={!onPrevious} onClick={() => onPrevious?.()}>
        {text('lists.previous')}
      </Button>
      <Words size="sm">{text('lists.page', { page })}</Words>
      <Button size="xs" variant="default" disabled={!onNext} onClick={() => onNext?.()}>
        {text('lists.next')}
      </Button>
    </Group>
  );
}
