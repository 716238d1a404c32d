import type { Figures, Server } from '../load.ts';
import { processTree } from '../processes.ts';
import { type RowName, runRows } from '../rows.ts';
import type { Site } from './site.ts';

/** Rows of `npm run bench` that touch ports and groups. */
const rows: readonly RowName[] = [
  'create port',
  'show port',
  'update port',
  'delete port',
  'create security group rule',
];

/** The API's own figures on this site, as it is now: with agents that have rules in force, or without. */
export async function apiRows(site: Site, seconds: number): Promise<Map<RowName, Figures>> {
  const { deployment } = site;
  if (deployment === null) throw new Error('these rows need a server on this machine');
  const server: Server = {
    url: new URL(`http://127.0.0.1:${deployment.port}`),
    headers: {},
    project: null,
    tenant: null,
    pids: processTree([(await deployment.server.pid())!]),
    beside: [],
    seed: null,
    throwaway: true,
  };
  return await runRows(server, {
    clients: 8,
    keepAlive: true,
    seconds,
    ports: 10_000,
    only: new Set(rows),
    onRow: () => {},
  });
}
