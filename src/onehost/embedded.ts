import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '../lib/shell-word.ts';
import type { StateFolder } from './state-folder.ts';

/** What the embedded configuration depends on. */
export interface EmbeddedSettings {
  state: StateFolder;
  /** Device of physical network `public`; null when there is none. */
  publicDevice: string | null;
  /** Folder of the executables; null where no guest can be plugged. */
  programs: string | null;
}

/** What the command line of `up` decides; it wins over files. */
export interface CommandLineSettings {
  listen?: { host: string; port: number };
  tokenFile?: string;
  open?: boolean;
  debug?: boolean;
}

type Sections = Record<string, Record<string, string | number | boolean>>;

/**
 * Writes the configuration of one host into the state folder, as files that the programs read like those of a distributed
 * deployment.
 *
 * @returns the files of each program, in order
 */
export function writeEmbeddedConfiguration(
  settings: EmbeddedSettings,
  commandLine: CommandLineSettings,
  userFiles: readonly string[],
): (program: string) => string[] {
  const { state } = settings;
  const write = (name: string, why: string, sections: Sections): string => {
    const file = join(state.etc, name);
    writeFileSync(file, renderFile(why, sections));
    return file;
  };
  const files: Record<string, string> = {};
  for (const [name, [why, sections]] of Object.entries(embedded(settings))) files[name] = write(name, why, sections);
  const last = write(
    'command-line.conf',
    'what the command line of neutrino up said; wins over all other files',
    ofCommandLine(commandLine),
  );

  return (program) => [
    files['neutron.conf']!,
    ...(ownFile[program] ? [files[ownFile[program]]!] : []),
    ...userFiles,
    last,
  ];
}

const ownFile: Readonly<Record<string, string>> = {
  'neutron-server': 'ml2_conf.ini',
  'neutron-db-manage': 'ml2_conf.ini',
  'neutron-linuxbridge-agent': 'linuxbridge_agent.ini',
  'neutron-dhcp-agent': 'dhcp_agent.ini',
  'neutron-metadata-agent': 'metadata_agent.ini',
  'neutron-l3-agent': 'l3_agent.ini',
};

/** All attributes there are: each does no harm to who does not use it. */
const everyExtension = [
  'port_security',
  'tag_ports_during_bulk_creation',
  'dns_domain_keywords',
  'data_plane_status',
  'uplink_status_propagation_updatable',
  'port_device_profile',
  'port_numa_affinity_policy',
  'port_hint_ovs_tx_steering',
  'port_hardware_offload_type',
  'port_trusted',
  'qos',
].join();

const everyService = [
  'segments',
  'network_segment_range',
  'trunk',
  'qos',
  'router',
  'port_forwarding',
  'conntrack_helper',
  'ndp_proxy',
  'metering',
].join();

/** As much of everything as there is room for. */
const unlimited = {
  quota_network: -1,
  quota_subnet: -1,
  quota_port: -1,
  quota_router: -1,
  quota_floatingip: -1,
  quota_security_group: -1,
  quota_security_group_rule: -1,
  quota_rbac_policy: -1,
};

const securitygroup = { enable_security_group: true, firewall_driver: 'iptables', enable_ipset: true };

/**
 * Where tunnels end that lead nowhere: this host has no neighbours unless a file of the user's says so. Neither Linux'
 * port nor IANA's, for those may be in use by another program, and what comes to this one from outside is dropped.
 */
const TUNNEL_PORT = 14_789;

const BLOCK = 1000;
const BLOCKS = 16_000;

/**
 * The kernel knows a network's tunnel by its number, and so do two instances on one host: each folder has a block of its
 * own, the usual one the first.
 */
export function vniRange({ tag, isDefault }: StateFolder): string {
  const block = isDefault ? 0 : 1 + (Number.parseInt(tag, 16) % BLOCKS);
  return `${block * BLOCK + 1}:${(block + 1) * BLOCK}`;
}

