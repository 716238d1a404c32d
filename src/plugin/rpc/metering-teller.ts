import { allMeteringLabels, type MeteringLabelRow } from '../../db/read/metered-routers.ts';
import { agentsOfRouters } from '../../db/write/router-agents.ts';
import { MeteringNotifier, type SendOptions, type WireMeteringRule } from '../../rpc/contract.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Task } from '../outbox/outbox.ts';
import type { Shared } from '../parts.ts';
import { countedRouters } from './metering.ts';

/** Tells metering agents of labels and rules: those of the hosts whose L3 agents serve the routers they count. */
export class MeteringTeller {
  readonly #shared: Shared;
  readonly #notifier: MeteringNotifier;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#notifier = new MeteringNotifier(shared.transport);
  }

  async tell({ resource_id, action, payload }: Task, options: SendOptions): Promise<void> {
    if (action === 'deleted') return this.#tell('remove_metering_label', payload.object as MeteringLabelRow, options);
    const { db } = this.#shared.database;
    const label = (await allMeteringLabels(db)).find(({ id }) => id === resource_id);
    if (!label) return;
    if (action === 'created') return this.#tell('add_metering_label', label, options);
    const change = action === 'rule_added' ? 'add_metering_label_rule' : 'remove_metering_label_rule';
    await this.#tell(change, label, options, payload.rule as WireMeteringRule);
  }

  async #tell(
    change: Parameters<MeteringNotifier['tell']>[1],
    label: MeteringLabelRow,
    options: SendOptions,
    rule?: WireMeteringRule,
  ): Promise<void> {
    const { database, now, options: configured } = this.#shared;
    const shown = rule === undefined ? undefined : ({ id }: MeteringLabelRow) => ({ id, rule });
    const routers = new Map((await countedRouters(database.db, [label], shown)).map((router) => [router.id, router]));
    const nowMs = now();
    const agents = (await agentsOfRouters(database.db, [...routers.keys()])).filter(
      (agent) => agent.admin_state_up && isAlive(agent.heartbeat_timestamp, nowMs, configured.core),
    );
    for (const [host, served] of Map.groupBy(agents, (agent) => agent.host)) {
      const told = served.map(({ router_id }) => routers.get(router_id)!);
      await this.#notifier.tell(host, change, told, options);
    }
  }
}
