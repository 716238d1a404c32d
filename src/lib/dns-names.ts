/**
 * Names of ports in DNS: what `dns_assignment` says (upstream: plugins/ml2/extensions/dns_integration.py). A domain here
 * is the option `dns_domain` with its final dot, or `''`.
 */

/** With this domain, which is the default of the option, Neutron keeps no names of ports. */
const DEFAULT_DOMAIN = 'openstacklocal.';

/** The option's value as a domain: with a final dot, `''` when there is none. */
export function domainOf(option: string): string {
  return option === '' || option.endsWith('.') ? option : `${option}.`;
}

/** Whether ports may have names: only where the operator chose a domain. */
export function keepsNames(domain: string): boolean {
  return domain !== '' && domain !== DEFAULT_DOMAIN;
}

export interface DnsAssignment {
  ip_address: string;
  hostname: string;
  fqdn: string;
}

/** What the addresses of a port are called: by its name, else each after its own digits. */
export function dnsAssignment(addresses: readonly string[], name: string, domain: string): DnsAssignment[] {
  const own = keepsNames(domain) ? name : '';
  return addresses.map((ip_address) => {
    const hostname = own || `host-${ip_address.replace(/[.:]/g, '-')}`;
    const complete = domain === '' || hostname.endsWith('.');
    return { ip_address, hostname, fqdn: complete ? hostname : `${hostname}.${domain}` };
  });
}
