import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import { RuleTables } from '../../linux/iptables.ts';
import { withHostLocks } from '../../linux/lock.ts';
import { readSysctl } from '../../linux/sysctl.ts';
import {
  applyTraffic,
  canPolice,
  describeTraffic,
  readTraffic,
  type TrafficOperation,
  type TrafficState,
} from '../../linux/traffic-control.ts';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { Wake } from '../bridge/wake.ts';
import { policyOf, type QosPort, type ShapingOptions, type Treatment, treatmentOf } from './derive.ts';
import { explainTreatment } from './explain.ts';
import { planMarks } from './marks.ts';
import type { QosOptions } from './options.ts';
import { type Means, planTraffic } from './plan.ts';
import { Policies } from './policies.ts';

export interface QosParts {
  host: string;
  options: QosOptions;
  transport: Transport;
  linux: Pick<Host, 'exec' | 'apply'>;
  logger: Logger;
  /** Folders of the locks that agents of this host share. */
  lockPaths?: readonly string[];
  /** Reads a kernel setting; tests bring their own. */
  readSetting?: (key: string) => Promise<string>;
  /** Default 300,000: how often the server is asked whether anything was missed. */
  askEveryMs?: number;
}

/** What `[agent] extensions` calls it. */
export const QOS_EXTENSION = 'qos';

const ASK_EVERY_MS = 300_000;
/** What failed on the host is tried again after this. */
const APPLY_RETRY_MS = 5_000;
/** A log line is for people. */
const LOGGED_OPERATIONS = 40;

/** What a pass found: ports of this host with their taps, and all taps there are. */
export interface QosSight {
  readonly ports: readonly QosPort[];
  /** By name, with their index: one that is made anew has another, and nothing of what the one before had. */
  readonly taps: ReadonlyMap<string, number>;
}

/**
 * Limits and marks the traffic of ports as their policies say (upstream: agent/l2/extensions/qos.py). Beside the passes that
 * wire the taps, in turns of its own.
 */
