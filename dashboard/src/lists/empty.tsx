import { Stack, Text as Words } from '@mantine/core';
import type { ApiResource } from '../api/description.ts';
import type { MessageKey } from '../messages/all.ts';
import { useText } from '../messages/text.tsx';

/** What to do next. */
function emptyTextOf({ create, permitted }: ApiResource): MessageKey {
  if (create) return 'lists.emptyText';
  return permitted?.create === false ? 'lists.emptyMayNot' : 'lists.emptyRead';
}

/** Stands where a list would. */
export function Empty({ resource, isFiltered }: { resource: ApiResource; isFiltered: boolean }) {
  const text = useText();
  return (
    <Stack gap={2} py="xl" align="center" role="status">
      <Words fw={600}>{text(isFiltered ? 'lists.emptyFiltered' : 'lists.empty')}</Words>
      {!isFiltered && (
        <Words size="sm" c="dimmed">
          {text(emptyTextOf(resource))}
        </Words>
      )}
    </Stack>
  );
}
