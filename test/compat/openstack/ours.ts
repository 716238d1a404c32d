import { type Deployment, makeDeployment } from '../../support/deployment.ts';
import type { Peer } from './peer.ts';

type Sections = Record<string, Record<string, string | number | boolean>>;

/** What every server that is compared with the real one is configured by: its types of networks, and all that is served. */
export const sameAsReal: Sections = {
  DEFAULT: { dns_domain: 'peer.example.', service_plugins: 'segments,trunk,qos,router,port_forwarding,metering' },
  ml2: {
    type_drivers: 'local,flat,vlan,vxlan',
    tenant_network_types: 'vxlan',
    extension_drivers: 'port_security,qos',
  },
  ml2_type_flat: { flat_networks: '*' },
  ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:199' },
  ml2_type_vxlan: { vni_ranges: '1000:20000' },
  securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
};

/** The rules of policy of 21.0, for what is compared with a server of that release. */
export const rulesOf21: Sections = { oslo_policy: { enforce_new_defaults: false } };

/** Our server with the real Keystone, on SQLite and the local bus, on this machine. `server` goes over what is said here. */
export async function makeOurs(
  peer: Peer,
  { folder, token, server = {} }: { folder: string; token: string; server?: Sections },
): Promise<Deployment> {
  const { user, password, project } = peer.accounts.neutron;
  const url = peer.keystoneUrl.replace(/\/v3$/, '');
  const sections: Sections = {
    ...sameAsReal,
    keystone_authtoken: {
      auth_type: 'password',
      auth_url: url,
      www_authenticate_uri: url,
      memcached_servers: peer.memcached,
      username: user,
      password,
      project_name: project,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
  };
  for (const [section, options] of Object.entries(server)) sections[section] = { ...sections[section], ...options };
  sections.DEFAULT = { auth_strategy: 'keystone', ...sections.DEFAULT };
  return makeDeployment({ folder, server: sections, token });
}
