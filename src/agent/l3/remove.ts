import { routerNamespace } from '../../lib/names.ts';
import { batchLine, runBatch } from '../../linux/batch.ts';
import { CommandFailed, type Host } from '../../linux/contract.ts';
import { isNetnsGone } from '../../linux/netns.ts';
import type { RouterStopPoint } from './stop-point.ts';

const PREFIX = 'qrouter-';
const OWN_DEVICE = /^(?:qr|qg|ha)-/;
const GONE = /Cannot find device|No such device/;

/** Takes the namespace away. Its devices first: as long as a process holds the namespace they would go on answering. */
export async function removeRouter(host: Host, routerId: string, stopPoint: RouterStopPoint = () => {}): Promise<void> {
  const netns = routerNamespace(routerId);
  if (!(await host.listNetns()).includes(netns)) return;
  const lines = (await devicesIn(host, netns)).map((name) => batchLine(['link', 'del', 'dev', name]));
  const failed = await runBatch(host.exec, 'ip', lines, netns);
  const left = failed.filter(({ reason }) => !GONE.test(reason));
  if (left.length > 0) throw new Error(left.map(({ line, reason }) => `ip ${lines[line]}: ${reason}`).join('; '));
  stopPoint('after_devices_gone');
  await host.removeNetns(netns);
}

/** One whose mount is gone cannot be looked into; one that cannot be looked into just now is not taken for such. */
async function devicesIn(host: Host, netns: string): Promise<string[]> {
  try {
    return [...(await host.readNetwork(netns)).links.keys()].filter((name) => OWN_DEVICE.test(name));
  } catch (error) {
    if (error instanceof CommandFailed && isNetnsGone(error.stderr)) return [];
    throw error;
  }
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
