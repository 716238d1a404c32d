import type { Language } from '../text.tsx';
import { bridgeSentences } from './bridges.ts';
import { guardSentences } from './guards.ts';
import { inChinese, knownOf, type Sentences } from './match.ts';
import { rowSentences } from './rows.ts';
import { serviceSentences } from './services.ts';
import { traceSentences } from './trace.ts';

/** What they call the places that they looked at, and those that a packet comes by. */
const places: Readonly<Record<string, string>> = {
  ...{ tap: 'tap', taps: 'tap', egress: '出方向', ingress: '入方向', route: '路由', bridge: '网桥', leg: '主机出口' },
  ...{ router: '路由器', nat: 'NAT', gateway: '网关', arrival: '到达', admin_state: '启用状态', trunk: 'trunk' },
  ...{ bound: '绑定', agent: '代理', dhcp_agent: 'DHCP 代理', status: '状态', subnets: '子网', segment: '网段' },
  ...{ ports: '端口', port: '端口', tap_in_bridge: 'tap 在网桥中', nic: '网卡', fdb: '转发表', qos: 'QoS' },
  ...{ firewall: '防火墙', filter: '过滤', rule: '规则', rules: '规则', chain: '链', address_set: '地址集合' },
  ...{ bridge_filtering: '网桥过滤', own_addresses: '自身地址', mac_guard: 'MAC 防护', arp_guard: 'ARP 防护' },
  ...{ type_guard: '帧类型防护', nd_guard: '邻居发现防护', sub_port: '子端口', sub_ports: '子端口' },
  ...{ namespace: '命名空间', hosts_file: '主机文件', lease: '租约', leases: '租约', metadata: '元数据' },
  ...{ ha_state: '高可用状态', standby: '备用', connected: '连接', associated: '关联', settings: '内核设置' },
  ...{ routes: '路由', floating_ip: '浮动 IP', floating_ips: '浮动 IP', interface: '接口', ha_interface: 'HA 接口' },
  ...{ interface_tap: '接口 tap', gateway_tap: '网关 tap', ha_interface_tap: 'HA 接口 tap' },
};

const allSentences: Sentences = [
  ...traceSentences,
  ...rowSentences,
  ...bridgeSentences,
  ...guardSentences,
  ...serviceSentences,
];
// Summaries begin with the name of a place.
const known = knownOf([...allSentences, ...Object.entries(places)]);

/** What the server and its agents say, in the language of the page: as they said it where it has no words for that. */
export function sentenceIn(language: Language, english: string): string {
  return language === 'en' ? english : (inChinese(english, known) ?? english);
}

/** What their sentences call things. */
const kinds: Readonly<Record<string, string>> = {
  ...{ port: '端口', network: '网络', router: '路由器', subnet: '子网', trunk: 'trunk', policy: '策略', rule: '规则' },
  ...{ 'floating IP': '浮动 IP', floatingip: '浮动 IP', 'port forwarding': '端口转发' },
  ...{ group: '安全组', groups: '安全组', 'remote group': '远端安全组', 'remote address group': '远端地址组' },
};

export function kindIn(language: Language, kind: string): string {
  return language === 'zh' && Object.hasOwn(kinds, kind) ? kinds[kind]! : kind;
}

/** @param step also with its host behind it, as those of several L3 agents have it: `interface@net1` */
export function placeIn(language: Language, step: string): string {
  const [place = '', ...host] = step.split('@');
  const name = language === 'zh' && Object.hasOwn(places, place) ? places[place]! : place.replaceAll('_', ' ');
  return [name, ...host].join('@');
}
