import type { SecurityGroup } from '../../resources/shapes.ts';
import {
  type AnyExpressions,
  type Attribute,
  child,
  columnReader,
  type Definition,
  listJson,
  ownRows,
  type Row,
  type Scope,
  toBoolean,
} from './definition.ts';
import { oneOf, whether } from './filters.ts';
import { reader } from './resource.ts';
import { descriptionAttribute, STANDARD_COLUMNS, standardFilters, standardTail, tagsOf } from './standard.ts';
import { type View, viewer } from './view.ts';

const columns = [...STANDARD_COLUMNS, 'stateful'];
const column = columnReader(columns);

/** Columns of the `rules` child, behind the group's id. */
const ruleColumns = [
  'id',
  'project_id',
  'ethertype',
  'direction',
  'protocol',
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
  'remote_address_group_id',
  'normalized_cidr',
  'remote_group_id',
  'standard_attr_id',
  'belongs_to_default_sg',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
] as const;

/**
 * A rule as it stands in its group: with a few keys more than by itself (`standard_attr_id`, empty `tags`), as upstream has
 * it.
 */
function nestedRule(row: Row): Record<string, unknown> {
  const [group, id, project, ethertype, direction, protocol, min, max, prefix, addresses, cidr, remote, ...rest] = row;
  const [standard, ofDefault, description, created, updated, revision] = rest;
  return {
    id,
    tenant_id: project,
    security_group_id: group,
    ethertype,
    direction,
    protocol,
    port_range_min: min,
    port_range_max: max,
    remote_ip_prefix: prefix,
    remote_address_group_id: addresses,
    normalized_cidr: cidr,
    remote_group_id: remote,
    standard_attr_id: standard,
    belongs_to_default_sg: toBoolean(ofDefault),
    description,
    tags: [],
    created_at: created,
    updated_at: updated,
    revision_number: revision,
    project_id: project,
  };
}

const maybe = (value: unknown): string => (value === null ? 'null' : `"${value}"`);

/** The same as text: a thousand groups have ten thousand rules, whose objects would cost more than reading them. */
function nestedRuleJson(row: Row): string {
  const project = JSON.stringify(row[2]);
  const description = row[14] === null ? 'null' : JSON.stringify(row[14]);
  return (
    `{"id":"${row[1]}","tenant_id":${project},"security_group_id":"${row[0]}","ethertype":"${row[3]}",` +
    `"direction":"${row[4]}","protocol":${maybe(row[5])},"port_range_min":${row[6]},"port_range_max":${row[7]},` +
    `"remote_ip_prefix":${maybe(row[8])},"remote_address_group_id":${maybe(row[9])},` +
    `"normalized_cidr":${maybe(row[10])},"remote_group_id":${maybe(row[11])},"standard_attr_id":${row[12]},` +
    `"belongs_to_default_sg":${toBoolean(row[13])},"description":${description},"tags":[],` +
    `"created_at":"${row[15]}","updated_at":"${row[16]}","revision_number":${row[17]},"project_id":${project}}`
  );
}

/** `shared` is what is shared with everybody, or with the project that looks. */
function isShared(entries: readonly Row[], { projectId }: View): boolean {
  return entries.some(([, target]) => target === '*' || (projectId != null && target === projectId));
}

const attributes: readonly Attribute[] = [
  { key: 'id', alias: null, ...column.token('id') },
  { key: 'name', alias: null, ...column.plain('name') },
  { key: 'stateful', alias: 'stateful-security-group', ...column.flag('stateful') },
  { key: 'tenant_id', alias: null, ...column.plain('project_id') },
  descriptionAttribute(column),
  {
    key: 'shared',
    alias: 'security-groups-shared-filtering',
    child: 'sharing',
    value: (_, entries, view) => isShared(entries, view),
  },
  {
    key: 'security_group_rules',
    alias: null,
    child: 'rules',
    value: (_, rules) => rules.map(nestedRule),
    json: (_, rules) => listJson(rules, nestedRuleJson),
  },
  ...standardTail(column),
];

const openedTo = (eb: AnyExpressions, project: string) =>
  eb.selectFrom('securitygrouprbacs').select('object_id').where('target_project', 'in', ['*', project]);

const visible: Scope = (eb, project) => eb.or([ownRows(eb, project), eb('id', 'in', openedTo(eb, project))]);

export const securityGroups: Definition = {
  table: 'securitygroups',
  columns,
  attributes,
  scope: visible,
  ways: { owner: ownRows },
  // Rules come and go with a new revision of their group, and so do the entries that share it.
  revised: { except: [], sharing: true },
  children: {
    rules: child('security_group_id', (db) =>
      db
        .selectFrom('securitygrouprules')
        .select(['security_group_id', ...ruleColumns])
        .orderBy('security_group_id')
        .orderBy('standard_attr_id'),
    ),
    sharing: child('object_id', (db) =>
      db.selectFrom('securitygrouprbacs').select(['object_id', 'target_project']).orderBy('object_id'),
    ),
    tags: tagsOf('security_group'),
  },
  filters: {
    ...standardFilters('security_group'),
    name: oneOf('name'),
    stateful: oneOf('stateful'),
    shared: whether((eb: AnyExpressions, view: View) => eb('id', 'in', openedTo(eb, viewer(view)))),
  },
  sorts: { id: 'id', name: 'name', tenant_id: 'project_id', project_id: 'project_id' },
};

export const securityGroupReader = reader<SecurityGroup>('security_groups', securityGroups);
