import type { Db } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** A rule of a label: what of the traffic it counts, or leaves out. */
interface MeteringRuleRow {
  id: string;
  metering_label_id: string;
  direction: 'ingress' | 'egress';
  remote_ip_prefix: string | null;
  source_ip_prefix: string | null;
  destination_ip_prefix: string | null;
  excluded: boolean;
}

/** A label with its rules. */
export interface MeteringLabelRow {
  id: string;
  name: string;
  project_id: string;
  shared: boolean;
  rules: MeteringRuleRow[];
}

const labels = prepared((db, _: object) =>
  db.selectFrom('meteringlabels').select(['id', 'name', 'project_id', 'shared']).orderBy('id'),
);

const rules = prepared((db, _: object) =>
  db
    .selectFrom('meteringlabelrules')
    .select([
      'id',
      'metering_label_id',
      'direction',
      'remote_ip_prefix',
      'source_ip_prefix',
      'destination_ip_prefix',
      'excluded',
    ])
    .orderBy('id'),
);

export async function allMeteringLabels(db: Db): Promise<MeteringLabelRow[]> {
  const ofLabel = Map.groupBy(await rules.all(db, {}), ({ metering_label_id }) => metering_label_id);
  return (await labels.all(db, {})).map((label) => ({
    ...label,
    shared: Boolean(label.shared),
    rules: (ofLabel.get(label.id) ?? []).map((rule) => ({
      ...rule,
      direction: rule.direction as MeteringRuleRow['direction'],
      excluded: Boolean(rule.excluded),
    })),
  }));
}

const routerColumns = ['id', 'name', 'project_id', 'admin_state_up', 'status', 'gw_port_id'] as const;

const all = prepared((db, _: object) => db.selectFrom('routers').select(routerColumns).orderBy('standard_attr_id'));
const ofProjects = preparedIn((db, ids: string[]) =>
  db.selectFrom('routers').select(routerColumns).where('project_id', 'in', ids).orderBy('standard_attr_id'),
);

/** Routers that are switched on: of these projects, or null: of all. */
export async function meteredRouters(db: Db, projects: readonly string[] | null) {
  const rows = projects === null ? await all.all(db, {}) : await ofProjects.all(db, projects);
  return rows.filter(({ admin_state_up }) => admin_state_up).map((row) => ({ ...row, admin_state_up: true }));
}
