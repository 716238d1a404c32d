import { join } from 'node:path';
import { addressVersion } from '../../lib/ip/address.ts';
import { cidrsOverlap, formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import type { KeptFile } from '../daemons/kept.ts';
import type { L3Facts, RouterDaemon, RouterRoute, RouterState } from './contract.ts';
import type { L3Options } from './options.ts';

const PRIORITY = 50;
/** Seconds after becoming primary at which all addresses are announced once more, for switches that missed the first time. */
const ANNOUNCE_AGAIN_S = 60;
/**
 * Two that were active while the network between them was cut have one MAC: who gives way is not heard by who stays, and
 * switches go on sending to the wrong one until the right one says something.
 */
const ANNOUNCE_EVERY_S = 10;
/** Blocks of 169.254.0.0/16 that are taken: by the metadata service, and by what distributed routers of upstream use. */
const TAKEN = ['169.254.169.254/32', '169.254.64.0/18'];

/**
 * The address that only the primary has, the same on all hosts: it is what the others hear of, and by which the agent sees
 * who is primary. The real addresses come and go with it, but are not part of what VRRP says, of which there is one packet.
 */
export function primaryVip(router: Pick<WireRouter, 'ha_vr_id' | '_ha_interface'>): string {
  const own = router._ha_interface?.subnets.map(({ cidr }) => cidr) ?? [];
  const taken = [...TAKEN, ...own].flatMap((text) => parseCidr(text) ?? []);
  for (let third = 0; third < 256; third += 1) {
    const block = parseCidr(`169.254.${third}.0/24`)!;
    if (!taken.some((one) => cidrsOverlap(one, block))) return `169.254.${third}.${router.ha_vr_id}/24`;
  }
  throw new Error('the HA network leaves no block of 169.254.0.0/16 free');
}

/** Where keepalived's files of a router are. */
export function haFolder(routerId: string, { ha_confs_path }: L3Options): string {
  return join(ha_confs_path, routerId);
}

/** `primary` or `backup`, as upstream's runbooks read it. */
export function stateFile(routerId: string, options: L3Options): string {
  return join(haFolder(routerId, options), 'state');
}

/** keepalived of a router with these files; without any, it is ended. */
export function keepalivedDaemon(
  routerId: string,
  netns: string | undefined,
  { options }: L3Facts,
  files: readonly KeptFile[] = [],
): RouterDaemon {
  const configFile = join(haFolder(routerId, options), 'keepalived.conf');
  const pidFile = join(options.ha_confs_path, `${routerId}.pid.keepalived`);
  return {
    name: 'keepalived',
    spec: {
      argv: ['keepalived', '-P', '-f', configFile, '-p', pidFile, '-r', `${pidFile}-vrrp`],
      pidFile,
      mark: configFile,
      netns,
      env: { PROCESS_TAG: `keepalived-${routerId}` },
      logFile: join(haFolder(routerId, options), 'keepalived.log'),
    },
    files: files.length > 0 ? files : [{ path: configFile, text: '' }],
    isWanted: files.length > 0,
    onChange: 'SIGHUP',
  };
}

/** What upstream's agent runs for each router to see its state: it is ended where ours takes the router over. */
export function upstreamMonitor(routerId: string, { options }: L3Facts): RouterDaemon {
  const name = 'neutron-keepalived-state-change';
  const pidFile = join(options.external_pids, `${routerId}.monitor.pid.${name}-monitor`);
  return {
    name,
    spec: { argv: ['python3'], pidFile, mark: `--router_id=${routerId}` },
    files: [{ path: pidFile, text: '' }],
    isWanted: false,
    onChange: 'restart',
  };
}

/** keepalived.conf, and the health check where it is asked for. It may hold a password. */
export function keepalivedFiles(
  state: RouterState,
  router: Pick<WireRouter, 'ha_vr_id' | '_ha_interface'>,
  device: string,
  options: L3Options,
): KeptFile[] {
  const folder = haFolder(state.routerId, options);
  const check = healthCheck(state, router.ha_vr_id, folder, options);
  const lines = [
    'global_defs {',
    '    notification_email_from neutron@openstack.local',
    '    router_id neutron',
    '}',
    ...(check?.definition ?? []),
    `vrrp_instance VR_${router.ha_vr_id} {`,
    '    state BACKUP',
    `    interface ${device}`,
    `    virtual_router_id ${router.ha_vr_id}`,
    `    priority ${PRIORITY}`,
    `    garp_master_delay ${ANNOUNCE_AGAIN_S}`,
    `    garp_master_refresh ${ANNOUNCE_EVERY_S}`,
    '    nopreempt',
    `    advert_int ${options.ha_vrrp_advert_int}`,
    ...authentication(options),
    ...block('track_interface', [device]),
    ...block('virtual_ipaddress', [`${primaryVip(router)} dev ${device}`]),
    ...block('virtual_ipaddress_excluded', addresses(state, options)),
    ...block(
      'virtual_routes',
      state.routes.map((route) => routeLine(route, options)),
    ),
    ...(check ? block('track_script', [check.name]) : []),
    '}',
  ];
  const config = { path: join(folder, 'keepalived.conf'), text: `${lines.join('\n')}\n`, mode: 0o600 };
  return check ? [config, check.script] : [config];
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`    ${name} {`, ...lines.map((line) => `        ${line}`), '    }'];
}

