import { silentLogger } from '../../lib/log.ts';
import type { Exec, Host } from '../../linux/contract.ts';
import { destroySets, readSets } from '../../linux/ipset.ts';
import { withHostLocks } from '../../linux/lock.ts';
import { PacketFilter } from '../../linux/packet-filter.ts';
import type { FirewallDriver, FirewallState } from './contract.ts';
import { isSetName, PREFIX, setName } from './iptables/names.ts';
import { NoopFirewall } from './noop.ts';
import { SpoofGuard } from './spoofing/spoof-guard.ts';

export interface RuleCleanup {
  /** Whether a tap is on this host: what is in force for it is somebody's, and stays. */
  isThere: (tap: string) => boolean;
  /** Groups whose sets go as soon as no rule refers to them, whoever else filters on this host. */
  groups?: readonly string[];
  lockPaths: readonly string[];
}

/**
 * Takes away what the agent's firewall made for taps that are gone, and all of it where no tap with rules is left: for hosts
 * that an agent leaves for good. Somebody else's rules stay, and so do those of another agent's taps.
 *
 * @returns a line for each kind of thing that was removed
 * @throws Error for what could not be removed
 */
export async function removeRules(host: Host, { isThere, groups = [], lockPaths }: RuleCleanup): Promise<string[]> {
  const problems: string[] = [];
  const logger = {
    ...silentLogger,
    error: (fields: object, message: string) => void problems.push(`${message}: ${reasonIn(fields)}`),
  };
  const drivers: [what: string, driver: Pick<FirewallDriver, 'plan' | 'apply'>][] = [
    ['rules of security groups (iptables)', new NoopFirewall({ exec: host.exec, logger, lockPaths })],
    ['rules against spoofing (ebtables)', new SpoofGuard({ host, logger, lockPaths })],
  ];
  const removed: string[] = [];
  for (const [what, driver] of drivers) {
    if ((await driver.plan(nobody, isThere)).length === 0) continue;
    await driver.apply(nobody, isThere);
    removed.push(what);
  }
  const ours = new Set(groups.flatMap((id) => ([4, 6] as const).map((version) => setName(id, version))));
  // A host without ipset has no sets.
  const left = await readSets(host.exec, (name) => ours.has(name)).catch(() => new Map<string, never>());
  for (const [name, reason] of await destroySets(host.exec, [...left.keys()])) problems.push(`set ${name}: ${reason}`);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return removed;
}

export interface CleanedSets {
  removed: string[];
  /** With the kernel's reason. */
  kept: { name: string; reason: string }[];
}

export interface SetCleanup {
  /** Also those in use: rules in the agent's own chains that refer to them go first. */
  force: boolean;
  lockPaths: readonly string[];
}

/**
 * The body of `neutron-ipset-cleanup`: removes the sets that agents make for groups, and no other. The kernel keeps those
 * that a rule refers to, and says so.
 */
export async function cleanUpSets({ exec }: Host, { force, lockPaths }: SetCleanup): Promise<CleanedSets> {
  const names = [...(await readSets(exec, isSetName)).keys()].sort();
  if (force && names.length > 0)
    await withHostLocks('iptables', lockPaths, () => removeReferences(exec, new Set(names)));
  const kept = await destroySets(exec, names);
  return {
    removed: names.filter((name) => !kept.has(name)),
    kept: [...kept].map(([name, reason]) => ({ name, reason })),
  };
}

/** What falls out of a chain's rules passes less: at its end all is dropped. */
async function removeReferences(exec: Exec, names: ReadonlySet<string>): Promise<void> {
  for (const tool of ['iptables', 'ip6tables'] as const) {
    const filter = new PacketFilter(exec, tool);
    const saved = await filter.save(['filter']).catch(() => '');
    const rules = saved.split('\n').filter((line) => {
      const [, chain = '', set = ''] = /^-A (\S+) .*--match-set (\S+) /.exec(line) ?? [];
      return chain.startsWith(PREFIX) && names.has(set);
    });
    if (rules.length === 0) continue;
    await filter.restore(`*filter\n${rules.map((line) => line.replace('-A', '-D')).join('\n')}\nCOMMIT\n`);
  }
}

const nobody: FirewallState = { ports: new Map(), groups: new Map(), members: new Map() };

function reasonIn(fields: object): string {
  return 'error' in fields ? String(fields.error) : JSON.stringify(fields);
}
