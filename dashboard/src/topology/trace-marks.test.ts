import { expect, it } from 'vitest';
import { gathered } from './grouping.ts';
import { cloudOf, leg, network, port, router } from './testing.ts';
import { topologyOf } from './topology.ts';
import { type Hop, type Trace, traceMarks } from './trace-marks.ts';

const uuid = (digit: number) => `${digit}0000000-0000-4000-8000-000000000000`;
const [net, sender, receiver, device, fourth] = [1, 2, 3, 4, 5].map(uuid) as [string, string, string, string, string];
const hop = (text: string, cause?: string): Hop => ({ hop: 'bridge', state: 'passes', text, ...(cause && { cause }) });
const trace = (...hops: Hop[]): Trace =>
  ({ port_id: sender, from: '', to: '', protocol: 'icmp', port: null, verdict: 'arrives', summary: '', hops }) as Trace;

const passing = (...numbers: number[]) => ({ numbers, isDropped: false });

const networks = [network({ id: net })];
const own = [
  leg(device, net),
  port({ id: sender, network_id: net, device_id: fourth }),
  port({ id: receiver, network_id: net }),
];
const topology = topologyOf(cloudOf({ networks, routers: [router({ id: device })], ports: own }));

it('numbers the hops at what they name, and stays where one names nothing', () => {
  const marks = traceMarks(
    trace(hop('leaves its tap'), hop(`over network ${net} to port ${receiver}`), hop('enters', `router ${device}`)),
    gathered(topology, new Set()),
    [net],
  );
  expect(Object.fromEntries(marks)).toEqual({
    [sender]: passing(1),
    [net]: passing(2),
    [receiver]: passing(2),
    [device]: passing(3),
  });
});

it('says where the way ends, and that it did not before', () => {
  const dropped = { ...hop(`port ${receiver} lets nobody in`), state: 'drops' } as const;
  const marks = traceMarks(trace(hop('leaves'), hop(`over network ${net}`), dropped), gathered(topology, new Set()), [
    net,
  ]);
  expect(Object.fromEntries(marks)).toEqual({
    [sender]: passing(1),
    [net]: passing(2),
    [receiver]: { numbers: [3], isDropped: true },
  });
});

it('marks the group that a guest is gathered in', () => {
  const crowd = Array.from({ length: 9 }, (_, at) => port({ id: `crowd-${at}`, network_id: net }));
  const many = topologyOf(cloudOf({ networks, ports: [...own.slice(1), ...crowd] }));
  const gathering = gathered(many, new Set());
  expect(gathering.groups).toHaveLength(1);
  expect(traceMarks(trace(hop('leaves')), gathering, []).get(`group:${net}`)).toEqual(passing(1));
});

it('marks nothing for what is not in the picture', () => {
  expect(traceMarks(trace(hop(`over ${uuid(9)}`)), { devices: [], groups: [] }, []).size).toBe(0);
});
