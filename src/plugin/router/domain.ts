import { projectRows } from '../../db/write/quotas.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { providers, SERVICE_TYPE } from './kind.ts';
import { RouterInterfaces } from './router-interfaces.ts';
import { Routers } from './routers.ts';
import { routerTags } from './storage.ts';

/** The service plugin `router`: routers, their interfaces, gateways and routes. */
export const routers: Domain = {
  name: 'routers',
  enabled: (options) => hasServicePlugin(options, 'router'),
  aliases: () => [
    'router',
    'ext-gw-mode',
    'extraroute',
    'extraroute-atomic',
    // Shown and refused: clients that ask for routers that are not distributed are to be understood.
    'dvr',
    'router-admin-state-down-before-update',
    'router_availability_zone',
    'l3-ha',
    'l3-flavors',
    'l3-port-ip-change-not-allowed',
  ],
  quotas: { router: projectRows('routers') },
  tagged: { routers: routerTags },
  providers: () => providers.map(({ name, driver }) => ({ service_type: SERVICE_TYPE, name, driver, default: false })),
  make(machine) {
    const collection = new Routers(machine);
    const interfaces = new RouterInterfaces(machine, collection);
    return {
      collections: { routers: collection },
      routes: {
        'PUT routers/{id}/add_router_interface': (call) => interfaces.add(call),
        'PUT routers/{id}/remove_router_interface': (call) => interfaces.remove(call),
        'PUT routers/{id}/add_extraroutes': (call) => collection.addRoutes(call),
        'PUT routers/{id}/remove_extraroutes': (call) => collection.removeRoutes(call),
      },
    };
  },
};
