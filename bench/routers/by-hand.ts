import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatedHost } from '../../test/support/hosts.ts';

/** The state an agent left in one namespace, as files for the tools themselves. */
interface HandRouter {
  readonly netns: string;
  /** Lines of `ip -batch` in the namespace of the host, and in the router's. */
  readonly outer: readonly string[];
  readonly inner: readonly string[];
  readonly iptables: string;
  readonly ip6tables: string;
  readonly sysctls: readonly string[];
}

export interface ByHandFigures {
  /** One router after the other. */
  readonly inTurnMs: number;
  /** Eight at a time, as many as the agent works on. */
  readonly sideBySideMs: number;
  /** CPU of that, which a busy machine changes less. */
  readonly sideBySideCpuMs: number;
}

interface Link {
  ifname: string;
  address: string;
  mtu: number;
  link_index?: number;
  link_netnsid?: number;
  linkinfo?: { info_kind?: string };
  addr_info: { local: string; prefixlen: number; scope: string; broadcast?: string }[];
}

const SYSCTLS = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.ip_nonlocal_bind'];

/** Reads what the agent made of all routers of a host. */
export async function readRouters(host: EmulatedHost): Promise<HandRouter[]> {
  const names = (await host.namespaces()).filter((name) => name.startsWith('qrouter-'));
  const mtus = new Map(
    (await host.json<Link[]>(['ip', '-j', 'link', 'show'])).map(({ ifname, mtu }) => [ifname, mtu] as const),
  );
  const routers: HandRouter[] = [];
  for (const netns of names) {
    const links = (await host.json<Link[]>(['ip', '-n', netns, '-j', '-d', 'addr'])).filter(
      ({ linkinfo }) => linkinfo?.info_kind === 'veth',
    );
    const routes = (await host.read(['ip', '-n', netns, 'route', 'show', 'proto', 'static'])).trim().split('\n');
    const kept = await host.read(['sysctl', ...SYSCTLS], { netns });
    routers.push({
      netns,
      outer: links.map(({ ifname, address, mtu }) => {
        const tap = `tap${ifname.slice(3)}`;
        return `link add ${tap} mtu ${mtus.get(tap) ?? mtu} up type veth peer name ${ifname} address ${address} mtu ${mtu} netns ${netns}`;
      }),
      inner: [
        'link set lo up',
        ...links.map(({ ifname }) => `link set ${ifname} up`),
        ...links.flatMap(({ ifname, addr_info }) =>
          addr_info
            .filter(({ scope }) => scope === 'global')
            .map(({ local, prefixlen }) => `addr add ${local}/${prefixlen} dev ${ifname}`),
        ),
        ...routes.filter(Boolean).map((route) => `route replace ${route} proto static`),
      ],
      iptables: withoutCounters(await host.read(['iptables-save'], { netns })),
      ip6tables: withoutCounters(await host.read(['ip6tables-save'], { netns })),
      sysctls: kept
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(' ', '')),
    });
  }
  return routers;
}

const withoutCounters = (saved: string): string => saved.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '[0:0]');

/** Applies the files on hosts that have nothing, by the shell: five programs for each router. */
export async function measureByHand(
  hosts: { inTurn: EmulatedHost; sideBySide: EmulatedHost },
  routers: readonly HandRouter[],
): Promise<ByHandFigures> {
  const inTurn = await apply(hosts.inTurn, routers, 1);
  const sideBySide = await apply(hosts.sideBySide, routers, 8);
  return { inTurnMs: inTurn.ms, sideBySideMs: sideBySide.ms, sideBySideCpuMs: sideBySide.cpuMs };
}

async function apply(
  host: EmulatedHost,
  routers: readonly HandRouter[],
  atOnce: number,
): Promise<{ ms: number; cpuMs: number }> {
  const folder = await host.makeFolder('byhand');
  const file = (name: string) => join(folder, name);
  for (const { netns, outer, inner, iptables, ip6tables, sysctls } of routers) {
    await writeFile(file(`${netns}.outer`), `${[`netns add ${netns}`, ...outer].join('\n')}\n`);
    await writeFile(file(`${netns}.inner`), `${inner.join('\n')}\n`);
    await writeFile(file(`${netns}.4`), iptables);
    await writeFile(file(`${netns}.6`), ip6tables);
    const lines = [
      'set -e',
      `ip -batch ${file(netns)}.outer`,
      `ip netns exec ${netns} sysctl -q ${sysctls.join(' ')}`,
      `ip netns exec ${netns} iptables-restore <${file(netns)}.4`,
      `ip netns exec ${netns} ip6tables-restore <${file(netns)}.6`,
      `ip -n ${netns} -batch ${file(netns)}.inner`,
    ];
    await writeFile(file(`${netns}.sh`), `${lines.join('\n')}\n`);
  }
  const scripts = routers.map(({ netns }) => `${file(netns)}.sh\n`).join('');
  const from = performance.now();
  const all = ['bash', '-c', 'time -p xargs -n 1 -P "$0" sh', String(atOnce)];
  const { stderr } = await host.run(all, { stdin: scripts, timeoutMs: 600_000 });
  const seconds = [...stderr.matchAll(/^(?:user|sys) ([\d.]+)$/gm)].map(([, text]) => Number(text));
  return { ms: performance.now() - from, cpuMs: seconds.reduce((sum, one) => sum + one, 0) * 1000 };
}
