import { groupCases } from './cases/groups.ts';
import { neighborCases } from './cases/neighbors.ts';
import { networkCases } from './cases/networks.ts';
import type { Case } from './cases/packets.ts';
import { senderCases } from './cases/senders.ts';
import { shapeCases } from './cases/shapes.ts';

export type { Case, Step } from './cases/packets.ts';

/** Who sends what to whom, and whether it must arrive. */
export const cases: readonly Case[] = [...groupCases, ...senderCases, ...neighborCases, ...shapeCases, ...networkCases];
