import { CommandFailed, type Exec, type Host, type Link, type RunOptions } from '../../../linux/contract.ts';
import type { Flavour } from '../../../linux/iptables.ts';
import { lookInto } from '../../../linux/look.ts';
import { checkNetnsName, isNetnsGone } from '../../../linux/netns.ts';
import { holdsTable, PacketFilter } from '../../../linux/packet-filter.ts';
import { parseState } from '../../../linux/state.ts';
import { isOfMissingIpv6, readSysctls } from '../../../linux/sysctl.ts';
import { builtIn, jumpsFrom, routerTables } from '../chains.ts';
import type { RouterState } from '../contract.ts';
import { parseRoutes, type SeenRoute } from './routes.ts';
import { parseRules, type SavedRules } from './saved-rules.ts';

/** What of a router is in its namespace. */
export interface RouterObserved {
  readonly links: ReadonlyMap<string, Pick<Link, 'name' | 'kind' | 'mac' | 'mtu' | 'up' | 'carrier' | 'addresses'>>;
  readonly routes: readonly SeenRoute[];
  readonly sysctls: ReadonlyMap<string, string>;
  readonly rules: Readonly<Record<4 | 6, SavedRules>>;
}

/** The packet filters of namespaces: all take the flavour (nft or legacy) that was found to work in the first. */
export class NamespaceFilters {
  readonly #exec: Exec;
  readonly #flavours: Record<4 | 6, Flavour | null> = { 4: null, 6: null };

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** The rules of one family. @throws CommandFailed */
  async read(family: 4 | 6, netns: string): Promise<SavedRules> {
    const filter = this.#filter(family, netns);
    const text = await filter.save(routerTables);
    this.#flavours[family] = filter.flavour;
    return parseRules(text);
  }

  /** @throws RestoreFailed */
  async restore(family: 4 | 6, netns: string, text: string): Promise<void> {
    const filter = this.#filter(family, netns);
    await filter.restore(text);
    this.#flavours[family] = filter.flavour;
  }

  /** All of a namespace by one command; null while it is not known which flavours work. @throws CommandFailed */
  async look(netns: string, sysctls: readonly string[]): Promise<RouterObserved | null> {
    const { 4: v4, 6: v6 } = this.#flavours;
    if (v4 === null || v6 === null) return null;
    const seen = await lookInto(this.#exec, netns, { 4: v4, 6: v6 }, sysctls);
    // A table that was never used is not printed.
    const rules = async (family: 4 | 6) =>
      routerTables.every((table) => holdsTable(seen.rules[family], table))
        ? parseRules(seen.rules[family])
        : await this.read(family, netns);
    return {
      ...parseNetwork(seen.links, seen.routes),
      sysctls: seen.sysctls,
      rules: { 4: await rules(4), 6: await rules(6) },
    };
  }

  #filter(family: 4 | 6, netns: string): PacketFilter {
    const exec: Exec = {
      run: (argv, options?: RunOptions) => this.#exec.run(argv, { ...options, netns }),
      daemon: (argv, options) => this.#exec.daemon(argv, options),
      close: async () => {},
    };
    return new PacketFilter(exec, family === 4 ? 'iptables' : 'ip6tables', this.#flavours[family]);
  }
}

/** Looks at a router's namespace: by four commands, or one when it is known how. @returns null where there is none, or none that can be entered */
export async function observeRouter(
  host: Host,
  filters: NamespaceFilters,
  state: RouterState,
): Promise<RouterObserved | null> {
  const { namespace } = state;
  if (!(await host.listNetns()).includes(namespace)) return null;
  const keys = sysctlsOf(state).map(([key]) => key);
  try {
    const look = await filters.look(namespace, keys);
    if (look) return look;
    const [network, sysctls, rules4, rules6] = await Promise.all([
      readNetwork(host.exec, namespace),
      readSysctls(host.exec, namespace, keys),
      filters.read(4, namespace),
      filters.read(6, namespace),
    ]);
    return { ...network, sysctls, rules: { 4: rules4, 6: rules6 } };
  } catch (error) {
    // A name whose mount is gone: listed, but nobody can enter. Making it anew mends that.
    // Nothing less will do: what is taken for lost is taken away, with all connections.
    if (await isLost(host, namespace)) return null;
    throw error;
  }
}

/** All settings that this kernel has, those of devices among them. */
export function sysctlsOf({ sysctls, devices }: RouterState): [key: string, value: string][] {
  const ofDevices = [...devices.values()].flatMap((device) =>
    device.sysctls.map(([family, key, value]): [string, string] => [`net/${family}/conf/${device.name}/${key}`, value]),
  );
  return [...sysctls, ...ofDevices].filter(([key]) => !isOfMissingIpv6(key));
}

/** What the kernel shows when a state is in force: what was done need not be read again. */
export function asObserved(state: RouterState): RouterObserved {
  const links = [...state.devices.values()].map(({ name, mac, mtu, isUp, addresses }) => ({
    name,
    kind: 'veth',
    mac,
    mtu,
    up: isUp,
    carrier: isUp,
    addresses: addresses.map((cidr) => ({
      cidr,
      family: cidr.includes(':') ? (6 as const) : (4 as const),
      scope: 'global' as const,
      dynamic: false,
      broadcast: null,
    })),
  }));
  const rules = (family: 4 | 6): SavedRules => {
    const tables = [...state.rules[family]].map(([table, chains]) => {
      const jumps = builtIn[table].map((name) => [name, jumpsFrom(table, name)] as const);
      const bodies = [...chains].map(([name, list]) => [name, list.map(({ body }) => body)] as const);
      return [table, new Map([...jumps, ...bodies])] as const;
    });
    return new Map(tables);
  };
  return {
    links: new Map(links.map((link) => [link.name, link])),
    routes: state.routes.map((route) => ({ ...route, protocol: 'static', metric: 0 })),
    sysctls: new Map(sysctlsOf(state)),
    rules: { 4: rules(4), 6: rules(6) },
  };
}

async function readNetwork(exec: Exec, netns: string): Promise<Pick<RouterObserved, 'links' | 'routes'>> {
  const argv = ['ip', '-n', checkNetnsName(netns), '-j', '-d', '-batch', '-'];
  const { stdout } = await exec.run(argv, { stdin: 'addr show\nroute show table all\n' });
  const [links = '', routes = ''] = stdout.split('\n').filter(Boolean);
  return parseNetwork(links, routes);
}

function parseNetwork(links: string, routes: string): Pick<RouterObserved, 'links' | 'routes'> {
  return { links: parseState([links]).links, routes: parseRoutes(routes ? JSON.parse(routes) : []) };
}

async function isLost(host: Host, namespace: string): Promise<boolean> {
  return await readNetwork(host.exec, namespace).then(
    () => false,
    (error: unknown) => error instanceof CommandFailed && isNetnsGone(error.stderr),
  );
}
