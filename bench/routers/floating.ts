import { join } from 'node:path';
import { bridgeName, routerNamespace } from '../../src/lib/names.ts';
import { plugGuest } from '../../test/support/guest.ts';
import { until } from '../../test/support/wait.ts';
import type { Laid } from './ground.ts';
import { OUTSIDE, type RouterPlace } from './site.ts';

export interface FloatingFigures {
  /** From the request's first byte, and from its answer, until the first datagram from outside is with the guest. */
  readonly fromRequestMs: readonly number[];
  readonly fromAnswerMs: readonly number[];
}

const PROGRAM = join(import.meta.dirname, '../host/probe-worker.ts');
const WAIT = { timeoutMs: 60_000, everyMs: 1 };
const FIRST_PORT = 7001;

/** Gives a guest a floating IP and takes it away again; somebody outside knocks all the time. */
export async function measureFloating(site: RouterPlace, laid: Laid, times: number): Promise<FloatingFigures> {
  const { host, lab, external } = site;
  const { api } = site.deployment;
  const [port] = laid.ports;
  const address = port!.fixed_ips[0]!.ip_address;
  const guest = await plugGuest(host, port!, 'guest');
  const gateway = await api.show('subnet', port!.fixed_ips[0]!.subnet_id);
  await host.ipBatch(
    [`addr add ${address}/24 dev eth0`, `route add default via ${gateway.gateway_ip} dev eth0`],
    guest.netns,
  );
  const arrivals = new Map<number, number>();
  const range = [String(FIRST_PORT), String(FIRST_PORT + times)];
  const listener = host.spawn([process.execPath, PROGRAM, 'listen', address, ...range], {
    netns: guest.netns,
    keepOpen: true,
    onOutput: (text) => {
      for (const [, to, at] of text.matchAll(/^arrived (\d+) ([\d.]+)$/gm)) arrivals.set(Number(to), Number(at));
    },
  });
  const sender = lab.fabric.spawn([process.execPath, PROGRAM, 'knock'], { keepOpen: true });
  await until('both ends', () => [listener, sender].every(({ output }) => output.includes('ready')), WAIT);
  await until('the guest in its bridge', async () => (await host.links()).includes(bridgeName(port!.network_id)));
  const inside = laid.router.external_gateway_info!.external_fixed_ips![0]!.ip_address!;
  const reached = async () =>
    (await lab.fabric.run(['ping', '-n', '-c', '1', '-W', '1', inside], { okCodes: [0, 1] })).code === 0;
  await until('the router reached from outside', reached, { timeoutMs: 60_000 });
  const floating = await api.create('floatingip', { floating_network_id: external.id });
  // Who looks for the address by ARP while nobody has it asks again a second later: that second is not the agent's.
  await lab.fabric.ipBatch([`route add ${floating.floating_ip_address} via ${inside} src ${OUTSIDE}`]);
  const now = () => performance.timeOrigin + performance.now();
  const figures = { fromRequestMs: [] as number[], fromAnswerMs: [] as number[] };
  for (let at = 0; at < times; at++) {
    const to = FIRST_PORT + at;
    listener.write(`arm ${to}\n`);
    await until('armed', () => listener.output.includes(`armed ${to}`), WAIT);
    sender.write(`knock ${floating.floating_ip_address} ${to}\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (arrivals.has(to)) throw new Error(`datagrams come through before there is floating IP ${at + 1}`);
    const asked = now();
    await api.update('floatingip', floating.id, { port_id: port!.id });
    const answered = now();
    await until('the guest reached', () => arrivals.has(to), WAIT);
    figures.fromRequestMs.push(arrivals.get(to)! - asked);
    figures.fromAnswerMs.push(arrivals.get(to)! - answered);
    sender.write('stop\n');
    const isActive = async () => (await api.show('floatingip', floating.id)).status === 'ACTIVE';
    await until('the floating IP reported', isActive, { timeoutMs: 60_000 });
    await api.update('floatingip', floating.id, { port_id: null });
    const show = ['ip', '-n', routerNamespace(laid.router.id), 'addr', 'show', 'to', floating.floating_ip_address];
    await until('the floating IP gone', async () => (await host.read(show)) === '', { timeoutMs: 60_000 });
  }
  for (const process_ of [listener, sender]) await process_.stop();
  return figures;
}
