import type { Context } from '../../lib/context.ts';
import type { Usage } from '../../plugin/usage/usage.ts';
import { apiErrors } from '../errors.ts';
import type { Service } from '../pipeline.ts';

/**
 * The last hour of the whole cloud: for those whom policy lets see its agents.
 * @returns an object for JSON
 * @throws PolicyNotAuthorized
 */
export async function usageFor(service: Service, context: Context, usage: Pick<Usage, 'recent'>): Promise<object> {
  const resource = service.resources.get('agents');
  const call = { context, parentId: null, operation: 'list', id: null, inputs: [], route: null } as const;
  if (resource === undefined || service.gate.look({ ...call, resource }).nothing)
    throw apiErrors.PolicyNotAuthorized({ rules: 'rule:get_agent' });
  return usage.recent();
}