function embedded({
  state,
  publicDevice,
  programs,
}: EmbeddedSettings): Record<string, [why: string, sections: Sections]> {
  return {
    'neutron.conf': [
      'all programs',
      {
        DEFAULT: {
          core_plugin: 'ml2',
          service_plugins: everyService,
          auth_strategy: 'noauth',
          bind_host: '127.0.0.1',
          bind_port: 9696,
          state_path: state.path,
          transport_url: `local://${state.path}/bus.sock`,
          log_dir: state.log,
          vlan_transparent: true,
          log_rotation_type: 'size',
          max_logfile_size_mb: 20,
          max_logfile_count: 3,
        },
        database: { connection: `sqlite:///${state.path}/neutron.sqlite` },
        neutrino: programs === null ? {} : { plug_command: plugCommand(programs, state) },
        // Everybody is admin here, and a project is no tenant who pays.
        quotas: unlimited,
        oslo_concurrency: { lock_path: `${state.path}/lock` },
      },
    ],
    'ml2_conf.ini': [
      'the server',
      {
        ml2: {
          // What a project gets by itself is VXLAN; others are made on request. The agent wires all but gre and geneve.
          type_drivers: 'local,flat,vlan,vxlan,gre,geneve',
          tenant_network_types: 'vxlan',
          mechanism_drivers: 'linuxbridge,l2population',
          extension_drivers: everyExtension,
        },
        ml2_type_flat: { flat_networks: 'public' },
        ml2_type_vlan: { network_vlan_ranges: 'public' },
        ml2_type_vxlan: { vni_ranges: vniRange(state) },
        securitygroup,
      },
    ],
    'linuxbridge_agent.ini': [
      'the Linux bridge agent',
      {
        linux_bridge: { physical_interface_mappings: publicDevice === null ? '' : `public:${publicDevice}` },
        vxlan: { enable_vxlan: true, local_ip: '127.0.0.1', udp_dstport: TUNNEL_PORT, l2_population: true },
        agent: { extensions: 'qos' },
        securitygroup,
      },
    ],
    'dhcp_agent.ini': [
      'the DHCP agent',
      { DEFAULT: { interface_driver: 'linuxbridge', enable_isolated_metadata: true } },
    ],
    'l3_agent.ini': [
      'the L3 agent',
      {
        DEFAULT: { interface_driver: 'linuxbridge' },
        agent: { extensions: 'port_forwarding,conntrack_helper,ndp_proxy,fip_qos,gateway_ip_qos' },
      },
    ],
    'metadata_agent.ini': ['the metadata agent: no Nova, it answers itself', { DEFAULT: {} }],
  };
}

/** For this instance, from any folder. */
function plugCommand(programs: string, state: StateFolder): string {
  return [shellWord(join(programs, 'neutrino')), 'plug', ...(state.isDefault ? [] : ['--state-dir', state.path])].join(
    ' ',
  );
}

function ofCommandLine({ listen, tokenFile, open, debug }: CommandLineSettings): Sections {
  return {
    DEFAULT: { ...(listen && { bind_host: listen.host, bind_port: listen.port }), ...(debug && { debug: true }) },
    neutrino: { ...(tokenFile !== undefined && { token_file: tokenFile }), ...(open && { insecure_open_api: true }) },
  };
}

/** The text of a file. Values have been checked by whoever brought them; what would start another line is refused here all the same. */
export function renderFile(why: string, sections: Sections): string {
  const lines = [`# Written by neutrino up at every start, for ${why}: give your own with --config-file.`];
  for (const [section, options] of Object.entries(sections)) {
    lines.push('', `[${section}]`);
    for (const [name, value] of Object.entries(options)) {
      const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
      if (/[\r\n]/.test(text)) throw new Error(`a value of ${name} with a line break`);
      lines.push(`${name} = ${text.replaceAll('$', '$$$$')}`.trimEnd());
    }
  }
  return `${lines.join('\n')}\n`;
}
