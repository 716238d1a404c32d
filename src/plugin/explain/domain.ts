import type { RouteCall } from '../contract.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { explainPort } from './explain.ts';
import { explainFloatingIp } from './floating-ips.ts';
import { explainNetwork } from './networks.ts';
import { explainRouter } from './routers.ts';

/** `GET /v2.0/{ports,networks,routers,floatingips}/{id}/explain`: from the row to the kernel, what should be, what is, and what to do. */
export const explain: Domain = {
  name: 'explain',
  aliases: () => ['neutrino-explain'],
  make: ({ shared }) => ({
    routes: {
      'GET ports/{id}/explain': ({ context, params }) => explainPort(shared, context, params.id!),
      'GET networks/{id}/explain': ({ context, params }) => explainNetwork(shared, context, params.id!),
      ...(hasServicePlugin(shared.options, 'router') && {
        'GET routers/{id}/explain': ({ context, params }: RouteCall) => explainRouter(shared, context, params.id!),
        'GET floatingips/{id}/explain': ({ context, params }: RouteCall) =>
          explainFloatingIp(shared, context, params.id!),
      }),
    },
  }),
};
