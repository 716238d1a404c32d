import { ActionIcon, Alert, Group, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useText } from '../messages/text.tsx';
import { type Picture, savePng, saveSvg } from './picture.ts';

interface Props {
  readonly zoomIn: () => void;
  readonly zoomOut: () => void;
  readonly showAll: () => void;
  /** Null while there is nothing to save. */
  readonly picture: () => Picture | null;
}

/** Buttons of both views: zoom, show all, save. */
export function Tools({ zoomIn, zoomOut, showAll, picture }: Props) {
  const text = useText();
  const [failed, setFailed] = useState(false);
  const saved = (save: (picture: Picture) => void | Promise<void>) => async () => {
    const now = picture();
    if (!now) return;
    setFailed(false);
    try {
      await save(now);
    } catch {
      setFailed(true);
    }
  };
  const tools = [
    { label: text('topology.zoomIn'), mark: '+', act: zoomIn },
    { label: text('topology.zoomOut'), mark: '−', act: zoomOut },
    { label: text('topology.fit'), mark: '⤢', act: showAll },
    { label: text('topology.saveSvg'), mark: 'SVG', act: saved(saveSvg) },
    { label: text('topology.savePng'), mark: 'PNG', act: saved(savePng) },
  ];
  return (
    <Group gap={4} className="topology-tools">
      {failed && (
        <Alert color="red" p={4} role="alert">
          {text('topology.tooGreat')}
        </Alert>
      )}
      {tools.map(({ label, mark, act }) => (
        <Tooltip key={label} label={label}>
          <ActionIcon variant="default" size="lg" w="auto" px={8} fz="xs" aria-label={label} onClick={act}>
            {mark}
          </ActionIcon>
        </Tooltip>
      ))}
    </Group>
  );
}
