import { describe, expect, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { opened } from './opened.ts';

const openstack = opened('openstack');
const demo = opened('openstack', 'demo');

describe('security group', () => {
  it('create, list, set, unset, show, delete; its rules', async () => {
    const made = await openstack.json('security group create web --description first --stateless --tag red');
    expect(made).toMatchObject({ name: 'web', description: 'first', stateful: false, tags: ['red'] });
    expect(await openstack.names('security group list --tags red')).toEqual(['web']);
    await openstack.ok('security group set web --name www --description', ['second group'], '--tag blue --stateful');
    expect(await openstack.json('security group show www')).toMatchObject({
      description: 'second group',
      stateful: true,
      tags: ['blue', 'red'],
    });
    await openstack.ok('security group unset www --tag red');

    await openstack.ok('address group create clients --address 192.0.2.0/24');
    const rules: [string, object][] = [
      [
        '--protocol tcp --dst-port 80:90 --remote-ip 192.0.2.0/24',
        { protocol: 'tcp', port_range_min: 80, port_range_max: 90, remote_ip_prefix: '192.0.2.0/24' },
      ],
      ['--protocol icmp --icmp-type 8 --icmp-code 0', { protocol: 'icmp', port_range_min: 8, port_range_max: 0 }],
      ['--protocol udp --dst-port 53 --egress', { direction: 'egress', port_range_min: 53, port_range_max: 53 }],
      ['--ethertype IPv6 --protocol ipv6-icmp', { ether_type: 'IPv6', protocol: 'ipv6-icmp' }],
      ['--remote-group www --description mates', { description: 'mates', protocol: null }],
      ['--remote-address-group clients --protocol 50', { protocol: '50' }],
    ];
    const ids: string[] = [];
    for (const [words, expected] of rules) {
      const rule = await openstack.json(`security group rule create www ${words}`);
      expect(rule, words).toMatchObject(expected);
      ids.push(rule.id);
    }
    expect(await openstack.fails(`security group rule create www ${rules[0]![0]}`)).toMatch(/already exists/);
    expect(await openstack.json('security group rule list www')).toHaveLength(2 + rules.length);
    expect(await openstack.json('security group rule list www --protocol tcp')).toHaveLength(1);
    expect(await openstack.json('security group rule list www --egress --long')).toHaveLength(3);
    expect(await openstack.json(`security group rule show ${ids[0]}`)).toMatchObject({ id: ids[0], protocol: 'tcp' });
    expect(await openstack.fails('address group delete clients')).toMatch(/in use/);
    await openstack.ok(['security', 'group', 'rule', 'delete', ...ids]);
    await openstack.ok('security group delete www');
    await openstack.ok('address group delete clients');
  });

  it('each project sees its own, the default one among them', async () => {
    await openstack.ok('security group create hidden');
    expect(await demo.names('security group list')).toContain('default');
    expect(await demo.names('security group list')).not.toContain('hidden');
    expect(await demo.fails('security group show hidden')).toMatch(/No SecurityGroup found for hidden/);
    expect(await demo.fails('security group delete default')).toMatch(/default/);
    await openstack.ok('security group delete hidden');
  });
});

it('address group: create, list, set, unset, show, delete', async () => {
  const made = await openstack.json(
    'address group create block --address 192.0.2.1 --address 2001:db8::/64 --description first',
  );
  expect(made).toMatchObject({ name: 'block', addresses: ['192.0.2.1/32', '2001:db8::/64'] });
  expect(await openstack.names('address group list --name block')).toEqual(['block']);
  await openstack.ok('address group set block --name blocked --description second --address 198.51.100.0/24');
  await openstack.ok('address group unset blocked --address 192.0.2.1/32');
  const shown: Json = await openstack.json('address group show blocked');
  expect([shown.description, [...shown.addresses].sort()]).toEqual(['second', ['198.51.100.0/24', '2001:db8::/64']]);
  await openstack.ok('address group delete blocked');
  expect(await openstack.names('address group list')).toEqual([]);
});
