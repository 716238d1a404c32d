import type { Domain } from '../domain.ts';
import { quotaErrors } from './errors.ts';
import { callersProject, QuotaSets } from './quota-sets.ts';

export const quotas: Domain = {
  name: 'quotas',
  aliases: () => ['quotas', 'quota_details', 'quota-check-limit', 'quota-check-limit-default'],
  make(machine) {
    const sets = new QuotaSets(machine);
    return {
      routes: {
        'GET quotas': () => sets.list(),
        'POST quotas': async () => {
          throw quotaErrors.HTTPNotImplemented();
        },
        'GET quotas/{id}': (call) => sets.get(call),
        'PUT quotas/{id}': (call) => sets.update(call),
        'DELETE quotas/{id}': (call) => sets.delete(call),
        'GET quotas/{id}/default': async () => sets.defaults(),
        'GET quotas/{id}/details': (call) => sets.details(call),
        'GET quotas/tenant': async ({ context }) => callersProject(context, 'tenant_id'),
        'GET quotas/project': async ({ context }) => callersProject(context, 'project_id'),
      },
    };
  },
};
