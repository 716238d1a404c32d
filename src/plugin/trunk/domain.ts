import { projectRows } from '../../db/write/quotas.ts';
import { topics } from '../../rpc/contract.ts';
import type { Domain } from '../domain.ts';
import { DriverConfigurationError } from '../ml2/errors.ts';
import { hasServicePlugin } from '../options.ts';
import { trunkEndpoint } from './bindings.ts';
import { trunkTags } from './storage.ts';
import { Trunks } from './trunks.ts';

/** The service plugin `trunk`: ports that carry other ports by VLAN. */
export const trunks: Domain = {
  name: 'trunks',
  enabled: (options) => hasServicePlugin(options, 'trunk'),
  aliases: () => ['trunk', 'trunk-details'],
  quotas: { trunk: projectRows('trunks') },
  tagged: { trunks: trunkTags },
  make(machine) {
    if (!machine.mechanisms.drivers.some(({ name }) => name === 'linuxbridge')) {
      throw new DriverConfigurationError(
        "service_plugins in [DEFAULT] has 'trunk', which needs 'linuxbridge' in mechanism_drivers of [ml2]: no other driver here makes trunks",
      );
    }
    const collection = new Trunks(machine);
    return {
      collections: { trunks: collection },
      routes: {
        'GET trunks/{id}/get_subports': (call) => collection.subPorts(call),
        'PUT trunks/{id}/add_subports': (call) => collection.addSubPorts(call),
        'PUT trunks/{id}/remove_subports': (call) => collection.removeSubPorts(call),
      },
      endpoints: [{ topic: topics.trunk, endpoint: trunkEndpoint(machine) }],
    };
  },
};