function authentication({ ha_vrrp_auth_type: type, ha_vrrp_auth_password: password }: L3Options): string[] {
  return password ? block('authentication', [`auth_type ${type}`, `auth_pass ${password}`]) : [];
}

/** All addresses but those of the HA device. In an order of their own: another order would be another text, and a reload. */
function addresses(state: RouterState, options: L3Options): string[] {
  const devices = [...state.devices.values()].filter(({ role }) => role !== 'ha');
  return devices.flatMap(({ name, addresses: all }) => {
    const single = all.filter(isSingle).sort();
    const ordered = [...all.filter((cidr) => !isSingle(cidr)), ...single];
    // keepalived makes link-local addresses of IPv6 such by itself, and has no word for it.
    return ordered.map((cidr) => `${cidr} dev ${name}${noTrack(options)}`);
  });
}

function isSingle(cidr: string): boolean {
  return cidr.endsWith('/32') || cidr.endsWith('/128');
}

function routeLine({ family, destination, nexthops }: RouterRoute, options: L3Options): string {
  const whole = destination === 'default' ? { 4: '0.0.0.0/0', 6: '::/0' }[family] : withPrefix(destination);
  const hop = ({ via, device, onLink }: RouterRoute['nexthops'][number]) =>
    `${via === null ? '' : ` via ${via}`} dev ${device}${onLink ? ' onlink' : ''}`;
  const ending = `${noTrack(options)} protocol static`;
  if (nexthops.length > 1) return `${whole}${ending}${nexthops.map((one) => ` nexthop${hop(one)} weight 1`).join('')}`;
  const [only] = nexthops;
  return `${whole}${hop(only!)}${only!.via === null ? ' scope link' : ''}${ending}`;
}

function withPrefix(destination: string): string {
  if (destination.includes('/')) return destination;
  return `${destination}/${addressVersion(destination) === 6 ? 128 : 32}`;
}

/** Else keepalived gives the router up when one of its other devices has no carrier. */
function noTrack({ keepalived_use_no_track }: L3Options): string {
  return keepalived_use_no_track ? ' no_track' : '';
}

/**
 * The primary asks its gateways for an answer and gives up when one is silent; who is not primary has no address to ask
 * with. Every word in the script is an address or a device that was checked: addresses come out of `formatCidr`.
 */
function healthCheck(state: RouterState, vrId: number, folder: string, options: L3Options) {
  const interval = options.ha_vrrp_health_check_interval;
  const gateway = [...state.devices.values()].find(({ role }) => role === 'gateway');
  const gateways = state.routes
    .filter(({ destination }) => destination === 'default')
    .flatMap(({ nexthops }) => nexthops)
    // A next hop inside is the tenant's, who may switch it off.
    .filter(({ device }) => device === gateway?.name)
    .flatMap(({ via, device }) => (via === null ? [] : [{ via: plainAddress(via), device }]));
  const own = gateway?.addresses[0];
  if (interval <= 0 || gateways.length === 0 || !own) return null;
  const name = `ha_health_check_${vrId}`;
  const path = join(folder, `ha_check_script_${vrId}.sh`);
  const pings = gateways.map(({ via, device }) => {
    const version = addressVersion(via) === 6 ? '-6' : '-4';
    return `ping ${version} -c 1 -w 1 -I ${device} ${via} >/dev/null || exit 1`;
  });
  const text = [
    '#!/bin/sh',
    `ip addr show dev ${gateway.name} | grep -qF ' ${plainCidr(own)} ' || exit 0`,
    ...pings,
    '',
  ];
  return {
    name,
    definition: [
      '',
      `vrrp_script ${name} {`,
      `    script "${path}"`,
      `    interval ${interval}`,
      '    fall 2',
      '    rise 2',
      '}',
      '',
    ],
    script: { path, text: text.join('\n'), mode: 0o744 },
  };
}

function plainAddress(text: string): string {
  const version = addressVersion(text);
  return formatCidr(parseCidr(`${text}/${version === 6 ? 128 : 32}`)!).split('/')[0]!;
}

function plainCidr(text: string): string {
  const [address, prefix] = text.split('/');
  return `${plainAddress(address!)}/${Number(prefix)}`;
}
