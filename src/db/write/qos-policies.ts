import type { Db, Tx } from '../database.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';

/** Which ports and networks have a QoS policy, and which policy is a project's default one. */

const onePort = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_port_policy_bindings').select('port_id').where('policy_id', '=', p.id).limit(1),
);
const oneNetwork = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_network_policy_bindings').select('network_id').where('policy_id', '=', p.id).limit(1),
);

const oneFloatingIp = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_fip_policy_bindings').select('fip_id').where('policy_id', '=', p.id).limit(1),
);
const oneGateway = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_router_gw_policy_bindings').select('router_id').where('policy_id', '=', p.id).limit(1),
);

/** What keeps a policy from being deleted. */
export async function userOfPolicy(
  db: Db,
  policyId: string,
): Promise<{ type: 'port' | 'network' | 'fip' | 'router'; id: string } | null> {
  const port = await onePort.first(db, { id: policyId });
  if (port !== null) return { type: 'port', id: port.port_id };
  const network = await oneNetwork.first(db, { id: policyId });
  if (network !== null) return { type: 'network', id: network.network_id };
  const fip = await oneFloatingIp.first(db, { id: policyId });
  if (fip !== null) return { type: 'fip', id: fip.fip_id };
  const gateway = await oneGateway.first(db, { id: policyId });
  return gateway === null ? null : { type: 'router', id: gateway.router_id };
}

const projectsOfPorts = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_port_policy_bindings as binding')
    .innerJoin('ports', 'ports.id', 'binding.port_id')
    .select('ports.project_id')
    .distinct()
    .where('binding.policy_id', '=', p.id),
);
const projectsOfNetworks = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_network_policy_bindings as binding')
    .innerJoin('networks', 'networks.id', 'binding.network_id')
    .select('networks.project_id')
    .distinct()
    .where('binding.policy_id', '=', p.id),
);

const projectsOfFloatingIps = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_fip_policy_bindings as binding')
    .innerJoin('floatingips', 'floatingips.id', 'binding.fip_id')
    .select('floatingips.project_id')
    .distinct()
    .where('binding.policy_id', '=', p.id),
);
const projectsOfGateways = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_router_gw_policy_bindings as binding')
    .innerJoin('routers', 'routers.id', 'binding.router_id')
    .select('routers.project_id')
    .distinct()
    .where('binding.policy_id', '=', p.id),
);

/** Projects whose ports, networks, floating addresses or gateways have a policy. */
export async function projectsOfPolicy(db: Db, policyId: string): Promise<Set<string>> {
  const rows = [
    ...(await projectsOfPorts.all(db, { id: policyId })),
    ...(await projectsOfNetworks.all(db, { id: policyId })),
    ...(await projectsOfFloatingIps.all(db, { id: policyId })),
    ...(await projectsOfGateways.all(db, { id: policyId })),
  ];
  return new Set(rows.map(({ project_id }) => project_id));
}

const ofNetwork = prepared((db, p: { id: string }) =>
  db.selectFrom('qos_network_policy_bindings').select('policy_id').where('network_id', '=', p.id),
);

export async function policyOfNetwork(db: Db, networkId: string): Promise<string | null> {
  return (await ask(db, policyOfNetworkOf(db, networkId)))[0];
}

export function policyOfNetworkOf(db: Db, id: string): Question<string | null> {
  return {
    statements: [ofNetwork.statement(handleOf(db), { id })],
    answer: ([found]) => (found!.rows[0]?.[0] as string | undefined) ?? null,
  };
}

const insertForPort = preparedInsert('qos_port_policy_bindings', ['port_id', 'policy_id']);
const removeFromPort = prepared((db, p: { id: string }) =>
  db.deleteFrom('qos_port_policy_bindings').where('port_id', '=', p.id),
);
const insertForNetwork = preparedInsert('qos_network_policy_bindings', ['network_id', 'policy_id']);
const removeFromNetwork = prepared((db, p: { id: string }) =>
  db.deleteFrom('qos_network_policy_bindings').where('network_id', '=', p.id),
);

/** @param isNew it has none yet */
export async function setPortPolicy(tx: Tx, port_id: string, policy_id: string | null, isNew = false): Promise<void> {
  if (!isNew) await removeFromPort.later(tx, { id: port_id });
  if (policy_id !== null) await insertForPort.later(tx, { port_id, policy_id });
}

