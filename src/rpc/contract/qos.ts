import type { Transport } from '../transport.ts';
import { callMethod, type SendOptions } from './method.ts';
import { objectTopic, PULL_VERSION, type PullMethods, type VersionedObject } from './objects.ts';
import { topics } from './topics.ts';

/** The type and the version of it that agents speak. */
export const qosPolicyObject = { name: 'QosPolicy', version: '1.10' } as const;
/** Where changed policies are pushed. */
export const qosPolicyTopic = objectTopic(qosPolicyObject.name, qosPolicyObject.version);

/** The fields of a policy that agents read. */
export interface WireQosPolicy {
  id: string;
  revision_number: number;
  rules: readonly WireQosRule[];
}

export interface WireQosRule {
  id: string;
  /** `bandwidth_limit` … */
  type: string;
  direction?: string;
  max_kbps?: number;
  max_burst_kbps?: number;
  dscp_mark?: number;
}

/** What is nested in the object, and which kind of rule it is. */
const kinds: Readonly<Record<string, string>> = {
  QosBandwidthLimitRule: 'bandwidth_limit',
  QosDscpMarkingRule: 'dscp_marking',
  QosMinimumBandwidthRule: 'minimum_bandwidth',
  QosPacketRateLimitRule: 'packet_rate_limit',
  QosMinimumPacketRateRule: 'minimum_packet_rate',
};

/** Null for what is no whole policy, as one that is gone. */
export function readQosPolicy(object: VersionedObject): WireQosPolicy | null {
  const data = object['versioned_object.data'];
  if (typeof data.id !== 'string' || !Array.isArray(data.rules)) return null;
  const rules = (data.rules as VersionedObject[]).map((rule) => {
    const name = rule['versioned_object.name'];
    return { ...(rule['versioned_object.data'] as unknown as WireQosRule), type: kinds[name] ?? name };
  });
  return { id: data.id, revision_number: Number(data.revision_number ?? 0), rules };
}

/** The agent's way to ask for a policy. Null when there is none. */
export async function pullQosPolicy(
  transport: Transport,
  resource_id: string,
  options: SendOptions = {},
): Promise<WireQosPolicy | null> {
  const target = { topic: topics.plugin, version: PULL_VERSION };
  const args = { resource_type: qosPolicyObject.name, version: qosPolicyObject.version, resource_id };
  const object = await callMethod<PullMethods, 'pull'>(transport, target, 'pull', args, options);
  return object === null ? null : readQosPolicy(object);
}
