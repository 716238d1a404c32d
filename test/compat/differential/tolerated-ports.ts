import { isIP } from 'node:net';
import type { Tolerance } from './tolerance.ts';

/** In what the answers about ports may differ, with the reason. */
export const toleratedOfPorts: readonly Tolerance[] = [
  {
    because: 'addresses that were not asked for are picked at random; one may have been met before under another name',
    applies: ({ place, recorded, ours, step }) =>
      /fixed_ips\[\]\.ip_address$/.test(place) &&
      isIP(recorded) !== 0 &&
      isIP(recorded) === isIP(ours) &&
      // One that was asked for is the same on both, whatever it stood for before.
      (recorded === ours ||
        ![recorded, ours].some((address) => JSON.stringify(step.body ?? '').includes(`"${address}"`))),
  },
  {
    because: 'a host is named by text; the real server stores what the database makes of anything else',
    applies: ({ step, own }) =>
      own.status === 400 && /"binding:host_id":(true|-?\d|\[|\{)/.test(JSON.stringify(step.body ?? '')),
  },
  {
    because: 'addresses and MACs are shown, and compared, in one notation',
    applies: ({ place, recorded, ours }) =>
      /(mac_address|allowed_address_pairs\[\]\.ip_address|dns_nameservers\[\]|host_routes\[\]\.(destination|nexthop))$/.test(
        place,
      ) && canonical(recorded) === ours,
  },
  {
    because: 'the MAC address that a port has in another notation is its own',
    applies: ({ step, real, own }) =>
      step.method === 'PUT' &&
      own.status === 200 &&
      real.text.includes('MacAddressInUse') &&
      /"mac_address":"[^"]*[A-F]/.test(JSON.stringify(step.body)),
  },
  {
    because:
      'a port, new or old, cannot have its own address as a pair, in whichever notation its MAC address was given',
    applies: ({ real, own }) =>
      real.status < 300 && own.status === 400 && own.text.includes('AddressPairMatchesPortFixedIPAndMac'),
  },
  {
    because: 'the drivers that bound a port are shown in every answer, there in lists and shows only',
    applies: ({ place, step, recorded }) =>
      step.method !== 'GET' && place.endsWith('vif_details.bound_drivers') && recorded === undefined,
  },
  {
    because: 'one request counts one revision of a port, there as many as the rows it wrote',
    applies: ({ place, recorded, ours }) => /^ports?(\[\])?\.revision_number$/.test(place) && recorded > 0 && ours > 0,
  },
  {
    because: 'tags of a new port are refused without the driver that stores them, there dropped without a word',
    applies: ({ step, own }) => step.method === 'POST' && own.text.includes("Attribute 'tags' not allowed in POST"),
  },
  {
    because: 'the Linux bridge cannot do distributed routing (part 5)',
    applies: ({ place, recorded, ours }) =>
      place.endsWith('binding:vif_type') && recorded === 'distributed' && ours === 'unbound',
  },
  {
    because: 'MAC addresses that were not asked for are picked at random',
    applies: ({ place, recorded, ours }) =>
      /mac_address$/.test(place) && /^fa:16:3e/.test(recorded) && /^fa:16:3e/.test(ours),
  },
  {
    because: 'addresses that a refused bulk request had taken are free again; at the real server they stay taken',
    applies: ({ step, own }) => own.status === 201 && JSON.stringify(step.body ?? '').includes('"name":"z"'),
  },
  {
    because: 'an empty project is nobody’s: it has no default group',
    applies: ({ place, step, ours }) =>
      place === 'port.security_groups' &&
      /"(tenant|project)_id":""/.test(JSON.stringify(step.body)) &&
      ours.length === 0,
  },
];

/** A MAC or IPv6 address as ours shows it. */
function canonical(text: string): string {
  if (text.includes(':') && !/^[\da-f]{1,2}(:[\da-f]{1,2}){5}$/i.test(text)) return text.toLowerCase();
  const groups = /[:-]/.test(text)
    ? text.split(/[:-]/).map((octet) => octet.padStart(2, '0'))
    : [text.replaceAll('.', '')];
  return groups.join('').toLowerCase().match(/../g)?.join(':') ?? text;
}
