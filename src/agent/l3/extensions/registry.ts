import type { RouterPart } from '../contract.ts';
import { AddressQosPart } from './address-qos.ts';
import { ConntrackHelperPart } from './conntrack-helper.ts';
import { FLOATING_QOS, GATEWAY_QOS } from './names.ts';
import { NdpProxyPart } from './ndp-proxy.ts';
import { PortForwardingPart } from './port-forwarding.ts';

/** By upstream's names. The two of QoS are one part: they share the device's filters. */
const makers: Readonly<Record<string, () => RouterPart>> = {
  port_forwarding: () => new PortForwardingPart(),
  conntrack_helper: () => new ConntrackHelperPart(),
  ndp_proxy: () => new NdpProxyPart(),
};

/** The parts of these extensions, in the order in which they write to a router. */
export function extensionParts(names: readonly string[]): RouterPart[] {
  const parts = Object.keys(makers)
    .filter((name) => names.includes(name))
    .map((name) => makers[name]!());
  const floating = names.includes(FLOATING_QOS);
  const gateway = names.includes(GATEWAY_QOS);
  return floating || gateway ? [...parts, new AddressQosPart({ floating, gateway })] : parts;
}
