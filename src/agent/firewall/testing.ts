import type { WireRule } from '../../rpc/contract.ts';
import type { FirewallPort, FirewallState, Members } from './contract.ts';

/** A filtered port of one bridge, number `n` of its network. */
export function testPort(n: number, more: Partial<FirewallPort> = {}): FirewallPort {
  const hex = n.toString(16).padStart(8, '0');
  return {
    tap: `tap${hex}-a${n % 10}`,
    portId: `${hex}-a${n % 10}00-4000-8000-000000000000`,
    bridge: 'brq11111111-11',
    filter: 'filtered',
    mac: `fa:16:3e:00:${hex.slice(4, 6)}:${hex.slice(6)}`,
    fixedIps: [`10.0.0.${n}`, `fd00::${n}`],
    addressPairs: [],
    groups: [],
    providerRules: [],
    ...more,
  };
}

export function testState(
  ports: readonly FirewallPort[],
  groups: Readonly<Record<string, readonly WireRule[]>> = {},
  members: Readonly<Record<string, Members>> = {},
): FirewallState {
  return {
    ports: new Map(ports.map((port) => [port.tap, port])),
    groups: new Map(Object.entries(groups)),
    members: new Map(Object.entries(members)),
  };
}
