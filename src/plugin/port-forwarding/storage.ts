import { type PortForwardingRow, portForwardingColumns } from '../../db/write/port-forwardings.ts';
import { rowStore } from '../../db/write/rows.ts';
import { heldBy, singleOf, textOf } from './ranges.ts';

/** A forwarding as the API shows it. */
export interface PortForwarding {
  id: string;
  /** Absent (in the answer to a POST: null) where there are several, as `internal_port`. */
  external_port?: number | null;
  external_port_range: string;
  protocol: string;
  internal_port_id: string;
  internal_ip_address: string;
  internal_port?: number | null;
  internal_port_range: string;
  description: string;
}

export const portForwardingRows = rowStore('portforwardings', portForwardingColumns);

/** As all answers show it but that to its POST, which has every key. */
export function shownForwarding(row: PortForwardingRow): PortForwarding {
  const { external_port, internal_port, ...rest } = wholeForwarding(row);
  return {
    ...rest,
    ...(external_port !== null && { external_port }),
    ...(internal_port !== null && { internal_port }),
  };
}

export function wholeForwarding(row: PortForwardingRow) {
  const { id, protocol, internal_port_id, internal_ip_address, description } = row;
  const [external, internal] = [heldBy(row, 'external'), heldBy(row, 'internal')];
  return {
    id,
    external_port: singleOf(external),
    external_port_range: textOf(external),
    protocol,
    internal_port_id,
    internal_ip_address,
    internal_port: singleOf(internal),
    internal_port_range: textOf(internal),
    description,
  };
}
