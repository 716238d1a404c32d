import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient, Json } from '../../support/api.ts';
import type { Peer } from '../openstack/peer.ts';

interface Settings {
  folder: string;
  peer: Peer;
  /** Of the catalog's entry of the server. */
  region: string;
  api: ApiClient;
}

/** An external network, as tempest expects to find one. */
async function makePublicNetwork(api: ApiClient): Promise<string> {
  const network = await api.create('network', { name: 'public', 'router:external': true });
  for (const [name, ip_version, cidr, gateway_ip] of [
    ['public-subnet', 4, '172.24.4.0/24', '172.24.4.1'],
    ['ipv6-public-subnet', 6, '2001:db8:0:24::/64', '2001:db8:0:24::1'],
  ])
    await api.create('subnet', { name, ip_version, cidr, gateway_ip, network_id: network.id, enable_dhcp: false });
  return network.id;
}

/** Writes `tempest.conf` and what stestr needs: tests of extensions that the server does not list are skipped by tempest. */
export async function configureTempest({ folder, peer, region, api }: Settings): Promise<void> {
  const { user, password, project } = peer.accounts.admin;
  const listed: Json = await api.expect('GET', '/v2.0/extensions');
  const aliases: string[] = listed.extensions.map(({ alias }: Json) => alias).sort();
  const publicNetwork = await makePublicNetwork(api);
  await mkdir(join(folder, 'site'), { recursive: true });
  await writeFile(
    join(folder, 'tempest.conf'),
    `[DEFAULT]
log_dir = ${folder}
log_file = tempest.log
[oslo_concurrency]
lock_path = ${folder}/lock
[auth]
use_dynamic_credentials = true
create_isolated_networks = false
admin_username = ${user}
admin_password = ${password}
admin_project_name = ${project}
admin_domain_name = Default
[identity]
auth_version = v3
uri_v3 = ${peer.keystoneUrl}
region = RegionOne
default_domain_id = default
[identity-feature-enabled]
api_v2 = false
api_v3 = true
[service_available]
neutron = true
nova = false
glance = false
cinder = false
swift = false
horizon = false
[validation]
run_validation = false
[network]
region = ${region}
public_network_id = ${publicNetwork}
floating_network_name = public
[network-feature-enabled]
api_extensions = ${aliases.join(',')}
ipv6 = true
ipv6_subnet_attributes = true
floating_ips = ${aliases.includes('router')}
port_security = ${aliases.includes('port-security')}
port_admin_state_change = true
`,
  );
  await writeFile(
    join(folder, '.stestr.conf'),
    '[DEFAULT]\ntest_path=/usr/lib/python3/dist-packages/tempest/test_discover\ntop_dir=/usr/lib/python3/dist-packages\ngroup_regex=([^\\.]*\\.)*\n',
  );
  // This tempest sleeps 10 s before every deletion of a subnet; that one sleep is left out, the tests are as they are.
  await writeFile(
    join(folder, 'site/sitecustomize.py'),
    `import sys, time
_sleep = time.sleep
def sleep(seconds):
    if sys._getframe(1).f_globals.get("__name__") != "tempest.lib.services.network.subnets_client":
        _sleep(seconds)
time.sleep = sleep
`,
  );
}
