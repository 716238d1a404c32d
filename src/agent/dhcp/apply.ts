import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import { DaemonFailed } from '../../linux/daemon.ts';
import { applyDaemonStep, makeFolder, replaceFile, textOf } from '../daemons/kept.ts';
import { fillChecksums } from './checksum-rules.ts';
import { leasesForStart } from './leases-file.ts';
import { type DhcpPlan, type DhcpStep, describeStep } from './plan.ts';

/** Does a plan: dnsmasq, haproxy and the firewall rules start at the same time, once the card is there. @throws what failed first */
export async function applyPlan(host: Host, plan: DhcpPlan, logger: Logger): Promise<void> {
  await applySteps(host, plan.first, logger);
  const done = await Promise.allSettled(plan.beside.map((steps) => applySteps(host, steps, logger)));
  const failed = done.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Does the steps in order. @throws at the first that fails, unless it is one that DHCP works without */
export async function applySteps(host: Host, steps: readonly DhcpStep[], logger: Logger): Promise<void> {
  for (const step of steps) {
    try {
      await applyStep(host, step);
      logger.debug({ step: describeStep(step) }, 'did');
    } catch (error) {
      const optional = step.do === 'fill_checksums' || (step.do === 'network' && step.optional);
      if (!optional) throw new Error(`${describeStep(step)[0]}: ${String(error)}`, { cause: error });
      logger.warn({ step: describeStep(step), error: String(error) }, 'a step failed that DHCP works without');
    }
  }
}

/** Whether that failed because a daemon did not start. */
export function isFailedStart(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof DaemonFailed;
}

async function applyStep(host: Host, step: DhcpStep): Promise<void> {
  switch (step.do) {
    case 'ensure_namespace':
      // A name whose mount is gone cannot be entered.
      if ((await host.listNetns()).includes(step.name)) await host.removeNetns(step.name);
      return await host.ensureNetns(step.name);
    case 'network':
      return await host.apply(step.operations, step.netns ?? undefined);
    case 'fill_checksums':
      return await fillChecksums(host.exec, step.netns, step.family, { fresh: step.fresh });
    case 'make_folder':
      return await makeFolder(step.path);
    case 'prepare_leases':
      return await replaceFile(step.path, leasesForStart(await textOf(step.path), step.network));
    default:
      return await applyDaemonStep(host.exec, step);
  }
}
