import type { Exec } from '../../linux/contract.ts';
import { readSysctl, writeSysctl } from '../../linux/sysctl.ts';
import { CannotStart } from '../bridge/cannot-start.ts';

/** Reading and writing of kernel settings, a seam for tests. */
export interface KernelSettings {
  read(key: string): Promise<string>;
  write(key: string, value: string): Promise<void>;
}

const own: KernelSettings = { read: readSysctl, write: writeSysctl };

const keys = ['arp', 'ip', 'ip6'].map((family) => `net/bridge/bridge-nf-call-${family}tables`);

/**
 * Sees to it that the kernel shows frames in bridges to iptables (br_netfilter). Without it all rules are there and none counts,
 * and nothing tells: upstream's agent only warns.
 *
 * @returns the settings that had to be turned on
 * @throws CannotStart
 */
export async function ensureBridgeFiltering(exec: Exec, settings: KernelSettings = own): Promise<string[]> {
  const isThere = () =>
    settings.read(keys[0] as string).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    const why = await exec.run(['modprobe', 'br_netfilter']).then(
      () => '',
      (error: Error) => ` (${error.message})`,
    );
    if (!(await isThere())) {
      throw new CannotStart(
        'securitygroup',
        'firewall_driver',
        `this kernel does not filter bridges, so security groups would do nothing: load its module br_netfilter${why}, or set noop`,
      );
    }
  }
  const turnedOn: string[] = [];
  for (const key of keys) {
    try {
      if ((await settings.read(key)) === '1') continue;
      await settings.write(key, '1');
    } catch (error) {
      throw new CannotStart(
        'securitygroup',
        'firewall_driver',
        `${key.replaceAll('/', '.')} must be 1 for security groups to do anything, and cannot be set: ${(error as Error).message}; set it, or set noop`,
      );
    }
    turnedOn.push(key.replaceAll('/', '.'));
  }
  return turnedOn;
}

/** Settings that are not as they must be, for people. */
export async function unfilteredKeys(settings: KernelSettings = own): Promise<string[]> {
  const values = await Promise.all(keys.map((key) => settings.read(key).catch(() => 'missing')));
  return keys.filter((_, index) => values[index] !== '1').map((key) => key.replaceAll('/', '.'));
}
