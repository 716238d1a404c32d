import { setTimeout as wait } from 'node:timers/promises';
import type { Db } from '../../db/database.ts';
import { resourcesWaitingFor } from '../../db/outbox.ts';
import { placesOfHost, placesOfPorts, placesOnHosts } from '../../db/read/forwarding.ts';
import { FLOODING_ENTRY, L2PopulationNotifier } from '../../rpc/contract.ts';
import type { Task } from '../outbox/outbox.ts';
import type { Shared } from '../parts.ts';
import { NetworkLists } from './lists.ts';
import { type ForwardingFacts, hostKey, type NetworkMessages, type PortChange, planMessages } from './messages.ts';
import { entriesOf, FORWARDING, type FormerPlace, formerPlace, TUNNEL_END } from './notes.ts';
import { tunnelEnds } from './tunnel-ends.ts';

/** So often a batch is told again at once because it was another by the time it was told; then with pauses. */
const HASTY_ROUNDS = 5;
const PAUSE_MS = 50;

/** Whether a task tells where ports are. */
export function concernsForwarding(task: Task): boolean {
  return isOfPort(task) || isOfEnd(task);
}

const isOfPort = ({ resource_type, action }: Task) => resource_type === 'port' && action === FORWARDING;
const isOfEnd = ({ resource_type, action }: Task) => resource_type === 'agent' && action === TUNNEL_END;

/**
 * Tells agents where ports are: what is true at the moment of telling. Flood entries are of a host and a network, so two
 * servers may be telling of the same one, each of another port: whoever has told looks again, and tells what has become of
 * it. So whatever was said last is what is true.
 */
export class ForwardingTeller {
  readonly #shared: Shared;
  readonly #notifier: L2PopulationNotifier;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#notifier = new L2PopulationNotifier(shared.transport);
  }

  async tell(tasks: readonly Task[]): Promise<void> {
    for (const { payload } of tasks.filter(isOfEnd)) await this.#tellEnd(payload as { host: string; was: string });
    await this.#tellPorts(changesOf(tasks.filter(isOfPort)));
  }

  /** All ports of the host are behind another end, or behind none. Its agent asks for what it must know by itself. */
  async #tellEnd({ host, was }: { host: string; was: string }): Promise<void> {
    const { db } = this.#shared.database;
    const end = (await tunnelEnds(db, [host], 0)).get(host);
    if (end?.ip === was) return;
    const places = (await placesOfHost(db, host)).filter(({ present }) => present);
    for (const [id, ofNetwork] of Map.groupBy(places, ({ network_id }) => network_id)) {
      const { segment_id, network_type } = formerPlace(ofNetwork[0]!);
      const entries = [FLOODING_ENTRY, ...ofNetwork.flatMap(entriesOf)];
      await this.#notifier.remove({ [id]: { segment_id, network_type, ports: { [was]: entries } } });
      if (!end?.types.includes(network_type)) continue;
      await this.#notifier.add({ [id]: { segment_id, network_type, ports: { [end.ip]: entries } } }, null);
    }
  }

  async #tellPorts(all: readonly PortChange[]): Promise<void> {
    if (all.length === 0) return;
    let changes = all;
    const { db } = this.#shared.database;
    let facts = await this.#facts(db, changes);
    let said: ForwardingFacts | null = null;
    for (let round = 1; ; round += 1) {
      await this.#say(planMessages(changes, facts, said));
      const later = await this.#facts(db, changes);
      // However often: what agents hear last must be true.
      if (sameTruth(facts, later)) return;
      if (round >= HASTY_ROUNDS) await wait(PAUSE_MS);
      changes = changes.map((change) => withPlaces(change, facts));
      said = facts;
      facts = later;
    }
  }

  async #say(networks: ReadonlyMap<string, NetworkMessages>): Promise<void> {
    const waiting = [...networks].filter(([, { lists }]) => lists.length > 0).map(([id]) => id);
    const lists = waiting.length > 0 ? await NetworkLists.read(this.#shared.database.db, waiting) : null;
    for (const [id, { remove, change, lists: hosts, add }] of networks) {
      if (remove) await this.#notifier.remove({ [id]: remove });
      if (change) await this.#notifier.changeAddresses({ [id]: change });
      for (const host of hosts) {
        const list = lists?.without(host, id);
        if (list) await this.#notifier.add({ [id]: list }, host);
      }
      if (add) await this.#notifier.add({ [id]: add }, null);
    }
  }

  async #facts(db: Db, changes: readonly PortChange[]): Promise<ForwardingFacts> {
    const found = await placesOfPorts(
      db,
      changes.map(({ portId }) => portId),
    );
    const former = changes.flatMap(({ was }) => was);
    const hosts = [...new Set([...found, ...former].map(({ host }) => host))];
    const networks = [...new Set([...found, ...former].map(({ network_id }) => network_id))];
    const beside = await placesOnHosts(db, networks, hosts);
    const untold = await resourcesWaitingFor(db, 'port', FORWARDING);
    const keys = (places: typeof beside) => new Set(places.map(({ network_id, host }) => hostKey(network_id, host)));
    return {
      places: Map.groupBy(found, ({ port_id }) => port_id),
      present: keys(beside.filter(({ present }) => present)),
      told: keys(beside.filter(({ up, port_id }) => up && !untold.has(port_id))),
      ends: await tunnelEnds(db, hosts, this.#shared.options.l2pop.agent_boot_time * 1000),
    };
  }
}

/** One for each port, with every place where agents may believe it to be. */
function changesOf(tasks: readonly Task[]): PortChange[] {
  const byPort = Map.groupBy(tasks, ({ resource_id }) => resource_id);
  return [...byPort].map(([portId, ofPort]) => {
    const was = ofPort.map(({ payload }) => payload.was as readonly FormerPlace[] | undefined);
    return { portId, was: merged(was.flatMap((places) => places ?? [])), switched: was.includes(undefined) };
  });
}

function withPlaces(change: PortChange, { places }: ForwardingFacts): PortChange {
  return { ...change, was: merged([...change.was, ...(places.get(change.portId) ?? []).map(formerPlace)]) };
}

/** Places by host, with all entries of each. */
function merged(places: readonly FormerPlace[]): FormerPlace[] {
  const byHost = Map.groupBy(places, ({ network_id, host }) => hostKey(network_id, host));
  return [...byHost.values()].map((same) => {
    const entries = new Map(same.flatMap((place) => place.entries.map((entry) => [entry.join(' '), entry] as const)));
    return { ...same[0]!, entries: [...entries.values()] };
  });
}

function sameTruth(one: ForwardingFacts, other: ForwardingFacts): boolean {
  return JSON.stringify(truth(one)) === JSON.stringify(truth(other));
}

function truth({ places, present, ends }: ForwardingFacts) {
  const where = [...places].map(([id, of]) => [id, of.filter((place) => place.present).map(formerPlace)]);
  return { where, present: [...present].sort(), ends: [...ends].map(([host, { ip }]) => [host, ip]) };
}
