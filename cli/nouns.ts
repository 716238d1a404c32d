import type { ResourceDefinition } from '../src/resources/contract.ts';

export type Verb = 'list' | 'show' | 'create' | 'update' | 'delete';

/** One family of commands: `net-list`, `net-show` … What is not here comes from the resource's attribute table. */
export interface Noun {
  /** `net` of `net-list`. */
  word: string;
  member: string;
  collection: string;
  verbs: readonly Verb[];
  /** Columns of a list; the owner is put behind id and name, as the old client did for administrators. */
  columns: readonly string[];
  /** Whether things of this kind are found by name too. */
  hasNames: boolean;
  /** Operands of `create`: the attributes they fill, and of which kind the thing named is. */
  operands: readonly Operand[];
  /** Loaded when a command of the family runs or shows its help. */
  load(): Promise<ResourceDefinition>;
}

export interface Operand {
  attribute: string;
  /** In the help: `NETWORK`. */
  name: string;
  help: string;
  /** Collection in which a name is looked up. */
  of?: string;
  optional?: boolean;
}

const all: readonly Verb[] = ['list', 'show', 'create', 'update', 'delete'];

export const nouns: readonly Noun[] = [
  {
    word: 'net',
    member: 'network',
    collection: 'networks',
    verbs: all,
    columns: ['id', 'name', 'subnets'],
    hasNames: true,
    operands: [{ attribute: 'name', name: 'NAME', help: 'name of the network' }],
    load: async () => (await import('../src/resources/network.ts')).network,
  },
  {
    word: 'subnet',
    member: 'subnet',
    collection: 'subnets',
    verbs: all,
    columns: ['id', 'name', 'cidr', 'allocation_pools'],
    hasNames: true,
    operands: [
      { attribute: 'network_id', name: 'NETWORK', help: 'id or name of the network it belongs to', of: 'networks' },
      { attribute: 'cidr', name: 'CIDR', help: 'the addresses, like 192.168.56.0/24', optional: true },
    ],
    load: async () => (await import('../src/resources/subnet.ts')).subnet,
  },
  {
    word: 'port',
    member: 'port',
    collection: 'ports',
    verbs: all,
    columns: ['id', 'name', 'mac_address', 'fixed_ips'],
    hasNames: true,
    operands: [
      { attribute: 'network_id', name: 'NETWORK', help: 'id or name of the network it is on', of: 'networks' },
    ],
    load: async () => (await import('../src/resources/port.ts')).port,
  },
  {
    word: 'agent',
    member: 'agent',
    collection: 'agents',
    verbs: ['list', 'show', 'update', 'delete'],
    columns: ['id', 'agent_type', 'host', 'availability_zone', 'alive', 'admin_state_up', 'binary'],
    hasNames: false,
    operands: [],
    load: async () => (await import('../src/resources/agent.ts')).agent,
  },
];
