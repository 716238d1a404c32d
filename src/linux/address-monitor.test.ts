import { expect, it } from 'vitest';
import { parseAddressLine } from './address-monitor.ts';

const end = '\\       valid_lft forever preferred_lft forever';

it.each([
  [
    `[nsid 0]2: tapx    inet 169.254.0.5/24 scope global ha-12345678-90${end}`,
    { kind: 'added', cidr: '169.254.0.5/24' },
  ],
  [
    `[nsid 3]Deleted 2: tapx    inet 169.254.0.5/24 scope global ha-12345678-90${end}`,
    { kind: 'removed', cidr: '169.254.0.5/24' },
  ],
  [
    `7: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global secondary ha-12345678-90${end}`,
    { kind: 'added', cidr: '10.0.0.5/24' },
  ],
])('reads %s', (line, event) => {
  expect(parseAddressLine(line)).toEqual({ ...event, device: 'ha-12345678-90' });
});

it.each([
  `[nsid 1]2: tapx    inet6 fe80::1/64 scope link${end}`,
  '[nsid current]1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default',
  '',
])('passes over %s', (line) => {
  expect(parseAddressLine(line)).toBeNull();
});
