import type { Network, Port } from '../../../src/resources/shapes.ts';
import { isPluggable } from '../underneath/plug-command.ts';

export type StepName = 'network' | 'port' | 'guest' | 'router';

export interface FirstStep {
  readonly name: StepName;
  readonly isDone: boolean;
}

/** What is looked at to know how far somebody is. */
export interface Found {
  readonly networks: readonly Pick<Network, 'id' | 'subnets' | 'router:external'>[];
  readonly ports: readonly Pick<Port, 'id' | 'name' | 'network_id' | 'status' | 'device_owner' | 'binding:host_id'>[];
  /** Null: this server has none. */
  readonly routers: readonly { readonly id: string }[] | null;
}

const isOfService = ({ device_owner }: Found['ports'][number]) => /^(network|trunk):/.test(device_owner);

/** From nothing to guests that reach each other, in this order; each is done however it came about. */
export function firstSteps({ networks, ports, routers }: Found): FirstStep[] {
  const guests = ports.filter((port) => !isOfService(port));
  return [
    { name: 'network', isDone: networks.some(isForGuests) },
    { name: 'port', isDone: guests.length > 0 },
    { name: 'guest', isDone: guests.some(({ status }) => status === 'ACTIVE') },
    ...(routers ? [{ name: 'router', isDone: routers.length > 0 } as const] : []),
  ];
}

/** Where the next port belongs. */
export function networkForGuests({ networks }: Pick<Found, 'networks'>): string | null {
  return networks.find(isForGuests)?.id ?? null;
}

/** A port that waits for its guest. */
export function waitingPort({ ports }: Pick<Found, 'ports'>): string | null {
  return ports.find(isPluggable)?.id ?? null;
}

function isForGuests(network: Found['networks'][number]): boolean {
  return network.subnets.length > 0 && !network['router:external'];
}
