import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import type { MatchColumns } from '../schema.ts';
import { rowStore } from './rows.ts';

export const groupRows = rowStore(
  'securitygroups',
  ['id', 'project_id', 'name', 'description', 'created_at', 'updated_at', 'revision_number', 'stateful'],
  { tags: 'security_group' },
);

const matchColumns = [
  'direction',
  'ethertype',
  'protocol',
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
  'remote_group_id',
  'remote_address_group_id',
] as const satisfies readonly (keyof MatchColumns)[];

export const ruleRows = rowStore('securitygrouprules', [
  'id',
  'project_id',
  'security_group_id',
  ...matchColumns,
  'normalized_cidr',
  'belongs_to_default_sg',
  'rule_key',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
]);

export const templateRows = rowStore('securitygroupdefaultrules', [
  'id',
  ...matchColumns,
  'used_in_default_sg',
  'used_in_non_default_sg',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
]);

const defaultOf = prepared((db, p: { project_id: string }) =>
  db.selectFrom('default_security_group').select('security_group_id').where('project_id', '=', p.project_id),
);

/** Id of a project's default group, or null. */
export async function defaultGroupOf(db: Db, projectId: string): Promise<string | null> {
  const [row] = await defaultOf.arrays(db, { project_id: projectId });
  return row === undefined ? null : (row[0] as string);
}

export const statefulnessRows = rowStore('security_groups_default_statefulness', [
  'id',
  'project_id',
  'project_key',
  'stateful',
]);

const statefulnessOf = prepared((db, p: { project_key: string }) =>
  db.selectFrom('security_groups_default_statefulness').select('stateful').where('project_key', '=', p.project_key),
);

/** Whether new groups of a project (null: of everybody else) are stateful; null when nobody said. */
export async function defaultStatefulnessOf(db: Db, projectId: string | null): Promise<boolean | null> {
  const row = await statefulnessOf.first(db, { project_key: projectId ?? '' });
  return row === null ? null : Boolean(row.stateful);
}

const insertDefault = preparedInsert('default_security_group', ['project_id', 'security_group_id']);

/** @throws a unique violation when the project has one already */
export async function setDefaultGroup(tx: Tx, projectId: string, groupId: string): Promise<void> {
  await insertDefault.later(tx, { project_id: projectId, security_group_id: groupId });
}

const defaultProject = prepared((db, p: { id: string }) =>
  db.selectFrom('default_security_group').select('project_id').where('security_group_id', '=', p.id),
);

/** Whether a group is its project's default one. */
export async function isDefaultGroup(db: Db, id: string): Promise<boolean> {
  return (await defaultProject.arrays(db, { id })).length > 0;
}

const defaultsAmong = preparedIn((db, ids: string[]) =>
  db.selectFrom('default_security_group').select('security_group_id').where('security_group_id', 'in', ids),
);

/** Those of these groups that are default ones. */
export async function defaultGroupsAmong(db: Db, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await defaultsAmong.arrays(db, ids)).map(([id]) => id as string));
}

/** What ports and rules must know of a group. */
export interface GroupFacts {
  id: string;
  project_id: string;
  stateful: boolean;
}

const factsOf = preparedIn((db, ids: string[]) =>
  db.selectFrom('securitygroups').select(['id', 'project_id', 'stateful']).where('id', 'in', ids),
);

export async function groupFacts(db: Db, ids: readonly string[]): Promise<GroupFacts[]> {
  return (await factsOf.all(db, ids)).map((row) => ({ ...row, stateful: Boolean(row.stateful) }));
}

const entriesOf = preparedIn((db, ids: string[]) =>
  db.selectFrom('securitygrouprbacs').select(['object_id', 'target_project']).where('object_id', 'in', ids),
);

/** Of these groups those that RBAC entries open to a project. */
export async function groupsOpenTo(db: Db, ids: readonly string[], projectId: string): Promise<Set<string>> {
  const rows = await entriesOf.arrays<readonly [string, string]>(db, ids);
  return new Set(rows.flatMap(([id, target]) => (target === '*' || target === projectId ? [id] : [])));
}

const memberOf = prepared((db, p: { id: string }) =>
  db.selectFrom('securitygroupportbindings').select('port_id').where('security_group_id', '=', p.id).limit(1),
);

/** Whether a port is in the group. */
export async function hasPorts(db: Db, groupId: string): Promise<boolean> {
  return (await memberOf.arrays(db, { id: groupId })).length > 0;
}

const join = preparedInsert('securitygroupportbindings', ['port_id', 'security_group_id']);
const leaveAll = prepared((db, p: { port_id: string }) =>
  db.deleteFrom('securitygroupportbindings').where('port_id', '=', p.port_id),
);

