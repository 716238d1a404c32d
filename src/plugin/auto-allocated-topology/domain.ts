import type { Domain } from '../domain.ts';
import { AutoAllocatedTopologies } from './auto-allocated-topologies.ts';

export const autoAllocatedTopologies: Domain = {
  name: 'auto-allocated topologies',
  aliases: () => ['auto-allocated-topology'],
  make(machine) {
    const topologies = new AutoAllocatedTopologies(machine);
    return {
      routes: {
        'GET auto_allocated_topology/{project_id}': (call) => topologies.get(call),
        'DELETE auto_allocated_topology/{project_id}': (call) => topologies.delete(call),
      },
    };
  },
};
