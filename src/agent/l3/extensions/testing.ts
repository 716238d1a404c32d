import { silentLogger } from '../../../lib/log.ts';
import { defaultValues } from '../../../lib/options.ts';
import { FakeHost } from '../../../linux/fake/host.ts';
import {
  L3PluginApi,
  objectTopic,
  type VersionedObject,
  type WireRouter,
  type WireRouterPort,
} from '../../../rpc/contract.ts';
import { FakeTransport } from '../../../rpc/fake.ts';
import type { L3Facts, PartContext, RouterPart } from '../contract.ts';
import { Draft } from '../draft.ts';
import { l3AgentOptions, l3Options } from '../options.ts';

export const routerId = '11111111-0000-4000-8000-000000000000';
export const facts: L3Facts = {
  host: 'host1',
  statePath: '/var/lib/neutron',
  options: defaultValues(l3Options),
  agentOptions: defaultValues(l3AgentOptions),
};

export function versioned(type: { name: string; version: string }, data: Record<string, unknown>): VersionedObject {
  return {
    'versioned_object.name': type.name,
    'versioned_object.namespace': 'versionedobjects',
    'versioned_object.version': type.version,
    'versioned_object.data': data,
  };
}

function portOf(id: string, addresses: string[], cidrs: string[]): WireRouterPort {
  return {
    ...{
      id,
      mac_address: 'fa:16:3e:00:00:01',
      admin_state_up: true,
      mtu: 1500,
      extra_subnets: [],
      address_scopes: { '4': null, '6': null },
    },
    fixed_ips: addresses.map((ip_address) => ({ ip_address, subnet_id: 's', prefixlen: 24 })),
    subnets: cidrs.map((cidr) => ({
      ...{ id: 's', cidr, gateway_ip: null, dns_nameservers: [], ipv6_ra_mode: null, subnetpool_id: null },
    })),
  } as unknown as WireRouterPort;
}

/** A router with a gateway (`qg-aaaaaaaa-aa`) and one interface (`qr-bbbbbbbb-bb`). */
export function routerWith(changes: Partial<WireRouter> = {}): WireRouter {
  return {
    ...{ id: routerId, admin_state_up: true, distributed: false, ha: false, routes: [] },
    gw_port: portOf('aaaaaaaa-aaaa-4000-8000-000000000000', ['203.0.113.5'], ['203.0.113.0/24']),
    _interfaces: [portOf('bbbbbbbb-bbbb-4000-8000-000000000000', ['10.0.0.1'], ['10.0.0.0/24', 'fd01:0::/64'])],
    ...changes,
  } as unknown as WireRouter;
}

/** One part at work for one router; the core's share is the devices and floating addresses of guests. */
export async function partBench(
  part: RouterPart,
  given: { router?: WireRouter; answers?: Record<string, unknown> } = {},
) {
  const router = given.router ?? routerWith();
  const transport = new FakeTransport(given.answers);
  const host = new FakeHost();
  const refreshed: string[][] = [];
  const context: PartContext = {
    ...{ transport, plugin: new L3PluginApi(transport, 'host1'), linux: host, logger: silentLogger, facts },
    routers: () => [router],
    router: (id) => (id === router.id ? router : null),
    state: () => null,
    refresh: (ids) => void refreshed.push([...ids]),
    ask: () => {},
    floatingIpStatuses: () => {},
  };
  await part.start?.(context);
  const derive = (isActive = true) => {
    const draft = new Draft(router);
    draft.isActive = isActive;
    if (router.gw_port) draft.device('gateway', router.gw_port);
    for (const port of router._interfaces ?? []) draft.device('internal', port);
    for (const { id, floating_ip_address, fixed_ip_address, status } of router._floatingips ?? [])
      if (fixed_ip_address)
        draft.floatingIp({ id, address: floating_ip_address, fixedAddress: fixed_ip_address, status });
    part.derive(draft, router, facts);
    return draft;
  };
  return {
    ...{ transport, host, context, refreshed, derive },
    prepare: async () => await part.prepare?.([router], context),
    /** Rules that the part wrote, as `nat fip-pf -j …`, without the program's prefix. */
    rules: (family: 4 | 6 = 4) => {
      const empty = new Draft(router).rules[family];
      return [...derive().rules[family]].flatMap(([table, chains]) =>
        [...chains].flatMap(([chain, rules]) =>
          rules
            .slice(empty.get(table)?.get(chain)?.length ?? 0)
            .map(({ body }) => `${table} ${chain} ${body}`.replaceAll('neutron-l3-agent-', '')),
        ),
      );
    },
    plan: async (look: { fresh?: boolean; isActive?: boolean; isTrusted?: boolean } = {}) => {
      const state = derive(look.isActive);
      const before = look.isTrusted ? state : null;
      return (await part.plan?.({ host, router, state, before, fresh: look.fresh ?? false })) ?? [];
    },
    push: (type: { name: string; version: string }, data: Record<string, unknown>, event_type = 'updated') =>
      transport.tell(objectTopic(type.name, type.version), 'push', {
        resource_list: [versioned(type, data)],
        event_type,
      }),
  };
}
