import { getPort } from '../../db/read/ports.ts';
import {
  bumpPortsOfNetwork,
  defaultPolicy,
  policyOfNetwork,
  portsWithoutOwnPolicy,
  setNetworkPolicy,
  setPortPolicy,
} from '../../db/write/qos-policies.ts';
import { qosRulesOf } from '../../db/write/qos-rules.ts';
import type { Network, Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { callersFullView, type Shared } from '../parts.ts';
import { qosErrors as errors } from './errors.ts';
import { qosPolicyReads } from './storage.ts';
import { checkRulesForNetwork, checkRulesForPort } from './support.ts';

/** Which policy ports and networks have (upstream: core_extensions/qos.py, services/qos/qos_plugin.py). */

type Parts = Pick<Machine, 'shared' | 'mechanisms'>;

/**
 * The policy a new port is given, and that of its network, written and noted in the port.
 *
 * @param networkPolicy asked for when it is needed
 * @throws QosPolicyNotFound, QosRuleNotSupported
 */
export async function qosOfNewPort(
  change: Change,
  parts: Parts,
  { input, port, networkPolicy }: { input: Input; port: Port; networkPolicy: string | null },
): Promise<void> {
  if (!parts.shared.extensions.has('qos')) return;
  const { tx } = change;
  const own = (input.qos_policy_id as string | null | undefined) ?? null;
  if (own !== null) {
    await requirePolicy(change, parts.shared, own);
    await setPortPolicy(tx, port.id, own, true);
  }
  const policy = own ?? networkPolicy;
  if (policy === null) return;
  await checkForPort(change, parts, policy, port);
  const shown = await getPort(tx, port.id, callersFullView(change.context), Object.keys(withoutPolicy));
  Object.assign(port, shown);
}

/** What a port shows that has no policy. */
export const withoutPolicy = { qos_policy_id: null, qos_network_policy_id: null, resource_request: null } as const;

/** @throws QosPolicyNotFound, QosRuleNotSupported, PolicyRemoveAuthorizationError */
export async function changePortQos(
  change: Change,
  parts: Parts,
  { changes, port }: { changes: Input; port: Port },
): Promise<void> {
  if (changes.qos_policy_id === undefined || !parts.shared.extensions.has('qos')) return;
  const wanted = changes.qos_policy_id as string | null;
  const current = (port.qos_policy_id as string | null | undefined) ?? null;
  await requireRemovable(change, parts, current);
  if (wanted !== null) await requirePolicy(change, parts.shared, wanted);
  if (wanted === current) return;
  await setPortPolicy(change.tx, port.id, wanted);
  if (wanted !== null) await checkForPort(change, parts, wanted, port);
}

/**
 * The policy a new network is given, or its project's default one.
 * @throws QosPolicyNotFound, QosRuleNotSupportedByNetwork
 */
export async function qosOfNewNetwork(
  change: Change,
  parts: Parts,
  { input, network }: { input: Input; network: { id: string; project_id: string } },
): Promise<void> {
  if (!parts.shared.extensions.has('qos')) return;
  const { tx } = change;
  const asked = (input.qos_policy_id as string | null | undefined) ?? null;
  const policy = asked ?? (await defaultPolicy(tx, network.project_id));
  if (policy === null) return;
  await requirePolicy(change, parts.shared, policy);
  await setNetworkPolicy(tx, network.id, policy, true);
  checkRulesForNetwork(parts.mechanisms.drivers, await qosRulesOf(tx, [policy]), network.id);
}

/**
 * @returns whether the network has another policy now
 * @throws QosPolicyNotFound, QosRuleNotSupportedByNetwork, QosRuleNotSupported, PolicyRemoveAuthorizationError
 */
export async function changeNetworkQos(
  change: Change,
  parts: Parts,
  { changes, network }: { changes: Input; network: Network },
): Promise<boolean> {
  if (changes.qos_policy_id === undefined || !parts.shared.extensions.has('qos')) return false;
  const { tx, time } = change;
  const { drivers } = parts.mechanisms;
  const wanted = changes.qos_policy_id as string | null;
  const current = await policyOfNetwork(tx, network.id);
  await requireRemovable(change, parts, current);
  if (wanted !== null) await requirePolicy(change, parts.shared, wanted);
  if (wanted === current) return false;
  await setNetworkPolicy(tx, network.id, wanted);
  await bumpPortsOfNetwork(tx, network.id, time);
  if (wanted === null) return true;
  const rules = await qosRulesOf(tx, [wanted]);
  checkRulesForNetwork(drivers, rules, network.id);
  for (const port of await portsWithoutOwnPolicy(tx, network.id)) checkRulesForPort(drivers, rules, port);
  return true;
}

async function checkForPort({ tx }: Change, { mechanisms }: Parts, policyId: string, port: Port): Promise<void> {
  const { id, 'binding:vif_type': vif_type, 'binding:vnic_type': vnic_type } = port;
  checkRulesForPort(mechanisms.drivers, await qosRulesOf(tx, [policyId]), { id, vif_type, vnic_type });
}

/** @throws QosPolicyNotFound for what the caller does not see */
export async function requirePolicy({ tx, context }: Change, shared: Shared, policyId: string): Promise<void> {
  await qosPolicyReads(shared).stored(tx, context, policyId);
}

/** A policy that an administrator gave is not the tenant's to take away. @throws PolicyRemoveAuthorizationError */
async function requireRemovable({ tx, context }: Change, { shared }: Parts, policyId: string | null): Promise<void> {
  if (policyId === null) return;
  const [seen] = await qosPolicyReads(shared).visible(tx, context, { filters: { id: [policyId] }, fields: ['id'] });
  if (seen === undefined) throw errors.PolicyRemoveAuthorizationError({ policy_id: policyId });
}
