import { tapName } from '../../src/lib/names.ts';
import type { Port } from '../../src/resources/shapes.ts';
import { until } from '../../test/support/wait.ts';
import { makePorts } from './groups.ts';
import type { Served } from './start.ts';
import { makeTaps, removeTaps } from './taps.ts';

const WAIT = { timeoutMs: 300_000, everyMs: 2 };

/** Taps appear one after the other. @returns ms from each one's appearance until the server has its port ACTIVE */
export async function wireOneByOne(served: Served, times: number): Promise<number[]> {
  const ms: number[] = [];
  const ports = await morePorts(served, times, 'one-by-one');
  for (const port of ports) {
    // The pass that the tap before this one caused is over, and so is what the host's own links told of it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    ms.push(...(await wire(served, [port], 'one-by-one')).slice(-1));
  }
  await remove(served, ports);
  return ms;
}

/** Many taps by one `ip -batch`. @returns ms of each, from its own appearance */
export async function wireAtOnce(served: Served, count: number): Promise<number[]> {
  const ports = await morePorts(served, count, 'at-once');
  const ms = await wire(served, ports, 'at-once');
  await remove(served, ports);
  return ms;
}

function morePorts({ ground, host }: Served, count: number, mark: string): Promise<Port[]> {
  return makePorts(ground.site, ground.network.id, count, {
    'binding:host_id': host.name,
    device_owner: 'bench:guest',
    device_id: mark,
    security_groups: ground.groups.ids,
  });
}

async function remove({ ground, host }: Served, ports: readonly Port[]): Promise<void> {
  await removeTaps(host, ports);
  for (const port of ports) await ground.site.api.remove('port', port.id);
}

async function wire({ ground, host }: Served, ports: readonly Port[], mark: string): Promise<number[]> {
  const { api } = ground.site;
  const appeared = new Map<string, number>();
  const byTap = new Map(ports.map((port) => [tapName(port.id), port]));
  // The kernel's own word on when a tap came, from a process beside this one.
  const monitor = host.spawn(['ip', '-ts', '-o', 'monitor', 'link'], { onOutput: (text) => note(text) });
  const note = (text: string) => {
    for (const [, at, tap] of text.matchAll(/^\[([^\]]+)\] *(?:\[LINK\])?\d+: (tap[\w-]+)/gm)) {
      const id = byTap.get(tap!)?.id;
      if (id !== undefined && !appeared.has(id)) appeared.set(id, Date.parse(at!));
    }
  };
  await until('the monitor runs', async () => (await monitor.pid()) !== null, WAIT);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const active = new Map<string, number>();
  await makeTaps(host, ports);
  const query = `device_id=${mark}&status=ACTIVE&fields=id`;
  await until(
    `${ports.length} ports ACTIVE`,
    async () => {
      const list =
        ports.length === 1
          ? [await api.show('port', ports[0]!.id)].filter(({ status }) => status === 'ACTIVE')
          : await api.list('port', query);
      const at = performance.timeOrigin + performance.now();
      for (const { id } of list) if (!active.has(id)) active.set(id, at);
      return ports.every(({ id }) => active.has(id));
    },
    WAIT,
  );
  await until('the kernel told of all taps', () => ports.every(({ id }) => appeared.has(id)), WAIT);
  await monitor.stop();
  return ports.map(({ id }) => active.get(id)! - appeared.get(id)!);
}
