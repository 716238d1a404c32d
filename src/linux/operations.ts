import type { NetworkOperation, Vxlan } from './contract.ts';

/** One step of an operation: a line for `ip -batch`, or a kernel setting. */
export type Step =
  | {
      kind: 'ip';
      words: readonly string[] /** Failing with this text means that nothing was left to do. */;
      tolerate?: RegExp;
    }
  | { kind: 'sysctl'; key: string; value: string };

const EXISTS = /File exists/;
/** The kernel's number for a TOS that is copied from the packet inside. */
export const INHERITED_TOS = 1;
const NO_DEVICE = /Cannot find device|No such device/;
const NO_ADDRESS = /Cannot assign requested address|[Aa]ddress not found|Cannot find device/;
const NO_ROUTE = /No such process|Cannot find device/;

/** What `ip` is told for an operation. Each step may be repeated. */
export function steps(operation: NetworkOperation): Step[] {
  switch (operation.op) {
    case 'ensure_bridge':
      return [
        ip(['link', 'add', 'name', operation.name, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0'], EXISTS),
        ip(['link', 'set', 'dev', operation.name, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0']),
        ...(operation.mtu ? [ip(['link', 'set', 'dev', operation.name, 'mtu', String(operation.mtu)])] : []),
      ];
    case 'ensure_veth':
      return [
        ip(
          [
            ...['link', 'add', 'name', operation.name, 'type', 'veth', 'peer', 'name', operation.peer],
            ...(operation.peerMac ? ['address', operation.peerMac] : []),
            ...(operation.peerNetns ? ['netns', operation.peerNetns] : []),
          ],
          EXISTS,
        ),
      ];
    case 'ensure_vlan':
      return [
        ip(
          [
            ...['link', 'add', 'link', operation.link, 'name', operation.name],
            ...['type', 'vlan', 'id', String(operation.vid)],
          ],
          EXISTS,
        ),
      ];
    case 'ensure_vxlan':
      return [ip(['link', 'add', 'name', operation.name, ...vxlanWords(operation)], EXISTS)];
    case 'move_vxlan':
      return [ip(['link', 'set', 'dev', operation.name, 'type', 'vxlan', 'dev', operation.link])];
    case 'ensure_namespace':
      return [ip(['netns', 'add', operation.name], EXISTS)];
    case 'delete_link':
      return [ip(['link', 'del', 'dev', operation.name], NO_DEVICE)];
    case 'set_up':
      return [ip(['link', 'set', 'dev', operation.name, 'up'])];
    case 'set_down':
      return [ip(['link', 'set', 'dev', operation.name, 'down'])];
    case 'set_mtu':
      return [ip(['link', 'set', 'dev', operation.name, 'mtu', String(operation.mtu)])];
    case 'set_mac':
      return [ip(['link', 'set', 'dev', operation.name, 'address', operation.mac])];
    case 'set_alias':
      return [ip(['link', 'set', 'dev', operation.name, 'alias', operation.alias])];
    case 'set_master':
      return [
        operation.master === null
          ? ip(['link', 'set', 'dev', operation.name, 'nomaster'])
          : ip(['link', 'set', 'dev', operation.name, 'master', operation.master]),
      ];
    case 'move_to_netns':
      return [
        ip(
          [
            ...['link', 'set', 'dev', operation.name, 'netns', operation.netns],
            ...(operation.rename ? ['name', operation.rename] : []),
          ],
          NO_DEVICE,
        ),
      ];
    case 'add_address':
      return [
        ip([
          ...['addr', 'replace', ...addressWords(operation)],
          ...(operation.broadcast ? ['broadcast', operation.broadcast] : []),
          ...['dev', operation.device],
          // Usable at once: who asks for an address here knows that it is free (moved from the NIC, or given by IPAM).
          ...(operation.cidr.includes(':') ? ['nodad'] : []),
        ]),
      ];
    case 'delete_address':
      return [ip(['addr', 'del', ...addressWords(operation), 'dev', operation.device], NO_ADDRESS)];
    case 'replace_route':
      return [
        ip([
          ...['route', 'replace', ...routeKey(operation)],
          ...(operation.source ? ['src', operation.source] : []),
          ...(operation.protocol ? ['proto', operation.protocol] : []),
          ...(operation.onLink ? ['onlink'] : []),
        ]),
      ];
    case 'delete_route':
      return [ip(['route', 'del', ...routeKey(operation)], NO_ROUTE)];
    case 'sysctl':
      return [{ kind: 'sysctl', key: operation.key, value: operation.value }];
  }
}

function ip(words: readonly string[], tolerate?: RegExp): Step {
  for (const word of words) checkWord(word);
  return { kind: 'ip', words, tolerate };
}

function vxlanWords(vxlan: Vxlan): string[] {
  const [first, last] = vxlan.sourcePorts;
  return [
    ...['type', 'vxlan', 'id', String(vxlan.vni)],
    ...(vxlan.link ? ['dev', vxlan.link] : []),
    ...(vxlan.local ? ['local', vxlan.local] : []),
    ...(vxlan.group ? ['group', vxlan.group] : []),
    ...['dstport', String(vxlan.port)],
    ...(last > 0 ? ['srcport', String(first), String(last)] : []),
    ...(vxlan.ttl > 0 ? ['ttl', String(vxlan.ttl)] : []),
    ...(vxlan.tos > 0 ? ['tos', vxlan.tos === INHERITED_TOS ? 'inherit' : String(vxlan.tos)] : []),
    ...(vxlan.proxy ? ['proxy'] : []),
  ];
}

/** With a peer the prefix stands behind that one. */
function addressWords({ cidr, peer }: { cidr: string; peer?: string }): string[] {
  if (peer === undefined) return [cidr];
  const [address, prefix] = cidr.split('/');
  return [address as string, 'peer', `${peer}/${prefix}`];
}

/** `default` names no family, and a batch knows no `-6`: the prefix does. */
function routeKey(route: {
  family: 4 | 6;
  destination: string;
  via: string | null;
  device: string;
  metric?: number | null;
}): string[] {
  const everything = route.family === 4 ? '0.0.0.0/0' : '::/0';
  return [
    route.destination === 'default' ? everything : route.destination,
    ...(route.via ? ['via', route.via] : []),
    ...['dev', route.device],
    ...(route.metric ? ['metric', String(route.metric)] : []),
  ];
}

/**
 * Lines of a batch are split at white space and know quotes, comments and continuation: only words that need none of
 * these get in, whoever made them. @throws on any other
 */
export function checkWord(word: string): void {
  if (!isWord(word)) throw new Error(`not a word for ip: ${JSON.stringify(word)}`);
}

/** Whether a text is one that needs nothing of these. */
export function isWord(text: string): boolean {
  return /^[\w.:/@%+=,-]+$/.test(text);
}
