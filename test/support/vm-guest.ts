import { join } from 'node:path';
import type { EmulatedHost } from './hosts.ts';
import { project } from './programs.ts';

/** One line that the virtual machine reported. */
export interface VmEvent {
  event: 'boot' | 'lease' | 'nolease' | 'addr6' | 'metadata' | 'ping' | 'exec' | 'end' | string;
  [fact: string]: unknown;
}

/**
 * Boots a true virtual machine whose card is the tap of a port, and returns what it went through: boot, lease, metadata,
 * pings. Slow (seconds), so for the one test that needs it.
 *
 * @throws Error when qemu failed or the time was up
 */
export async function runVmGuest(
  host: EmulatedHost,
  {
    tap,
    mac,
    pings = [],
    urls = [],
    timeoutMs = 120_000,
  }: { tap: string; mac: string; pings?: readonly string[]; urls?: readonly string[]; timeoutMs?: number },
): Promise<VmEvent[]> {
  const options = [...pings.flatMap((address) => ['--ping', address]), ...urls.flatMap((url) => ['--url', url])];
  const { stdout } = await host.run(
    [
      join(project, 'test/vm/guest-run'),
      '--tap',
      tap,
      '--mac',
      mac,
      '--timeout',
      String(Math.floor(timeoutMs / 1000)),
      ...options,
    ],
    {
      okCodes: [0, 1],
      timeoutMs: timeoutMs + 10_000,
      env: { HOME: process.env.HOME ?? '/root', VM_LAB_CACHE: process.env.VM_LAB_CACHE ?? '' },
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as VmEvent);
}

/** Downloads and unpacks the kernel once, on this machine: emulated hosts have no way out. */
export function vmKernelCommand(): string[] {
  return ['bash', '-c', '. "$0/vm-common.sh"; vml_tools; vml_kernel; echo "$VML_KERNEL"', join(project, 'test/vm')];
}
