import type { Db } from '../../db/database.ts';
import { reportedVersions } from '../../db/write/agents.ts';

/** What agents reported is read again this often: a server that was away from the queue missed what others said. */
const READ_EVERY_MS = 600_000;

/**
 * Which versions of which types agents speak (upstream: callbacks/version_manager.py). An agent says so when it starts; the
 * server that hears it tells the others.
 */
export class ObjectVersions {
  readonly #now: () => number;
  /** By agent type and host. */
  #reported = new Map<string, Readonly<Record<string, string>>>();
  /** The same, of those who said so while the table is being read: that may have begun before their rows were written. */
  #meanwhile = new Map<string, Readonly<Record<string, string>>>();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(agentType: string, host: string, versions: Readonly<Record<string, string>>): void {
    this.#reported.set(`${agentType} ${host}`, versions);
    this.#meanwhile.set(`${agentType} ${host}`, versions);
  }

  /** Reads what agents reported, unless that was done lately. @throws DatabaseError; then it is to be done again */
  async refresh(db: Db): Promise<void> {
    const nowMs = this.#now();
    if (nowMs - this.#readAtMs < READ_EVERY_MS) return;
    const lastMs = this.#readAtMs;
    this.#readAtMs = nowMs;
    this.#meanwhile.clear();
    try {
      const agents = await reportedVersions(db);
      this.#reported = new Map(
        agents.map(({ agent_type, host, resource_versions }) => [`${agent_type} ${host}`, parsed(resource_versions)]),
      );
      for (const [agent, versions] of this.#meanwhile) this.#reported.set(agent, versions);
    } catch (error) {
      this.#readAtMs = lastMs;
      throw error;
    }
  }

  /** The newest, and what agents reported of a type. */
  of(type: string, newest: string): readonly string[] {
    const versions = new Set([newest]);
    for (const reported of this.#reported.values()) {
      const version = reported[type];
      if (typeof version === 'string') versions.add(version);
    }
    return [...versions];
  }
}

function parsed(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
}
