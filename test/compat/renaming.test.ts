import { expect, it } from 'vitest';
import { compare } from './differences.ts';
import { Renaming } from './renaming.ts';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => `${digit.repeat(8)}-0000-0000-0000-000000000000`) as [
  string,
  string,
  string,
];

it('learns a name once and holds to it', () => {
  const renaming = new Renaming();
  expect(renaming.agrees(`Network ${a} could not be found.`, `Network ${b} could not be found.`)).toBe(true);
  expect(renaming.apply(`/v2.0/networks/${a}`)).toBe(`/v2.0/networks/${b}`);
  expect(renaming.agrees(a, c)).toBe(false);
  expect(renaming.agrees(c, b)).toBe(false);
});

it('takes one time for another, of the same shape only', () => {
  const renaming = new Renaming();
  expect(renaming.agrees('2026-11-23T03:26:59Z', '2027-01-01T00:00:00Z')).toBe(true);
  expect(renaming.agrees('2026-11-23T03:26:59Z', '2027-01-01 00:00:00')).toBe(false);
});

it('does not take one word for another', () => {
  expect(new Renaming().agrees('ACTIVE', 'DOWN')).toBe(false);
});

it('takes an address for another only where a server may have chosen it', () => {
  const chosen = (ip: string) => ({ fixed_ips: [{ ip_address: ip }] });
  const renaming = new Renaming();
  expect(compare(chosen('10.11.0.185'), chosen('10.11.0.9'), renaming)).toEqual([]);
  expect(compare(chosen('10.11.0.186'), chosen('10.11.0.9'), renaming)).toHaveLength(1);
  expect(compare({ gateway_ip: '10.11.0.1' }, { gateway_ip: '10.11.0.2' }, renaming)).toHaveLength(1);
  expect(renaming.apply('?fixed_ips=ip_address%3D10.11.0.185')).toBe('?fixed_ips=ip_address%3D10.11.0.9');
});

it('names every place that differs', () => {
  const recorded = { ports: [{ id: a, name: 'x', status: 'DOWN', tags: [] }] };
  const ours = { ports: [{ id: b, name: 'y', tags: ['t'], mtu: 1 }] };
  const renaming = new Renaming();
  renaming.learn(a, b);
  expect(compare(recorded, ours, renaming).map((difference) => difference.place)).toEqual([
    'ports[].name',
    'ports[].status',
    'ports[].tags[]',
    'ports[].mtu',
  ]);
});

it('pairs list items by id and tells what is missing on either side', () => {
  const renaming = new Renaming();
  renaming.learn(a, b);
  const differences = compare([{ id: a }, { id: c }], [{ id: 'extra' }, { id: b }], renaming);
  expect(differences).toEqual([
    { place: '[]', recorded: { id: c }, ours: undefined },
    { place: '[]', recorded: undefined, ours: { id: 'extra' } },
  ]);
});
