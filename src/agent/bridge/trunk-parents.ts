import type { NetworkState } from '../../linux/contract.ts';
import type { ParentTap } from '../trunk/parents.ts';
import { asParentsAllow } from '../trunk/plan.ts';
import type { Derived } from './derive.ts';
import type { Devices } from './devices.ts';

/** Taps that can be parents of trunks: the device of a sub-port carries nothing. */
export function parentTaps(devices: Devices, state: NetworkState): ParentTap[] {
  return devices.all().flatMap(({ name, ifindex, details }) => {
    const isVlan = state.links.get(name)?.kind === 'vlan';
    return details === null || isVlan ? [] : [{ name, ifindex, portId: details.port_id }];
  });
}

/** What a parent does to its sub-ports is told of them when it changes. */
export function underParents(derived: Derived, devices: Devices, state: NetworkState): Derived {
  const taps = asParentsAllow(derived.state.taps, state);
  for (const { name, up } of taps.values()) {
    const device = devices.get(name);
    const isHeldDown = !up && derived.state.taps.get(name)?.up === true;
    if (!device || device.heldDown === isHeldDown) continue;
    device.heldDown = isHeldDown;
    device.toReport = true;
  }
  return { ...derived, state: { ...derived.state, taps } };
}
