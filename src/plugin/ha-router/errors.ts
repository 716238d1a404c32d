import { defineErrors } from '../../lib/errors.ts';

export const haErrors = defineErrors({
  NoVRIDAvailable: ['conflict', 'Router {router_id} can have no VRRP id: a project has room for 254 HA routers.'],
});
