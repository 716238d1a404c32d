import { defineErrors } from '../../lib/errors.ts';

export const haErrors = defineErrors({
  HANetworkConcurrentDeletion: ['conflict', 'The HA network of project {project_id} was removed at the same moment.'],
  NoVRIDAvailable: ['conflict', 'Router {router_id} can have no VRRP id: a project has room for 254 HA routers.'],
});