/** @param isNew it has none yet */
export async function setNetworkPolicy(
  tx: Tx,
  network_id: string,
  policy_id: string | null,
  isNew = false,
): Promise<void> {
  if (!isNew) await removeFromNetwork.later(tx, { id: network_id });
  if (policy_id !== null) await insertForNetwork.later(tx, { network_id, policy_id });
}

const ofProject = prepared((db, p: { project_id: string }) =>
  db.selectFrom('qos_policies_default').select('qos_policy_id').where('project_id', '=', p.project_id),
);
const insertDefault = preparedInsert('qos_policies_default', ['project_id', 'qos_policy_id']);
const removeDefault = prepared((db, p: { project_id: string }) =>
  db.deleteFrom('qos_policies_default').where('project_id', '=', p.project_id),
);

/** The policy that new networks of a project get. */
export async function defaultPolicy(db: Db, project_id: string): Promise<string | null> {
  return (await ofProject.first(db, { project_id }))?.qos_policy_id ?? null;
}

export async function setDefaultPolicy(tx: Tx, project_id: string, policyId: string | null): Promise<void> {
  await removeDefault.later(tx, { project_id });
  if (policyId !== null) await insertDefault.later(tx, { project_id, qos_policy_id: policyId });
}

/** What a rule must suit: how a port is plugged in, or would be. */
export interface PortWithPolicy {
  id: string;
  device_owner: string;
  vif_type: string;
  vnic_type: string;
}

const bound = ['ports.id', 'ports.device_owner', 'binding.vif_type', 'binding.vnic_type'] as const;

const byOwn = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_port_policy_bindings as qos')
    .innerJoin('ports', 'ports.id', 'qos.port_id')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .select(bound)
    .where('qos.policy_id', '=', p.id)
    .where('binding.status', '=', 'ACTIVE'),
);
const byNetwork = prepared((db, p: { id: string }) =>
  db
    .selectFrom('qos_network_policy_bindings as qos')
    .innerJoin('ports', 'ports.network_id', 'qos.network_id')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .leftJoin('qos_port_policy_bindings as own', 'own.port_id', 'ports.id')
    .select(bound)
    .where('qos.policy_id', '=', p.id)
    .where('own.policy_id', 'is', null)
    .where('binding.status', '=', 'ACTIVE'),
);
const withoutOwn = prepared((db, p: { id: string }) =>
  db
    .selectFrom('ports')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .leftJoin('qos_port_policy_bindings as own', 'own.port_id', 'ports.id')
    .select(bound)
    .where('ports.network_id', '=', p.id)
    .where('own.policy_id', 'is', null)
    .where('binding.status', '=', 'ACTIVE'),
);

/** Ports that a policy is for: their own, or their network's where they have none of their own. */
export async function portsOfPolicy(db: Db, policyId: string): Promise<PortWithPolicy[]> {
  return [...(await byOwn.all(db, { id: policyId })), ...(await byNetwork.all(db, { id: policyId }))];
}

/** Ports of a network that have no policy of their own. */
export async function portsWithoutOwnPolicy(db: Db, networkId: string): Promise<PortWithPolicy[]> {
  return withoutOwn.all(db, { id: networkId });
}

const bumpOfNetwork = prepared((db, p: { id: string; updated_at: string }) =>
  db
    .updateTable('ports')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
    .where('network_id', '=', p.id),
);

const bumpOfPolicy = prepared((db, p: { id: string; updated_at: string }) =>
  db
    .updateTable('ports')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
    .where((eb) =>
      eb.or([
        eb('id', 'in', eb.selectFrom('qos_port_policy_bindings').select('port_id').where('policy_id', '=', p.id)),
        eb(
          'network_id',
          'in',
          eb.selectFrom('qos_network_policy_bindings').select('network_id').where('policy_id', '=', p.id),
        ),
      ]),
    ),
);

/** Ports that have a policy, or whose network has it, show something else now. */
export async function bumpPortsOfPolicy(tx: Tx, id: string, updated_at: string): Promise<void> {
  await bumpOfPolicy.later(tx, { id, updated_at });
}

/** Ports show the policy of their network: with another one they are others, too. */
export async function bumpPortsOfNetwork(tx: Tx, id: string, updated_at: string): Promise<void> {
  await bumpOfNetwork.later(tx, { id, updated_at });
}
