import { stat } from 'node:fs/promises';
import type { HealthOptions } from './options.ts';

/** Something the server needs. */
export interface HealthCheck {
  readonly name: string;
  /**
   * What was found, for people; neither this nor a reason names hosts, users or secrets: everybody may ask.
   * @throws Error whose message is the reason why the server is not in service
   */
  run(): Promise<string>;
}

/** What one check came to, as oslo.middleware has it. */
export interface HealthResult {
  readonly name: string;
  readonly available: boolean;
  readonly reason: string;
  readonly details: string;
}

export interface HealthAnswer {
  readonly status: number;
  /** Null where there is no body to have one. */
  readonly type: string | null;
  readonly body: string;
}

export interface HealthQuestion {
  readonly method: string;
  readonly accept: string | undefined;
  /** `?detailed` was asked for. */
  readonly detailed: boolean;
  /** The port that the request came to. */
  readonly port: number | undefined;
}

/** Answers are so old at most: whoever asks more often is told the same. */
const KEPT_MS = 1_000;

/**
 * `/healthcheck`, as oslo.middleware's answers: 200 and OK, or 503 and the reasons, a line each. Unlike it this one asks
 * what the server needs, database and queue. At most once a second, whoever asks how often.
 */
export class Health {
  readonly #checks: readonly HealthCheck[];
  readonly #options: HealthOptions;
  readonly #now: () => number;
  #latest: { atMs: number; results: Promise<readonly HealthResult[]> } | null = null;

  constructor(checks: readonly HealthCheck[], options: HealthOptions, now: () => number = () => performance.now()) {
    this.#checks = checks;
    this.#options = options;
    this.#now = now;
  }

  async answer({ method, accept, detailed, port }: HealthQuestion): Promise<HealthAnswer> {
    const results = [await this.#byFile(port), ...(await this.#results())];
    const healthy = results.every(({ available }) => available);
    const status = healthy ? 200 : 503;
    if (method === 'HEAD') return { status: healthy ? 204 : 503, type: null, body: '' };
    const isDetailed = detailed || this.#options.detailed;
    const type = preferredType(accept);
    return { status, type: contentTypes[type], body: renderers[type](results, isDetailed) };
  }

  /** A new look, or the one of a moment ago, or the one that is under way. */
  #results(): Promise<readonly HealthResult[]> {
    const nowMs = this.#now();
    if (this.#latest === null || nowMs - this.#latest.atMs >= KEPT_MS)
      this.#latest = { atMs: nowMs, results: Promise.all(this.#checks.map(resultOf)) };
    return this.#latest.results;
  }

  /** An operator takes a server out of service by a file: that counts at once. */
  async #byFile(port: number | undefined): Promise<HealthResult> {
    const { disable_by_file_path: always, disable_by_file_paths: byPort } = this.#options;
    const ofPort = byPort.map((entry) => entry.split(':')).filter(([number]) => Number(number) === port);
    const paths = [always, ...ofPort.map(([, ...path]) => path.join(':'))].filter((path) => path !== '');
    const found = await Promise.all(paths.map((path) => stat(path).then(Boolean, () => false)));
    const disabled = found.includes(true);
    const details = disabled ? 'the file that takes this server out of service is there' : 'no file says otherwise';
    return { name: 'disable_by_file', available: !disabled, reason: disabled ? 'DISABLED BY FILE' : 'OK', details };
  }
}

async function resultOf({ name, run }: HealthCheck): Promise<HealthResult> {
  try {
    return { name, available: true, reason: 'OK', details: await run() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name, available: false, reason: `${name}: ${why}`, details: why };
  }
}

type HealthType = 'text/plain' | 'text/html' | 'application/json';

/** In the order of upstream's preference. */
const contentTypes: Readonly<Record<HealthType, string>> = {
  'text/plain': 'text/plain; charset=UTF-8',
  'text/html': 'text/html; charset=UTF-8',
  'application/json': 'application/json',
};
const offers = Object.keys(contentTypes) as HealthType[];

/** The offer that the client likes best, the first of equals; text for whoever likes none, since a check is no dialogue. */
function preferredType(accept: string | undefined): HealthType {
  const ranges = (accept ?? '*/*').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = Number(/^q=(.*)$/.exec(parameters.find((parameter) => parameter.startsWith('q=')) ?? 'q=1')![1]);
    return { type, quality: Number.isFinite(quality) ? quality : 0 };
  });
  const qualityOf = (offer: HealthType) => {
    const exact = ranges.find(({ type }) => type === offer);
    const family = ranges.find(({ type }) => type === `${offer.split('/')[0]}/*`);
    return (exact ?? family ?? ranges.find(({ type }) => type === '*/*'))?.quality ?? 0;
  };
  const liked = offers.map((offer) => ({ offer, quality: qualityOf(offer) })).filter(({ quality }) => quality > 0);
  liked.sort((a, b) => b.quality - a.quality);
  return liked[0]?.offer ?? 'text/plain';
}

/** OK once when all is well, else what is not. */
function reasonsOf(results: readonly HealthResult[]): string[] {
  const bad = results.filter(({ available }) => !available);
  return bad.length === 0 ? ['OK'] : bad.map(({ reason }) => reason);
}

const renderers: Readonly<Record<HealthType, (results: readonly HealthResult[], detailed: boolean) => string>> = {
  'text/plain': (results, detailed) =>
    detailed ? results.map(detailedLine).join('\n') : reasonsOf(results).join('\n'),
  'application/json': (results, detailed) => {
    if (!detailed) return JSON.stringify({ detailed: false, reasons: reasonsOf(results) }, null, 4);
    const reasons = results.map(({ name, reason, details }) => ({ class: name, details, reason }));
    return JSON.stringify({ detailed: true, now: new Date().toISOString(), reasons }, null, 4);
  },
  'text/html': (results, detailed) => {
    const lines = detailed ? results.map(detailedLine) : reasonsOf(results);
    const rows = lines.map((line) => `<TR><TD>${escapeHtml(line)}</TD></TR>`).join('\n');
    return `<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n<H2>Result of ${results.length} checks:</H2>\n<TABLE bgcolor="#ffffff" border="1">\n<TBODY>\n${rows}\n</TBODY>\n</TABLE>\n</BODY>\n</HTML>`;
  },
};

function detailedLine({ name, available, details }: HealthResult): string {
  return `${name}: ${available ? 'OK' : 'FAILED'}: ${details}`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
