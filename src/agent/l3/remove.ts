import { routerNamespace } from '../../lib/names.ts';
import { batchLine, runBatch } from '../../linux/batch.ts';
import type { Host } from '../../linux/contract.ts';
import type { RouterStopPoint } from './stop-point.ts';

const PREFIX = 'qrouter-';
const OWN_DEVICE = /^(?:qr|qg|ha)-/;

/** Takes the namespace away. Its devices first: as long as a process holds the namespace they would go on answering. */
export async function removeRouter(host: Host, routerId: string, stopPoint: RouterStopPoint = () => {}): Promise<void> {
  const netns = routerNamespace(routerId);
  if (!(await host.listNetns()).includes(netns)) return;
  // One whose mount is gone cannot be looked into.
  const links = await host.readNetwork(netns).then(
    (state) => [...state.links.keys()],
    () => [],
  );
  const lines = links.filter((name) => OWN_DEVICE.test(name)).map((name) => batchLine(['link', 'del', 'dev', name]));
  await runBatch(host.exec, 'ip', lines, netns);
  stopPoint('after_devices_gone');
  await host.removeNetns(netns);
}

/** Ids of routers that have a namespace here. */
export async function routersOnHost(host: Pick<Host, 'listNetns'>): Promise<string[]> {
  const names = await host.listNetns();
  return names
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length))
    .filter(isRouterId);
}

/** The server may be any, and namespaces of this prefix anybody's. */
export function isRouterId(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}
