import type { PortForwardingRow } from '../../db/write/port-forwardings.ts';
import type { Input } from '../contract.ts';
import { refused } from './errors.ts';

/** Which ports a forwarding is for, outside and inside. */

export interface Range {
  first: number;
  last: number;
}

export type Side = 'external' | 'internal';

/** The ports that a request names on one side; undefined: none. @throws BadRequest when it names two things */
export function rangeOf(input: Input, side: Side): Range | undefined {
  const port = (input[`${side}_port`] as number | null | undefined) ?? undefined;
  const text = (input[`${side}_port_range`] as string | null | undefined) ?? undefined;
  const single = port === undefined ? undefined : { first: port, last: port };
  if (text === undefined) return single;
  const [first = 0, last = first] = text.split(':').map(Number);
  if (single !== undefined && (first !== port || last !== port)) {
    throw refused(`${side}_port ${port} and ${side}_port_range ${text} are not the same`);
  }
  return { first, last };
}

/** As many ports inside as outside, or one for all of them. @throws BadRequest */
export function checkWidths(external: Range, internal: Range): void {
  const width = internal.last - internal.first;
  if (width === 0 || width === external.last - external.first) return;
  throw refused(
    'Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N',
  );
}

/** That a range shares no port with one of another forwarding. @throws BadRequest */
export function checkApart(side: Side, range: Range, others: readonly PortForwardingRow[]): void {
  for (const other of others) {
    const held = heldBy(other, side);
    if (Math.max(held.first, range.first) > Math.min(held.last, range.last)) continue;
    throw refused(
      `There is a port collision with the ${side}_port_range. The following ranges collide: ${textOf(held)} and ${textOf(range)}`,
    );
  }
}

export function heldBy(row: PortForwardingRow, side: Side): Range {
  return { first: row[`${side}_port_start`], last: row[`${side}_port_end`] };
}

export function textOf({ first, last }: Range): string {
  return `${first}:${last}`;
}

/** The port, where it is one. */
export function singleOf({ first, last }: Range): number | null {
  return first === last ? first : null;
}
