import { call, runLoad } from './load.ts';
import { type Run, removeAll } from './rows.ts';

/** Routers that interfaces and floating IPs are shared among. */
const ROUTERS = 64;
/** What is made before it is measured: enough for a fast server, and for a slow one so many as it gets through. */
const MANY = 1600;
const FEW = 64;

/** Routers with a gateway, interfaces of them, and floating IPs that lead to ports. Removes what it makes. */
export async function runRouterRows(run: Run): Promise<void> {
  const { server, row, wanted, tag } = run;
  if (!wanted('create router with gateway', 'add router interface', 'create floating IP with port')) return;
  const prepared = server.throwaway ? MANY : FEW;
  const { network } = await call(server, 'POST', '/v2.0/networks', {
    network: { name: `${tag}-outside`, 'router:external': true },
  });
  await call(server, 'POST', '/v2.0/subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr: '198.18.0.0/16', enable_dhcp: false },
  });
  const router = { external_gateway_info: { network_id: network.id } };
  const routers: string[] = [];
  await row('create router with gateway', {
    next: (at) => ({ method: 'POST', path: '/v2.0/routers', body: { router: { name: `${tag}-${at}`, ...router } } }),
    onAnswer: (answer) => routers.push(JSON.parse(answer.body.toString('utf8')).router.id),
    most: 2000,
  });
  while (routers.length < ROUTERS) routers.push((await call(server, 'POST', '/v2.0/routers', { router })).router.id);
  if (wanted('add router interface')) await addInterfaces(run, routers, prepared);
  if (wanted('create floating IP with port')) await createFloatingIps(run, network.id, routers[0]!, prepared);
  await removeAll(server, 'routers', routers);
  await call(server, 'DELETE', `/v2.0/networks/${network.id}`);
}

async function addInterfaces({ server, row, makeNetwork }: Run, routers: readonly string[], count: number) {
  const inside: { id: string; subnet: string }[] = [];
  while (inside.length < count) {
    const at = inside.length;
    inside.push(await makeNetwork(`10.${Math.floor(at / 256)}.${at % 256}.0/24`));
  }
  const interfaceOf = (at: number) => ({
    path: `/v2.0/routers/${routers[at % ROUTERS]}`,
    body: { subnet_id: inside[at]!.subnet },
  });
  let added = 0;
  await row('add router interface', {
    next: (at) => {
      if (at >= count) return null;
      added = at + 1;
      const { path, body } = interfaceOf(at);
      return { method: 'PUT', path: `${path}/add_router_interface`, body };
    },
  });
  await eachOf(added, server, (at) => {
    const { path, body } = interfaceOf(at);
    return { method: 'PUT', path: `${path}/remove_router_interface`, body };
  });
}

async function createFloatingIps({ server, row, makeNetwork }: Run, outside: string, router: string, count: number) {
  const inside = await makeNetwork('10.200.0.0/16');
  const interfaces = `/v2.0/routers/${router}`;
  await call(server, 'PUT', `${interfaces}/add_router_interface`, { subnet_id: inside.subnet });
  const ports: string[] = [];
  while (ports.length < count) {
    const wanted = Array.from({ length: FEW }, () => ({ network_id: inside.id }));
    const made = await call(server, 'POST', '/v2.0/ports', { ports: wanted });
    ports.push(...made.ports.map(({ id }: { id: string }) => id));
  }
  const floating: string[] = [];
  await row('create floating IP with port', {
    next: (at) => {
      const port_id = ports[at];
      if (port_id === undefined) return null;
      const floatingip = { floating_network_id: outside, port_id };
      return { method: 'POST', path: '/v2.0/floatingips', body: { floatingip } };
    },
    onAnswer: (answer) => floating.push(JSON.parse(answer.body.toString('utf8')).floatingip.id),
  });
  await removeAll(server, 'floatingips', floating);
  await removeAll(server, 'ports', ports);
  await call(server, 'PUT', `${interfaces}/remove_router_interface`, { subnet_id: inside.subnet });
}

async function eachOf(
  count: number,
  server: Run['server'],
  request: (at: number) => { method: string; path: string; body: unknown },
): Promise<void> {
  await runLoad(server, {
    clients: 8,
    keepAlive: true,
    seconds: 3600,
    next: (at) => (at < count ? request(at) : null),
  });
}
