import { as, call, runLoad } from './load.ts';
import { type Run, removeAll } from './rows.ts';

/** How many of the ports are the tenant's; it sees no others. */
const OWN = 100;

/** Ports in bulk, and long lists: of all, of a page, and of a tenant who sees few of many. */
export async function runListRows(run: Run): Promise<void> {
  const { server, options, row, wanted, makeNetwork } = run;
  const lists = wanted('list 10,000 ports', 'show port while listing 10,000', 'list ids of 100 of 10,000 ports');
  const tenants =
    server.tenant !== null && wanted('tenant lists its 100 of 10,000 ports', 'tenant lists its 100 of 100,000 ports');
  if (!lists && !tenants && !wanted('create 100 ports at once')) return;
  const network = await makeNetwork('10.200.0.0/16');
  const hundred = (network_id: string) => ({ ports: Array.from({ length: 100 }, () => ({ network_id })) });
  await row('create 100 ports at once', {
    clients: 1,
    least: 1,
    most: 90,
    next: () => ({ method: 'POST', path: '/v2.0/ports', body: hundred(network.id) }),
  });
  const networks = [network];
  if (lists || tenants) {
    await fill(run, network, options.ports - (tenants ? OWN : 0));
    if (tenants) await makeOwn(run, network.id);
    if (lists) await runLongLists(run);
    const mine = { asked: as(server.tenant!, server), next: () => ({ method: 'GET', path: '/v2.0/ports' }) };
    if (tenants) await row('tenant lists its 100 of 10,000 ports', mine);
    // Another server would have to be filled and emptied for a figure that is only compared with its own.
    if (tenants && wanted('tenant lists its 100 of 100,000 ports') && server.throwaway) {
      const more = await makeNetwork('10.128.0.0/10');
      networks.push(more);
      await fill(run, more, options.ports * 10);
      await row('tenant lists its 100 of 100,000 ports', mine);
    }
  }
  if (server.throwaway) return;
  for (const { id } of networks) await removePorts(run, id);
}

/** Makes ports on a network until the server has so many. */
async function fill({ server }: Run, network: { id: string; subnet: string }, ports: number): Promise<void> {
  const missing = ports - (await idsOf(server, '')).length;
  if (missing <= 0) return;
  const bulk = (length: number) =>
    call(server, 'POST', '/v2.0/ports', { ports: Array.from({ length }, () => ({ network_id: network.id })) });
  if (server.seed !== null) {
    await bulk(1); // what the others are clones of
    return server.seed('ports', network.id, network.subnet, String(missing - 1));
  }
  for (let made = 0; made < missing; made += 100) await bulk(Math.min(100, missing - made));
}

/** Opens the network to the tenant, who makes its ports there. */
async function makeOwn({ server }: Run, network: string): Promise<void> {
  const tenant = server.tenant!;
  const rbac_policy = { object_type: 'network', object_id: network, action: 'access_as_shared' };
  await call(server, 'POST', '/v2.0/rbac-policies', { rbac_policy: { ...rbac_policy, target_tenant: tenant.project } });
  const asked = as(tenant, server);
  await call(asked, 'POST', '/v2.0/ports', { ports: Array.from({ length: OWN }, () => ({ network_id: network })) });
  const seen = (await idsOf(asked, '')).length;
  if (seen !== OWN) throw new Error(`the tenant sees ${seen} ports instead of ${OWN}`);
}

async function runLongLists({ server, row, wanted }: Run): Promise<void> {
  await row('list 10,000 ports', { clients: 1, least: 3, next: () => ({ method: 'GET', path: '/v2.0/ports' }) });
  await row('list ids of 100 of 10,000 ports', {
    next: () => ({ method: 'GET', path: '/v2.0/ports?fields=id&limit=100' }),
  });
  if (!wanted('show port while listing 10,000')) return;
  const ids = await idsOf(server, '');
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

async function removePorts({ server }: Run, network: string): Promise<void> {
  if (server.seed !== null) return server.seed('remove-ports', network);
  await removeAll(server, 'ports', await idsOf(server, `&network_id=${network}`));
}

async function idsOf(server: Run['server'], filter: string): Promise<string[]> {
  const { ports } = await call(server, 'GET', `/v2.0/ports?fields=id${filter}`);
  return ports.map((port: { id: string }) => port.id);
}
