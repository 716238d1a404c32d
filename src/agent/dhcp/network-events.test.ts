import { describe, expect, test } from 'vitest';
import { foldEvents, type Known, type NetworkEvent, type QueuedEvent } from './network-events.ts';
import { dhcpPortOf, ids, networkOf, portOf, subnetOf } from './testing.ts';

const known: Known = { network: networkOf({ ports: [dhcpPortOf(), portOf()] }), touchedAt: 5, removedAt: 0 };
const nothing: Known = { network: null, touchedAt: 0, removedAt: 0 };
const other = portOf({
  id: ids.other,
  mac_address: 'fa:16:3e:00:00:09',
  fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.9' }],
});

function at(arrivedAt: number, event: NetworkEvent, priority = 5): QueuedEvent {
  return { event, priority, arrivedAt };
}

const fold = (before: Known, ...events: QueuedEvent[]) => foldEvents(before, events, new Set());
const portIds = (folded: ReturnType<typeof foldEvents>) => folded.network?.ports.map((port) => port.id);

describe('ports', () => {
  test('a new one, without asking anybody', () => {
    const folded = fold(known, at(10, { kind: 'port', port: other }));
    expect(portIds(folded)).toEqual([ids.dhcp, ids.port, ids.other]);
    expect(folded).toMatchObject({ ask: false, remove: false, scope: 'files', ports: [ids.other], onlyCheck: false });
  });

  test('a change of a known one, unless it is older than what is known', () => {
    const newer = { ...portOf({ revision_number: 2 }), mac_address: 'fa:16:3e:00:00:77' };
    expect(fold(known, at(10, { kind: 'port', port: newer })).network?.ports[1]).toEqual(newer);
    const older = { ...newer, revision_number: 0 };
    const folded = fold(known, at(10, { kind: 'port', port: older }));
    expect([folded.network, folded.ports]).toEqual([known.network, []]);
  });

  test('a message about a deleted one is late', () => {
    const folded = foldEvents(known, [at(10, { kind: 'port', port: other })], new Set([ids.other]));
    expect(folded.network).toEqual(known.network);
  });

  test('deleting one', () => {
    expect(portIds(fold(known, at(10, { kind: 'port_gone', portId: ids.port })))).toEqual([ids.dhcp]);
  });

  test.each([
    ['an address that another port has', { ...other, fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.5' }] }],
    ['a subnet that is not known', { ...other, fixed_ips: [{ subnet_id: ids.second, ip_address: '10.1.0.5' }] }],
  ])('asks the server about %s', (_, port) => {
    expect(fold(known, at(10, { kind: 'port', port }))).toMatchObject({ ask: true, scope: 'all' });
  });

  test('asks the server for a network that is not known', () => {
    expect(fold(nothing, at(10, { kind: 'port', port: other }))).toMatchObject({ ask: true, network: null });
  });

  test('looks at the whole host when a DHCP port changes or goes', () => {
    const moved = dhcpPortOf({ revision_number: 9, fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.3' }] });
    expect(fold(known, at(10, { kind: 'port', port: moved })).scope).toBe('all');
    expect(fold(known, at(10, { kind: 'port', port: dhcpPortOf({ revision_number: 9 }) })).scope).toBe('files');
    expect(fold(known, at(10, { kind: 'port_gone', portId: ids.dhcp })).scope).toBe('all');
  });
});

describe('the network as a whole', () => {
  test('of deleting and scheduling again the later counts, not the priority', () => {
    expect(fold(known, at(10, { kind: 'remove' }, 2), at(11, { kind: 'refresh' }, 0))).toMatchObject({
      remove: false,
      ask: true,
    });
    expect(fold(known, at(10, { kind: 'refresh' }, 0), at(11, { kind: 'remove' }, 2))).toMatchObject({ remove: true });
  });

  const answer = networkOf({ subnets: [subnetOf({ cidr: '10.5.0.0/24' })] });

  test('an answer of a sync replaces what is known', () => {
    const folded = fold(known, at(20, { kind: 'info', network: answer, askedAt: 19 }, 0));
    expect(folded).toMatchObject({ network: answer, ask: false, scope: 'all' });
  });

  test('an answer that a message overtook is asked for again', () => {
    expect(fold(known, at(20, { kind: 'info', network: answer, askedAt: 4 }, 0))).toMatchObject({ ask: true });
    const folded = fold(
      known,
      at(20, { kind: 'info', network: answer, askedAt: 15 }, 0),
      at(16, { kind: 'port', port: other }),
    );
    expect(folded).toMatchObject({ ask: true });
  });

  test('an answer from before the network was taken away brings nothing back', () => {
    const removed: Known = { network: null, touchedAt: 16, removedAt: 16 };
    const folded = fold(removed, at(20, { kind: 'info', network: answer, askedAt: 15 }, 0));
    expect(folded).toMatchObject({ network: null, ask: false });
  });

  test('not in an answer: gone, unless there was news since', () => {
    expect(fold(known, at(20, { kind: 'gone', askedAt: 19 }))).toMatchObject({ remove: true });
    expect(fold(known, at(20, { kind: 'gone', askedAt: 4 }))).toMatchObject({ remove: false });
    expect(fold(known, at(20, { kind: 'gone', askedAt: 15 }), at(18, { kind: 'refresh' }, 0))).toMatchObject({
      remove: false,
      ask: true,
    });
  });

  test('a check alone changes nothing and looks inside', () => {
    expect(fold(known, at(10, { kind: 'check' }, 9))).toEqual({
      network: known.network,
      ask: false,
      remove: false,
      scope: 'inside',
      ports: [],
      onlyCheck: true,
    });
  });
});
