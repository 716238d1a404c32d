import type { Tagged } from '../db/write/tags.ts';
import type { Changes } from './changes.ts';
import type { Collection } from './contract.ts';
import type { Provider, RbacObject } from './domain.ts';
import type { Ipam } from './ipam/ipam.ts';
import type { ForwardingNotes } from './l2-population/notes.ts';
import type { Binder } from './ml2/binder.ts';
import type { ExtensionDriver } from './ml2/contract.ts';
import type { Mechanisms } from './ml2/mechanisms.ts';
import type { SegmentTypes } from './ml2/segment-types.ts';
import type { NovaNotes } from './nova/notes.ts';
import type { Objects } from './objects/objects.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Shared } from './parts.ts';
import type { Ports } from './port/ports.ts';
import type { PortStatuses } from './port/status.ts';
import type { Quotas } from './quota/quotas.ts';
import type { DefaultGroups } from './security-group/default-groups.ts';

/** The parts that the domains work with; made once, by plugin.ts. */
export interface Machine {
  readonly shared: Shared;
  readonly changes: Changes;
  readonly quotas: Quotas;
  /** Everything that RBAC entries can open, by `object_type`. */
  readonly rbac: ReadonlyMap<string, RbacObject>;
  /** Who serves what, where flavors can choose. */
  readonly providers: readonly Provider[];
  /** Everything that takes tags, by collection. */
  readonly tagged: ReadonlyMap<string, Tagged>;
  /** Everything there is, by collection; complete when all domains are made. */
  // biome-ignore lint/suspicious/noExplicitAny: shapes that only their own tables know
  readonly collections: Readonly<Record<string, Collection<any>>>;
  readonly outbox: Outbox;
  /** Networks, ports and groups see to it that their project has its default group. */
  readonly defaultGroups: DefaultGroups;
  readonly ipam: Ipam;
  readonly types: SegmentTypes;
  readonly mechanisms: Mechanisms;
  readonly extensionDrivers: readonly ExtensionDriver[];
  readonly binder: Binder;
  readonly statuses: PortStatuses;
  /** Where ports of tunnelled networks are. */
  readonly forwarding: ForwardingNotes;
  /** Resources as others listen to them. */
  readonly objects: Objects;
  /** Null where there is no Nova to be told of ports. */
  readonly nova: NovaNotes | null;
  /** Deleting a network deletes its DHCP ports, a DHCP agent asks for ports: both by the same code as everybody's. */
  readonly ports: Ports;
}
