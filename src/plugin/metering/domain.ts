import { topics } from '../../rpc/contract.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { meteringEndpoint } from '../rpc/metering.ts';
import { MeteringLabels } from './labels.ts';
import { MeteringLabelRules } from './rules.ts';

/** The service plugin `metering`: traffic through routers, counted. */
export const metering: Domain = {
  name: 'metering',
  enabled: (options) => hasServicePlugin(options, 'metering'),
  aliases: () => ['metering', 'metering_source_and_destination_fields'],
  make: (machine) => ({
    collections: {
      metering_labels: new MeteringLabels(machine),
      metering_label_rules: new MeteringLabelRules(machine),
    },
    endpoints: [{ topic: topics.meteringPlugin, endpoint: meteringEndpoint(machine) }],
  }),
};
