import type { RouterFacts } from '../../db/write/routers.ts';
import { toCanonicalUuid } from '../../resources/types.ts';
import { uuid } from '../../resources/validators.ts';
import type { Change } from '../changes.ts';
import type { Input, RouteCall } from '../contract.ts';
import { scheduleRouterIn } from '../l3-agent/schedule-in.ts';
import type { Machine } from '../machine.ts';
import { removePort, removeSubnet } from './detach.ts';
import { routerErrors as errors } from './errors.ts';
import { addPort, addSubnet, type Leg } from './interfaces.ts';
import type { Routers } from './routers.ts';

/** What `add_router_interface` and `remove_router_interface` answer; the project stands there under both of its names. */
interface InterfaceInfo {
  id: string;
  tenant_id: string;
  project_id: string;
  port_id: string;
  network_id: string;
  /** Older clients know one subnet only. */
  subnet_id: string;
  subnet_ids: string[];
}

/** The member actions by which routers come to networks. */
export class RouterInterfaces {
  readonly #machine: Machine;
  readonly #routers: Routers;

  constructor(machine: Machine, routers: Routers) {
    this.#machine = machine;
    this.#routers = routers;
  }

  add(call: RouteCall): Promise<InterfaceInfo> {
    return this.#change(call, async (change, router) => {
      const { port_id, subnet_id } = named(call.input);
      if (port_id !== null && subnet_id !== null) {
        throw errors.BadRequest({ msg: 'Cannot specify both subnet-id and port-id' });
      }
      const leg =
        port_id === null
          ? await addSubnet(change, this.#machine, router, subnet_id!)
          : await addPort(change, this.#machine, router, port_id);
      await scheduleRouterIn(change, this.#machine, router.id);
      return infoOf(router, leg, leg.subnetIds.at(-1)!);
    });
  }

  remove(call: RouteCall): Promise<InterfaceInfo> {
    return this.#change(call, async (change, router) => {
      const { port_id, subnet_id } = named(call.input);
      const leg =
        port_id === null
          ? await removeSubnet(change, this.#machine, router, subnet_id!)
          : await removePort(change, this.#machine, router, { portId: port_id, subnetId: subnet_id });
      return infoOf(router, leg, leg.subnetIds[0]!);
    });
  }

  #change(
    { context, params }: RouteCall,
    work: (change: Change, router: RouterFacts) => Promise<InterfaceInfo>,
  ): Promise<InterfaceInfo> {
    return this.#routers.run(context, async (change) => {
      const router = await this.#routers.facts(change, params.id!);
      const info = await work(change, router);
      await change.todo('router', router.id, 'updated');
      return info;
    });
  }
}

/** @throws BadRequest when neither is named, or something that is no id */
function named(input: Input): { port_id: string | null; subnet_id: string | null } {
  const [port_id, subnet_id] = ['port_id', 'subnet_id'].map((key) => {
    if (!Object.hasOwn(input, key)) return null;
    const wrong = uuid(input[key]);
    if (wrong !== null) throw errors.BadRequest({ msg: wrong });
    return toCanonicalUuid(input[key] as string);
  }) as [string | null, string | null];
  if (port_id === null && subnet_id === null) {
    throw errors.BadRequest({ msg: 'Either subnet_id or port_id must be specified' });
  }
  return { port_id, subnet_id };
}

function infoOf({ id }: RouterFacts, { port, subnetIds }: Leg, subnet_id: string): InterfaceInfo {
  const { project_id, network_id } = port;
  return { id, tenant_id: project_id, project_id, port_id: port.id, network_id, subnet_id, subnet_ids: subnetIds };
}
