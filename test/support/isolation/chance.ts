import fc from 'fast-check';
import { type Carried, macFor, type Packet } from './packet.ts';
import { type Guest, linkLocal, type Rule, type World } from './world.ts';

/** Worlds and packets by chance: few names, addresses and ports, so that they meet. */
const groupNames = ['one', 'two', 'three'];
const blocks4 = ['10.7.0.0/24', '10.7.0.2/32', '10.7.0.2/31', '0.0.0.0/0', '10.7.9.0/25'];
const blocks6 = ['fd07::/64', 'fd07::2/128', 'fd07::2/127', '::/0', 'fe80::/10'];
const ports = [1, 79, 80, 81, 443, 5000];

const baseGuests: Guest[] = ['ann', 'ben', 'cat'].map((name, at) => ({
  name,
  network: 'red',
  mac: `fa:16:3e:07:00:0${at + 1}`,
  ipv4: `10.7.0.${at + 1}`,
  ipv6: `fd07::${at + 1}`,
  pairs: [],
  groups: [],
  security: 'on',
}));
/** As ann, elsewhere. */
const double: Guest = { ...baseGuests[0]!, name: 'dot', network: 'blue' };

/** The guests there are in every world; what they may do differs. */
export const allGuests: World = {
  groups: {},
  addressGroups: {},
  guests: Object.fromEntries([...baseGuests, double].map((guest) => [guest.name, guest])),
};

const range = fc
  .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

const rule: fc.Arbitrary<Rule> = fc.constantFrom(4 as const, 6 as const).chain((version) => {
  const icmp = version === 4 ? 1 : 58;
  const types = version === 4 ? [8, 0, 13] : [128, 129, 1];
  const what = fc.oneof(
    fc.constant({}),
    fc.constantFrom(6, 17).chain((protocol) => range.map((both) => ({ protocol, ...both }))),
    fc.constantFrom(6, 17, icmp).map((protocol) => ({ protocol })),
    fc.constantFrom(...types).map((min) => ({ protocol: icmp, min })),
    fc.constantFrom(...types).chain((min) => fc.constantFrom(0, 1).map((max) => ({ protocol: icmp, min, max }))),
  );
  const remote = fc.oneof(
    fc.constant({}),
    fc.constantFrom(...(version === 4 ? blocks4 : blocks6)).map((prefix) => ({ prefix })),
    fc.constantFrom(...groupNames).map((group) => ({ group })),
    fc.constant({ addressGroup: 'some' }),
  );
  const direction = fc.constantFrom('ingress' as const, 'egress' as const);
  return fc
    .tuple(direction, what, remote)
    .map(([way, a, b]) => ({ direction: way, ethertype: version === 4 ? 'IPv4' : 'IPv6', ...a, ...b }));
});

/** Mostly something goes out, or nothing would be worth looking at. */
const group = fc
  .tuple(fc.array(rule, { maxLength: 4 }), fc.integer({ min: 0, max: 3 }))
  .map(([rules, out]): Rule[] => [
    ...rules,
    ...(out > 0 ? [{ direction: 'egress' as const, ethertype: 'IPv4' as const }] : []),
    ...(out > 1 ? [{ direction: 'egress' as const, ethertype: 'IPv6' as const }] : []),
  ]);

const pair = fc.constantFrom(
  { ip: '10.7.9.0/24' },
  { ip: '10.7.0.3' },
  { ip: 'fd07:0:0:9::/64' },
  { ip: '10.7.0.99', mac: '02:00:5e:00:01:09' },
  { ip: 'fd07::99', mac: '02:00:5e:00:01:09' },
);

export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    groups: fc.tuple(group, group, group),
    some: fc.subarray([...blocks4, ...blocks6]),
    members: fc.tuple(...[...baseGuests, double].map(() => fc.subarray(groupNames))),
    pairs: fc.tuple(
      ...[...baseGuests, double].map(() => fc.uniqueArray(pair, { maxLength: 2, selector: ({ ip }) => ip })),
    ),
    open: fc.subarray(['cat', 'dot']),
  })
  .map(({ groups, some, members, pairs, open }) => {
    const guests = [...baseGuests, double].map((guest, at): Guest => {
      const isOpen = open.includes(guest.name);
      return isOpen ? { ...guest, security: 'off' } : { ...guest, groups: members[at]!, pairs: pairs[at]! };
    });
    return {
      groups: Object.fromEntries(groupNames.map((name, at) => [name, groups[at]!])),
      addressGroups: { some },
      guests: Object.fromEntries(guests.map((guest) => [guest.name, guest])),
    };
  });

