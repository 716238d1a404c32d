import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** What `neutron.conf` says of routers (upstream: conf/db/extraroute_db.py, l3_gwmode_db.py, l3_dvr_db.py, l3_ndpproxy_db.py). */
export const routerOptions = declareOptions('DEFAULT', {
  max_routes: option.int({ default: 30, min: 1, help: 'routes a router may have besides those to its networks' }),
  enable_snat_by_default: option.bool({
    default: true,
    help: 'whether gateways hide the addresses behind them when nobody says',
  }),
  enable_ndp_proxy_by_default: option.bool({
    default: false,
    help: 'whether routers answer outside for IPv6 addresses of their networks when nobody says',
  }),
  router_distributed: option.bool({
    default: false,
    help: 'whether routers are distributed when nobody says; this server has none that are',
    check: (value) => (value ? 'is not served: routers are not distributed here' : null),
  }),
});
export type RouterOptions = OptionValues<typeof routerOptions>;
