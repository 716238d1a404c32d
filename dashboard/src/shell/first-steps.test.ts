import { describe, expect, it } from 'vitest';
import { type Found, firstSteps, networkForGuests, waitingPort } from './first-steps.ts';

const nothing: Found = { networks: [], ports: [], routers: [] };
const network = (id: string, subnets: string[], isOutside = false) => ({ id, subnets, 'router:external': isOutside });
const port = (id: string, more: Partial<Found['ports'][number]> = {}) => ({
  ...{ id, name: '', network_id: 'n', status: 'DOWN', device_owner: '', 'binding:host_id': '' },
  ...more,
});
const done = (found: Partial<Found>) =>
  firstSteps({ ...nothing, ...found }).flatMap(({ name, isDone }) => (isDone ? [name] : []));

describe('first steps', () => {
  it('are all to be done where nothing is', () => {
    expect(firstSteps(nothing).map(({ name }) => name)).toEqual(['network', 'port', 'guest', 'router']);
    expect(done({})).toEqual([]);
  });

  it('have none with routers where there are none', () => {
    expect(firstSteps({ ...nothing, routers: null }).map(({ name }) => name)).toEqual(['network', 'port', 'guest']);
  });

  it.each<[string, Partial<Found>, string[]]>([
    ['a network without addresses', { networks: [network('a', [])] }, []],
    ['the outside', { networks: [network('a', ['s'], true)] }, []],
    ['a network with addresses', { networks: [network('a', ['s'])] }, ['network']],
    ['ports of services', { ports: [port('a', { device_owner: 'network:dhcp', status: 'ACTIVE' })] }, []],
    ['a port', { ports: [port('a')] }, ['port']],
    ['a guest', { ports: [port('a', { status: 'ACTIVE' })] }, ['port', 'guest']],
    ['a router', { routers: [{ id: 'r' }] }, ['router']],
  ])('know %s', (_, found, expected) => {
    expect(done(found)).toEqual(expected);
  });

  it('lead to the first network that guests may have, and to the port that waits for one', () => {
    const networks = [network('empty', []), network('outside', ['s'], true), network('inside', ['s'])];
    expect(networkForGuests({ networks })).toBe('inside');
    expect(networkForGuests(nothing)).toBeNull();
    const ports = [port('up', { status: 'ACTIVE' }), port('dhcp', { device_owner: 'network:dhcp' }), port('waits')];
    expect(waitingPort({ ports })).toBe('waits');
    expect(waitingPort({ ports: ports.slice(0, 2) })).toBeNull();
  });
});
