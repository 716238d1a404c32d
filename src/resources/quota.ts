import {
  type AttributeTable,
  type AttributeType,
  type ResourceDefinition,
  type RouteDefinition,
  unset,
} from './contract.ts';
import * as type from './types.ts';

const LARGEST_LIMIT = 2_147_483_647;

const limit: AttributeType = {
  schema: { type: 'integer', minimum: -1, maximum: LARGEST_LIMIT },
  ...(type.integer.convert && { convert: type.integer.convert }),
  validate(value) {
    if ((value as number) < -1) return `'${value}' is too small - must be at least '-1'`;
    return (value as number) > LARGEST_LIMIT
      ? `'${value}' is too large - must be no larger than '${LARGEST_LIMIT}'`
      : null;
  },
};

/** What is counted, by the extension that brings it; null: always there. */
export const countedResources: Readonly<Record<string, string | null>> = {
  network: null,
  subnet: null,
  subnetpool: 'subnet_allocation',
  port: null,
  router: 'router',
  floatingip: 'router',
  rbac_policy: 'rbac-policies',
  security_group: 'security-group',
  security_group_rule: 'security-group',
  trunk: 'trunk',
  address_group: 'address-group',
  address_scope: 'address-scope',
  segment: 'segment',
  network_segment_range: 'network-segment-range',
};

const limits: AttributeTable = {
  ...Object.fromEntries(
    Object.entries(countedResources).map(([name, extension]) => [
      name,
      { ops: 'CU', type: limit, default: unset, ...(extension !== null && { extension }) } as const,
    ]),
  ),
  check_limit: { ops: 'CU', type: type.boolean, default: unset, extension: 'quota-check-limit' },
  force: { ops: 'CU', type: type.boolean, default: unset, extension: 'quota-check-limit-default' },
};

const route = (
  method: RouteDefinition['method'],
  path: string,
  summary: string,
  more: Partial<RouteDefinition> = {},
): RouteDefinition => ({
  method,
  path,
  extension: 'quotas',
  summary,
  rule: 'get_quota',
  status: 200,
  envelope: 'quota',
  ...more,
});

/**
 * How much projects may have (upstream: extensions/quotasv2.py). One quota is all limits of one project, so nothing here is
 * like another collection: there are only routes. Everybody may look at his own project's.
 */
export const quota: ResourceDefinition = {
  member: 'quota',
  collection: 'quotas',
  extension: 'quotas',
  attributes: {},
  routes: [
    route('GET', 'quotas', 'Limits of all projects that have some of their own', { envelope: 'quotas' }),
    route('POST', 'quotas', 'Is not possible: limits exist already', { rule: null, status: 201 }),
    route('GET', 'quotas/{id}', 'Limits of a project', { free: 'own_project' }),
    route('PUT', 'quotas/{id}', 'Sets limits of a project', {
      rule: 'update_quota',
      body: limits,
      bodyEnvelope: 'quota',
    }),
    route('DELETE', 'quotas/{id}', 'Gives a project the default limits', { rule: 'delete_quota', status: 204 }),
    route('GET', 'quotas/{id}/default', 'Limits of projects that have none of their own', { free: 'own_project' }),
    route('GET', 'quotas/{id}/details', 'Limits of a project, and what it uses', {
      extension: 'quota_details',
      rule: null,
    }),
    route('GET', 'quotas/tenant', 'The project of the one who asks', { rule: null, envelope: 'tenant' }),
    route('GET', 'quotas/project', 'The project of the one who asks', { rule: null, envelope: 'project' }),
  ],
};
