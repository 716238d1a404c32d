import { expect, it } from 'vitest';
import { namesOf, withNames } from './names.ts';
import { cloudOf, network, port, router, subnet } from './testing.ts';
import { topologyOf } from './topology.ts';

const uuid = (digit: number) => `${digit}0000000-0000-4000-8000-000000000000`;
const names = namesOf(
  topologyOf(
    cloudOf({
      networks: [network({ id: uuid(1), name: 'web' }), network({ id: uuid(2), name: '' })],
      subnets: [subnet({ id: uuid(3), network_id: uuid(1), cidr: '10.1.0.0/24' })],
      routers: [router({ id: uuid(4), name: 'edge' })],
      ports: [
        port({
          id: uuid(5),
          network_id: uuid(1),
          name: 'front',
          fixed_ips: [{ subnet_id: '', ip_address: '10.1.0.9' }],
        }),
      ],
    }),
  ),
);

it.each([
  [`over network ${uuid(1)} to port ${uuid(5)}`, 'over network web to port front 10.1.0.9'],
  [`router ${uuid(4)}, subnet ${uuid(3)}`, 'router edge, subnet 10.1.0.0/24'],
  [`network ${uuid(2)}`, 'network 20000000'],
  [`rule ${uuid(9)} decides`, `rule ${uuid(9)} decides`],
])('puts names into %j', (said, shown) => {
  expect(withNames(said, names)).toBe(shown);
});
