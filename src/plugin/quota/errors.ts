import { defineErrors } from '../../lib/errors.ts';

export const quotaErrors = defineErrors({
  OverQuota: ['conflict', 'Quota exceeded for resources: {overs}.'],
  TenantQuotaNotFound: ['not_found', 'Quota for tenant {tenant_id} could not be found.'],
  QuotaMissingTenant: ['bad_request', 'Tenant-id was missing from quota request.'],
  AdminRequired: ['forbidden', 'User does not have admin privileges: {reason}.'],
  HTTPBadRequest: ['bad_request', '{message}'],
  HTTPNotImplemented: ['not_implemented', 'POST requests are not supported on this resource.'],
});
