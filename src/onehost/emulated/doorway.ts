import { fileURLToPath } from 'node:url';
import type { EmulatedHost } from './host.ts';
import type { Where } from './http.ts';
import { until } from './wait.ts';

let count = 0;

/**
 * Makes a TCP port of an emulated host's loopback reachable from here, by a unix socket: nothing else leads into a host.
 * The doorway ends with the host.
 */
export async function openDoorway(host: EmulatedHost, port: number): Promise<Where> {
  const socketPath = `${host.folder}/door-${port}-${count++}.sock`;
  const program = fileURLToPath(new URL('forward.ts', import.meta.url));
  const forwarder = host.spawn([process.execPath, program, socketPath, String(port)]);
  await until(`the doorway to port ${port} of ${host.name}`, () => {
    if (!forwarder.running) throw new Error(forwarder.output);
    return forwarder.output.includes('ready');
  });
  return { socketPath };
}
