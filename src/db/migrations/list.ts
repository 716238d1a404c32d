import type { Migration } from './contract.ts';
import { initialTables } from './initial-tables.ts';

/** Every step, oldest first. The last is the head. */
export const migrations: readonly Migration[] = [initialTables];
