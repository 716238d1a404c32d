import { Group, Progress, Text as Words } from '@mantine/core';
import { useText } from '../messages/text.tsx';
import { usePalette } from '../topology/palette.ts';
import { type Room, roomOf } from './quotas.ts';

const marks: Readonly<Record<Room, string>> = { enough: '', little: '▲ ', none: '✕ ' };

/** How much is taken: as a bar, and in words where it is nearly all. */
export function RoomBar({ share, label }: { share: number; label: string }) {
  const text = useText();
  const { health } = usePalette();
  const room = roomOf(share);
  const colour = { enough: health.up, little: health.down, none: health.error }[room];
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress value={Math.min(100, share * 100)} color={colour} w={120} aria-label={label} />
      {room !== 'enough' && (
        <Words size="xs" style={{ whiteSpace: 'nowrap' }}>
          <span aria-hidden style={{ color: colour }}>
            {marks[room]}
          </span>
          {text(`usage.${room}`)}
        </Words>
      )}
    </Group>
  );
}
