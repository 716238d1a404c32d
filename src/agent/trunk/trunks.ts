import type { Logger } from '../../lib/log.ts';
import { tapName } from '../../lib/names.ts';
import { describeOperation, type Host, type NetworkOperation, type NetworkState } from '../../linux/contract.ts';
import { endpoint, objectTopic, PUSH_VERSION, type PushMethods, TrunkApi, trunkObjects } from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { dryRunQuestion } from '../dry-run.ts';
import { applyEach } from './apply.ts';
import { type Parent, Parents, type ParentTap } from './parents.ts';
import { deriveTrunk, foreignDevices, planTrunk } from './plan.ts';
import { TrunkQuestions } from './questions.ts';
import type { Trunk } from './trunk.ts';

export interface TrunksParts {
  readonly linux: Host;
  readonly transport: Transport;
  readonly logger: Logger;
  /** Something was heard that means work. */
  readonly wake: () => void;
}

/** What a pass of the bridge agent knows. */
export interface SeenHost {
  /** Taps whose ports are bound to this host. */
  readonly taps: readonly ParentTap[];
  readonly state: NetworkState;
  /** Whether the server was asked for a device and did not know it here. */
  isUnknown(name: string): boolean;
  /** Has the server asked for a device again. */
  ask(name: string): void;
}

/** What failed on the host or at the server is tried again after this. */
const RETRY_MS = 20_000;

/**
 * Makes the trunks of the taps that are here: for each sub-port a VLAN device on its parent's tap, under the name that the
 * sub-port's tap has. From then on it is a tap like any other, and the bridge agent does the rest (upstream:
 * services/trunk/drivers/linuxbridge/agent).
 */
export class Trunks {
  readonly #parts: TrunksParts;
  readonly #api: TrunkApi;
  readonly #parents = new Parents();
  readonly #questions: TrunkQuestions;

  constructor(parts: TrunksParts) {
    this.#parts = parts;
    this.#api = new TrunkApi(parts.transport);
    this.#questions = new TrunkQuestions(parts.transport, this.#parents, parts.logger);
  }

