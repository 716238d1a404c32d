import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StateFolder } from './state-folder.ts';

/** What `plug` made for one port, written down before it is made, so that `unplug` and `down` can undo it. */
export interface PlugRecord {
  port_id: string;
  name: string;
  netns: string | null;
  /** The namespace was not there before. */
  made_netns: boolean;
  /** Attributes of the port as they were. */
  was: { device_id: string; device_owner: string; 'binding:host_id': string };
}

export function writeRecord(state: StateFolder, record: PlugRecord): void {
  mkdirSync(folder(state), { recursive: true });
  // In one step: half a record could not be read, nor any other beside it.
  const path = file(state, record);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
  renameSync(`${path}.new`, path);
}

export function removeRecord(state: StateFolder, record: PlugRecord): void {
  rmSync(file(state, record), { force: true });
}

export function readRecords(state: StateFolder): PlugRecord[] {
  try {
    const names = readdirSync(folder(state)).filter((name) => name.endsWith('.json'));
    return names.map((name) => JSON.parse(readFileSync(join(folder(state), name), 'utf8')) as PlugRecord);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function readRecord(state: StateFolder, portId: string): PlugRecord | undefined {
  return readRecords(state).find((record) => record.port_id === portId);
}

/** By id, or by name where only one port of it is plugged. */
export function findRecord(state: StateFolder, name: string): PlugRecord | undefined {
  const records = readRecords(state);
  const named = records.filter((record) => record.name === name);
  return records.find((record) => record.port_id === name) ?? (named.length === 1 ? named[0] : undefined);
}

function folder(state: StateFolder): string {
  return join(state.path, 'plugged');
}

function file(state: StateFolder, record: PlugRecord): string {
  return join(folder(state), `${record.port_id}.json`);
}
