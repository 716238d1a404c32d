import type { ApiClient, Resource } from './client.ts';
import type { Kind } from './nouns.ts';

/** Longest `id=…&id=…` part of one question; servers and proxies limit an address to 8 KB. */
const MAX_IDS = 150;

export interface Decoration {
  /** json and yaml carry what the server said, all others what reads well. */
  forPeople: boolean;
  /** Ids of security groups stay ids. */
  noNameconv?: boolean;
}

/**
 * What lists show otherwise than the API says it: subnets with their CIDR, agents' life as a face, security groups by name,
 * rules on one line.
 */
export async function decorate(client: ApiClient, { member }: Kind, rows: Resource[], how: Decoration): Promise<void> {
  if (member === 'agent') {
    for (const row of rows) if ('alive' in row) row.alive = row.alive ? ':-)' : 'xxx';
  } else if (member === 'network') await withSubnets(client, rows, how);
  else if (member === 'security_group' && how.forPeople) {
    for (const row of rows) {
      const rules = row.security_group_rules;
      if (Array.isArray(rules)) row.security_group_rules = rules.map(ruleLine).sort();
    }
  } else if (member.endsWith('security_group_rule')) {
    if (!how.noNameconv) await withGroupNames(client, rows);
    for (const row of rows) {
      if ('protocol' in row) row['port/protocol'] = protocolPort(row) ?? 'any';
      if ('remote_ip_prefix' in row) row.remote = remote(row) ?? 'any';
    }
  }
}

async function withSubnets(client: ApiClient, rows: Resource[], { forPeople }: Decoration): Promise<void> {
  const ids = [...new Set(rows.flatMap((row) => (row.subnets ?? []) as string[]))];
  const cidrs = await byId(client, 'subnets', 'cidr', ids);
  for (const row of rows) {
    if (!Array.isArray(row.subnets)) continue;
    row.subnets = row.subnets.map((id) => {
      const cidr = cidrs.get(id);
      return forPeople ? `${id} ${cidr ?? ''}`.trimEnd() : { id, ...(cidr !== undefined && { cidr }) };
    });
  }
}

/** The old client also renames the columns: `security_group`, as it is no id any more. */
async function withGroupNames(client: ApiClient, rows: Resource[]): Promise<void> {
  const keys = ['security_group_id', 'remote_group_id'] as const;
  const ids = new Set(rows.flatMap((row) => keys.map((key) => row[key]).filter((id) => typeof id === 'string')));
  const names = await byId(client, 'security-groups', 'name', [...ids]);
  for (const row of rows) {
    for (const key of keys) {
      if (!(key in row)) continue;
      row[key.replace(/_id$/, '')] = names.get(String(row[key])) || row[key];
      delete row[key];
    }
  }
}

async function byId(client: ApiClient, path: string, field: string, ids: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const some = ids.slice(at, at + MAX_IDS).map((id) => ['id', id] as const);
    for (const row of await client.list(path, [['fields', 'id'], ['fields', field], ...some])) {
      found.set(String(row.id), String(row[field]));
    }
  }
  return found;
}

function ruleLine(rule: Resource): string {
  const { direction, ethertype, remote_ip_prefix: prefix, remote_group_id: group } = rule;
  const parts = [direction, ethertype, protocolPort(rule)];
  if (prefix) parts.push(`remote_ip_prefix: ${prefix}`);
  if (group) parts.push(`remote_group_id: ${group}`);
  return parts.filter(Boolean).join(', ');
}

/** `80-90/tcp`, `icmp (type:8, code:0)`; null: any. */
function protocolPort({ protocol, port_range_min: from, port_range_max: to }: Resource): string | null {
  if (protocol === null || protocol === undefined) return null;
  if (protocol === 'tcp' || protocol === 'udp') {
    if (!from) return protocol;
    return from === to ? `${from}/${protocol}` : `${from}-${to}/${protocol}`;
  }
  const details = [...(from == null ? [] : [`type:${from}`]), ...(to == null ? [] : [`code:${to}`])];
  return protocol === 'icmp' && details.length > 0 ? `icmp (${details.join(', ')})` : String(protocol);
}

function remote(rule: Resource): string | null {
  if (rule.remote_ip_prefix) return `${rule.remote_ip_prefix} (CIDR)`;
  const group = rule.remote_group ?? rule.remote_group_id;
  if (group) return `${group} (group)`;
  return rule.remote_address_group_id ? `${rule.remote_address_group_id} (address group)` : null;
}