export interface Sent {
  from: string;
  to: string;
  packet: Packet;
}

/** Packets whose session nobody has seen: each from a port of its own. */
export const anyPackets: fc.Arbitrary<Sent[]> = fc
  .array(
    fc
      .record({
        from: fc.constantFrom('ann', 'ben', 'cat', 'dot'),
        to: fc.constantFrom('ann', 'ben', 'cat', 'dot'),
        version: fc.constantFrom(4 as const, 6 as const),
        kind: fc.constantFrom('udp', 'tcp', 'icmp', 'echo', 'arp', 'advertisement'),
        port: fc.constantFrom(...ports),
        type: fc.integer({ min: 0, max: 2 }),
        code: fc.constantFrom(0, 0, 1),
        source: fc.constantFrom('own', 'own', 'own', 'own', 'neighbor', 'pair', 'vrrp', 'linkLocal', 'nowhere'),
        mac: fc.constantFrom('own', 'own', 'own', 'own', 'own', 'neighbor', 'vrrp'),
        tagged: fc.constantFrom(false, false, false, false, false, true),
        isCut: fc.constantFrom(false, false, false, true),
        destination: fc.constantFrom('guest', 'guest', 'guest', 'everybody'),
      })
      .filter(({ from, to }) => from !== to),
    { minLength: 20, maxLength: 20 },
  )
  .map((drawn) =>
    drawn.map((one, at): Sent => {
      const [from, to] = [allGuests.guests[one.from]!, allGuests.guests[one.to]!];
      const { version } = one;
      const neighbor = one.from === 'ben' ? allGuests.guests.cat! : allGuests.guests.ben!;
      const own = version === 4 ? from.ipv4 : from.ipv6;
      const src = {
        own,
        neighbor: version === 4 ? neighbor.ipv4 : neighbor.ipv6,
        pair: version === 4 ? '10.7.9.7' : 'fd07:0:0:9::7',
        vrrp: version === 4 ? '10.7.0.99' : 'fd07::99',
        linkLocal: version === 4 ? own : linkLocal(from.mac),
        nowhere: version === 4 ? '198.51.100.7' : '2001:db8::7',
      }[one.source]!;
      // Without port security a guest draws to it what is for the MAC it takes: that is the bridge's doing, and nobody's promise.
      const another = one.from === 'cat' ? '02:00:00:00:00:99' : neighbor.mac;
      const srcMac = { own: from.mac, neighbor: another, vrrp: '02:00:5e:00:01:09' }[one.mac]!;
      const tags = one.tagged ? [{ id: 0 }] : [];
      if (one.kind === 'arp') {
        const senderIp = version === 4 ? src : from.ipv4;
        const content = { what: 'arp' as const, operation: 1 + (one.type % 2), senderIp, targetIp: to.ipv4 };
        return { from: one.from, to: one.to, packet: { srcMac, dstMac: 'ff:ff:ff:ff:ff:ff', tags, content } };
      }
      const everybody = version === 4 ? '10.7.0.255' : 'ff02::1';
      const dst = one.destination === 'everybody' ? everybody : version === 4 ? to.ipv4 : to.ipv6;
      const carried = carriedBy(one, at, src);
      // Only what has data is long enough.
      const isCut = one.isCut && (carried.kind === 'udp' || carried.kind === 'icmp');
      // Bridges do not cut IPv6 again into less than 1280 bytes.
      const fragments = version === 4 ? 16 : 1232;
      const content = { what: 'ip' as const, version, src, dst, carried, ...(isCut && { fragments }) };
      return { from: one.from, to: one.to, packet: { srcMac, dstMac: macFor(dst, to), tags, content } };
    }),
  );

interface Drawn {
  kind: string;
  version: 4 | 6;
  port: number;
  type: number;
  code: number;
}

function carriedBy({ kind, version, port, type, code }: Drawn, at: number, src: string): Carried {
  const from = 20_000 + at;
  if (kind === 'udp' || kind === 'tcp') return { kind, from, to: port };
  if (kind === 'advertisement' && version === 6) return { kind: 'advertisement', target: type === 0 ? src : 'fd07::2' };
  const types = version === 4 ? [8, 0, 13] : [128, 129, 128];
  return { kind: 'icmp', type: types[type]!, code: kind === 'echo' ? 0 : code, id: from };
}
