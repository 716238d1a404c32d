import { readdirSync, readFileSync } from 'node:fs';
import type { Json } from '../support/api.ts';

/** One request to the real server, and what it answered. */
export interface RecordedPair {
  name: string;
  /** Who asked: admin, a plain user of one of two projects, one with the reader role only, or nobody (no token). */
  as: 'admin' | 'demo' | 'alt' | 'viewer' | 'none';
  request: { method: string; path: string; headers: Record<string, string>; body: Json };
  response: { status: number; reason: string; headers: [string, string][]; body: Json };
}

export interface Recording {
  /** Name of the file without its ending. */
  name: string;
  /** Project of each user. */
  projects: Record<string, string | null>;
  pairs: RecordedPair[];
}

const folder = new URL('../data/rest-captures/', import.meta.url);

export function readRecording(name: string): Recording {
  return { name, ...JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) };
}

/** All recordings that hold pairs (two files are bodies alone). */
export function readAllRecordings(): Recording[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => readRecording(file.slice(0, -'.json'.length)))
    .filter((recording) => Array.isArray(recording.pairs));
}

/** A body as it went over the wire: some were no JSON on purpose. */
export function bodyText(body: Json): string | undefined {
  if (body === null) return undefined;
  return typeof body['(raw)'] === 'string' ? body['(raw)'] : JSON.stringify(body);
}
