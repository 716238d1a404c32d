import {
  type AddressEvent,
  ApplyFailed,
  describeOperation,
  type Host,
  type LinkEvent,
  type NetworkOperation,
  type NetworkState,
} from '../contract.ts';
import { FakeExec } from './exec.ts';
import { FakeNamespace, type GivenLink, Refused } from './namespace.ts';
import { printState } from './print.ts';

type Watcher = { onEvent(event: LinkEvent): void; onLost(): void };

/**
 * A host that exists only as a model: the same operations give the same state as on a real one (`test/contract` runs one
 * suite on both), and `print()` shows it as an operator would read it.
 */
export class FakeHost implements Host {
  readonly exec = new FakeExec();
  /** Every operation that was applied, as text, `[netns] ` before it where it was one. */
  readonly applied: string[] = [];
  readonly #counters = { ifindex: 0 };
  readonly #watchers = new Set<Watcher>();
  readonly #addressWatchers = new Set<{ onEvent(event: AddressEvent): void }>();
  readonly #namespaces = new Map<string, FakeNamespace>();
  readonly root = new FakeNamespace(null, this.#counters, (event) => this.#tell(event));
  constructor() {
    this.exec.answer((argv) => {
      const kind = argv[argv.indexOf('type') + 1];
      const isUnknown = argv[0] === 'ip' && argv.includes('type') && this.root.withoutKinds.has(kind as string);
      return isUnknown ? { code: 2, stderr: 'Error: Unknown device type.\n' } : undefined;
    });
  }

  #fail: ((operation: NetworkOperation) => string | null) | null = null;

  /** A physical card, up, as it is before an agent starts. */
  addNic(name: string, given: GivenLink = {}): void {
    this.root.give(name, given);
  }

  /** A tap as Nova or the DHCP agent makes it. */
  addTap(name: string, given: GivenLink = {}): void {
    this.root.give(name, { kind: 'tun', up: false, ...given });
  }

  removeLink(name: string, netns?: string): void {
    this.#namespace(netns).remove(name);
  }

  /** The model of a namespace, or of the host itself. @throws when there is none of that name */
  namespace(netns?: string): FakeNamespace {
    return this.#namespace(netns);
  }

  /** Makes operations fail with a text; null ends that. */
  failOn(fail: ((operation: NetworkOperation) => string | null) | null): void {
    this.#fail = fail;
  }

  /** The link monitor died and was started again. */
  loseMonitor(): void {
    for (const watcher of this.#watchers) watcher.onLost();
  }

  print(netns?: string): string {
    return printState(this.#namespace(netns).read());
  }

  async readNetwork(netns?: string): Promise<NetworkState> {
    return this.#namespace(netns).read();
  }

  async readAgain(state: NetworkState, names: readonly string[]): Promise<NetworkState> {
    const now = this.root.read().links;
    const links = new Map(state.links);
    for (const name of names) {
      const link = now.get(name);
      if (link) links.set(name, link);
      else links.delete(name);
    }
    return { ...state, links };
  }

  async apply(operations: readonly NetworkOperation[], netns?: string): Promise<void> {
    for (const operation of operations) {
      const refusal = this.#fail?.(operation);
      if (refusal) throw new ApplyFailed(operation, refusal);
      try {
        this.#applyOne(operation, netns);
      } catch (error) {
        if (error instanceof Refused) throw new ApplyFailed(operation, error.message);
        throw error;
      }
      this.#tellAddress(operation);
      this.applied.push(`${netns ? `[${netns}] ` : ''}${describeOperation(operation)}`);
    }
  }

  async watchLinks(onEvent: (event: LinkEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }> {
    const watcher = { onEvent, onLost };
    this.#watchers.add(watcher);
    return { close: async () => void this.#watchers.delete(watcher) };
  }

  async watchAddresses(
    onEvent: (event: AddressEvent) => void,
    onLost: () => void,
  ): Promise<{ close(): Promise<void> }> {
    const watcher = { onEvent, onLost };
    this.#addressWatchers.add(watcher);
    return { close: async () => void this.#addressWatchers.delete(watcher) };
  }

  async listNetns(): Promise<string[]> {
    return [...this.#namespaces.keys()].sort();
  }

  async ensureNetns(name: string): Promise<void> {
    this.#makeNamespace(name);
  }

  async removeNetns(name: string): Promise<void> {
    const namespace = this.#namespaces.get(name);
    if (!namespace) return;
    this.#namespaces.delete(name);
    for (const link of namespace.read().links.values()) this.#removePeer(link.peer?.ifindex);
  }

  async close(): Promise<void> {}

  #tellAddress(operation: NetworkOperation): void {
    if (operation.op !== 'add_address' && operation.op !== 'delete_address') return;
    const { device, cidr } = operation;
    if (cidr.includes(':')) return;
    const kind = operation.op === 'add_address' ? 'added' : 'removed';
    for (const { onEvent } of this.#addressWatchers) onEvent({ kind, device, cidr });
  }

  #applyOne(operation: NetworkOperation, netns: string | undefined): void {
    const here = this.#namespace(netns);
    if (operation.op === 'ensure_veth') {
      if (here.has(operation.name)) return;
      const there = this.#namespace(operation.peerNetns ?? netns);
      const outer = here.give(operation.name, { kind: 'veth', up: false });
      const inner = there.give(operation.peer, { kind: 'veth', up: false, mac: operation.peerMac });
      here.setPeer(operation.name, { ifindex: inner.ifindex, elsewhere: here !== there });
      there.setPeer(operation.peer, { ifindex: outer.ifindex, elsewhere: here !== there });
    } else if (operation.op === 'ensure_namespace') {
      this.#makeNamespace(operation.name);
    } else if (operation.op === 'move_to_netns') {
      if (!here.has(operation.name)) return;
      const there = this.#namespace(operation.netns);
      there.put(here.take(operation.name), operation.rename ?? operation.name);
    } else if (operation.op === 'delete_link') {
      const peer = here.read().links.get(operation.name)?.peer;
      here.apply(operation);
      this.#removePeer(peer?.ifindex);
    } else {
      here.apply(operation);
    }
  }

  #makeNamespace(name: string): void {
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, new FakeNamespace(name, this.#counters, () => {}));
  }

  #removePeer(ifindex: number | undefined): void {
    if (ifindex === undefined) return;
    for (const namespace of [this.root, ...this.#namespaces.values()]) {
      for (const link of namespace.read().links.values()) if (link.ifindex === ifindex) namespace.remove(link.name);
    }
  }

  #namespace(netns: string | undefined): FakeNamespace {
    if (netns === undefined) return this.root;
    const namespace = this.#namespaces.get(netns);
    if (!namespace) throw new Refused(`Cannot open network namespace "${netns}": No such file or directory`);
    return namespace;
  }

  /** Later, as the kernel's events are: not within the call that made the change. */
  #tell(event: LinkEvent): void {
    for (const watcher of this.#watchers ?? [])
      queueMicrotask(() => this.#watchers.has(watcher) && watcher.onEvent(event));
  }
}
