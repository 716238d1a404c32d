import { createHash } from 'node:crypto';
import type { IpVersion } from '../../../lib/ip/address.ts';
import type { WireRouter } from '../../../rpc/contract.ts';
import type { RouterDraft, RouterPart } from '../contract.ts';

/** Upper half of a packet's mark: the address scope it comes from. */
const MASK = '0xffff0000';
/** Without a scope; those of scopes follow up to 2047. */
const NO_SCOPE = 1024;
const SCOPES = 1023;
const NEW_CONNECTION = `-m connmark --mark 0x0/${MASK}`;
const SAVE = `${NEW_CONNECTION} -j CONNMARK --save-mark --nfmask ${MASK} --ctmask ${MASK}`;
const RESTORE = `-m connmark ! --mark 0x0/${MASK} -j CONNMARK --restore-mark --nfmask ${MASK} --ctmask ${MASK}`;
const CAUSE = 'address scopes';

/** Packets go from one network to another only within one address scope, unless their addresses are rewritten. */
export const scopes: RouterPart = {
  name: 'address scopes',
  derive(draft, router) {
    const marks = marksOf(router);
    for (const family of [4, 6] as const) {
      const words = ['-j $scope', RESTORE, ...(family === 4 ? ['-j $floatingip'] : []), SAVE];
      for (const body of words) draft.rule(family, 'mangle', 'PREROUTING', body, CAUSE);
      draft.rule(family, 'filter', 'FORWARD', '-j $scope', CAUSE);
      addDeviceMarks(draft, router, family, marks);
    }
    draft.rule(4, 'mangle', 'float-snat', SAVE, CAUSE);
    if (!draft.gateway) return;
    if (router.enable_snat) draft.rule(4, 'mangle', 'POSTROUTING', `-o ${draft.gateway.name} ${SAVE}`, CAUSE);
    addFloatingIpMarks(draft, router, marks);
  },
};

/** Addresses of the external network's own scope leave as they are. */
export function acceptWithinExternalScope(draft: RouterDraft, router: WireRouter): void {
  const scope = externalScope(router);
  if (!draft.gateway || !router.enable_snat || scope === null) return;
  const mark = marksOf(router)(scope);
  draft.rule(
    4,
    'nat',
    'snat',
    `-o ${draft.gateway.name} -m connmark --mark ${mark} -j ACCEPT`,
    `address scope ${scope}`,
  );
}

type Marks = (scope: string | null) => string;

function addDeviceMarks(draft: RouterDraft, router: WireRouter, family: IpVersion, marks: Marks): void {
  const isRewritten = family === 4 && Boolean(router.enable_snat);
  for (const { name, role, port } of draft.devices.values()) {
    if (role === 'ha') continue;
    const scope = port.address_scopes?.[`${family}`] ?? null;
    const cause = scope === null ? 'networks without an address scope' : `address scope ${scope}`;
    draft.rule(family, 'mangle', 'scope', `-i ${name} -j MARK --set-xmark ${marks(scope)}`, cause);
    // What leaves by the gateway has the gateway's address then.
    if (role === 'gateway' && isRewritten) continue;
    draft.rule(family, 'filter', 'scope', `-o ${name} -m mark ! --mark ${marks(scope)} -j DROP`, cause);
  }
}

/** Who has a floating IP speaks with an address of the external network's scope. */
function addFloatingIpMarks(draft: RouterDraft, router: WireRouter, marks: Marks): void {
  const external = externalScope(router);
  const others = (router._floatingips ?? []).filter(
    ({ id, fixed_ip_address_scope }) => draft.floatingIps.has(id) && (fixed_ip_address_scope ?? null) !== external,
  );
  if (others.length === 0) return;
  for (const { name, role, port } of draft.devices.values()) {
    if (role === 'ha' || (port.address_scopes?.['4'] ?? null) !== external) continue;
    draft.rule(4, 'mangle', 'float-snat', `-o ${name} -j MARK --set-xmark ${marks(external)}`, CAUSE);
  }
  for (const { id, fixed_ip_address_scope } of others) {
    const { address, fixedAddress } = draft.floatingIps.get(id)!;
    const cause = `floating IP ${address} of ${fixedAddress}`;
    const mark = marks(fixed_ip_address_scope ?? null);
    draft.rule(4, 'mangle', 'floatingip', `-d ${address}/32 -j MARK --set-xmark ${mark}`, cause);
    draft.rule(4, 'mangle', 'FORWARD', `-s ${fixedAddress}/32 -j $float-snat`, cause);
  }
}

function externalScope({ gw_port }: WireRouter): string | null {
  return gw_port?.address_scopes?.['4'] ?? null;
}

/**
 * A number per scope that stays the same whenever and wherever it is computed: connections that are older than the agent
 * bear it. Two scopes of one router with one number are told apart by their order.
 */
function marksOf({ _interfaces = [], gw_port, _floatingips = [] }: WireRouter): Marks {
  const ports = [..._interfaces, ...(gw_port ? [gw_port] : [])];
  const ids = ports.flatMap(({ address_scopes }) => Object.values(address_scopes ?? {}));
  ids.push(..._floatingips.map(({ fixed_ip_address_scope }) => fixed_ip_address_scope));
  const numbers = new Map<string | null, number>();
  const taken = new Set<number>();
  for (const id of [...new Set(ids.filter((id) => id !== null && id !== undefined))].sort()) {
    let number = createHash('sha1').update(id).digest().readUInt32BE() % SCOPES;
    while (taken.has(number)) number = (number + 1) % SCOPES;
    taken.add(number);
    numbers.set(id, NO_SCOPE + 1 + number);
  }
  return (scope) => `0x${((numbers.get(scope) ?? NO_SCOPE) * 0x10000).toString(16)}/${MASK}`;
}
