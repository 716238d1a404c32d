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
    [sender]: [1],
    [net]: [2],
    [receiver]: [2],
    [device]: [3],
  });
});

it('marks the group that a guest is gathered in', () => {
  const crowd = Array.from({ length: 9 }, (_, at) => port({ id: `crowd-${at}`, network_id: net }));
  const many = topologyOf(cloudOf({ networks, ports: [...own.slice(1), ...crowd] }));
  const gathering = gathered(many, new Set());
  expect(gathering.groups).toHaveLength(1);
  expect(traceMarks(trace(hop('leaves')), gathering, []).get(`group:${net}`)).toEqual([1]);
});

it('marks nothing for what is not in the picture', () => {
  expect(traceMarks(trace(hop(`over ${uuid(9)}`)), { devices: [], groups: [] }, []).size).toBe(0);
});
