import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/wait.ts';
import { readLog } from '../host/agent-log.ts';
import { countCommands, type StartFigures } from '../host/start.ts';
import { cpuMs, pssMb } from '../processes.ts';
import type { RouterSite } from './site.ts';

export interface SyncFigures {
  /** From the start of the process until all routers are as they should be. */
  readonly fromExecMs: number;
  /** From the first answer to any call until then. */
  readonly fromFirstAnswerMs: number;
  readonly agentCpuMs: number;
  readonly pssMb: number;
  /** By program: how often it ran, and how long that took together; those that may change something apart. */
  readonly commands: StartFigures['commands'];
  readonly writing: StartFigures['commands'];
}

/** CPU of the agent and its commands while nothing happens, in ms, and the time it was looked at. */
export interface RestFigures {
  readonly cpuMs: number;
  readonly ms: number;
}

/** So much is looked at: a good share of a round of checks. */
const REST_MS = 60_000;

/** What the agent does by itself once all is in place; announcements to neighbours have ended by then. */
export async function rest({ l3Agent }: RouterSite): Promise<RestFigures> {
  const pid = (await l3Agent.pid())!;
  const [before, from] = [cpuMs([pid], { ended: true }), performance.now()];
  await sleep(REST_MS);
  return { cpuMs: cpuMs([pid], { ended: true }) - before, ms: performance.now() - from };
}

const LIMIT_MS = 1_800_000;

/** Starts the agent and waits until it says that all routers are as they should be. */
export async function syncRouters(site: RouterSite, count: number): Promise<SyncFigures> {
  const { l3Agent } = site;
  const began = Date.now();
  const from = performance.now();
  const { length } = site.log();
  l3Agent.start();
  const done = new RegExp(`synchronized with the server.*\\brouters=${count}\\b`);
  await until('all routers', () => done.test(site.log().slice(length)), { timeoutMs: LIMIT_MS, everyMs: 20 });
  const fromExecMs = performance.now() - from;
  const endMs = Date.now();
  const pid = (await l3Agent.pid())!;
  // One name for all routers' namespaces.
  const work = readLog(site.log().replaceAll(/qrouter-[\da-f-]{36}/g, 'qrouter'), began);
  return {
    fromExecMs,
    fromFirstAnswerMs: endMs - (work.firstAnswerMs ?? began),
    agentCpuMs: cpuMs([pid], { ended: true }),
    pssMb: pssMb([pid]),
    commands: countCommands(work),
    writing: countCommands(work, 'writing'),
  };
}
