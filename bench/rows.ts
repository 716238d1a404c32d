import { runGroupRows } from './group-rows.ts';
import { call, type Figures, runLoad, type Server } from './load.ts';

export interface RowOptions {
  clients: number;
  keepAlive: boolean;
  seconds: number;
  /** How many ports the long list has. */
  ports: number;
  only: ReadonlySet<string> | null;
  onRow: (name: string, figures: Figures) => void;
}

/** What is measured, in the order in which it runs, with the target of the plan as a ratio to the real server. */
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
  'create security group rule',
  'list 1,000 security groups',
] as const;
export type RowName = (typeof rowNames)[number];

/** Measures one row, when it is wanted. */
export type Row = (
  name: RowName,
  operation: Omit<Parameters<typeof runLoad>[1], 'clients' | 'keepAlive' | 'seconds'> & { clients?: number },
) => Promise<void>;

/** Runs all rows once on a server. What it makes is removed again, so that the next run finds the same. */
export async function runRows(server: Server, options: RowOptions): Promise<Map<RowName, Figures>> {
  const { clients, keepAlive, seconds } = options;
  const results = new Map<RowName, Figures>();
  const wanted = (name: string) => options.only === null || options.only.has(name);
  const row: Row = async (name, operation) => {
    if (!wanted(name)) return;
    const figures = await runLoad(server, { clients, keepAlive, seconds, ...operation });
    results.set(name, figures);
    options.onRow(name, figures);
  };
  const tag = `bench-${Date.now().toString(36)}`;
  const networks: string[] = [];
  const idOf = (answer: { body: Buffer }, kind: string): string => JSON.parse(answer.body.toString('utf8'))[kind].id;
  const makeNetwork = async (cidr: string | null): Promise<string> => {
    const { network } = await call(server, 'POST', '/v2.0/networks', { network: { name: tag } });
    networks.push(network.id);
    if (cidr)
      await call(server, 'POST', '/v2.0/subnets', {
        subnet: { network_id: network.id, ip_version: 4, cidr, enable_dhcp: false },
      });
    return network.id;
  };

  await Promise.all(Array.from({ length: clients }, () => call(server, 'GET', '/v2.0/networks?limit=1'))); // every worker is warm
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

  const network = await makeNetwork('10.100.0.0/16');
  const ports: string[] = [];
  await row('create port', {
    next: (at) => ({
      method: 'POST',
      path: '/v2.0/ports',
      body: { port: { network_id: network, name: `${tag}-${at}` } },
    }),
    onAnswer: (answer) => ports.push(idOf(answer, 'port')),
    most: 20_000,
  });
  while (ports.length < 64)
    ports.push((await call(server, 'POST', '/v2.0/ports', { port: { network_id: network } })).port.id);
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

  const big = await makeNetwork('10.200.0.0/16');
  const hundred = { ports: Array.from({ length: 100 }, () => ({ network_id: big })) };
  await row('create 100 ports at once', {
    clients: 1,
    least: 3,
    most: 90,
    next: () => ({ method: 'POST', path: '/v2.0/ports', body: hundred }),
  });
  if (wanted('list 10,000 ports') || wanted('show port while listing 10,000')) {
    const idsNow = async (): Promise<string[]> =>
      (await call(server, 'GET', '/v2.0/ports?fields=id')).ports.map((port: { id: string }) => port.id);
    let ids = await idsNow();
    while (ids.length < options.ports) {
      await call(server, 'POST', '/v2.0/ports', {
        ports: hundred.ports.slice(0, Math.min(100, options.ports - ids.length)),
      });
      ids = ids.length + 100 < options.ports ? [...ids, ...Array.from({ length: 100 }, () => '')] : await idsNow();
    }
    ids = await idsNow();
    await row('list 10,000 ports', { clients: 1, least: 3, next: () => ({ method: 'GET', path: '/v2.0/ports' }) });
    if (wanted('show port while listing 10,000')) {
      let over = false;
      const listing = runLoad(server, {
        clients: 1,
        keepAlive: true,
        seconds: 3600,
        next: () => (over ? null : { method: 'GET', path: '/v2.0/ports' }),
      });
      await row('show port while listing 10,000', {
        clients: 1,
        next: (at) => ({ method: 'GET', path: `/v2.0/ports/${ids[at % ids.length]}` }),
      });
      over = true;
      await listing;
    }
    await removeAll(
      server,
      'ports',
      (await call(server, 'GET', `/v2.0/ports?fields=id&network_id=${big}`)).ports.map(
        (port: { id: string }) => port.id,
      ),
    );
  }
  await removeNetworks(server, networks);
  await runGroupRows(server, { row, wanted, tag });
  return results;
}

async function removeNetworks(server: Server, networks: string[]): Promise<void> {
  await removeAll(server, 'networks', networks.splice(0));
}

async function removeAll(server: Server, collection: string, ids: readonly string[]): Promise<void> {
  await runLoad(server, {
    clients: 8,
    keepAlive: true,
    seconds: 3600,
    next: (at) => (at < ids.length ? { method: 'DELETE', path: `/v2.0/${collection}/${ids[at]}` } : null),
  });
}
