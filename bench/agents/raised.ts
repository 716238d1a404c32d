import { randomUUID } from 'node:crypto';
import { percentile } from '../load.ts';
import type { Crowd, CrowdMember } from './crowd.ts';
import type { Times } from './report.ts';
import type { SharedWire } from './shared-wire.ts';
import type { Stand } from './stand.ts';

/** A server with its agents, as the phases of a load find them. */
export interface Raised {
  readonly stand: Stand;
  readonly crowd: Crowd;
  readonly wire: SharedWire;
  readonly members: readonly CrowdMember[];
  /** The network that all ports are on. */
  readonly network: string;
}

/** A guest's port that is bound to a host. */
export function portOn(network_id: string, host: string, project_id: string) {
  return {
    network_id,
    project_id,
    'binding:host_id': host,
    device_owner: 'compute:nova',
    device_id: randomUUID(),
  };
}

/** Messages that all agents have received so far, replies aside. */
export async function delivered(crowd: Crowd): Promise<number> {
  const { deliveries } = await crowd.ask('counts', {});
  return Object.values(deliveries).reduce((sum, count) => sum + count, 0);
}

export function timesOf(values: readonly number[]): Times {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), most: percentile(sorted, 1) };
}

export async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
