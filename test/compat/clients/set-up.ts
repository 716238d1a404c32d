import type { TestProject } from 'vitest/node';
import { openLab } from '../../support/hosts.ts';
import { Client } from '../openstack/client.ts';
import { Keystone } from '../openstack/keystone.ts';
import { makeOurs } from '../openstack/ours.ts';
import { ensureOpenStackPackages, openStackPackages } from '../openstack/packages.ts';
import { type Account, type Peer, startPeer } from '../openstack/peer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Environments of the clients: what `openrc` files say, with the region of our server. */
    rc: Record<'admin' | 'demo' | 'alt' | 'neutron', Record<string, string>>;
    host: string;
  }
}

const services = 'segments,trunk,qos,router,port_forwarding,conntrack_helper,ndp_proxy,metering';

/** Region of the catalog that our server is registered in; the real server's entry stays as it is. */
const region = `neutrino-${process.pid}`;

/**
 * Debian's clients and Keystone; our server with it on this machine, and Neutrino's own agents on an emulated host. The
 * server is registered as a manual says it: by `openstack service create` and `openstack endpoint create`.
 */
export default async function setUp(vitest: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  await ensureOpenStackPackages(openStackPackages.clients);
  const peer = await startPeer(undo, 'keystone');
  const lab = undo.use(await openLab());
  const token = await new Keystone(peer).token(peer.accounts.admin);
  const ours = undo.use(
    await makeOurs(peer, {
      folder: `${lab.folder}/deployment`,
      token,
      server: {
        ml2: { tenant_network_types: 'local' },
        DEFAULT: { dns_domain: 'clients.example.', service_plugins: services },
      },
    }),
  );
  await ours.start();
  const host = await lab.addHost({ name: 'host1', wires: ['physnet1'] });
  const groups = { securitygroup: { enable_security_group: false } };
  await ours.agent('neutron-linuxbridge-agent', host, {
    linux_bridge: { physical_interface_mappings: 'physnet1:eth1' },
    vxlan: { enable_vxlan: false },
    ...groups,
  });
  await ours.agent('neutron-dhcp-agent', host, { DEFAULT: { interface_driver: 'linuxbridge' } });
  await ours.agent('neutron-metadata-agent', host);
  await ours.agent('neutron-l3-agent', host);
  undo.defer(await register(peer, `http://127.0.0.1:${ours.port}`));
  const { admin, demo, alt, neutron } = peer.accounts;
  const accounts = { admin: rc(peer, admin), demo: rc(peer, demo), alt: rc(peer, alt), neutron: rc(peer, neutron) };
  vitest.provide('rc', accounts);
  vitest.provide('host', host.name);
  const ended = undo.move();
  return () => ended.disposeAsync();
}

function rc(peer: Peer, account: Account, name = region): Record<string, string> {
  return {
    OS_AUTH_URL: peer.keystoneUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: account.user,
    OS_PASSWORD: account.password,
    OS_PROJECT_NAME: account.project,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: name,
  };
}

/** Puts our server in the catalog, in a region of its own with the same Keystone. @returns what takes it out again */
async function register(peer: Peer, url: string): Promise<() => Promise<void>> {
  const first = rc(peer, peer.accounts.admin, 'RegionOne');
  const made: string[] = [];
  await using openstack = new Client('openstack', first);
  const network = await openstack.json(`service create --name neutrino-${process.pid} network`);
  made.push(`service delete ${network.id}`, `region delete ${region}`);
  for (const [service, target] of [
    [network.id, url],
    ['identity', peer.keystoneUrl],
  ]) {
    for (const face of ['public', 'internal', 'admin']) {
      const { id } = await openstack.json(`endpoint create --region ${region} ${service} ${face} ${target}`);
      made.push(`endpoint delete ${id}`);
    }
  }
  return async () => {
    await using again = new Client('openstack', first);
    for (const command of made.toReversed()) await again.ok(command);
  };
}
