import { policyOfGateway, setGatewayPolicy } from '../../db/write/floatingips.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { requirePolicy } from './attach.ts';

/**
 * The policy of a router's gateway (upstream: db/l3_gateway_ip_qos.py).
 * @param wanted undefined: the one it has
 * @returns whether it has another one now
 * @throws QosPolicyNotFound
 */
export async function changeGatewayQos(
  change: Change,
  { shared }: Pick<Machine, 'shared'>,
  { router_id, wanted }: { router_id: string; wanted: string | null | undefined },
): Promise<boolean> {
  if (wanted === undefined || !shared.extensions.has('qos-gateway-ip')) return false;
  if (wanted === (await policyOfGateway(change.tx, router_id))) return false;
  if (wanted !== null) await requirePolicy(change, shared, wanted);
  await setGatewayPolicy(change.tx, router_id, wanted);
  return true;
}
