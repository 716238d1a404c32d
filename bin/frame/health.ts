import type { HealthCheck } from '../../src/api/health.ts';
import type { HealthOptions } from '../../src/api/options.ts';
import type { Database } from '../../src/db/database.ts';
import { ping } from '../../src/db/ping.ts';
import type { Transport } from '../../src/rpc/transport.ts';

/** What a server needs to be in service: a database that answers, and a queue. */
export function healthChecks(database: Database, transport: Transport, options: HealthOptions): HealthCheck[] {
  return [
    databaseCheck(() => ping(database), options.database_timeout),
    { name: 'queue', run: async () => queueState(transport.awayMs, options.queue_timeout) },
  ];
}

/**
 * One question at a time: a database that hangs is not asked again by every look, and is away until it has answered.
 * @param timeoutS how long an answer may take
 */
export function databaseCheck(ask: () => Promise<void>, timeoutS: number): HealthCheck {
  let pending: { sinceMs: number; answer: Promise<void> } | null = null;
  return {
    name: 'database',
    async run() {
      const question = pending ?? { sinceMs: performance.now(), answer: ask() };
      pending = question;
      question.answer
        .finally(() => {
          if (pending === question) pending = null;
        })
        .catch(() => {});
      const passedMs = performance.now() - question.sinceMs;
      await inTime(question.answer, timeoutS * 1000 - passedMs, `no answer within ${timeoutS} s`);
      return `answered within ${Math.ceil(performance.now() - question.sinceMs)} ms`;
    },
  };
}

/** Nobody needs to know where the database is and who signs in there: of an error only its code is told. */
async function inTime(answer: Promise<void>, leftMs: number, why: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(why)), Math.max(0, leftMs));
  });
  const failed = answer.catch((error: unknown) => {
    throw new Error(`cannot be asked${codeOf(error)}`);
  });
  try {
    await Promise.race([failed, late]);
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as { code?: unknown };
    if (typeof code === 'string' && /^[A-Z][A-Z_]+$/.test(code)) return ` (${code})`;
  }
  return '';
}

/** @throws Error when it has been away too long: until then what waits for it is sent when it is back */
export function queueState(awayMs: number, timeoutS: number): string {
  if (awayMs === 0) return 'connected';
  const away = `away for ${Math.round(awayMs / 1000)} s`;
  if (awayMs > timeoutS * 1000) throw new Error(away);
  return away;
}
