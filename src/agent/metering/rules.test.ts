import { describe, expect, it } from 'vitest';
import type { WireMeteredRouter, WireMeteringRule } from '../../rpc/contract.ts';
import { metersOf, parseMeters, planMeters } from './rules.ts';

const label = '5d1b6f40-3a1b-4b1c-9d1e-000000000001';
const [counting, leading] = ['neutron-meter-l-5d1b6f40-3a1', 'neutron-meter-r-5d1b6f40-3a1'];
const qg = 'qg-aaaaaaaa-aa';

function routerWith(...rules: Partial<WireMeteringRule>[]): WireMeteredRouter {
  const whole = rules.map((rule, index) => ({
    ...{ id: `r${index}`, metering_label_id: label, direction: 'ingress' as const, excluded: false },
    ...{ remote_ip_prefix: null, source_ip_prefix: null, destination_ip_prefix: null },
    ...rule,
  }));
  return {
    ...{ id: 'router', name: '', project_id: 'p1', admin_state_up: true, status: 'ACTIVE', distributed: false },
    ...{ gw_port_id: 'aaaaaaaa-aaaa', _metering_labels: [{ id: label, rules: whole }] },
  };
}

const rulesOf = (rule: Partial<WireMeteringRule>, family: 4 | 6 = 4) => metersOf(routerWith(rule), family).get(leading);

describe('rules of labels', () => {
  it.each<[string, Partial<WireMeteringRule>, string]>([
    ['of the older kind, to guests', { remote_ip_prefix: '10.0.0.0/24' }, `-d 10.0.0.0/24 -i ${qg}`],
    ['from guests', { direction: 'egress', remote_ip_prefix: '10.0.0.0/24' }, `-s 10.0.0.0/24 -o ${qg}`],
    ['of everything', { remote_ip_prefix: '0.0.0.0/0' }, `-i ${qg}`],
    ['by source', { source_ip_prefix: '198.51.100.7' }, `-s 198.51.100.7/32 -i ${qg}`],
    [
      'by both ends',
      { direction: 'egress', source_ip_prefix: '10.0.0.0/24', destination_ip_prefix: '198.51.100.0/24' },
      `-s 10.0.0.0/24 -d 198.51.100.0/24 -o ${qg}`,
    ],
  ])('%s count what passes the gateway', (_, rule, match) => {
    expect(rulesOf(rule)).toEqual([`${match} -j ${counting}`]);
  });

  it('of IPv6 are in its own tables', () => {
    expect(rulesOf({ remote_ip_prefix: 'fd00::/64' })).toEqual([]);
    expect(rulesOf({ remote_ip_prefix: 'fd00::/64' }, 6)).toEqual([`-d fd00::/64 -i ${qg} -j ${counting}`]);
  });

  it('that exclude come first', () => {
    const router = routerWith({ remote_ip_prefix: '10.0.0.0/8' }, { remote_ip_prefix: '10.1.0.0/16', excluded: true });
    expect(metersOf(router, 4).get(leading)).toEqual([
      `-d 10.1.0.0/16 -i ${qg} -j RETURN`,
      `-d 10.0.0.0/8 -i ${qg} -j ${counting}`,
    ]);
  });

  it('of a router without gateway are none', () => {
    expect([...metersOf({ ...routerWith({}), gw_port_id: null }, 4)]).toEqual([]);
  });
});

const saved = `*filter
:FORWARD ACCEPT [0:0]
:neutron-meter-FORWARD - [0:0]
:${counting} - [0:0]
:${leading} - [0:0]
[9:900] -A FORWARD -j neutron-meter-FORWARD
[9:900] -A neutron-meter-FORWARD -j ${leading}
[7:588] -A ${counting}
[7:588] -A ${leading} -d 10.0.0.0/24 -i ${qg} -j ${counting}
COMMIT
`;

describe('what is in a namespace', () => {
  const wanted = metersOf(routerWith({ remote_ip_prefix: '10.0.0.0/24' }), 4);

  it('is read with what it counted', () => {
    const { counters, isEntered } = parseMeters(saved);
    expect([...counters]).toEqual([[counting, { packets: 7, bytes: 588 }]]);
    expect(isEntered).toBe(true);
  });

  it('needs nothing where all is well', () => {
    expect(planMeters(wanted, parseMeters(saved))).toBe('');
  });

  it('is made where nothing is', () => {
    expect(planMeters(wanted, parseMeters('*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'))).toBe(
      [
        '*filter',
        `:${leading} - [0:0]`,
        `:${counting} - [0:0]`,
        ':neutron-meter-FORWARD - [0:0]',
        `-A ${leading} -d 10.0.0.0/24 -i ${qg} -j ${counting}`,
        `-A ${counting}`,
        `-A neutron-meter-FORWARD -j ${leading}`,
        '-I FORWARD 1 -j neutron-meter-FORWARD',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });

  it('keeps what it counted when a rule comes', () => {
    const more = metersOf(routerWith({ remote_ip_prefix: '10.0.0.0/24' }, { remote_ip_prefix: '10.9.0.0/24' }), 4);
    const text = planMeters(more, parseMeters(saved));
    expect(text).toContain(`:${leading} `);
    expect(text).not.toContain(`:${counting} `);
  });

  it('goes with the last label', () => {
    expect(planMeters(new Map(), parseMeters(saved))).toMatch(/^\*filter\n-D FORWARD -j neutron-meter-FORWARD\n-F /);
  });
});
