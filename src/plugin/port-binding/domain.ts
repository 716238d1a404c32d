import type { Domain } from '../domain.ts';
import { PortBindings } from './port-bindings.ts';

export const portBindings: Domain = {
  name: 'port bindings',
  aliases: () => ['binding-extended'],
  make: (machine) => ({
    children: { 'ports/bindings': (portId) => new PortBindings(machine, portId) },
    routes: {
      'PUT ports/{port_id}/bindings/{host}/activate': ({ context, params }) =>
        new PortBindings(machine, params.port_id!).activate(context, params.host!),
    },
  }),
};
