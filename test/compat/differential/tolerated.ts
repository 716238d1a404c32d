import type { Tolerance } from './tolerance.ts';
import { toleratedOfPorts } from './tolerated-ports.ts';
import { toleratedOfRouters } from './tolerated-routers.ts';

/** Everything in which the answers of the two servers may differ, with the reason. */
export const tolerated: readonly Tolerance[] = [
  ...toleratedOfPorts,
  ...toleratedOfRouters,
  {
    because: 'another default external network counts a revision: what the network shows has changed',
    applies: ({ place, step }) =>
      place === 'network.revision_number' &&
      (step.body as { network?: { is_default?: boolean } } | undefined)?.network?.is_default !== undefined,
  },
  {
    because: 'the type and the status are the contract; the words are ours where upstream’s show Python’s insides',
    applies: ({ place, real, own }) => place === 'NeutronError.message' && real.status === own.status,
  },
  {
    because:
      'OPTIONS is GET without what is internal, TRACE is refused, and what has no route has none for OPTIONS either',
    applies: ({ step }) => step.method === 'OPTIONS' || step.method === 'TRACE',
  },
  {
    because: 'an empty description and none are the same to people who use PATCH outside the API',
    applies: ({ place, step, recorded, ours }) =>
      place === 'description' && step.method === 'PATCH' && recorded === '' && ours === null,
  },
  {
    because: 'clients go by the alias; the description is ours',
    applies: ({ place }) => place === 'extension.description',
  },
  {
    because: 'MariaDB compares texts without regard to case, and a LIKE has wildcards',
    applies: ({ step }) =>
      /[?&](name=NET-A|name=net-a|name=net%2Da|status=active|fixed_ips=ip_address_substr=%25)/.test(step.path),
  },
  {
    because: 'flat networks are named by files, which know case',
    applies: ({ step }) => step.method === 'POST' && JSON.stringify(step.body ?? '').includes('"P9"'),
  },
  {
    because: 'a filter of two flags finds what either finds; the real server knows one value',
    applies: ({ step }) => step.path.includes('shared=1&shared=0'),
  },
  {
    because: 'is_default finds what it says; the real server shows everything',
    applies: ({ step }) => /[?&]is_default=/.test(step.path),
  },
  {
    because: 'agents come in pages when asked for, and a marker that names nothing is refused everywhere',
    applies: ({ step }) => /^\/v2\.0\/(agents\?.*limit=|subnets\?.*marker=x)/.test(step.path),
  },
  {
    because: 'lists written as text or as an object are no lists',
    applies: ({ step, own }) =>
      own.status === 400 &&
      /"(dns_nameservers|host_routes|service_types|segments|allocation_pools|fixed_ips|allowed_address_pairs|security_groups|routes)":(""|\{\})/.test(
        JSON.stringify(step.body ?? ''),
      ),
  },
  {
    because: 'a CIDR has four numbers without leading zeros, and nothing around them',
    applies: ({ step, own }) =>
      own.status === 400 && /"cidr":"(10\.40\.0\/24|010\.|\s|[^"]*\s|[^"]*\\n)/.test(JSON.stringify(step.body ?? '')),
  },
  {
    because: 'in /31 and /32 every address can be used (RFC 3021)',
    applies: ({ step, own }) => own.status === 201 && /"cidr":"[^"]*\/3[12]"/.test(JSON.stringify(step.body ?? '')),
  },
  {
    because: 'an empty name of a physical network, and the id 0, say nothing: nothing is kept of them',
    applies: ({ place, recorded, ours }) =>
      ours === null &&
      ((place.endsWith('provider:physical_network') && recorded === '') ||
        (place.endsWith('provider:segmentation_id') && recorded === 0)),
  },
  {
    because: 'sorted by what is the same everywhere, any order is right',
    applies: ({ place, step }) => place === 'order' && step.path.includes('sort_key=availability_zone_hints'),
  },
  {
    because: 'subnets can be found by their network being external, as in later releases',
    applies: ({ step }) => /^\/v2\.0\/subnets\?.*router:external=/.test(step.path),
  },
  {
    because: 'nothing can be posted to /v2.0/extensions, in whichever words',
    applies: ({ place, step }) => place === 'message' && step.path === '/v2.0/extensions',
  },
  {
    because: 'each subnet of a bulk request counts a revision of its network',
    applies: ({ place, recorded, ours }) => place === 'network.revision_number' && recorded === 2 && ours === 3,
  },
  {
    because: 'counts after name servers written as text, which only one of the two took',
    applies: ({ place, step }) =>
      place === 'subnet.revision_number' && JSON.stringify(step.body ?? '').includes('dns_nameservers'),
  },
  {
    because: 'the precondition comes before what is in use',
    applies: ({ step, own }) => step.method === 'DELETE' && own.status === 412,
  },
  {
    because: 'shown by later releases',
    applies: ({ place, recorded }) => recorded === undefined && /(^|\.)ip_availability_details$/.test(place),
  },
  {
    because: 'later releases show it (subnet-external-network)',
    applies: ({ place, recorded, ours }) =>
      /subnets?(\[\])?\.router:external$/.test(place) && recorded === undefined && typeof ours === 'boolean',
  },
  {
    because: 'address groups have these in later releases (standard attributes, rbac-address-group)',
    applies: ({ place, recorded, step }) =>
      (recorded === undefined &&
        /^address_groups?(\[\])?\.(shared|created_at|updated_at|revision_number)$/.test(place)) ||
      (step.path.startsWith('/v2.0/address-groups') &&
        /revision_number|created_at|updated_at/.test(step.path + JSON.stringify(step.body ?? ''))),
  },
  {
    because: 'rules say this in later releases',
    applies: ({ place, recorded }) => recorded === undefined && place.endsWith('.belongs_to_default_sg'),
  },
  {
    because: 'a counter of the database: every number is as good',
    applies: ({ place, recorded, ours }) =>
      place.endsWith('.standard_attr_id') && typeof recorded === 'number' && typeof ours === 'number',
  },
  {
    because: 'counted by ours as well, without a limit by default',
    applies: ({ place, recorded }) =>
      recorded === undefined && /^quota\.(address_group|address_scope|segment|network_segment_range)$/.test(place),
  },
  {
    because: 'which of the free VNIs a network gets is nobody’s promise',
    applies: ({ place, recorded, ours, step }) =>
      place.endsWith('.provider:segmentation_id') &&
      typeof recorded === 'number' &&
      typeof ours === 'number' &&
      !JSON.stringify(step.body ?? '').includes('segmentation_id'),
  },
  {
    because: 'the reason alone, without the names of the functions that found it',
    applies: ({ place, recorded, ours }) =>
      place === 'NeutronError.message' &&
      String(recorded).includes('failed with "') &&
      /^Invalid input for operation: .* could not be found\.$/.test(ours),
  },
  {
    because: 'unknown names come in the order of a set at the real server',
    applies: ({ place, recorded, ours }) =>
      place === 'NeutronError.message' &&
      /^Unrecognized attribute/.test(recorded) &&
      String(recorded)
        .split(/[ ',]+/)
        .sort()
        .join() ===
        String(ours)
          .split(/[ ',]+/)
          .sort()
          .join(),
  },
  {
    because: 'the project has two names, and either may be said to be wrong',
    applies: ({ place, recorded, ours }) =>
      place === 'NeutronError.message' && String(recorded).replace('project_id', 'tenant_id') === ours,
  },
  {
    because: 'of several things that are wrong in a query string either may be named first',
    applies: ({ real, own, step }) =>
      step.method === 'GET' && real.status === 400 && own.status === 400 && step.path.split('&').length > 2,
  },
  {
    because: 'an empty `fields=` gives objects without a key; the real server shows all of them for some resources',
    applies: ({ step, real, own }) => /fields=(&|$)/.test(step.path) && real.status === 200 && own.status === 200,
  },
  {
    because: 'groups can be listed by whether they are stateful',
    applies: ({ step }) => step.method === 'GET' && /^\/v2\.0\/security-groups\?.*stateful=/.test(step.path),
  },
  {
    because: 'lists of RBAC policies are sorted as all others',
    applies: ({ step, own }) => /^\/v2\.0\/rbac-policies\?.*sort_key=/.test(step.path) && own.status === 200,
  },
  {
    because: 'whole numbers with a fraction are refused',
    applies: ({ step, own }) => own.status === 400 && /:\d+\.\d/.test(JSON.stringify(step.body ?? '')),
  },
  {
    because: 'a limit below what is used is refused, as later releases do',
    applies: ({ step, own }) =>
      step.path.startsWith('/v2.0/quotas/') && own.status === 400 && own.text.includes('already used'),
  },
  {
    because: 'a condition on a revision is refused where there are no revisions, before anything is looked for',
    applies: ({ step, own }) =>
      step.headers?.['if-match'] !== undefined && own.text.includes('Revision matching not supported'),
  },
  {
    because: 'a condition that does not hold is refused, also where nothing would change',
    applies: ({ step, real, own }) =>
      step.headers?.['if-match'] !== undefined && real.status === 200 && own.status === 412,
  },
  {
    because: 'where the real server fails without a reason, ours says what is wrong with the request, or does it',
    applies: ({ real, own }) => real.status === 500 && own.status < 500,
  },
];
