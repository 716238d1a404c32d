import { expect, it } from 'vitest';
import { deletions, parseFlows } from './conntrack.ts';

const text = `tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=22 src=10.0.0.2 dst=10.0.0.1 sport=22 dport=40000 [ASSURED] mark=0 zone=4097 use=1
tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40001 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=40001 [ASSURED] mark=0 zone=4097 use=1
icmp     1 29 src=10.0.0.1 dst=10.0.0.3 type=8 code=0 id=12 [UNREPLIED] src=10.0.0.3 dst=10.0.0.1 type=0 code=0 id=12 mark=0 zone=4097 use=1
unknown  47 598 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1
`;

it('reads connections as whoever began them sees them', () => {
  expect(parseFlows(text, 4).map(({ version, ...flow }) => Object.values(flow).map(String).join(' '))).toEqual([
    '4097 6 10.0.0.1 10.0.0.2 40000 22 null',
    '4097 6 10.0.0.1 10.0.0.2 40001 80 null',
    '4097 1 10.0.0.1 10.0.0.3 null null [object Object]',
    '0 47 10.0.0.1 10.0.0.2 null null null',
  ]);
});

it('ends exactly those that were chosen', () => {
  const flows = parseFlows(text, 4);
  expect(deletions([flows[0]!], flows).map((words) => words.join(' '))).toEqual([
    '-D -w 4097 -f ipv4 -p 6 -s 10.0.0.1 -d 10.0.0.2 --sport 40000 --dport 22',
  ]);
  expect(deletions(flows.slice(0, 3), flows).map((words) => words.join(' '))).toEqual([
    '-D -w 4097 -f ipv4 -p 6 -s 10.0.0.1 -d 10.0.0.2',
    '-D -w 4097 -f ipv4 -p 1 -s 10.0.0.1 -d 10.0.0.3',
  ]);
});
