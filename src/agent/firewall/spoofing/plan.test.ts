import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FirewallPort } from '../contract.ts';
import { desiredFrames, desiredPackets, guarded } from './desired.ts';
import { planTable } from './plan.ts';
import { rule, type SavedTable } from './saved-table.ts';
import { emptyTable, filteredPort, linesOf, restored } from './testing.ts';

const always = () => true;

function frames(present: SavedTable, ports: readonly FirewallPort[], isThere: (tap: string) => boolean = always) {
  const wanted = new Map(ports.map((port) => [port.tap, guarded(port)]));
  const isLeft = (tap: string) => !wanted.has(tap) && isThere(tap);
  return planTable(present, desiredFrames({ ports: wanted, present, isLeft }, []));
}

function packets(present: SavedTable, ports: readonly FirewallPort[], isThere: (tap: string) => boolean = always) {
  const wanted = new Map(ports.map((port) => [port.tap, guarded(port)]));
  const isLeft = (tap: string) => !wanted.has(tap) && isThere(tap);
  return planTable(present, desiredPackets({ ports: wanted, present, isLeft }), ' [0:0]');
}

const applied = (present: SavedTable, ports: readonly FirewallPort[], isThere?: (tap: string) => boolean) =>
  restored(present, frames(present, ports, isThere).lines);

