import { addressVersion } from '../../lib/ip/address.ts';
import { declareOptions, type OptionValues, option } from '../../lib/options.ts';
import { checkExtensions, extensionNames } from './extensions/names.ts';

/**
 * `l3_agent.ini` as operators have it (upstream: conf/agent/l3/config.py, conf/agent/l3/ha.py, conf/agent/common.py). What
 * only other drivers of upstream read is accepted by the reader as an unknown option.
 */
export const l3Options = declareOptions('DEFAULT', {
  interface_driver: option.string({
    default: 'linuxbridge',
    help: 'how routers get their cards: linuxbridge (or BridgeInterfaceDriver, upstream’s class of it)',
    check: (name) =>
      /^(?:linuxbridge|(?:neutron\.agent\.linux\.interface\.)?BridgeInterfaceDriver)$/.test(name)
        ? null
        : 'is not a driver this agent has; it knows linuxbridge (neutron.agent.linux.interface.BridgeInterfaceDriver)',
  }),
  agent_mode: option.string({
    default: 'legacy',
    help: 'how routers are spread over hosts: legacy, each on one host or as HA routers on several',
    check: (mode) =>
      mode === 'legacy'
        ? null
        : 'is not a mode this agent has; it knows legacy (distributed routers need Open vSwitch, upstream too)',
  }),
  handle_internal_only_routers: option.bool({
    default: true,
    help: 'also serve routers without a gateway',
  }),
  ipv6_gateway: option.string({
    default: '',
    help: 'link-local address of the next router of external networks without an IPv6 gateway; empty: by router advertisements',
    check: (address) => (address === '' || addressVersion(address) === 6 ? null : 'is no IPv6 address'),
  }),
  send_arp_for_ha: option.int({
    default: 3,
    min: 0,
    help: 'gratuitous ARPs for each new address; 0 for none',
  }),
  enable_metadata_proxy: option.bool({ default: true, help: 'let guests reach the metadata service by their router' }),
  metadata_port: option.int({
    default: 9697,
    min: 1,
    max: 65_535,
    help: 'TCP port of the metadata proxy in the namespace',
  }),
  metadata_access_mark: option.string({
    default: '0x1',
    help: 'mark of packets to the metadata service; the lower 16 bits count',
    check: mark,
  }),
  external_ingress_mark: option.string({
    default: '0x2',
    help: 'mark of packets from external networks; the lower 16 bits count',
    check: mark,
  }),
  metadata_proxy_socket: option.string({
    default: '$state_path/metadata_proxy',
    help: 'unix socket of the metadata agent',
    check: absolute,
  }),
  external_pids: option.string({
    default: '$state_path/external/pids',
    help: 'folder for pid files of metadata proxies and radvd',
    check: absolute,
  }),
  ra_confs: option.string({ default: '$state_path/ra', help: 'folder for configurations of radvd', check: absolute }),
  min_rtr_adv_interval: option.int({
    default: 30,
    min: 3,
    help: 'least seconds between two router advertisements that nobody asked for',
  }),
  max_rtr_adv_interval: option.int({
    default: 100,
    min: 4,
    max: 1800,
    help: 'most seconds between two router advertisements that nobody asked for',
  }),
  radvd_user: option.string({
    default: '',
    help: 'user that radvd runs as; empty: that of the agent',
    check: (name) => (/^[\w.-]*$/.test(name) ? null : 'is no name of a user'),
  }),
  ha_confs_path: option.string({
    default: '$state_path/ha_confs',
    help: 'folder for configurations and states of keepalived',
    check: absolute,
  }),
  ha_vrrp_auth_type: option.string({
    default: 'PASS',
    help: 'how HA routers know each other: PASS or AH; only with ha_vrrp_auth_password',
    check: (type) => (type === 'PASS' || type === 'AH' ? null : 'must be PASS or AH'),
  }),
  ha_vrrp_auth_password: option.maybe({
    help: 'password by which HA routers know each other; none if unset',
    secret: true,
    check: (word) =>
      word === null || /^[\w!#$%&()*+,./:;<=>?@[\]^{|}~-]*$/.test(word)
        ? null
        : 'may hold letters, digits and signs without quotes',
  }),
  ha_vrrp_advert_int: option.int({ default: 2, min: 1, max: 255, help: 'seconds between two advertisements of VRRP' }),
  ha_vrrp_health_check_interval: option.int({
    default: 0,
    min: 0,
    help: 'seconds between two checks whether an HA router reaches its gateways; 0 for none',
  }),
  keepalived_use_no_track: option.bool({
    default: true,
    help: 'tell keepalived not to mind the state of the devices its addresses are on (2.0.3 or later)',
  }),
  pd_confs: option.string({
    default: '$state_path/pd',
    help: 'folder for the prefixes that providers delegated',
    check: absolute,
  }),
  vendor_pen: option.int({
    default: 8888,
    min: 1,
    max: 0xffff_ffff,
    help: 'enterprise number in the name by which providers know a subnet that asks for a prefix',
  }),
  cleanup_on_shutdown: option.bool({
    default: false,
    help: 'remove all routers from this host when the agent is stopped: their traffic ends',
  }),
});

/** Options of `[agent]` that the L3 agent reads. */
export const l3AgentOptions = declareOptions('agent', {
  report_interval: option.float({ default: 30, min: 0.1, help: 'seconds between two state reports' }),
  log_agent_heartbeats: option.bool({ default: false, help: 'let the server log this agent’s reports' }),
  availability_zone: option.string({ default: 'nova', help: 'availability zone of this agent' }),
  check_child_processes_interval: option.int({
    default: 60,
    min: 0,
    help: 'seconds between two full checks of what the agent keeps on the host; 0 for none',
  }),
  extensions: option.list({
    default: [...extensionNames],
    help: 'what routers can do beside routing; upstream’s default is none',
    check: checkExtensions,
  }),
  use_random_fully: option.bool({
    default: true,
    help: 'let the kernel choose source ports of rewritten connections at random',
  }),
});

export type L3Options = OptionValues<typeof l3Options>;
export type L3AgentOptions = OptionValues<typeof l3AgentOptions>;

function absolute(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(path)) return 'must not contain control characters';
  return path.startsWith('/') ? null : 'must be an absolute path';
}

function mark(text: string): string | null {
  return /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) && Number(text) <= 0xffff_ffff ? null : 'is no number of 32 bits';
}
