import type { Input } from '../contract.ts';
import { networkErrors } from './errors.ts';

/** Whether guests may use VLANs of their own inside a network, as they are or behind a second tag. */
export interface GuestVlans {
  vlan_transparent: boolean | null;
  qinq: boolean | null;
}

/**
 * What a new network asks for: no, when it does not say; null where the extension is not there. That all drivers can wire
 * such networks is what the extensions are listed by.
 *
 * @throws BadRequest for both at once, as upstream
 */
export function guestVlansOfNewNetwork(input: Input, extensions: ReadonlySet<string>): GuestVlans {
  const vlan_transparent = extensions.has('vlan-transparent') ? input.vlan_transparent === true : null;
  const qinq = extensions.has('qinq') ? input.qinq === true : null;
  if (vlan_transparent && qinq) {
    const msg = "Attributes 'vlan_transparent' and 'qinq' can not be set to True for the same network.";
    throw networkErrors.BadRequest({ resource: 'network', msg });
  }
  return { vlan_transparent, qinq };
}
