import { segmentsOfProject } from '../../db/write/segments.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { Segments } from './segments.ts';

/** The service plugin `segments`: segments as resources, and routed networks. */
export const segments: Domain = {
  name: 'segments',
  enabled: (options) => hasServicePlugin(options, 'segments'),
  aliases: () => [
    'segment',
    'standard-attr-segment',
    'subnet-segmentid-writable',
    'segments-peer-subnet-host-routes',
    'l2_adjacency',
    'ip_allocation',
  ],
  quotas: { segment: segmentsOfProject },
  make: (machine) => ({ collections: { segments: new Segments(machine) } }),
};
