import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import {
  applyForwarding,
  describeForwarding,
  type ForwardingOperation,
  readForwarding,
} from '../../linux/forwarding.ts';
import {
  BRIDGE_AGENT_VERSION,
  type ExplainStep,
  endpoint,
  ForwardingApi,
  fdbDigest,
  type L2PopulationMethods,
  topics,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { Wake } from '../bridge/wake.ts';
import { explainForwarding } from './explain.ts';
import { planForwarding, type TunnelledNetwork } from './plan.ts';
import { Told, type ToldNetwork } from './told.ts';

export interface ForwardingParts {
  host: string;
  /** `[vxlan] local_ip`, `arp_responder` */
  localIp: string;
  answers: boolean;
  transport: Transport;
  linux: Pick<Host, 'exec' | 'apply'>;
  logger: Logger;
  /** Default 300,000: how often the server is asked whether anything was missed. */
  askEveryMs?: number;
}

const ASK_EVERY_MS = 300_000;
/** A server that does not answer is asked again after this, doubling up to how often it is asked anyway. */
const FIRST_RETRY_MS = 2_000;
/** What failed on the host is tried again after this. */
const APPLY_RETRY_MS = 5_000;
/** Networks of one question: a server reads all ports of each. */
const ASKED_AT_ONCE = 50;
/** A log line is for people. */
const LOGGED_OPERATIONS = 40;

/**
 * Where frames of tunnelled networks go: entries of their devices, as the server told. Beside the passes that make the
 * devices, in turns of its own: a port that moves is a matter of milliseconds.
 */
export class Forwarding {
  readonly #parts: ForwardingParts;
  readonly #told: Told;
  readonly #api: ForwardingApi;
  readonly #wake: Wake;
  readonly #asking: Wake;
  /** Network id → device. */
  #devices = new Map<string, string>();
  /** Networks to look at; null: all. */
  #dirty: Set<string> | null = new Set();
  /** Networks to ask about; null: all. */
  #unasked: Set<string> | null = new Set();
  #news = true;
  #failures: ReadonlySet<string> = new Set();
  #retryMs = FIRST_RETRY_MS;
  #listener: Listener | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
    this.#told = new Told(parts.localIp);
    this.#api = new ForwardingApi(parts.transport);
    this.#wake = new Wake(() => this.#sync(), parts.logger);
    this.#asking = new Wake(() => this.#ask(), parts.logger);
  }

  async start(): Promise<void> {
    const { host, transport, askEveryMs = ASK_EVERY_MS } = this.#parts;
    const methods = endpoint<L2PopulationMethods>(BRIDGE_AGENT_VERSION, {
      add_fdb_entries: async ({ fdb_entries, host: only }) => this.#heard(only, () => this.#told.add(fdb_entries)),
      remove_fdb_entries: async ({ fdb_entries, host: only }) =>
        this.#heard(only, () => this.#told.remove(fdb_entries)),
      update_fdb_entries: async ({ fdb_entries, host: only }) =>
        this.#heard(only, () => this.#told.readdress(fdb_entries?.chg_ip ?? {})),
    });
    this.#listener = await transport.listen(topics.l2populationUpdate, host, [methods]);
    this.#timer = setInterval(() => this.askAll(), askEveryMs);
  }

  /** What this host has now: called by every pass, with its tunnelled networks and their devices. */
  networks(devices: ReadonlyMap<string, string>): void {
    const fresh = this.#told.keep(new Set(devices.keys()));
    const moved = [...devices].filter(([id, device]) => this.#devices.get(id) !== device).map(([id]) => id);
    this.#devices = new Map(devices);
    if (moved.length > 0) this.#look(moved, { news: true });
    if (fresh.length === 0) return;
    for (const id of fresh) this.#unasked?.add(id);
    this.#asking.in(0);
  }

  /** A device came or was changed, or it is time to look whether somebody did. */
  check(device: string | null = null): void {
    if (device === null) this.#dirty = null;
    const ids = [...this.#devices].filter(([, name]) => name === device).map(([id]) => id);
    if (device === null || ids.length > 0) this.#look(ids, { news: false });
  }

  /** Messages may have been lost. What is known is kept until the server has answered. */
  askAll(): void {
    this.#unasked = null;
    this.#asking.in(0);
  }

  /** Whether all that was told of a network is in force. */
  async explain(networkId: string): Promise<ExplainStep> {
    return explainForwarding(this.#known(networkId), await this.#plan([networkId]), this.#parts);
  }

  /** What was told of a network that this host has, and its device. */
  #known(networkId: string): { device: string; told: ToldNetwork } | null {
    const device = this.#devices.get(networkId);
    const told = this.#told.get(networkId);
    return device !== undefined && told ? { device, told } : null;
  }

  /** The plan for these networks, a line each, without doing it; none when no server of ours says what is where. */
  async dryRun(devices: ReadonlyMap<string, string>): Promise<string[]> {
    this.#told.keep(new Set(devices.keys()));
    this.#devices = new Map(devices);
    if (devices.size === 0) return [];
    await this.#askFor([...devices.keys()]).catch((error) => {
      this.#parts.logger.debug({ error: String(error) }, 'Not told what is where');
    });
    return (await this.#plan([...devices.keys()])).map(describeForwarding);
  }

  /** Settles when all that is known now is done. For tests. */
  async idle(): Promise<void> {
    await this.#asking.idle();
    await this.#wake.idle();
  }

  /** Leaves the host as it is. */
  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#listener?.close();
    await this.#asking.close();
    await this.#wake.close();
  }

  async #heard(only: string | null | undefined, hear: () => string[]): Promise<void> {
    if (only !== undefined && only !== null && only !== this.#parts.host) return;
    const ids = hear();
    if (ids.length > 0) this.#look(ids, { news: true });
  }

  #look(ids: readonly string[], { news }: { news: boolean }): void {
    if (news) this.#news = true;
    for (const id of ids) this.#dirty?.add(id);
    this.#wake.in(0);
  }

  async #ask(): Promise<{ againInMs?: number } | undefined> {
    const ids = this.#told.ids.filter((id) => this.#unasked === null || this.#unasked.has(id));
    if (ids.length === 0) {
      this.#unasked = new Set();
      return undefined;
    }
    const asked = this.#unasked;
    this.#unasked = new Set();
    try {
      const answered = await this.#askFor(ids);
      this.#retryMs = FIRST_RETRY_MS;
      // With the next look at the host all that is known is done, and what is not known is gone.
      this.#look(ids, { news: answered });
      return undefined;
    } catch (error) {
      this.#unasked = asked === null || this.#unasked === null ? null : new Set([...this.#unasked, ...ids]);
      // A Python server does not answer this, ever; what it tells by itself is all there is.
      this.#parts.logger.debug({ error: String(error), again_in_ms: this.#retryMs }, 'Not told what is where');
      const againInMs = this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, this.#parts.askEveryMs ?? ASK_EVERY_MS);
      return { againInMs };
    }
  }

  /** @returns whether anything was not known before */
  async #askFor(ids: readonly string[]): Promise<boolean> {
    let isNew = false;
    for (let start = 0; start < ids.length; start += ASKED_AT_ONCE) {
      isNew = (await this.#askSome(ids.slice(start, start + ASKED_AT_ONCE))) || isNew;
    }
    return isNew;
  }

  async #askSome(ids: readonly string[]): Promise<boolean> {
    const digests = Object.fromEntries(ids.map((id) => [id, fdbDigest(this.#told.get(id)?.asPorts ?? {})]));
    this.#told.asking();
    try {
      const { fdb_entries, same } = await this.#api.getFdbEntries(this.#parts.host, digests);
      this.#told.answered(fdb_entries, same);
      return Object.keys(fdb_entries).length > 0;
    } catch (error) {
      this.#told.unanswered();
      throw error;
    }
  }

  async #plan(ids: readonly string[]): Promise<ForwardingOperation[]> {
    const { linux, answers } = this.#parts;
    const networks: TunnelledNetwork[] = ids.map((id) => this.#known(id)).filter((known) => known !== null);
    if (networks.length === 0) return [];
    const devices = networks.map(({ device }) => device);
    return planForwarding(networks, await readForwarding(linux.exec, devices, { neighbours: answers }), { answers });
  }

  async #sync(): Promise<{ againInMs?: number } | undefined> {
    const ids = this.#dirty === null ? [...this.#devices.keys()] : [...this.#dirty];
    const isNews = this.#news || this.#failures.size > 0;
    this.#dirty = new Set();
    this.#news = false;
    let failed: readonly string[] = [];
    try {
      const operations = await this.#plan(ids);
      failed = await applyForwarding(this.#parts.linux, operations);
      if (operations.length > 0) this.#log(operations, isNews);
      this.#logFailures(failed);
    } catch (error) {
      for (const id of ids) this.#dirty?.add(id);
      throw error;
    }
    // What was heard meanwhile is not done yet.
    const done = failed.length === 0 ? ids.filter((id) => this.#dirty?.has(id) === false) : [];
    for (const id of done) this.#told.get(id)?.forgetGone();
    if (failed.length === 0) return undefined;
    for (const id of ids) this.#dirty?.add(id);
    return { againInMs: APPLY_RETRY_MS };
  }

  #log(operations: readonly ForwardingOperation[], isNews: boolean): void {
    const fields = {
      count: operations.length,
      operations: operations.slice(0, LOGGED_OPERATIONS).map(describeForwarding),
    };
    if (isNews) this.#parts.logger.debug(fields, 'Forwarding of tunnels was changed');
    else this.#parts.logger.warn(fields, 'Forwarding of tunnels was not as it should be: mended');
  }

  /** Each reason once, not with every try. */
  #logFailures(failed: readonly string[]): void {
    const fresh = failed.filter((text) => !this.#failures.has(text));
    this.#failures = new Set(failed);
    if (fresh.length > 0) this.#parts.logger.warn({ failed: fresh }, 'Entries of tunnels could not be made');
  }
}
