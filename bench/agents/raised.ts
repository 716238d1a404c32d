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

/** What is told after an answer is told by then, and what agents do about it is begun. */
const TOLD_MS = 1_000;

/** Waits until nothing is told any more, and no agent has anything to ask. */
export async function atRest({ stand, crowd, network }: Pick<Raised, 'stand' | 'crowd' | 'network'>): Promise<void> {
  for (let before = -1; ; ) {
    // A server that has answered had its turn since.
    await stand.deployment.api.show('network', network);
    await pause(TOLD_MS);
    const { deliveries, busy } = await crowd.ask('counts', {});
    const now = Object.values(deliveries).reduce((sum, count) => sum + count, 0);
    if (now === before && busy === 0) return;
    before = now;
  }
}

export function timesOf(values: readonly number[]): Times {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), most: percentile(sorted, 1) };
}

export async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
