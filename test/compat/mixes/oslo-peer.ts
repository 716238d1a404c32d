import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { until } from '../../support/wait.ts';

/** What the Python program is told to call. */
export interface Order {
  topic: string;
  method: string;
  args?: Record<string, unknown>;
  server?: string;
  version?: string;
  namespace?: string;
  fanout?: boolean;
  cast?: boolean;
  /** In seconds. */
  timeout?: number;
  request_id?: string;
}

/** How it came out: a result, or the exception as Python's caller gets it. */
export interface Outcome {
  result?: unknown;
  error?: { class: string; type: string; message: string };
}

/** `programs/oslo-peer.py`: the real oslo.messaging at the other end. */
export class OsloPeer implements AsyncDisposable {
  /** Arguments of the casts that it served. */
  readonly heard: Record<string, unknown>[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #isReady = false;
  #errors = '';
  #orders = 0;

  private constructor(argv: readonly string[]) {
    const program = new URL('programs/oslo-peer.py', import.meta.url).pathname;
    this.#process = spawn('/usr/bin/python3', [program, ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
  }

  static async start(url: string, topic: string, server: string): Promise<OsloPeer> {
    const peer = new OsloPeer([url, topic, server]);
    const isReady = () => {
      if (peer.#process.exitCode !== null) throw new Error(peer.#errors);
      return peer.#isReady;
    };
    await until('oslo.messaging serves', isReady, { timeoutMs: 60_000 });
    return peer;
  }

  order(order: Order): Promise<Outcome> {
    this.#orders += 1;
    const id = this.#orders;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.stdin.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  #take({ id, ready, heard, ...outcome }: Outcome & { id?: number; ready?: true; heard?: Record<string, unknown> }) {
    if (ready) this.#isReady = true;
    else if (heard) this.heard.push(heard);
    else this.#waiting.get(id!)?.(outcome);
  }
}
