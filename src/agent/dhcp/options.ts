import { addressVersion } from '../../lib/ip/address.ts';
import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/**
 * `dhcp_agent.ini` as operators have it (upstream: conf/agent/dhcp.py, conf/agent/common.py). What only other drivers of
 * upstream read is accepted by the reader as an unknown option.
 */
export const dhcpOptions = declareOptions('DEFAULT', {
  interface_driver: option.string({
    default: 'linuxbridge',
    help: 'how the DHCP server gets its card: linuxbridge (or BridgeInterfaceDriver, upstream’s class of it)',
    check: (name) =>
      isBridgeInterfaceDriver(name)
        ? null
        : 'is not a driver this agent has; it knows linuxbridge (neutron.agent.linux.interface.BridgeInterfaceDriver)',
  }),
  dhcp_driver: option.string({
    default: 'neutron.agent.linux.dhcp.Dnsmasq',
    help: 'program that answers DHCP: dnsmasq (or neutron.agent.linux.dhcp.Dnsmasq)',
    check: (name) =>
      /^(?:neutron\.agent\.linux\.dhcp\.)?dnsmasq$/i.test(name)
        ? null
        : 'is not a driver this agent has; it knows neutron.agent.linux.dhcp.Dnsmasq',
  }),
  dhcp_confs: option.string({
    default: '$state_path/dhcp',
    help: 'folder with one folder of dnsmasq files per network',
    check: absolute,
  }),
  external_pids: option.string({
    default: '$state_path/external/pids',
    help: 'folder for pid files of metadata proxies',
    check: absolute,
  }),
  metadata_proxy_socket: option.string({
    default: '$state_path/metadata_proxy',
    help: 'unix socket of the metadata agent',
    check: absolute,
  }),
  dns_domain: option.string({
    default: 'openstacklocal',
    help: 'domain of the guests’ names; empty for none',
    deprecated: [{ name: 'dhcp_domain' }],
    check: (name) => (name === '' || isDomain(name) ? null : 'is no domain name'),
  }),
  dhcp_lease_duration: option.int({
    default: 86_400,
    min: -1,
    help: 'seconds a lease lasts; -1 is for ever',
    deprecated: [{ name: 'dhcp_lease_time' }],
  }),
  enable_isolated_metadata: option.bool({
    default: false,
    help: 'serve metadata in the DHCP namespace on networks with a subnet that has no router',
  }),
  force_metadata: option.bool({ default: false, help: 'serve metadata in the DHCP namespace on every network' }),
  enable_metadata_network: option.bool({
    default: false,
    help: 'serve metadata on networks with a subnet in 169.254.0.0/16; needs enable_isolated_metadata',
  }),
  num_sync_threads: option.int({ default: 4, min: 1, help: 'networks configured at the same time during a sync' }),
  resync_interval: option.int({ default: 5, min: 1, help: 'seconds until what failed is tried again' }),
  resync_throttle: option.int({ default: 1, min: 0, help: 'seconds between two resyncs at least' }),
  bulk_reload_interval: option.int({
    default: 0,
    min: 0,
    help: 'seconds that changes of one network are gathered before dnsmasq reads them; 0 for at once',
  }),
  dnsmasq_config_file: option.string({
    default: '',
    help: 'file with further dnsmasq settings',
    check: (path) => (path === '' ? null : absolute(path.trim())),
  }),
  dnsmasq_dns_servers: option.list({
    default: [],
    help: 'DNS servers that dnsmasq asks for names it does not know',
    deprecated: [{ name: 'dnsmasq_dns_server' }],
    check: (servers) => {
      const wrong = servers.find((server) => !isForwarder(server));
      return wrong === undefined ? null : `holds '${wrong}', which is neither an address nor dnsmasq’s form of one`;
    },
  }),
  dnsmasq_local_resolv: option.bool({
    default: false,
    help: 'let dnsmasq ask the servers of the host’s resolv.conf',
  }),
  dnsmasq_lease_max: option.int({ default: 2 ** 24, min: 1, help: 'most leases of one network' }),
  dnsmasq_base_log_dir: option.maybe({
    help: 'folder for dnsmasq logs of each network; none if unset',
    check: optional,
  }),
  dhcp_broadcast_reply: option.bool({ default: false, help: 'answer by broadcast always' }),
  dhcp_renewal_time: option.int({ default: 0, min: 0, help: 'seconds until a guest renews (T1); 0: its own choice' }),
  dhcp_rebinding_time: option.int({
    default: 0,
    min: 0,
    help: 'seconds until a guest rebinds (T2); 0: its own choice',
  }),
  dnsmasq_enable_addr6_list: option.bool({
    default: false,
    help: 'one hosts line for all DHCPv6 addresses of a port on a subnet (dnsmasq 2.81 or later)',
  }),
  dnsmasq_txt_record: option.string({
    default: '',
    help: 'value of --txt-record; empty for none',
    check: (value) => (hasControls(value) ? 'must not contain control characters' : null),
  }),
});

/** Options of `[agent]` that the DHCP agent reads. */
export const dhcpAgentOptions = declareOptions('agent', {
  report_interval: option.float({ default: 30, min: 0.1, help: 'seconds between two state reports' }),
  log_agent_heartbeats: option.bool({ default: false, help: 'let the server log this agent’s reports' }),
  availability_zone: option.string({ default: 'nova', help: 'availability zone of this agent' }),
  check_child_processes_interval: option.int({
    default: 60,
    min: 0,
    help: 'seconds between two full checks of what the agent keeps on the host; 0 for none',
  }),
});

export type DhcpOptions = OptionValues<typeof dhcpOptions>;
export type DhcpAgentOptions = OptionValues<typeof dhcpAgentOptions>;

function isBridgeInterfaceDriver(name: string): boolean {
  return /^(?:linuxbridge|(?:neutron\.agent\.linux\.interface\.)?BridgeInterfaceDriver)$/.test(name);
}

function absolute(path: string): string | null {
  if (hasControls(path)) return 'must not contain control characters';
  return path.startsWith('/') ? null : 'must be an absolute path';
}

function optional(path: string | null): string | null {
  return path === null || path === '' ? null : absolute(path);
}

function isDomain(name: string): boolean {
  return (
    name.length <= 253 &&
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i.test(name)
  );
}

/** `192.0.2.53`, `192.0.2.53#5353`, `/example.org/192.0.2.53`: what dnsmasq takes behind `--server=`. */
function isForwarder(text: string): boolean {
  const address = text.replace(/^\/.*\//, '').replace(/[#@].*$/, '');
  return (
    !hasControls(text) && !/\s/.test(text) && (address === '' ? text.startsWith('/') : addressVersion(address) !== null)
  );
}

function hasControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\x00-\x1f\x7f]/.test(text);
}
