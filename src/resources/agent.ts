import { type Attribute, type AttributeType, type ResourceDefinition, unset } from './contract.ts';
import * as type from './types.ts';

/** Reported by agents over RPC, never set by a client. */
function reported(rules: Partial<Attribute> = {}, of: AttributeType = type.opaque): Attribute {
  return { ops: 'R', type: of, default: unset, sort: true, sortExtension: 'agent_sort_key', ...rules };
}

/** Agents register over RPC: nothing is accepted in POST (upstream: neutron-lib `api/definitions/agent`). */
export const agent: ResourceDefinition = {
  member: 'agent',
  collection: 'agents',
  extension: 'agent',
  attributes: {
    id: reported({ filter: true }, type.uuid),
    agent_type: reported({ filter: true }),
    binary: reported({ filter: true }),
    topic: reported({ filter: true }),
    host: reported({ filter: true }),
    admin_state_up: reported({ ops: 'UR', filter: true }, type.boolean),
    created_at: reported(),
    started_at: reported(),
    heartbeat_timestamp: reported(),
    description: reported({ ops: 'UR', filter: true }, type.stringOrNull(255)),
    resources_synced: reported({ sort: false, extension: 'agent-resources-synced' }),
    availability_zone: reported({ sort: false, filter: true, extension: 'availability_zone' }),
    alive: reported({ filter: true }, type.boolean),
    configurations: reported({ sort: false }),
  },
};
