import { type Logger, silentLogger } from '../../lib/log.ts';
import type { Exec } from '../../linux/contract.ts';
import { destroySets, readSets } from '../../linux/ipset.ts';
import { withHostLocks } from '../../linux/lock.ts';
import { PacketFilter } from '../../linux/packet-filter.ts';
import type { FirewallDriver, FirewallOutcome, FirewallPort, FirewallState } from './contract.ts';
import { commented } from './iptables/comments.ts';
import { commonRules } from './iptables/common-rules.ts';
import { RulesInForce } from './iptables/in-force.ts';
import { parseSave } from './iptables/kernel.ts';
import { isSetName, PREFIX } from './iptables/names.ts';
import { describeChange } from './iptables/plan.ts';
import { portUnit } from './iptables/port-rules.ts';
import { type Protocols, readProtocols } from './iptables/protocols.ts';
import { renderTeardown } from './iptables/teardown.ts';
import { bridgeOf, tables, type Unit } from './iptables/unit.ts';

export interface NoopFirewallOptions {
  readonly exec: Exec;
  readonly logger?: Logger;
  readonly lockPaths?: readonly string[];
  readonly flavour?: '-nft' | '-legacy' | null;
}

/**
 * Filters nothing. Where the host was filtered before (an operator turned groups off) it takes the rules away that an earlier
 * agent made for its ports; those of another instance's ports stay, and then its own are let through by name.
 */
export class NoopFirewall implements FirewallDriver {
  readonly name = 'noop';
  readonly #options: NoopFirewallOptions;
  readonly #logger: Logger;
  #known: FirewallState['ports'] | null = null;
  /** Another instance filters ports of this host: what we do not name would be closed. */
  #isShared = false;

  constructor(options: NoopFirewallOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  async start(): Promise<void> {}

  distrust(): void {
    this.#known = null;
  }

  async apply(state: FirewallState, isThere: (tap: string) => boolean): Promise<FirewallOutcome> {
    const known = this.#known;
    const isSame = known !== null && (!this.#isShared || isSamePorts(known, state.ports));
    if (!isSame) {
      try {
        await withHostLocks('iptables', this.#options.lockPaths ?? [], () => this.#takeAway(state, isThere));
        this.#known = state.ports;
      } catch (error) {
        this.#logger.error(
          { error: (error as Error).message },
          'Rules of an earlier agent could not be removed; tried again',
        );
      }
    }
    return { closed: new Map(), late: new Map() };
  }

  async #takeAway(state: FirewallState, isThere: (tap: string) => boolean): Promise<void> {
    const steps = await this.#steps(state, isThere);
    this.#isShared = steps.some(({ isShared }) => isShared);
    for (const step of steps) await step.run();
  }

  async plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]> {
    return (await this.#steps(state, isThere)).flatMap(({ says }) => says);
  }

  async #steps(state: FirewallState, isThere: (tap: string) => boolean): Promise<Step[]> {
    const protocols = await readProtocols();
    const found = await Promise.all(
      ([4, 6] as const).map((version) => this.#rulesStep(version, protocols, state, isThere)),
    );
    const steps = found.flatMap((step) => step ?? []);
    if (steps.length === 0 || steps.some(({ isShared }) => isShared)) return steps;
    const { exec } = this.#options;
    // A host without ipset has no sets.
    const sets = await readSets(exec, isSetName).catch(() => new Map());
    const names = [...sets.keys()];
    const destroy = { says: names.map((name) => `ipset destroy ${name}`), isShared: false };
    return [...steps, { ...destroy, run: async () => void (await destroySets(exec, names)) }];
  }

  /** null where there is nothing to do: no such tables, or nothing of ours in them. */
  async #rulesStep(
    version: 4 | 6,
    protocols: Protocols,
    state: FirewallState,
    isThere: (tap: string) => boolean,
  ): Promise<Step | null> {
    const tool = version === 4 ? 'iptables' : 'ip6tables';
    const filter = new PacketFilter(this.#options.exec, tool, this.#options.flavour ?? null);
    const text = await filter.save(tables).catch(() => '');
    if (!text.includes(PREFIX)) return null;
    const base = commonRules(commented(true));
    const rules = new RulesInForce(version, filter, base, protocols);
    await rules.look(state.ports.keys());
    const others = [...rules.units].filter(
      ([owner]) => bridgeOf(owner) === null && !state.ports.has(owner) && isThere(owner),
    );
    if (others.length === 0) {
      const teardown = renderTeardown(parseSave(text, protocols), base);
      return {
        says: teardown
          .trimEnd()
          .split('\n')
          .map((line) => `${tool}-restore: ${line}`),
        isShared: false,
        run: async () => {
          await filter.restore(teardown);
          this.#logger.info({ version }, 'Security groups are off: took their rules away');
        },
      };
    }
    const units = (have: ReadonlyMap<string, Unit>) => {
      const taps = [...have].filter(([owner]) => bridgeOf(owner) === null && !state.ports.has(owner) && isThere(owner));
      const isUsed = (bridge: string) =>
        taps.some(([, { lines }]) => lines.some(({ body }) => body.startsWith(`-i ${bridge} `)));
      const bridges = [...have].filter(([owner]) => {
        const bridge = bridgeOf(owner);
        return bridge !== null && isUsed(bridge);
      });
      return new Map([
        ...bridges,
        ...taps,
        ...[...state.ports.values()].map((port) => [port.tap, openUnit(port, version, protocols)] as const),
      ]);
    };
    return {
      says: rules
        .plan(units(rules.units))
        .flatMap((change) => describeChange(change).map((words) => `${tool} ${words}`)),
      isShared: true,
      run: async () => {
        await rules.enforce({ units, fallback: (_, have) => have, taps: () => state.ports.keys() });
      },
    };
  }
}

interface Step {
  readonly says: readonly string[];
  readonly isShared: boolean;
  run(): Promise<void>;
}

function openUnit(port: FirewallPort, version: 4 | 6, protocols: Protocols): Unit {
  const setting = { key: '', tracking: 'notrack', stateless: false, rules: { ingress: [], egress: [] } } as const;
  const { lines } = portUnit({ ...port, filter: 'open' }, version, setting, { commented: commented(true), protocols });
  return { chains: new Map(), lines: lines.filter(({ table }) => table === 'filter') };
}

function isSamePorts(a: FirewallState['ports'], b: FirewallState['ports']): boolean {
  return a === b || (a.size === b.size && [...b.keys()].every((tap) => a.has(tap)));
}
