import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressVersion } from '../../lib/ip/address.ts';
import type { Exec } from '../../linux/contract.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import type { DhcpState } from './derive.ts';
import { isClientId } from './dnsmasq-text.ts';
import { type Lease, parseLeases, unownedLeases } from './leases-file.ts';

const TRIES = 3;
const PAUSE_MS = 300;

/**
 * Gives back leases of addresses whose port is gone or has another MAC, as the guest would: until then dnsmasq gives the
 * address to nobody else. Only what stands in the lease file is released; `network` is asked before each try, for the
 * address may have a new owner meanwhile.
 *
 * @returns leases that are still there after the last try
 */
export async function releaseLeases(exec: Exec, state: DhcpState, network: () => NetworkInfo | null): Promise<Lease[]> {
  for (let attempt = 1; ; attempt += 1) {
    const now = network();
    if (!now) return [];
    const { leases, serverDuid } = await readLeases(join(state.folder, 'leases'));
    const unowned = unownedLeases(leases, now);
    if (unowned.length === 0 || attempt > TRIES) return unowned;
    if (attempt > 1) await sleep(PAUSE_MS);
    for (const lease of unowned) await release(exec, state, lease, serverDuid);
    // dnsmasq writes the file as soon as it has read the message.
    await sleep(20);
  }
}

async function readLeases(path: string): Promise<{ leases: Lease[]; serverDuid: string | null }> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return { leases: parseLeases(text), serverDuid: /^duid ([0-9a-f:]+)$/im.exec(text)?.[1] ?? null };
}

async function release(exec: Exec, state: DhcpState, lease: Lease, serverDuid: string | null): Promise<void> {
  const { device } = state.card;
  const options = { netns: state.namespace, okCodes: [0, 1] };
  if (addressVersion(lease.address) === 4) {
    if (lease.mac === null) return;
    const clientId = lease.clientId !== '*' && isClientId(lease.clientId) ? [lease.clientId] : [];
    await exec.run(['dhcp_release', device, lease.address, lease.mac, ...clientId], options);
    return;
  }
  // Addresses for a short time (IAID with a T) end by themselves.
  if (!serverDuid || lease.iaid === null || !/^\d+$/.test(lease.iaid)) return;
  const ids = ['--client-id', lease.clientId, '--server-id', serverDuid, '--iaid', lease.iaid];
  await exec.run(['dhcp_release6', '--iface', device, '--ip', lease.address, ...ids], options);
}