export class Qos {
  readonly #parts: QosParts;
  readonly #shaping: ShapingOptions;
  readonly #policies: Policies;
  readonly #wake: Wake;
  readonly #families: readonly { name: string; tables: RuleTables }[];
  #means: Means | null = null;
  #sight: QosSight = { ports: [], taps: new Map() };
  #news = true;
  /** Whether there may be marks of ours: looked for once, and as long as some are wanted. */
  #mayBeMarked = true;
  #isFailing = false;
  #complaints: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: QosParts) {
    this.#parts = parts;
    this.#shaping = { kernelHz: parts.options.kernel_hz, latencyMs: parts.options.tbf_latency };
    this.#wake = new Wake(() => this.#sync(), parts.logger);
    const { host, transport, logger } = parts;
    this.#policies = new Policies({ host, transport, logger, onNews: () => this.#look({ news: true }) });
    this.#families = (['iptables', 'ip6tables'] as const).map((tool) => ({
      name: tool,
      tables: new RuleTables(parts.linux.exec, tool),
    }));
  }

  async start(): Promise<void> {
    await this.#policies.start();
    this.#timer = setInterval(() => this.askAll(), this.#parts.askEveryMs ?? ASK_EVERY_MS);
  }

  /** What this host has now: called by every pass. */
  see(sight: QosSight): void {
    const isSame = fingerprint(sight) === fingerprint(this.#sight);
    this.#sight = sight;
    this.#policies.want(policyIds(sight));
    if (!isSame) this.#look({ news: true });
  }

  /** Time to look whether somebody changed something. */
  check(): void {
    this.#look({ news: false });
  }

  askAll(): void {
    this.#policies.askAll();
  }

  /** Settles when all that is known now is done. For tests. */
  async idle(): Promise<void> {
    await this.#policies.idle();
    await this.#wake.idle();
  }

  /** Leaves the host as it is. */
  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#policies.close();
    await this.#wake.close();
  }

  /** The plan for these ports, a line each, without doing it; without those policies that the server does not tell. */
  async dryRun(sight: QosSight): Promise<string[]> {
    this.#sight = sight;
    await this.#policies.askNow(policyIds(sight));
    const treatments = this.#treatments();
    const lines = (await this.#planTraffic(treatments)).map(describeTraffic);
    for (const { name, tables } of this.#families) {
      const plan = planMarks(treatments, await tables.save('mangle'), sight.taps);
      lines.push(...(plan?.changes ?? []).map((change) => `${change} tool=${name} table=mangle`));
    }
    return lines;
  }

  /** What becomes of the traffic of one port, and what the kernel says to that. */
  async explain(asked: QosPort): Promise<ExplainStep[]> {
    // The MTU of its tap decides how small a bucket may be.
    const port = { ...asked, mtu: this.#sight.ports.find(({ device }) => device === asked.device)?.mtu ?? asked.mtu };
    const id = policyOf(port);
    const policy = id === null ? null : this.#policies.get(id);
    if (policy === undefined) {
      const found = 'the server has not told this agent the policy yet';
      const remedy = 'see the log of the bridge agent';
      return [{ step: 'qos', state: 'waiting', expected: `as policy ${id} says`, found, remedy }];
    }
    const treatment = treatmentOf(port, policy, this.#shaping);
    const means = await this.#findMeans();
    const state = await readTraffic(this.#parts.linux.exec, new Set([port.device]));
    const saved = treatment.mark === null ? '' : await this.#families[0]!.tables.save('mangle');
    return explainTreatment(treatment, { state, means, saved });
  }

  #look({ news }: { news: boolean }): void {
    if (news) this.#news = true;
    this.#wake.in(0);
  }

  /** Of the ports whose policy is known. */
  #treatments(): Treatment[] {
    return this.#sight.ports.flatMap((port) => {
      const id = policyOf(port);
      const policy = id === null ? null : this.#policies.get(id);
      return policy === undefined ? [] : [treatmentOf(port, policy, this.#shaping)];
    });
  }

  async #findMeans(): Promise<Means> {
    this.#means ??= (await canPolice(this.#parts.linux.exec)) ? 'police' : 'detour';
    return this.#means;
  }

  async #planTraffic(treatments: readonly Treatment[]): Promise<TrafficOperation[]> {
    const { exec } = this.#parts.linux;
    const state: TrafficState = await readTraffic(exec, new Set(treatments.map(({ device }) => device)));
    const means = treatments.some(({ fromGuest }) => fromGuest !== null) ? await this.#findMeans() : 'police';
    return planTraffic(treatments, state, { means, taps: this.#sight.taps });
  }

  async #sync(): Promise<{ againInMs?: number } | undefined> {
    const treatments = this.#treatments();
    const isNews = this.#news || this.#isFailing;
    this.#news = false;
    const operations = await this.#planTraffic(treatments);
    const failed = (await applyTraffic(this.#parts.linux, operations)).map(
      ({ operation, reason }) => `${describeTraffic(operation)}: ${reason}`,
    );
    const marks = await this.#syncMarks(treatments);
    const done = [...operations.map(describeTraffic), ...marks.done];
    if (done.length > 0) this.#log(done, isNews);
    const problems = treatments.flatMap(({ device, problems }) =>
      problems.map(({ rule, reason }) => `${device} rule ${rule}: ${reason}`),
    );
    const failures = [...failed, ...marks.failed];
    this.#isFailing = failures.length > 0;
    this.#complain([...failures, ...problems]);
    return failures.length > 0 ? { againInMs: APPLY_RETRY_MS } : undefined;
  }

  async #syncMarks(treatments: readonly Treatment[]): Promise<{ done: string[]; failed: string[] }> {
    const done: string[] = [];
    const failed: string[] = [];
    const isWanted = treatments.some(({ mark }) => mark !== null);
    if (!isWanted && !this.#mayBeMarked) return { done, failed };
    for (const { name, tables } of this.#families) {
      try {
        await withHostLocks('iptables', this.#parts.lockPaths ?? [], async () => {
          const plan = planMarks(treatments, await tables.save('mangle'), this.#sight.taps);
          if (plan === null) return;
          await tables.restore(plan.text);
          done.push(...plan.changes.map((change) => `${change} tool=${name} table=mangle`));
        });
      } catch (error) {
        // A host without the tool, or the table, has no marks; that is a fault only where some are wanted.
        if (isWanted) failed.push(`DSCP marks by ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (isWanted) failed.push(...(await this.#bridgesAreFiltered()));
    this.#mayBeMarked = isWanted || failed.length > 0;
    return { done, failed };
  }

  /** Without it no packet in a bridge ever comes to the chains. */
  async #bridgesAreFiltered(): Promise<string[]> {
    const { readSetting = readSysctl } = this.#parts;
    const key = 'net.bridge.bridge-nf-call-iptables';
    const value = await readSetting(key).catch(() => 'missing: modprobe br_netfilter');
    return value === '1' ? [] : [`DSCP marks: ${key} is ${value}; without it nothing in a bridge is marked`];
  }

  #log(operations: readonly string[], isNews: boolean): void {
    const fields = { count: operations.length, operations: operations.slice(0, LOGGED_OPERATIONS) };
    if (isNews) this.#parts.logger.info(fields, 'Limits and marks of ports were changed');
    else this.#parts.logger.warn(fields, 'Limits and marks of ports were not as they should be: mended');
  }

  /** Each reason once, not with every try. */
  #complain(failed: readonly string[]): void {
    const fresh = failed.filter((text) => !this.#complaints.has(text));
    this.#complaints = new Set(failed);
    if (fresh.length > 0) this.#parts.logger.warn({ failed: fresh }, 'Limits and marks of ports are not in force');
  }
}

function policyIds({ ports }: QosSight): Set<string> {
  return new Set(ports.map(policyOf).filter((id) => id !== null));
}

/** What a look at the host depends on. */
function fingerprint({ ports, taps }: QosSight): string {
  const each = ports.map((port) => `${port.device} ${port.port_id} ${policyOf(port)} ${port.mtu}`);
  return [...each.sort(), ...[...taps].map((tap) => tap.join(' ')).sort()].join('\n');
}
