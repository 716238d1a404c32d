import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatedHost } from '../../support/hosts.ts';
import { project, writeConfig } from '../../support/programs.ts';

export type AgentName =
  | 'neutron-linuxbridge-agent'
  | 'neutron-dhcp-agent'
  | 'neutron-metadata-agent'
  | 'neutron-l3-agent';
export type Sections = Record<string, Record<string, string | number | boolean>>;
/** Whose program. */
export type Kind = 'ours' | 'python';

export const SHARED_SECRET = 'between nova and neutron';
export const NOVA_PORT = 8775;

/**
 * The files of a controller: the same for both servers.
 * @param how.tunnels project networks are VXLAN, and agents are told what is where
 * @param how.options of `neutron.conf`, over what is said here
 * @returns arguments
 */
export async function writeServerFiles(
  host: EmulatedHost,
  { tunnels = false, options = {} }: { tunnels?: boolean; options?: Sections } = {},
): Promise<string[]> {
  const sections: Sections = {
    DEFAULT: {
      core_plugin: 'ml2',
      service_plugins: 'router',
      auth_strategy: 'noauth',
      bind_host: '127.0.0.1',
      bind_port: 9696,
      api_workers: 1,
      rpc_workers: 1,
      dns_domain: 'mix.example.',
      api_paste_config: '/etc/neutron/api-paste.ini',
      state_path: STATE_PATH,
      transport_url: 'rabbit://openstack:openstack@127.0.0.1:5672/',
      notify_nova_on_port_status_changes: false,
      notify_nova_on_port_data_changes: false,
    },
    experimental: { linuxbridge: true },
    database: { connection: 'mysql+pymysql://neutron:neutron@127.0.0.1/neutron' },
    oslo_concurrency: { lock_path: `${STATE_PATH}/lock` },
    quotas: { quota_port: -1, quota_security_group_rule: -1 },
    oslo_policy: { policy_dirs: await host.makeFolder('policy.d') },
  };
  const neutron = await writeConfig(host.folder, 'neutron.conf', merged(sections, options));
  const ml2 = await writeConfig(host.folder, 'ml2_conf.ini', {
    ml2: {
      type_drivers: 'local,flat,vxlan',
      tenant_network_types: tunnels ? 'vxlan' : 'local',
      mechanism_drivers: tunnels ? 'linuxbridge,l2population' : 'linuxbridge',
      extension_drivers: 'port_security',
    },
    ml2_type_flat: { flat_networks: 'physnet1' },
    ml2_type_vxlan: { vni_ranges: '500:599' },
    securitygroup: { enable_security_group: true },
  });
  return ['--config-file', neutron, '--config-file', ml2];
}

function merged(sections: Sections, over: Sections): Sections {
  const all = { ...sections };
  for (const [section, options] of Object.entries(over)) all[section] = { ...all[section], ...options };
  return all;
}

/** Where the samples and Debian leave it; on an emulated host a file system of its own lies there. */
export const STATE_PATH = '/var/lib/neutron';

/** Folder of `ebtables`, as Python's agent finds it first (see bench/peer). */
const peerPrograms = (host: EmulatedHost) => join(host.folder, 'bin');

/** What a host needs before agents of either kind run there. */
export async function prepareHost(host: EmulatedHost): Promise<void> {
  await host.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'none', '/var/lib']);
  await host.run(['mkdir', STATE_PATH]);
  await host.makeFolder('bin');
  await host.run(['cp', join(project, 'bench/peer/ebtables-wrap'), join(peerPrograms(host), 'ebtables')]);
  await chmod(join(peerPrograms(host), 'ebtables'), 0o755);
}

export interface AgentOptions {
  /** Whether the bridge agent enforces security groups. */
  groups?: boolean;
  debug?: boolean;
  /** Of the agent's own file, over what all tests have there. */
  options?: Sections;
}

/** What agents of a host are told: the same files for both kinds, as they lie in /etc/neutron. @returns arguments */
export async function writeAgentFiles(
  host: EmulatedHost,
  agent: AgentName,
  {
    queue,
    groups = false,
    tunnels = false,
    debug = false,
    options = {},
  }: AgentOptions & { queue: string; tunnels?: boolean },
): Promise<string[]> {
  const neutron = await writeConfig(host.folder, 'neutron.conf', {
    DEFAULT: {
      host: host.name,
      core_plugin: 'ml2',
      state_path: STATE_PATH,
      transport_url: queue,
      debug,
    },
    experimental: { linuxbridge: true },
    // Python's agents run commands by this; they are root already.
    agent: { root_helper: `env PATH=${peerPrograms(host)}:/usr/sbin:/usr/bin:/sbin:/bin` },
    oslo_concurrency: { lock_path: `${STATE_PATH}/lock` },
  });
  const own: Record<AgentName, Sections> = {
    'neutron-linuxbridge-agent': {
      linux_bridge: { physical_interface_mappings: 'physnet1:eth1' },
      vxlan: tunnels ? { local_ip: host.address, l2_population: true, arp_responder: true } : { enable_vxlan: false },
      securitygroup: { enable_security_group: groups, firewall_driver: groups ? 'iptables' : 'noop' },
    },
    'neutron-dhcp-agent': {
      DEFAULT: {
        interface_driver: 'linuxbridge',
        dhcp_driver: 'neutron.agent.linux.dhcp.Dnsmasq',
        enable_isolated_metadata: true,
      },
    },
    'neutron-l3-agent': { DEFAULT: { interface_driver: 'linuxbridge' } },
    'neutron-metadata-agent': {
      DEFAULT: {
        nova_metadata_host: '127.0.0.1',
        nova_metadata_port: NOVA_PORT,
        metadata_proxy_shared_secret: SHARED_SECRET,
        metadata_workers: 1,
      },
    },
  };
  const file = await writeConfig(host.folder, `${agent}.ini`, merged(own[agent], options));
  return ['--config-file', neutron, '--config-file', file];
}
