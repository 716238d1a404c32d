import { parseAddress } from '../../../lib/ip/address.ts';
import { kernelAddress } from '../../../lib/ip/kernel-text.ts';
import type { WireFloatingIp, WireRouter } from '../../../rpc/contract.ts';
import type { L3Facts, RouterDraft, RouterPart } from '../contract.ts';
import { routerMark } from './marks.ts';
import { acceptWithinExternalScope } from './scopes.ts';

/** Rewriting of addresses, of IPv4 only: floating IPs both ways, and the gateway's address for everybody else. */
export const nat: RouterPart = {
  name: 'nat',
  derive(draft, router, facts) {
    for (const floatingIp of router._floatingips ?? []) addFloatingIp(draft, floatingIp, facts);
    draft.rule(4, 'nat', 'snat', '-j $float-snat', 'floating IPs');
    acceptWithinExternalScope(draft, router);
    addGatewayRules(draft, router, facts);
    draft.rule(4, 'mangle', 'PREROUTING', '-j $mark', 'packets from the external network');
  },
};

/** NAT of one address both ways. Forwardings of single ports are a part of their own. */
function addFloatingIp(draft: RouterDraft, floatingIp: WireFloatingIp, facts: L3Facts): void {
  if (!draft.gateway || !floatingIp.fixed_ip_address) return;
  const address = ipv4(floatingIp.floating_ip_address);
  const fixed = ipv4(floatingIp.fixed_ip_address);
  if (!address || !fixed) {
    draft.problem({ resource: 'floatingip', id: floatingIp.id, reason: 'it or its fixed address is no IPv4 address' });
    return;
  }
  const cause = `floating IP ${address} of ${fixed}`;
  for (const chain of ['PREROUTING', 'OUTPUT']) {
    draft.rule(4, 'nat', chain, `-d ${address}/32 -j DNAT --to-destination ${fixed}`, cause);
  }
  draft.rule(4, 'nat', 'float-snat', `-s ${fixed}/32 -j SNAT --to-source ${address}${randomly(facts)}`, cause);
  draft.floatingIp({ id: floatingIp.id, address, fixedAddress: fixed, status: floatingIp.status });
}

function addGatewayRules(draft: RouterDraft, { enable_snat, gw_port }: WireRouter, facts: L3Facts): void {
  const { gateway } = draft;
  const address = gw_port?.fixed_ips.map(({ ip_address }) => ipv4(ip_address)).find(Boolean);
  if (!gateway || !address) return;
  const { name } = gateway;
  if (enable_snat) {
    const cause = `SNAT to the gateway’s address ${address}`;
    draft.rule(4, 'nat', 'snat', `-o ${name} -j SNAT --to-source ${address}${randomly(facts)}`, cause);
  }
  const own = 'own networks speak to each other by their own addresses';
  draft.rule(4, 'nat', 'POSTROUTING', `! -o ${name} -m conntrack ! --ctstate DNAT -j ACCEPT`, own);
  const mark = routerMark(facts.options.external_ingress_mark);
  // A guest that speaks to a floating IP of its own router: the answer must come back by the router.
  const hairpin = `-m mark ! --mark ${mark} -m conntrack --ctstate DNAT -j SNAT --to-source ${address}${randomly(facts)}`;
  draft.rule(4, 'nat', 'snat', hairpin, 'guests that speak to floating IPs of their own router');
  const from = 'packets from the external network';
  draft.rule(4, 'mangle', 'mark', `-i ${name} -j MARK --set-xmark ${mark}`, from);
}

function randomly({ agentOptions }: L3Facts): string {
  return agentOptions.use_random_fully ? ' --random-fully' : '';
}

function ipv4(text: string): string | null {
  const address = parseAddress(text);
  return address?.version === 4 ? kernelAddress(address.value, 4) : null;
}
