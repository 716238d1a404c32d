import type { Port } from '../../../src/resources/shapes.ts';

/** What is asked of a port to say how a guest is put on it. */
export type PluggedPort = Pick<Port, 'id' | 'name' | 'status' | 'device_owner'> & {
  readonly 'binding:host_id'?: string;
};

/** Whether a guest may still be put on it by hand: nobody has it, and no service is to. */
export function isPluggable(port: PluggedPort): boolean {
  return !port['binding:host_id'] && port.status !== 'ACTIVE' && !/^(network|trunk):/.test(port.device_owner);
}

/**
 * The command that puts a guest on a port, as one copies it to the host. A namespace stands for the guest; its name is made
 * of the port's, without anything that a shell or the kernel would take for more than a name. It asks for its address as
 * a guest does that boots.
 *
 * @param plug how `neutrino plug` is called there, by the server
 */
export function plugCommand(plug: string, { id, name }: Pick<Port, 'id' | 'name'>): string {
  return `${plug} ${id} --netns ${guestName(name) || `guest-${id.slice(0, 8)}`} --dhcp`;
}

function guestName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
}