/** The groups of a port, all of them. */
export async function replacePortGroups(
  tx: Tx,
  portId: string,
  groups: readonly string[],
  isNew = false,
): Promise<void> {
  if (!isNew) await leaveAll.later(tx, { port_id: portId });
  for (const security_group_id of groups) await join.later(tx, { port_id: portId, security_group_id });
}

const groupsOf = preparedIn((db, ids: string[]) =>
  db.selectFrom('securitygroupportbindings').select(['port_id', 'security_group_id']).where('port_id', 'in', ids),
);

/** The groups of these ports: port → groups; nothing of one that is in none. */
export async function groupsOfPorts(db: Db, portIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = Map.groupBy(await groupsOf.all(db, portIds), ({ port_id }) => port_id);
  return new Map([...rows].map(([id, ofPort]) => [id, ofPort.map(({ security_group_id }) => security_group_id)]));
}

const ofKey = prepared((db, p: { security_group_id: string; rule_key: string }) =>
  db
    .selectFrom('securitygrouprules')
    .select('id')
    .where('security_group_id', '=', p.security_group_id)
    .where('rule_key', '=', p.rule_key),
);

/** Id of the group's rule that matches the same, or null. */
export async function sameRule(db: Db, groupId: string, ruleKey: string): Promise<string | null> {
  const [row] = await ofKey.arrays(db, { security_group_id: groupId, rule_key: ruleKey });
  return row === undefined ? null : (row[0] as string);
}

const allTemplates = prepared((db) =>
  db
    .selectFrom('securitygroupdefaultrules')
    .select(['id', ...matchColumns, 'used_in_default_sg', 'used_in_non_default_sg'])
    .orderBy('standard_attr_id'),
);

export interface Template extends MatchColumns {
  id: string;
  used_in_default_sg: boolean;
  used_in_non_default_sg: boolean;
}

/** The templates that new groups begin with, oldest first. */
export async function ruleTemplates(db: Db): Promise<Template[]> {
  return (await allTemplates.all(db, {})).map((row) => ({
    ...row,
    used_in_default_sg: Boolean(row.used_in_default_sg),
    used_in_non_default_sg: Boolean(row.used_in_non_default_sg),
  }));
}

const referring = prepared((db, p: { id: string }) =>
  db.selectFrom('securitygrouprules').select('security_group_id').distinct().where('remote_group_id', '=', p.id),
);

/** Groups with a rule that refers to this one. */
export async function groupsReferringTo(db: Db, groupId: string): Promise<string[]> {
  return (await referring.arrays(db, { id: groupId })).map(([id]) => id as string);
}

const naming = prepared((db, p: { id: string }) =>
  db
    .selectFrom('securitygrouprules')
    .select('security_group_id')
    .distinct()
    .where('remote_address_group_id', '=', p.id),
);

/** Groups with a rule that refers to an address group. */
export async function groupsNamingAddresses(db: Db, addressGroupId: string): Promise<string[]> {
  return (await naming.arrays(db, { id: addressGroupId })).map(([id]) => id as string);
}

const templateNaming = prepared((db, p: { id: string }) =>
  db.selectFrom('securitygroupdefaultrules').select('id').where('remote_address_group_id', '=', p.id).limit(1),
);

/** Whether a rule or a template refers to an address group. */
export async function addressGroupIsUsed(db: Db, addressGroupId: string): Promise<boolean> {
  if ((await groupsNamingAddresses(db, addressGroupId)).length > 0) return true;
  return (await templateNaming.arrays(db, { id: addressGroupId })).length > 0;
}

const portProjects = prepared((db, p: { id: string }) =>
  db
    .selectFrom('securitygroupportbindings as binding')
    .innerJoin('ports', 'ports.id', 'binding.port_id')
    .select('ports.project_id')
    .distinct()
    .where('binding.security_group_id', '=', p.id),
);
const remoteProjects = prepared((db, p: { id: string }) =>
  db.selectFrom('securitygrouprules').select('project_id').distinct().where('remote_group_id', '=', p.id),
);
const addressProjects = prepared((db, p: { id: string }) =>
  db.selectFrom('securitygrouprules').select('project_id').distinct().where('remote_address_group_id', '=', p.id),
);

/** Projects whose ports are in a group, or whose rules refer to it. */
export async function projectsUsingGroup(db: Db, groupId: string): Promise<Set<string>> {
  const rows = [
    ...(await portProjects.arrays(db, { id: groupId })),
    ...(await remoteProjects.arrays(db, { id: groupId })),
  ];
  return new Set(rows.map(([project]) => project as string));
}

/** Projects whose rules refer to an address group. */
export async function projectsUsingAddresses(db: Db, addressGroupId: string): Promise<Set<string>> {
  return new Set((await addressProjects.arrays(db, { id: addressGroupId })).map(([project]) => project as string));
}
