import type { VersionedObject } from '../../rpc/contract.ts';
import { addressGroupObject } from './address-group.ts';
import { versionedObject } from './compose.ts';
import { conntrackHelperObject } from './conntrack-helper.ts';
import type { ObjectData, ObjectKind } from './contract.ts';
import { ndpProxyObject } from './ndp-proxy.ts';
import { networkObject } from './network.ts';
import { portObject } from './port.ts';
import { portForwardingObject } from './port-forwarding.ts';
import { qosPolicyObject } from './qos-policy.ts';
import { securityGroupObject, securityGroupRuleObject } from './security-group.ts';
import { subnetObject } from './subnet.ts';
import { subPortObject, trunkObject } from './trunk.ts';

/** All that are pushed. */
export const kinds: readonly ObjectKind[] = [
  portObject,
  networkObject,
  subnetObject,
  securityGroupObject,
  securityGroupRuleObject,
  addressGroupObject,
  qosPolicyObject,
];

/** Those whose agents hear what happened (`Objects.tell`), and may ask for them. */
export const toldKinds: readonly ObjectKind[] = [
  trunkObject,
  subPortObject,
  portForwardingObject,
  conntrackHelperObject,
  ndpProxyObject,
];

/** Types that upstream knows beside them: agents may ask for them, and there are none. */
export const otherTypes: readonly string[] = ['Log', 'LocalIPAssociation', 'Agent'];

/** Whether a version can be made of the newest: the same major, and not newer. */
export function canBe({ version }: ObjectKind, wanted: string): boolean {
  return /^1\.\d+$/.test(wanted) && minorOf(wanted) <= minorOf(version);
}

/** An object in a version that `canBe`. */
export function objectOf(kind: ObjectKind, data: ObjectData, version: string): VersionedObject {
  if (version === kind.version) return versionedObject(kind.name, version, data);
  const copy = structuredClone(data);
  kind.downgrade(copy, minorOf(version));
  return versionedObject(kind.name, version, copy);
}

/** One that is gone. */
export function bareObject(kind: ObjectKind, id: string, version: string): VersionedObject {
  const gone = objectOf(kind, { id, ...kind.bare }, version);
  return { ...gone, 'versioned_object.changes': Object.keys(gone['versioned_object.data']) };
}

function minorOf(version: string): number {
  return Number(version.slice(2));
}
