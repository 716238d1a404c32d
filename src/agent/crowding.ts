import { availableParallelism, loadavg } from 'node:os';

/**
 * How many times more work wants to run on this machine than can; 1 where all can. What is never urgent is done so many times
 * rarer: it takes longer there, and takes it from others.
 */
export function crowding(most: number, load = loadavg()[0]!, cores = availableParallelism()): number {
  return Math.min(Math.max(1, load / cores), most);
}
