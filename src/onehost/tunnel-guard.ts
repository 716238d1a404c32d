import type { Host } from '../linux/contract.ts';
import { RuleTables } from '../linux/iptables.ts';
import type { Instance } from './instance.ts';
import { readManifest, writeManifest } from './manifest.ts';
import type { StateFolder } from './state-folder.ts';
import { withChain } from './uplink.ts';

export function tunnelChain({ tag }: StateFolder): string {
  return `neutrino-${tag}-vxlan`;
}

/**
 * Keeps the networks of an instance without neighbours to itself. The kernel takes tunnel packets at every address of the
 * host, whatever `local_ip` says: anybody who reaches one could send frames into a tenant's network. So what does not come
 * from this host is dropped, as long as tunnels end on loopback; where they end at a real address, other hosts are meant.
 */
export async function guardTunnels(host: Host, state: StateFolder, tunnels: Instance['tunnels']): Promise<void> {
  const name = tunnelChain(state);
  const manifest = readManifest(state);
  const others = manifest.chains.filter((chain) => chain.name !== name);
  const iptables = new RuleTables(host.exec, 'iptables');
  if (tunnels?.address.startsWith('127.')) {
    writeManifest(state, { ...manifest, chains: withChain(manifest.chains, { table: 'raw', name }) });
    await iptables.ensure({
      table: 'raw',
      chains: [{ name, rules: [guardRule(tunnels.port)] }],
      jumps: [{ from: 'PREROUTING', chain: name }],
    });
  } else if (others.length < manifest.chains.length) {
    await iptables.remove('raw', [name]);
    writeManifest(state, { ...manifest, chains: others });
  }
}

function guardRule(port: number): string[] {
  return ['!', '-i', 'lo', '-p', 'udp', '--dport', String(port), '-j', 'DROP'];
}
