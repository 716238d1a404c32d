import { runGroupRows } from './group-rows.ts';
import { runListRows } from './list-rows.ts';
import { call, type Figures, runLoad, type Server } from './load.ts';
import { runRouterRows } from './router-rows.ts';

export interface RowOptions {
  clients: number;
  keepAlive: boolean;
  seconds: number;
  /** How many ports the long list has. */
  ports: number;
  only: ReadonlySet<string> | null;
  onRow: (name: string, figures: Figures) => void;
}

/** What is measured, in the order in which it runs. */
export const rowNames = [
  'create network',
  'create subnet',
  'list 100 networks',
  'create port',
  'show port',
  'update port',
  'delete port',
  'create 100 ports at once',
  'list 10,000 ports',
  'show port while listing 10,000',
  'list ids of 100 of 10,000 ports',
  'tenant lists its 100 of 10,000 ports',
  'tenant lists its 100 of 100,000 ports',
  'create security group rule',
  'list 1,000 security groups',
  'create router with gateway',
  'add router interface',
  'create floating IP with port',
] as const;
export type RowName = (typeof rowNames)[number];

/** Measures one row, when it is wanted. */
export type Row = (
  name: RowName,
  operation: Omit<Parameters<typeof runLoad>[1], 'clients' | 'keepAlive' | 'seconds'> & {
    clients?: number;
    /** The server as another caller sees it. */
    asked?: Server;
  },
) => Promise<void>;

/** What the parts of a run share. */
export interface Run {
  readonly server: Server;
  readonly options: RowOptions;
  readonly row: Row;
  readonly wanted: (...names: RowName[]) => boolean;
  /** Marks what this run makes. */
  readonly tag: string;
  readonly makeNetwork: (cidr: string | null) => Promise<{ id: string; subnet: string }>;
}

/** More than any row makes; the limits are there and are counted. */
const ROOM = 1_000_000;
const limited = [
  ...['network', 'subnet', 'port', 'security_group', 'security_group_rule', 'rbac_policy'],
  ...['router', 'floatingip'],
];

/** Runs all rows once on a server. What it makes is removed again, so that the next run finds the same. */
export async function runRows(server: Server, options: RowOptions): Promise<Map<RowName, Figures>> {
  const { clients, keepAlive, seconds } = options;
  const results = new Map<RowName, Figures>();
  const wanted = (...names: RowName[]) => names.some((name) => options.only === null || options.only.has(name));
  const row: Row = async (name, { asked = server, ...operation }) => {
    if (!wanted(name)) return;
    const figures = await runLoad(asked, { clients, keepAlive, seconds, ...operation });
    results.set(name, figures);
    options.onRow(name, figures);
  };
  const tag = `bench-${Date.now().toString(36)}`;
  const networks: string[] = [];
  const makeNetwork: Run['makeNetwork'] = async (cidr) => {
    const { network } = await call(server, 'POST', '/v2.0/networks', { network: { name: tag } });
    networks.push(network.id);
    if (cidr === null) return { id: network.id, subnet: '' };
    const { subnet } = await call(server, 'POST', '/v2.0/subnets', {
      subnet: { network_id: network.id, ip_version: 4, cidr, enable_dhcp: false },
    });
    return { id: network.id, subnet: subnet.id };
  };
  const run: Run = { server, options, row, wanted, tag, makeNetwork };

  const projects = [server.project, server.tenant?.project].filter((project) => typeof project === 'string');
  for (const project of projects) {
    await call(server, 'PUT', `/v2.0/quotas/${project}`, {
      quota: Object.fromEntries(limited.map((resource) => [resource, ROOM])),
    });
  }
  await Promise.all(Array.from({ length: clients }, () => call(server, 'GET', '/v2.0/networks?limit=1'))); // every worker is warm
  await runNetworkRows(run, networks);
  await runPortRows(run);
  await runListRows(run);
  await removeNetworks(server, networks);
  await runGroupRows(run);
  await runRouterRows(run);
  await removeNetworks(server, networks);
  for (const project of projects) await call(server, 'DELETE', `/v2.0/quotas/${project}`);
  return results;
}

const idOf = (answer: { body: Buffer }, kind: string): string => JSON.parse(answer.body.toString('utf8'))[kind].id;

async function runNetworkRows({ server, row, wanted, tag, makeNetwork }: Run, networks: string[]): Promise<void> {
  await row('create network', {
    next: (at) => ({ method: 'POST', path: '/v2.0/networks', body: { network: { name: `${tag}-${at}` } } }),
    onAnswer: (answer) => networks.push(idOf(answer, 'network')),
    most: 2000,
  });
  if (wanted('create subnet')) {
    while (networks.length < 60) await makeNetwork(null);
    const targets = networks.slice(0, 60);
    await row('create subnet', {
      // A different network each time, so that none holds more than a few subnets.
      next: (at) => ({
        method: 'POST',
        path: '/v2.0/subnets',
        body: {
          subnet: {
            network_id: targets[at % 60],
            ip_version: 4,
            cidr: `10.${Math.floor(at / 256) % 256}.${at % 256}.0/24`,
          },
        },
      }),
      most: 2000,
    });
  }
  await removeNetworks(server, networks);
  if (wanted('list 100 networks')) {
    while (networks.length < 100) await makeNetwork(null);
    await row('list 100 networks', { next: () => ({ method: 'GET', path: '/v2.0/networks' }) });
    await removeNetworks(server, networks);
  }
}

async function runPortRows({ server, row, wanted, tag, makeNetwork }: Run): Promise<void> {
  if (!wanted('create port', 'show port', 'update port', 'delete port')) return;
  const network = await makeNetwork('10.100.0.0/16');
  const ports: string[] = [];
  await row('create port', {
    next: (at) => ({
      method: 'POST',
      path: '/v2.0/ports',
      body: { port: { network_id: network.id, name: `${tag}-${at}` } },
    }),
    onAnswer: (answer) => ports.push(idOf(answer, 'port')),
    most: 20_000,
  });
  while (ports.length < 64)
    ports.push((await call(server, 'POST', '/v2.0/ports', { port: { network_id: network.id } })).port.id);
  await row('show port', { next: (at) => ({ method: 'GET', path: `/v2.0/ports/${ports[at % ports.length]}` }) });
  await row('update port', {
    next: (at) => ({
      method: 'PUT',
      path: `/v2.0/ports/${ports[at % ports.length]}`,
      body: { port: { name: `${tag}-u${at}` } },
    }),
  });
  let deleted = 0;
  await row('delete port', {
    next: () => (deleted < ports.length ? { method: 'DELETE', path: `/v2.0/ports/${ports[deleted++]}` } : null),
  });
  await removeAll(server, 'ports', ports.slice(deleted));
}

async function removeNetworks(server: Server, networks: string[]): Promise<void> {
  await removeAll(server, 'networks', networks.splice(0));
}

export async function removeAll(server: Server, collection: string, ids: readonly string[]): Promise<void> {
  await runLoad(server, {
    clients: 8,
    keepAlive: true,
    seconds: 3600,
    next: (at) => (at < ids.length ? { method: 'DELETE', path: `/v2.0/${collection}/${ids[at]}` } : null),
  });
}
