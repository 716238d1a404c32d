import { Button } from '@mantine/core';
import { useState } from 'react';
import { useResources } from '../api/described.ts';
import type { ApiResource } from '../api/description.ts';
import { useObjectRights } from '../api/rights.ts';
import { DeleteDialog } from '../lists/delete-dialog.tsx';
import type { Row } from '../lists/row.ts';
import { useText } from '../messages/text.tsx';

interface Props {
  readonly of: 'networks' | 'routers' | 'ports';
  readonly row: object;
}

/** Deletes what is selected: what names it is told first. Nothing where it may not be deleted. */
export function DeleteButton({ of, row }: Props) {
  const { resources } = useResources();
  const resource = resources.find(({ key }) => key === of);
  return resource?.canDelete ? <Asking resource={resource} resources={resources} row={row as Row} /> : null;
}

function Asking({ resource, resources, row }: { resource: ApiResource; resources: readonly ApiResource[]; row: Row }) {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
  const id = String(row.id);
  const rights = useObjectRights(resource, null, [id])(id);
  if (!rights.delete) return null;
  return (
    <>
      <Button size="xs" variant="default" c="red" onClick={() => setIsOpen(true)}>
        {text('topology.delete')}
      </Button>
      {isOpen && (
        <DeleteDialog {...{ resource, resources }} parentId={null} rows={[row]} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
}
