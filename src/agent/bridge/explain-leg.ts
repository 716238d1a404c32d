import type { Link, NetworkState } from '../../linux/contract.ts';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { DesiredBridge } from './derive.ts';
import { type DesiredLeg, describeLeg, isSameVxlan, legMtu } from './legs.ts';

/** The device that leads the network out of the host: what it is, where it is, and whether it works. */
export function explainLeg(bridge: DesiredBridge, leg: DesiredLeg, state: NetworkState): ExplainStep {
  const step = 'leg';
  const { name } = leg;
  const check = `ip -d link show ${name}`;
  const mtu = legMtu(leg, bridge.mtu, state);
  const expected = `${name}, ${describeLeg(leg)}, in bridge ${bridge.name}, up with carrier, MTU ${bridge.mtu}`;
  const link = state.links.get(name);
  if (!link) {
    const remedy = 'the bridge agent makes it with the first tap of the network; see its log';
    return { step, state: 'waiting', expected, found: 'no such device', check, device: name, remedy };
  }
  const found = `${name}, ${describe(link, leg)}, ${placeOf(link)}, ${lineOf(link)}, MTU ${link.mtu}`;
  const fault = (remedy: string): ExplainStep => ({
    step,
    state: 'fault',
    expected,
    found,
    check,
    device: name,
    remedy,
  });
  const mending = 'it is mended within 20 s; if not, see the log of the bridge agent';
  if (leg.kind === 'vxlan' && !isSameVxlan(link.vxlan, leg.vxlan)) return fault(mending);
  if (link.master !== bridge.name || link.mtu !== mtu) return fault(mending);
  if (!link.up) return fault(leg.kind === 'vlan' ? `ip link set ${leg.link} up; ip link set ${name} up` : mending);
  if (!link.carrier) return fault('look at the card below it');
  if (mtu < bridge.mtu) {
    const card = leg.kind === 'vlan' ? leg.link : leg.vxlan.link;
    return fault(`larger packets are lost: ip link set ${card} mtu ${bridge.mtu}, or a smaller MTU of the network`);
  }
  return { step, state: 'ok', expected, found, check, device: name };
}

/** The card below the leg: it must carry, and need not be in any bridge. */
export function explainCard(leg: DesiredLeg, state: NetworkState): ExplainStep {
  const step = 'nic';
  const name = leg.kind === 'vlan' ? leg.link : leg.vxlan.link;
  const card = state.links.get(name) as Link;
  const what = leg.kind === 'vxlan' ? ', which has the local_ip of tunnels,' : '';
  const expected = `${name}${what} up with carrier`;
  const found = `${name} ${lineOf(card)}`;
  const check = `ip link show ${name}`;
  if (card.up && card.carrier) return { step, state: 'ok', expected, found, check, device: name };
  const remedy = card.up ? 'look at the cable and the other end' : `ip link set ${name} up`;
  return { step, state: 'fault', expected, found, check, device: name, remedy };
}

function describe({ vlan, vxlan }: Link, leg: DesiredLeg): string {
  if (vlan) return `VLAN ${vlan.vid} of ${vlan.link}`;
  if (!vxlan) return `not ${describeLeg(leg)}`;
  const via = [vxlan.local && `from ${vxlan.local}`, vxlan.group && `to group ${vxlan.group}`, `by ${vxlan.link}`];
  return [`VNI ${vxlan.vni}`, ...via.filter(Boolean), `port ${vxlan.port}`].join(' ');
}

function placeOf({ master }: Link): string {
  return master === null ? 'in no bridge' : `in bridge ${master}`;
}

function lineOf({ up, carrier }: Link): string {
  return `${up ? 'up' : 'down'} ${carrier ? 'with' : 'without'} carrier`;
}
