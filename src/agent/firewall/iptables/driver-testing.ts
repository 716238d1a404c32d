import type { WireRule } from '../../../rpc/contract.ts';
import { IptablesFirewall } from './driver.ts';
import type { IptablesFirewallOptions } from './ready.ts';
import type { FakeFirewallHost } from './testing.ts';

export const A = 'aaaaaaaa-2222-4333-8444-555555555555';
export const B = 'bbbbbbbb-2222-4333-8444-555555555555';
export const ssh: WireRule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  port_range_min: 22,
  port_range_max: 22,
};
export const web: WireRule = { ...ssh, port_range_min: 80, port_range_max: 80 };
export const out: WireRule = { direction: 'egress', ethertype: 'IPv4' };
export const fromB: WireRule = { direction: 'ingress', ethertype: 'IPv4', remote_group_id: B };
const settings = { read: async () => '1', write: async () => {} };
export const everywhere = () => true;

export function firewall(host: FakeFirewallHost, more: Partial<IptablesFirewallOptions> = {}): IptablesFirewall {
  return new IptablesFirewall({ exec: host, settings, ...more });
}

export const well = { closed: new Map(), late: new Map() };

/** Rules and sets, with lines whose order means nothing sorted. */
export function picture(host: FakeFirewallHost): unknown {
  const tables = [host[4], host[6]].map(({ tables }) =>
    [...tables].map(([table, chains]) =>
      [...chains].sort().map(([name, bodies]) => {
        const isShared = /-(FORWARD|INPUT|PREROUTING|sg-chain|sg-from|sg-to|OUTPUT)$/.test(name);
        return `${table} ${name}: ${(isShared ? [...bodies].sort() : ordered(bodies)).join(' | ')}`;
      }),
    ),
  );
  return [tables, [...host.sets].map(([name, { entries }]) => `${name} ${[...entries].sort()}`).sort()];
}

/** Rules that only let packets return, next to each other, mean the same in any order. */
export function ordered(bodies: readonly string[]): string[] {
  const runs = bodies.join('\n').split(/^(.*-j (?!RETURN$).*)$/m);
  return runs.flatMap((run) => run.split('\n').filter(Boolean).sort());
}

export const chainOf = (host: FakeFirewallHost, name: string, version: 4 | 6 = 4) =>
  host[version].tables.get('filter')!.get(`neutron-linuxbri-${name}`);
