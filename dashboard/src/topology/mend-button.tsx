import { Button } from '@mantine/core';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import { collectionPath } from '../api/description.ts';
import { FormDialog } from '../forms/form-dialog.tsx';
import { useNames, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import type { OnJoin } from './joining.ts';
import { givenOf, type Mend } from './mend.ts';

interface Props {
  readonly mend: Mend;
  readonly onJoin: OnJoin;
  /** The form was closed: what was told before may be otherwise now. */
  readonly onClosed: () => void;
}

/** Opens the form of what would let the packet go on, filled in as far as the server knows. What one may not do is not offered. */
export function MendButton({ mend, onJoin, onClosed }: Props) {
  const text = useText();
  const names = useNames();
  const { resources } = useResources();
  const [row, setRow] = useState<Readonly<Record<string, unknown>> | null>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const resource = resources.find(({ key }) => key === mend.resource);
  if (!resource || !(mend.id === null && mend.join === undefined ? resource.create : resource.update)) return null;
  const open = async () => {
    if (mend.join !== undefined) return onJoin({ router: null, network: mend.join }, onClosed);
    setError(null);
    try {
      if (mend.id !== null) setRow(await rowOf(`${collectionPath(resource, null)}/${mend.id}`));
      setIsOpen(true);
    } catch (reason) {
      setError(reason as Error);
    }
  };
  const close = () => {
    setIsOpen(false);
    onClosed();
  };
  const label =
    mend.join !== undefined
      ? text('topology.join')
      : text(mend.id === null ? 'topology.mendMake' : 'topology.mendChange', { what: names.one(resource) });
  return (
    <>
      <Button size="xs" mt={4} onClick={open}>
        {label}
      </Button>
      {error && <ErrorNote error={error} />}
      {isOpen && (
        <FormDialog {...{ resource, resources, of: row }} given={givenOf(mend, resource, resources)} onClose={close} />
      )}
    </>
  );
}

async function rowOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await ask<Record<string, Record<string, unknown>>>('GET', path);
  return Object.values(body)[0]!;
}