  /** Hears of trunks and sub-ports that come and go. What is pushed is only a reason to ask: messages may overtake each other. */
  async listen(host: string): Promise<Listener[]> {
    const push: PushMethods['push'] = { args: { resource_list: [], event_type: 'created' }, result: null };
    const heard = (stale: (data: Record<string, unknown>) => Parent | undefined) =>
      endpoint<PushMethods>(PUSH_VERSION, {
        push: async ({ resource_list }: (typeof push)['args']) => {
          for (const object of resource_list) this.#heard(stale(object['versioned_object.data']));
          return null;
        },
      });
    const topic = (name: keyof typeof trunkObjects) => objectTopic(name, trunkObjects[name]);
    const { transport } = this.#parts;
    return [
      await transport.listen(topic('Trunk'), host, [heard(({ port_id }) => this.#parents.get(String(port_id)))]),
      await transport.listen(topic('SubPort'), host, [
        heard(({ trunk_id }) => this.#parents.ofTrunk(String(trunk_id))),
      ]),
    ];
  }

  askAll(): void {
    for (const parent of this.#parents.all()) parent.stale = true;
  }

  /** The server told of these ports anew: what became of the parent of a trunk may have changed that one's status. */
  retold(portIds: Iterable<string>): void {
    for (const id of portIds) {
      const parent = this.#parents.get(id);
      if (parent?.trunk) parent.stale = true;
    }
  }

  /** The trunk that a port is the parent of. */
  trunkOf(portId: string): Trunk | null {
    return this.#parents.get(portId)?.trunk ?? null;
  }

  /** Where a sub-port hangs. */
  placeOf(portId: string): { parentId: string; trunkId: string; vid: number } | null {
    const parent = this.#parents.carrierOf(portId);
    const subPort = parent?.trunk?.subPorts.find(({ port_id }) => port_id === portId);
    if (!parent?.trunk || !subPort) return null;
    return { parentId: parent.portId, trunkId: parent.trunk.id, vid: subPort.segmentation_id };
  }

  /**
   * Makes the trunks of the taps there are. Devices that it makes are news of the kernel, which lead to the next pass.
   * @returns whether something is left to be tried again
   */
  async follow(seen: SeenHost): Promise<boolean> {
    this.#parents.see(seen.taps);
    let isDone = await this.#questions.ask();
    const wanted = this.#wanted();
    for (const parent of this.#parents.all()) {
      // Where the server could not be asked the host stays as it is.
      if (!parent.stale && !(await this.#followOne(parent, seen, wanted))) isDone = false;
    }
    return !isDone;
  }

  /** What is to be done now, as lines; asks the server, changes nothing. */
  async dryRun({ taps, state }: Pick<SeenHost, 'taps' | 'state'>): Promise<NetworkOperation[]> {
    this.#parents.see(taps);
    await this.#questions.ask(dryRunQuestion());
    const wanted = this.#wanted();
    return this.#parents.all().flatMap((parent) => this.#plan(parent, state, wanted).operations);
  }

  #heard(parent: Parent | undefined): void {
    if (parent === undefined) return;
    parent.stale = true;
    parent.notBeforeMs = 0;
    this.#parts.wake();
  }

  #plan(parent: Parent, state: NetworkState, wanted: ReadonlySet<string>) {
    const { vlans, problems } = parent.trunk === null ? { vlans: [], problems: new Map() } : deriveTrunk(parent.trunk);
    const foreign = foreignDevices(vlans, state);
    const possible = vlans.filter(({ name }) => !foreign.has(name));
    const operations = planTrunk(parent.name, possible, state, wanted);
    return { operations, problems: new Map<string, string>([...problems, ...foreign]) };
  }

  /** Devices of all trunks here. */
  #wanted(): ReadonlySet<string> {
    return new Set(
      this.#parents.all().flatMap(({ trunk }) => trunk?.subPorts.map(({ port_id }) => tapName(port_id)) ?? []),
    );
  }

  /** @returns whether all is done that can be done */
  async #followOne(parent: Parent, seen: SeenHost, wanted: ReadonlySet<string>): Promise<boolean> {
    const { operations, problems } = this.#plan(parent, seen.state, wanted);
    const { trunk } = parent;
    this.#noteBound(parent, operations.length === 0, seen);
    const unbound = (trunk?.subPorts ?? []).filter(({ port_id }) => !parent.bound.has(port_id));
    if (operations.length === 0 && unbound.length === 0 && problems.size === 0) {
      return trunk === null || (await this.#settle(parent, trunk, new Map(), false));
    }
    const nowMs = performance.now();
    if (nowMs < parent.notBeforeMs) return true;
    if (trunk !== null && unbound.length > 0 && !(await this.#bind(parent, trunk, unbound, seen))) return false;
    const { done, failed } = await applyEach(this.#parts.linux, operations);
    if (done.length > 0) {
      this.#parts.logger.info({ trunk: trunk?.id, operations: done.map(describeOperation) }, 'A trunk was changed');
    }
    const wrong = new Map([...problems, ...failed]);
    for (const { port_id } of trunk?.subPorts ?? []) {
      if (!parent.bound.has(port_id)) wrong.set(tapName(port_id), 'the server could not bind it to this host');
    }
    if (wrong.size > 0) parent.notBeforeMs = nowMs + RETRY_MS;
    return trunk === null || (await this.#settle(parent, trunk, wrong, unbound.length > 0));
  }

  /**
   * A trunk that is ACTIVE and has all its devices was made by an earlier life of this agent: its sub-ports are bound. A
   * device whose port the server does not know here is not.
   */
  #noteBound(parent: Parent, isInPlace: boolean, seen: SeenHost): void {
    const { bound, isNew, trunk } = parent;
    parent.isNew = false;
    for (const { port_id } of trunk?.subPorts ?? []) {
      if (isNew && isInPlace && trunk?.status === 'ACTIVE') bound.add(port_id);
      const isLate = performance.now() - parent.boundAtMs > RETRY_MS;
      if (isLate && seen.isUnknown(tapName(port_id))) bound.delete(port_id);
    }
  }

  async #bind(parent: Parent, trunk: Trunk, subPorts: Trunk['subPorts'], seen: SeenHost): Promise<boolean> {
    try {
      const answer = await this.#api.updateSubPortBindings(subPorts);
      parent.boundAtMs = performance.now();
      for (const { id } of answer[trunk.id] ?? []) {
        parent.bound.add(id);
        seen.ask(tapName(id));
      }
      // What the server makes of it: BUILD while it lasts, ERROR or DEGRADED where it failed.
      trunk.status = 'BUILD';
      return true;
    } catch (error) {
      this.#parts.logger.warn({ trunk: trunk.id, error: String(error) }, 'The server did not bind the sub-ports');
      return false;
    }
  }

  /**
   * Says what became of a trunk: to the server, where that is news, and each reason once in the log. Of sub-ports that it could
   * not bind the server has said itself what that makes of the trunk.
   */
  async #settle(
    parent: Parent,
    trunk: Trunk,
    problems: ReadonlyMap<string, string>,
    wasBound: boolean,
  ): Promise<boolean> {
    this.#log(parent, trunk, problems);
    const status = problems.size === 0 ? 'ACTIVE' : 'DEGRADED';
    const isServersToSay = trunk.subPorts.some(({ port_id }) => !parent.bound.has(port_id));
    if (isServersToSay || (trunk.status === status && !wasBound)) return true;
    try {
      await this.#api.updateStatus(trunk.id, status);
      trunk.status = status;
      return true;
    } catch (error) {
      this.#parts.logger.warn(
        { trunk: trunk.id, error: String(error) },
        'The server did not take the status of a trunk',
      );
      return false;
    }
  }

  #log(parent: Parent, trunk: Trunk, problems: ReadonlyMap<string, string>): void {
    const reasons = Map.groupBy(problems.keys(), (device) => problems.get(device)!);
    for (const [reason, devices] of reasons) {
      if (devices.every((device) => parent.problems.get(device) === reason)) continue;
      const fields = { trunk: trunk.id, parent: parent.name, devices, reason };
      this.#parts.logger.warn(fields, 'Sub-ports of a trunk cannot be wired');
    }
    parent.problems = problems;
  }
}