describe('frames', () => {
  it('the first port: its chains, what leads to them, and the types it may use', () => {
    expect(frames(emptyTable('-i other0 -j ACCEPT'), [filteredPort('tap1')]).lines).toEqual([
      ':neutronMAC-tap1 DROP',
      ':neutronARP-tap1 DROP',
      ':neutrino-types-in RETURN',
      ':neutrino-types-out RETURN',
      '-A neutronMAC-tap1 -i tap1 --among-src fa:16:3e:00:00:01 -j RETURN',
      '-A neutronMAC-tap1 -j DROP',
      '-A neutronARP-tap1 -p 0x806 --arp-ip-src 10.0.0.1 -j ACCEPT',
      '-A neutronARP-tap1 -p 0x806 --arp-op Request --arp-ip-src 0.0.0.0 --arp-ip-dst 10.0.0.1 -j ACCEPT',
      '-A neutronARP-tap1 -j DROP',
      '-A neutrino-types-in -p 0x800 -j RETURN',
      '-A neutrino-types-in -p 0x806 -j RETURN',
      '-A neutrino-types-in -p 0x8035 -j RETURN',
      '-A neutrino-types-in -p 0x86dd -j RETURN',
      '-A neutrino-types-in -i tap1 -j DROP',
      '-A neutrino-types-out -p 0x800 -j RETURN',
      '-A neutrino-types-out -p 0x806 -j RETURN',
      '-A neutrino-types-out -p 0x8035 -j RETURN',
      '-A neutrino-types-out -p 0x86dd -j RETURN',
      '-A neutrino-types-out -o tap1 -j DROP',
      '-I PREROUTING -i tap1 -j neutronMAC-tap1',
      '-I PREROUTING -j neutrino-types-in',
      '-A PREROUTING -p 0x806 -i tap1 -j neutronARP-tap1',
      '-I POSTROUTING -j neutrino-types-out',
    ]);
  });

  it('one more of many adds its own lines, one less takes them', () => {
    const many = Array.from({ length: 50 }, (_, n) => filteredPort(`tap${n}`));
    const table = applied(emptyTable(), many);
    const more = filteredPort('tapnew');
    const { lines, steps } = frames(table, [...many, more]);
    expect(lines.filter((line) => !line.includes('tapnew'))).toEqual([]);
    expect(lines.filter((line) => /types|PREROUTING/.test(line))).toEqual([
      '-A neutrino-types-in -i tapnew -j DROP',
      '-A neutrino-types-out -o tapnew -j DROP',
      '-I PREROUTING -i tapnew -j neutronMAC-tapnew',
      '-A PREROUTING -p 0x806 -i tapnew -j neutronARP-tapnew',
    ]);
    expect(steps).toContain('make chain neutronMAC-tapnew');
    const less = frames(restored(table, lines), many, (tap) => tap !== 'tapnew');
    expect(linesOf(less.next)).toEqual(linesOf(table));
    expect(less.lines.every((line) => line.includes('tapnew'))).toBe(true);
  });

  it('another address: only its ARP chain is written anew', () => {
    const table = applied(emptyTable(), [filteredPort('tap1'), filteredPort('tap2')]);
    const { lines } = frames(table, [filteredPort('tap1', { fixedIps: ['10.0.0.9'] }), filteredPort('tap2')]);
    expect(lines.every((line) => line.includes('neutronARP-tap1'))).toBe(true);
    expect(lines.slice(0, 2)).toEqual([':neutronARP-tap1 DROP', '-F neutronARP-tap1']);
  });

  it('takes over what a Python agent wrote, with its jumps', () => {
    const python = restored(emptyTable(), [
      ':neutronMAC-tap1 DROP',
      '-A neutronMAC-tap1 -i tap1 --among-src fa:16:3e:0:0:1 -j RETURN',
      '-A neutronMAC-tap1 -j DROP',
      ':neutronARP-tap1 DROP',
      '-A neutronARP-tap1 -p ARP --arp-ip-src 10.0.0.1 -j ACCEPT',
      '-A neutronARP-tap1 -j DROP',
      '-I PREROUTING -i tap1 -j neutronMAC-tap1',
      '-A PREROUTING -p ARP -i tap1 -j neutronARP-tap1',
    ]);
    const { lines } = frames(python, [filteredPort('tap1')]);
    expect(lines.filter((line) => /MAC|PREROUTING/.test(line))).toEqual(['-I PREROUTING -j neutrino-types-in']);
  });

  it('a port without protection loses all of it, and with the last one the shared chains go', () => {
    const table = applied(emptyTable('-i other0 -j ACCEPT'), [filteredPort('tap1')]);
    const open = applied(table, [filteredPort('tap1', { filter: 'open' })]);
    expect(linesOf(open)).toEqual(linesOf(emptyTable('-i other0 -j ACCEPT')));
  });

  it('who may tell every address has no ARP chain', () => {
    const table = applied(emptyTable(), [filteredPort('tap1')]);
    const pair = { ip_address: '0.0.0.0/0', mac_address: 'fa:16:3e:00:00:01' };
    const open = applied(table, [filteredPort('tap1', { addressPairs: [pair] })]);
    expect([...open.keys()]).not.toContain('neutronARP-tap1');
    expect(linesOf(open).join()).not.toContain('neutronARP');
  });

  it('closed: all from and to it is dropped until its rules are known; then it is opened', () => {
    const closed = applied(emptyTable(), [filteredPort('tap1', { filter: 'closed' })]);
    expect(linesOf(closed).filter((line) => line.includes('neutrino'))).toEqual([
      '-A POSTROUTING -j neutrino-closed',
      '-A PREROUTING -j neutrino-closed',
      ':neutrino-closed RETURN',
      '-A neutrino-closed -i tap1 -j DROP',
      '-A neutrino-closed -j DROP -o tap1',
    ]);
    expect(linesOf(applied(closed, [filteredPort('tap1')])).join()).not.toContain('neutrino-closed');
  });

  it('closed with rules in force keeps them: an agent that starts does not know yet', () => {
    const table = applied(emptyTable(), [filteredPort('tap1'), filteredPort('tap2')]);
    expect(frames(table, [filteredPort('tap1', { filter: 'closed' }), filteredPort('tap2')]).lines).toEqual([]);
  });

  it('what cannot become a rule stays closed', () => {
    const table = applied(emptyTable(), [filteredPort('tap1', { fixedIps: ['nonsense'] })]);
    expect(table.get('neutrino-closed')?.rules).toHaveLength(2);
    expect([...table.keys()]).not.toContain('neutronMAC-tap1');
  });

  it('leaves alone taps that nobody told of, and removes what is left of those that are gone', () => {
    const table = applied(emptyTable(), [filteredPort('tapgone'), filteredPort('tapother'), filteredPort('tapmine')]);
    const result = applied(table, [filteredPort('tapmine')], (tap) => tap !== 'tapgone');
    expect(linesOf(result).join()).not.toContain('tapgone');
    expect(linesOf(result).filter((line) => line.includes('tapother'))).toEqual(
      linesOf(table).filter((line) => line.includes('tapother')),
    );
  });

  it('a guest of a transparent network may tag its frames', () => {
    const table = applied(emptyTable(), [filteredPort('tap1', { guestTags: true })]);
    expect(table.get('neutrino-types-in')!.rules.at(-1)!.text).toBe('-p ! 0x8100 -i tap1 -j DROP');
  });

  it('mends what somebody changed by hand', () => {
    const ports = [filteredPort('tap1'), filteredPort('tap2')];
    const table = applied(emptyTable(), ports);
    const broken = restored(table, [
      '-I neutronMAC-tap1 -j RETURN',
      '-D neutrino-types-in -i tap2 -j DROP',
      '-I neutrino-types-out -j RETURN',
      '-A PREROUTING -i tap2 -j neutronMAC-tap2',
    ]);
    expect(linesOf(applied(broken, ports)).sort()).toEqual(linesOf(table).sort());
  });
});

