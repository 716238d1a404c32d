import type { MessageKey } from '../messages/all.ts';
import type { Text } from '../messages/text.tsx';
import type { Counters, Step } from './explanation.ts';

/** What was counted, in words: a line for each of what came, went, was taken or dropped. */
export interface Counted {
  readonly title: MessageKey;
  readonly packets: number;
  readonly bytes: number | null;
  /** Packets since the look before. */
  readonly more: number;
}

/** @param grown by how much since the look before */
export function countedOf({ step, counters }: Pick<Step, 'step' | 'counters'>, grown: Counters): Counted[] {
  if (!counters) return [];
  // The kernel's view of a tap is the other end's of the guest's card.
  const isTap = step === 'tap';
  const told = (title: MessageKey, packets: string, bytes: string | null): Counted[] => {
    const count = counters[packets];
    if (count === undefined) return [];
    return [
      { title, packets: count, bytes: bytes === null ? null : (counters[bytes] ?? null), more: grown[packets] ?? 0 },
    ];
  };
  const lost = ['rx_dropped', 'tx_dropped'].flatMap((name) =>
    counters[name] ? told('underneath.lost', name, null) : [],
  );
  return [
    ...told(isTap ? 'underneath.fromGuest' : 'underneath.came', 'rx_packets', 'rx_bytes'),
    ...told(isTap ? 'underneath.toGuest' : 'underneath.went', 'tx_packets', 'tx_bytes'),
    ...lost,
    ...told('underneath.took', 'packets', 'bytes'),
    ...told('underneath.dropped', 'dropped_packets', 'dropped_bytes'),
  ];
}

/** `from the guest 83 (7.0 kB) +5` */
export function countedText({ title, packets, bytes, more }: Counted, text: Text): string {
  const size = bytes === null ? '' : ` (${sizeText(bytes)})`;
  return `${text(title, { count: packets })}${size}${more > 0 ? ` +${more}` : ''}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as network people count. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}
