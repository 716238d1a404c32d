import { isIP } from 'node:net';
import type { Occurrence, Tolerance } from './tolerance.ts';

const sent = ({ step }: Occurrence): string => JSON.stringify(step.body ?? '');

const sentKeys = (body: unknown): string[] => Object.keys(Object(body));

const forwardings = /\/port_forwardings/;

const helpers = /\/conntrack_helpers/;

/** In what the answers about routers, floating IPs, forwardings and metering may differ, with the reason. */
export const toleratedOfRouters: readonly Tolerance[] = [
  {
    because: 'a revision counts changes; the real server counts the rows it writes, and requests that change nothing',
    applies: ({ place, recorded, ours }) =>
      /^(routers?|floatingips?)(\[\])?\.revision_number$/.test(place) && recorded >= 0 && ours >= 0,
  },
  {
    because: 'no flavor is the same as none said, and what is no UUID names no flavor',
    applies: (occurrence) =>
      occurrence.real.status === 404 && occurrence.own.status < 404 && sent(occurrence).includes('"flavor_id"'),
  },
  {
    because: 'which free address outside one gets is nobody’s promise',
    applies: (occurrence) =>
      /(^|\.)(floating_ip_address|external_fixed_ips\[\]\.ip_address)$/.test(occurrence.place) &&
      [occurrence.recorded, occurrence.ours].every(
        (address) => isIP(address) === 4 && !sent(occurrence).includes(`"${address}"`),
      ),
  },
  {
    because: 'nobody outside has the gateway’s address, which everybody leaves by',
    applies: ({ real, own }) =>
      real.status === 201 && own.status === 400 && own.text.includes('is the gateway of the external network'),
  },
  {
    because: 'shown by later releases (qos-fip-network-policy)',
    applies: ({ place, recorded }) =>
      /^floatingips?(\[\])?\.qos_network_policy_id$/.test(place) && recorded === undefined,
  },
  {
    because: 'later releases call the project so; both names are there for both kinds of clients',
    applies: ({ place, step, recorded }) =>
      place === 'project_id' && step.path.endsWith('_router_interface') && recorded === undefined,
  },
  {
    because: 'what names no subnet and no port, or something else as well, is refused as everywhere',
    applies: ({ step, real, own }) =>
      step.path.endsWith('_router_interface') &&
      own.text.includes('HTTPBadRequest') &&
      (real.status === 400 || sentKeys(step.body).includes('nonsense')),
  },
  {
    because: 'routes that cannot work are refused: of two versions, to where the router is itself',
    applies: ({ own, real }) => real.status === 200 && own.status === 400 && own.text.includes('InvalidRoutes'),
  },
  {
    because: 'a change of nothing changes nothing; there a floating IP loses its port by it',
    applies: (occurrence) => occurrence.step.method === 'PUT' && sent(occurrence) === '{"floatingip":{}}',
  },
  {
    because: 'a protocol by number is refused as one without a name, as text, too',
    applies: (occurrence) =>
      occurrence.place === 'NeutronError.type' &&
      /"protocol":"\d+"/.test(sent(occurrence)) &&
      occurrence.real.status === 400,
  },
  {
    because: 'a forwarding of a protocol without ports is refused',
    applies: (occurrence) =>
      forwardings.test(occurrence.step.path) && occurrence.own.text.includes('has no ports to forward'),
  },
  {
    because: 'a range that takes the place of a single port leaves none, there the one before is shown',
    applies: ({ place, step, ours }) =>
      forwardings.test(step.path) &&
      /^port_forwardings?(\[\])?\.(internal|external)_port$/.test(place) &&
      (ours ?? null) === null,
  },
  {
    because: 'forwardings are sorted as all others',
    applies: ({ step, own }) => forwardings.test(step.path) && step.path.includes('sort_key=') && own.status === 200,
  },
  {
    because: 'what was not asked for; the real server leaves in what it had at hand, ours the same keys always',
    applies: ({ place, step }) =>
      step.path.startsWith('/v2.0/metering/') && step.path.includes('fields=') && /^metering_label/.test(place),
  },
  {
    because: 'a router that is not has no helpers, and says so',
    applies: ({ step, own }) => helpers.test(step.path) && own.text.includes('"RouterNotFound"'),
  },
  {
    because: 'what is no text names no helper, and is refused as everywhere',
    applies: ({ place, step, real, own }) =>
      helpers.test(step.path) &&
      place === 'NeutronError.type' &&
      real.text.includes('"ConntrackHelperNotAllowed"') &&
      own.text.includes('Invalid input for helper'),
  },
  {
    because: 'helpers made at once are shown as one that is made alone',
    applies: ({ place, ours }) => place === 'conntrack_helpers[].router_id' && ours === undefined,
  },
  {
    because:
      'a router whose gateway has no IPv6 address answers for none: refused when it is made as when it is changed',
    applies: ({ step, own }) => step.path.startsWith('/v2.0/routers') && own.text.includes('"RouterGatewayNotValid"'),
  },
  {
    because: 'a router that is not is not found; there it cannot be reached',
    applies: ({ step, own }) =>
      step.method === 'POST' && step.path === '/v2.0/ndp_proxies' && own.text.includes('"RouterNotFound"'),
  },
  {
    because: 'proxies are found by what they lead to',
    applies: ({ step, real, own }) =>
      step.path.startsWith('/v2.0/ndp_proxies?') &&
      real.text.includes('is invalid attribute for filtering') &&
      own.status === 200,
  },
  {
    because: 'shown by nothing but this answer: what the real server keeps for itself',
    applies: ({ place, step, ours }) =>
      step.path.endsWith('_extraroutes') && /^router\.(gw_port_id|ha_vr_id)$/.test(place) && ours === undefined,
  },
];