describe('packets', () => {
  it('the first port', () => {
    expect(packets(emptyTable(), [filteredPort('tap1')]).lines).toEqual([
      ':neutrinoND-tap1 - [0:0]',
      ':neutrino-nd - [0:0]',
      '-A neutrinoND-tap1 -m u32 --u32 "0x4>>0x8&0xff=0x3a&&0x30=0xfe800000&&0x34=0x0&&0x38=0xf8163eff&&0x3c=0xfe000001" -j RETURN',
      '-A neutrinoND-tap1 -j DROP',
      '-A neutrino-nd -m physdev --physdev-in tap1 -j neutrinoND-tap1',
      '-I PREROUTING -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j neutrino-nd',
      '-I PREROUTING -s ::/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j neutrino-nd',
    ]);
  });
});

it('whatever is there and whatever is wanted: done once it is so, and there is nothing to do', () => {
  const tap = fc.constantFrom('tapa', 'tapb', 'tapc', 'tapd');
  const address = fc.constantFrom(
    '10.0.0.1',
    '10.0.0.2',
    'fd00::1',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '::/0',
    'fd00::/33',
    'nonsense',
  );
  const mac = fc.constantFrom('fa:16:3e:00:00:01', 'fa:16:3e:00:00:02');
  const port = fc
    .record({
      tap,
      filter: fc.constantFrom('filtered', 'open', 'closed'),
      mac,
      fixedIps: fc.array(address, { maxLength: 3 }),
      addressPairs: fc.array(fc.record({ ip_address: address, mac_address: mac }), { maxLength: 2 }),
      guestTags: fc.boolean(),
    })
    .map(({ tap: name, ...rest }) => filteredPort(name, rest as Partial<FirewallPort>));
  const ports = fc.uniqueArray(port, { selector: (one) => one.tap, maxLength: 4 });
  const there = fc.subarray(['tapa', 'tapb', 'tapc', 'tapd']);
  const byHand = fc.subarray([
    '-I PREROUTING -i tapa -j DROP',
    '-A PREROUTING -i tapb -j ACCEPT',
    '-A POSTROUTING -o eth9 -j ACCEPT',
    ':custom RETURN',
    ':neutronMAC-tapd DROP',
  ]);
  fc.assert(
    fc.property(fc.array(fc.tuple(ports, there), { minLength: 1, maxLength: 4 }), byHand, (rounds, hand) => {
      for (const plan of [frames, packets]) {
        let table = restored(emptyTable(), hand);
        const others = linesOf(table).filter((line) => !line.includes('neutron'));
        for (const [wanted, taps] of rounds) {
          const isThere = (name: string) => taps.includes(name);
          const { lines, next } = plan(table, wanted, isThere);
          table = restored(table, lines);
          expect(linesOf(table)).toEqual(linesOf(next));
          expect(plan(table, wanted, isThere).lines).toEqual([]);
          expect(linesOf(table).filter((line) => !/neutr/.test(line))).toEqual(others);
        }
      }
    }),
  );
});

it('keys of rules made here and read back are the same', () => {
  const { next } = frames(emptyTable(), [filteredPort('tap1')]);
  for (const { rules } of next.values()) for (const one of rules) expect(rule(one.text).key).toBe(one.key);
});
