import type { Answered } from '../../src/api/answered.ts';
import type { Database } from '../../src/db/database.ts';
import { outboxCounts } from '../../src/db/outbox.ts';
import { laneCounts } from '../../src/db/outbox-lane.ts';
import { agentCounts } from '../../src/db/read/agent-counts.ts';
import type { DatabaseStatistics } from '../../src/db/statistics.ts';
import type { Figures } from '../../src/metrics/figures.ts';
import { NOVA_LANE } from '../../src/plugin/nova/lane.ts';
import type { Plugin } from '../../src/plugin/plugin.ts';
import { byLabel } from './metrics.ts';

/** Seconds: from a look at one resource to a bulk of hundreds. */
const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']);

/** @returns notes an answer of the API */
export function apiFigures(figures: Figures): (answered: Answered) => void {
  const note = figures.histogram(
    'neutrino_api_request_seconds',
    'Time from the headers of a request to those of its answer.',
    ['method', 'resource', 'status'],
    REQUEST_BUCKETS,
  );
  return ({ method, resource, status, ms }) =>
    note({ method: METHODS.has(method) ? method : 'other', resource, status: String(status) }, ms / 1000);
}

export function databaseFigures(figures: Figures, database: Database, statistics: DatabaseStatistics): void {
  figures.counter('neutrino_db_statements_total', 'Statements, by kind.', ['kind'], () =>
    byLabel('kind', statistics.statements),
  );
  figures.counter(
    'neutrino_db_statement_seconds_total',
    'Time that statements were waited for.',
    [],
    () => statistics.statementSeconds,
  );
  figures.counter('neutrino_db_transactions_total', 'Transactions, by outcome.', ['outcome'], () => {
    const { committed, rolledBack } = statistics.transactions;
    return byLabel('outcome', { committed, rolled_back: rolledBack });
  });
  figures.counter(
    'neutrino_db_transaction_seconds_total',
    'Time that transactions took, commits in it.',
    [],
    () => statistics.transactionSeconds,
  );
  figures.counter('neutrino_db_retries_total', 'Transactions done again, by reason.', ['reason'], () =>
    byLabel('reason', statistics.retries),
  );
  if (database.pool === null) return;
  figures.gauge('neutrino_db_connections', 'Connections to the database server, by state.', ['state'], () => {
    const { inUse, idle } = database.pool!;
    return byLabel('state', { in_use: inUse, idle });
  });
  figures.gauge('neutrino_db_waiting', 'Callers that wait for a connection.', [], () => database.pool!.waiting);
}

/** What stands in the database is asked for at most so often, whoever asks how often for figures. */
const ASKED_EVERY_MS = 5_000;

/** @param agentDownTimeMs an agent that was not heard of for longer is dead */
export function stateFigures(
  figures: Figures,
  { database, plugin, agentDownTimeMs }: { database: Database; plugin: Plugin; agentDownTimeMs: number },
): void {
  const outbox = kept(async () => ({
    agents: await outboxCounts(database.db, [NOVA_LANE]),
    nova: await laneCounts(database.db, NOVA_LANE),
  }));
  figures.gauge('neutrino_outbox_tasks', 'Changes that agents or Nova are still to be told of.', ['whom'], async () => {
    const { agents, nova } = await outbox();
    return byLabel('whom', { agents: agents.total, nova: nova.total });
  });
  figures.gauge('neutrino_outbox_oldest_seconds', 'Age of the oldest of them.', ['whom'], async () => {
    const { agents, nova } = await outbox();
    return byLabel('whom', { agents: ageSeconds(agents.oldest), nova: ageSeconds(nova.oldest) });
  });
  figures.counter('neutrino_outbox_done_total', 'Tasks that this server did, or tried in vain.', ['outcome'], () =>
    byLabel('outcome', { ...plugin.outbox }),
  );
  figures.gauge('neutrino_duty', 'Periodic work of all servers: 1 where this one does it.', ['duty'], () =>
    plugin.duties.map(({ name, ours }) => [{ duty: name }, ours ? 1 : 0] as const),
  );
  figures.counter('neutrino_duty_done_total', 'How often this server did it.', ['duty', 'outcome'], () =>
    plugin.duties.flatMap(({ name, done, failed }) => [
      [{ duty: name, outcome: 'done' }, done] as const,
      [{ duty: name, outcome: 'failed' }, failed] as const,
    ]),
  );
  const agents = kept(() => agentCounts(database.db, Date.now() - agentDownTimeMs));
  figures.gauge(
    'neutrino_agents',
    'Agents, by type and whether they were heard of lately.',
    ['type', 'state'],
    async () =>
      (await agents()).flatMap(({ type, alive, dead }) => [
        [{ type, state: 'alive' }, alive] as const,
        [{ type, state: 'dead' }, dead] as const,
      ]),
  );
}

function ageSeconds(sinceMs: number | null): number {
  return sinceMs === null ? 0 : Math.max(0, (Date.now() - sinceMs) / 1000);
}

function kept<T>(ask: () => Promise<T>): () => Promise<T> {
  let latest: { atMs: number; answer: Promise<T> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (latest === null || nowMs - latest.atMs > ASKED_EVERY_MS) latest = { atMs: nowMs, answer: ask() };
    return latest.answer;
  };
}
