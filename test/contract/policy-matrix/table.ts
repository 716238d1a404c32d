/**
 * Who may do what by the published defaults of 2026.2 (facts: neutron/conf/policies), written down apart from the rules the
 * server has: the matrix test compares both. Words of a cell, any of which is enough:
 *
 * | word | holds for |
 * |---|---|
 * | `admin`, `service`, `reader` | the role, wherever the object belongs |
 * | `own:manager`, `own:member`, `own:reader` | the role, in the project the object belongs to |
 * | `net:member`, `net:reader` | the role, in the project its network (or group) belongs to |
 * | `shared` | everybody, where the object (of a subnet or port: its network) is shared with the caller's project |
 */
export type Word =
  | 'admin'
  | 'service'
  | 'reader'
  | `${'own' | 'net'}:${'member' | 'reader'}`
  | 'own:manager'
  | 'shared';

export interface Row {
  readonly show: readonly Word[];
  readonly create: readonly Word[];
  readonly update: readonly Word[];
  readonly delete: readonly Word[];
}

const members: readonly Word[] = ['admin', 'own:member'];
const admins: readonly Word[] = ['admin'];

function row(show: readonly Word[], change: readonly Word[], more: Partial<Row> = {}): Row {
  return { show, create: change, update: change, delete: change, ...more };
}

export const published = {
  networks: row(['admin', 'own:reader', 'service', 'shared'], members),
  subnets: row(['admin', 'own:reader', 'net:reader', 'service', 'shared'], ['admin', 'own:member', 'net:member'], {
    create: ['admin', 'net:member'],
  }),
  ports: row(['admin', 'service', 'own:reader', 'net:reader'], [], {
    create: ['admin', 'service', 'net:member', 'shared'],
    update: ['admin', 'service', 'own:member'],
    delete: ['admin', 'service', 'own:member', 'net:member'],
  }),
  subnetpools: row(['admin', 'own:reader', 'shared'], members),
  'address-scopes': row(['admin', 'own:reader', 'shared'], members),
  'address-groups': row(['admin', 'own:reader', 'shared'], members),
  'security-groups': row(['admin', 'own:reader', 'shared'], members),
  'qos/policies': row(['admin', 'own:reader', 'shared'], ['admin', 'own:manager']),
  'rbac-policies': row(['admin', 'own:reader'], members),
  trunks: row(['admin', 'own:reader'], members),
  routers: row(['admin', 'own:reader'], members),
  flavors: row(['reader'], admins),
  service_profiles: row(admins, admins),
  'default-security-group-rules': row(['reader'], admins),
  segments: row(admins, admins),
  'network-segment-ranges': row(admins, admins),
} satisfies Record<string, Row>;

export type Collection = keyof typeof published;
