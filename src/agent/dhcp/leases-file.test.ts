import { expect, test } from 'vitest';
import { leasesForStart, parseLeases, renderFirstLeases, unownedLeases, wasAsked } from './leases-file.ts';
import { dhcpPortOf, ids, networkOf, portOf, subnet6Of, subnetOf } from './testing.ts';

const network = networkOf({
  subnets: [subnetOf(), subnet6Of('dhcpv6-stateful')],
  ports: [
    dhcpPortOf(),
    portOf({
      fixed_ips: [
        { subnet_id: ids.v4, ip_address: '10.0.0.5' },
        { subnet_id: ids.v6, ip_address: 'fd00::5' },
      ],
    }),
  ],
});

const real = '1795434035 fa:16:3e:00:00:01 10.0.0.5 host-10-0-0-5 01:fa:16:3e:00:00:01';
const gone = '1795434035 fa:16:3e:00:00:44 10.0.0.44 host-10-0-0-44 *';
const stranger = '1795434035 fa:16:3e:00:00:44 10.0.0.5 old *';
const v6 = [
  'duid 00:01:00:01:2f',
  '1795434035 16777216 fd00::5 host 00:01:00:02',
  '1795434035 16777217 fd00::44 host 00:01:00:03',
];

test('before the first start: a lease without end for each IPv4 reservation', () => {
  expect(renderFirstLeases(network)).toBe('0 fa:16:3e:00:00:01 10.0.0.5 * *\n');
});

test('reads both kinds of lines, and tells the made-up ones from those of guests', () => {
  const leases = parseLeases([renderFirstLeases(network).trim(), real, ...v6, '', 'nonsense'].join('\n'));
  expect(leases.map(({ address, mac, iaid }) => [address, mac, iaid])).toEqual([
    ['10.0.0.5', 'fa:16:3e:00:00:01', null],
    ['10.0.0.5', 'fa:16:3e:00:00:01', null],
    ['fd00::5', null, '16777216'],
    ['fd00::44', null, '16777217'],
  ]);
  expect(leases.map(wasAsked)).toEqual([false, true, true, true]);
});

test('unowned: no port has the address, or another MAC has it', () => {
  const unowned = (...lines: string[]) =>
    unownedLeases(parseLeases(lines.join('\n')), network).map((lease) => lease.address);
  expect(unowned(real, ...v6)).toEqual(['fd00::44']);
  expect(unowned(gone, stranger)).toEqual(['10.0.0.44', '10.0.0.5']);
});

test('for a start: made where there is none, else what nobody owns goes and the rest stays', () => {
  expect(leasesForStart(null, network)).toBe(renderFirstLeases(network));
  expect(leasesForStart('', network)).toBe('');
  const text = leasesForStart([real, gone, stranger, ...v6, ''].join('\n'), network);
  expect(text).toBe(`${[real, v6[0], v6[1]].join('\n')}\n`);
  expect(leasesForStart(text, network)).toBe(text);
});
