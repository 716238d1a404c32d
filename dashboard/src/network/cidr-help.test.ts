import { describe, expect, it } from 'vitest';
import { cidrHelp, freeCidr, type OtherSubnet } from './cidr-help.ts';
import { subnetOf } from './create-network.ts';

const other = (cidr: string | null): OtherSubnet => ({ id: `id of ${cidr}`, name: '', cidr, network_id: 'n1' });

describe('what a CIDR means', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.1', '10.0.0.254', 254n],
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1', 2n],
    ['10.0.0.7/32', '10.0.0.7', '10.0.0.7', 1n],
    ['2001:db8::/64', '2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff', 2n ** 64n - 1n],
  ])('%s reaches from %s to %s', (cidr, first, last, size) => {
    expect(cidrHelp(cidr, [])).toMatchObject({ cidr, first, last, size, isTrimmed: false, gateway: first });
  });

  it('says what the server will store of one with host bits', () => {
    expect(cidrHelp(' 10.0.0.77/24 ', [])).toMatchObject({ cidr: '10.0.0.0/24', isTrimmed: true });
  });

  it.each(['', '10.0.0.0', '10.0.0/24', '10.0.0.0/33', '010.0.0.0/8', '::/129', 'lan'])('%j is none', (text) => {
    expect(cidrHelp(text, [])).toBeNull();
  });

  it('names the subnets that have addresses of it, in either family alone', () => {
    const others = ['10.0.0.0/16', '10.0.0.128/25', '10.0.1.0/24', 'fd00::/64', null].map(other);
    expect(cidrHelp('10.0.0.0/24', others)!.overlaps.map(({ cidr }) => cidr)).toEqual(['10.0.0.0/16', '10.0.0.128/25']);
    expect(cidrHelp('fd00::/48', others)!.overlaps.map(({ cidr }) => cidr)).toEqual(['fd00::/64']);
  });
});

describe('a free block', () => {
  it('is the first that nobody has', () => {
    expect(freeCidr([])).toBe('10.0.0.0/24');
    expect(freeCidr([other('10.0.0.0/23'), other('192.168.0.0/24')])).toBe('10.0.2.0/24');
    expect(freeCidr([other('10.0.0.0/8')])).toBe('');
  });
});

describe('the subnet of the dialog', () => {
  const wish = {
    name: 'lan',
    hasSubnet: true,
    subnetName: '',
    cidr: '10.0.0.0/24',
    gateway: '',
    hasGateway: true,
    hasDhcp: true,
    nameServers: [],
  };

  it('leaves to the server what was left alone', () => {
    expect(subnetOf(wish, 'n1')).toEqual({ network_id: 'n1', ip_version: 4, cidr: '10.0.0.0/24' });
  });

  it('says what was chosen', () => {
    const chosen = {
      ...wish,
      cidr: 'fd00::/64',
      subnetName: 's',
      hasGateway: false,
      gateway: 'fd00::9',
      hasDhcp: false,
    };
    expect(subnetOf({ ...chosen, nameServers: ['fd00::53'] }, 'n1')).toEqual({
      network_id: 'n1',
      ip_version: 6,
      cidr: 'fd00::/64',
      name: 's',
      gateway_ip: null,
      enable_dhcp: false,
      dns_nameservers: ['fd00::53'],
    });
  });
});
