import type { NetworkInfo } from '../../rpc/contract.ts';
import { fitsLine } from './dnsmasq-text.ts';
import { hostEntries } from './network.ts';

/**
 * `--addn-hosts`: what names mean, for every address of the network, leased or not (dnsmasq knows names of the hosts file
 * only once it gave the lease itself). The full name comes first: it is the one that reverse look-ups answer.
 */
export function renderAddnHostsFile(network: NetworkInfo, domain: string): string {
  const lines: string[] = [];
  for (const { fixedIp, fqdn, hostname } of hostEntries(network, domain)) {
    const line = `${fixedIp.ip_address}\t${fqdn} ${hostname}`;
    if (fitsLine(line)) lines.push(`${line}\n`);
  }
  return lines.join('');
}
