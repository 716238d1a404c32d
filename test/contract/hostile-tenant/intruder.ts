import { expect } from 'vitest';
import { admin } from '../../support/tenants.ts';
import type { Attack } from './attacks.ts';
import { attacker, everything, type Ids, nobodys, type Stage } from './stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds
export type Answer = { status: number; body: any };

/** `404 NetworkNotFound`. */
export function outcome({ status, body }: Answer): string {
  return `${status} ${body?.NeutronError?.type ?? body?.type ?? ''}`.trim();
}

/** The attacker's client, which looks at the database after each attempt. */
export class Intruder {
  readonly #stage: Stage;
  #before: readonly string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** From here on nothing may change. */
  async lookAround(): Promise<void> {
    // The default group of a project is made when it first looks.
    for (const who of [attacker, admin]) await this.#stage.tenants.ask(who, 'GET', 'security-groups');
    this.#before = await everything(this.#stage.tenants.database);
  }

  ask([method, path, body]: Attack): Promise<Answer> {
    return this.#stage.tenants.ask(attacker, method, path, body);
  }

  async nothingChanged(): Promise<void> {
    expect(await everything(this.#stage.tenants.database)).toEqual(this.#before);
  }

  /**
   * Sends it with both kinds of ids; what the one with theirs gave, after it is sure that this tells nothing and did nothing.
   * @param telling the answer may say that there is such an id
   */
  async attack(of: (ids: Ids) => Attack, telling = false): Promise<Answer> {
    const { theirs } = this.#stage;
    const none = nobodys();
    const answer = await this.ask(of(theirs));
    const unknown = await this.ask(of(none));
    if (!telling) expect(withoutIds(answer, theirs)).toBe(withoutIds(unknown, none));
    expect(JSON.stringify(answer)).not.toMatch(/secret.of.victim/);
    await this.nothingChanged();
    return answer;
  }
}

/** The answer without the ids that were sent: equal for ids of others and for ids of nothing. */
function withoutIds(answer: Answer, ids: Ids): string {
  let text = JSON.stringify(answer);
  for (const [name, id] of Object.entries(ids)) text = text.replaceAll(id, `<${name}>`);
  return text;
}
