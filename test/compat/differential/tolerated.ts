import { isIP } from 'node:net';
import type { HttpAnswer, Json } from '../../support/api.ts';
import type { Step } from './both.ts';

/** A difference, with all that is known of the exchange it is from. */
export interface Occurrence {
  place: string;
  recorded: Json;
  ours: Json;
  step: Step;
  real: HttpAnswer;
  own: HttpAnswer;
}

/** What may differ, and why: each of these stands in docs/differences.md, or is about what a later part brings. */
export interface Tolerance {
  because: string;
  applies: (occurrence: Occurrence) => boolean;
}

export const tolerated: readonly Tolerance[] = [
  {
    because: 'addresses that were not asked for are picked at random; one may have been met before under another name',
    applies: ({ place, recorded, ours, step }) =>
      /fixed_ips\[\]\.ip_address$/.test(place) &&
      isIP(recorded) !== 0 &&
      isIP(recorded) === isIP(ours) &&
      ![recorded, ours].some((address) => JSON.stringify(step.body ?? '').includes(address)),
  },
  {
    because: 'nothing is filtered before security groups come (part 4), and the binding says so',
    applies: ({ place, recorded, ours }) =>
      place.endsWith('vif_details.port_filter') && recorded === true && ours === false,
  },
  {
    because: 'another default external network counts a revision: what the network shows has changed',
    applies: ({ place, step }) =>
      place === 'network.revision_number' &&
      (step.body as { network?: { is_default?: boolean } } | undefined)?.network?.is_default !== undefined,
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
    because: 'where the real server fails without a reason, ours says what is wrong with the request, or does it',
    applies: ({ real, own }) => real.status === 500 && own.status < 500,
  },
];
