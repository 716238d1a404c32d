import type { IpVersion } from '../../lib/ip/address.ts';
import { routerNamespace } from '../../lib/names.ts';
import type { Exec, Host } from '../../linux/contract.ts';
import { CommandFailed } from '../../linux/contract.ts';
import { FLAVOURS, type Flavour } from '../../linux/iptables.ts';
import type { WireMeteredRouter } from '../../rpc/contract.ts';
import { type Counted, labelChain, metersOf, parseMeters, planMeters, type SavedMeters } from './rules.ts';

const tools = { 4: 'iptables', 6: 'ip6tables' } as const;
const NAMESPACE = routerNamespace('');

/** The counting chains in the routers of this host, and what they have counted since they were looked at last. */
export class Meters {
  readonly #host: Pick<Host, 'exec' | 'listNetns'>;
  readonly #flavours: Record<IpVersion, Flavour | null> = { 4: null, 6: null };
  /** What each chain of a label said last, by namespace, family and chain. */
  readonly #last = new Map<string, Counted>();
  /** Namespaces that may have chains of ours; null: nobody has looked yet. */
  #metered: Set<string> | null = null;

  constructor(host: Pick<Host, 'exec' | 'listNetns'>) {
    this.#host = host;
  }

  /**
   * Looks at all counters, then makes the chains as they shall be.
   *
   * @param before the routers as they were: what was counted by their labels counts even when these go
   * @param now the routers as they are
   * @returns what was counted, by label, and what went wrong, by namespace
   */
  async pass(
    before: readonly WireMeteredRouter[],
    now: readonly WireMeteredRouter[],
  ): Promise<{ counted: Map<string, Counted>; failures: Map<string, unknown> }> {
    const wanted = byNamespace(now);
    const known = byNamespace(before);
    const places = await this.#places(wanted);
    const counted = new Map<string, Counted>();
    const failures = new Map<string, unknown>();
    this.#metered = new Set(places.filter((name) => wanted.has(name)));
    // What is gone began at nothing when it is there again.
    for (const key of this.#last.keys()) if (!places.includes(key.split(' ', 1)[0]!)) this.#last.delete(key);
    for (const netns of places) {
      for (const family of [4, 6] as const) {
        try {
          const seen = parseMeters(await this.#save(netns, family));
          const labels = [known.get(netns), wanted.get(netns)].flatMap((router) => router?._metering_labels ?? []);
          this.#count(new Set(labels.map(({ id }) => id)), { netns, family, seen }, counted);
          const text = planned(wanted.get(netns), family, seen);
          if (text) await this.#restore(netns, family, text, seen);
        } catch (error) {
          // The chains of others are as good as before; this one is looked at again the next time.
          this.#metered.add(netns);
          failures.set(netns, error);
        }
      }
    }
    return { counted, failures };
  }

  /** What a pass would change, a line each; changes nothing. */
  async preview(now: readonly WireMeteredRouter[]): Promise<string[]> {
    const wanted = byNamespace(now);
    const lines: string[] = [];
    for (const netns of await this.#places(wanted)) {
      for (const family of [4, 6] as const) {
        const text = planned(wanted.get(netns), family, parseMeters(await this.#save(netns, family)));
        const changes = text.split('\n').filter((line) => /^[-:]/.test(line));
        lines.push(...changes.map((line) => `${netns}: ${tools[family]} ${line}`));
      }
    }
    return lines;
  }

  /** Namespaces to look into: of routers that are metered, were, or may have been. */
  async #places(wanted: ReadonlyMap<string, unknown>): Promise<string[]> {
    const there = (await this.#host.listNetns()).filter((name) => name.startsWith(NAMESPACE));
    return [...new Set(there)].filter((name) => wanted.has(name) || (this.#metered?.has(name) ?? true));
  }

  #count(
    labels: ReadonlySet<string>,
    { netns, family, seen }: { netns: string; family: IpVersion; seen: SavedMeters },
    counted: Map<string, Counted>,
  ): void {
    for (const id of labels) {
      const now = seen.counters.get(labelChain(id));
      if (!now) continue;
      const key = `${netns} ${family} ${labelChain(id)}`;
      // What an agent before may have told of is not told of twice; what was made anew began at nothing.
      const last = this.#last.get(key) ?? now;
      const isAnew = now.packets < last.packets || now.bytes < last.bytes;
      const sum = counted.get(id) ?? { packets: 0, bytes: 0 };
      counted.set(id, {
        packets: sum.packets + now.packets - (isAnew ? 0 : last.packets),
        bytes: sum.bytes + now.bytes - (isAnew ? 0 : last.bytes),
      });
      this.#last.set(key, now);
    }
  }

  async #save(netns: string, family: IpVersion): Promise<string> {
    const save = (flavour: Flavour) =>
      this.#host.exec.run([`${tools[family]}${flavour}-save`, '-c', '-t', 'filter'], { netns });
    const known = this.#flavours[family];
    if (known !== null) return (await save(known)).stdout;
    let failure: unknown;
    for (const flavour of FLAVOURS) {
      try {
        const { stdout } = await save(flavour);
        this.#flavours[family] = flavour;
        return stdout;
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #restore(netns: string, family: IpVersion, text: string, seen: SavedMeters): Promise<void> {
    const argv = [`${tools[family]}${this.#flavours[family] ?? ''}-restore`, '--noflush', '-w', '10'];
    await (this.#host.exec as Exec).run(argv, { netns, stdin: text });
    for (const [, chain] of text.matchAll(/^:(neutron-meter-l-\S+) /gm)) {
      const isNew = !seen.chains.has(chain!);
      if (isNew) this.#last.set(`${netns} ${family} ${chain}`, { packets: 0, bytes: 0 });
    }
    for (const [, chain] of text.matchAll(/^-X (\S+)$/gm)) this.#last.delete(`${netns} ${family} ${chain}`);
  }
}

function byNamespace(routers: readonly WireMeteredRouter[]): Map<string, WireMeteredRouter> {
  return new Map(routers.map((router) => [routerNamespace(router.id), router]));
}

function planned(router: WireMeteredRouter | undefined, family: IpVersion, seen: SavedMeters): string {
  return planMeters(router ? metersOf(router, family) : new Map(), seen);
}
