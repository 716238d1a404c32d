import { describe, expect, test } from 'vitest';
import { Draft } from './draft.ts';
import { keepalivedFiles, primaryVip } from './keepalived.ts';
import type { L3Options } from './options.ts';
import { factsOf, ids, portOf, routerOf } from './testing.ts';

const router = routerOf({ ha: true, ha_vr_id: 5, _ha_interface: portOf(ids.ha, ['169.254.192.7/18']) });

/** A router with one network, a gateway and two floating addresses. */
function draftOf(): Draft {
  const draft = new Draft(router);
  draft.device('internal', portOf(ids.internal, [])).addresses.push('10.0.0.1/24', 'fe80::f816:3eff:fe00:1/64');
  const gateway = draft.device('gateway', portOf(ids.gateway, []));
  gateway.addresses.push('203.0.113.9/32', '203.0.113.8/32', '203.0.113.2/24');
  const cause = 'test';
  const via = { via: '203.0.113.1', device: gateway.name };
  draft.route({ family: 4, destination: 'default', nexthops: [via], cause });
  draft.route({ family: 4, destination: '198.51.100.0/24', nexthops: [{ via: null, device: gateway.name }], cause });
  return draft;
}

const filesOf = (draft: Draft, options: Partial<L3Options> = {}) =>
  keepalivedFiles(draft, router, 'ha-dddddddd-00', factsOf(options).options);

test('the whole configuration', () => {
  const [config, ...others] = filesOf(draftOf(), { ha_vrrp_auth_password: 'secret' });
  expect(others).toEqual([]);
  expect(config).toEqual({
    path: `/s/ha_confs/${ids.router}/keepalived.conf`,
    mode: 0o600,
    text: `global_defs {
    notification_email_from neutron@openstack.local
    router_id neutron
}
vrrp_instance VR_5 {
    state BACKUP
    interface ha-dddddddd-00
    virtual_router_id 5
    priority 50
    garp_master_delay 60
    garp_master_refresh 10
    nopreempt
    advert_int 2
    authentication {
        auth_type PASS
        auth_pass secret
    }
    track_interface {
        ha-dddddddd-00
    }
    virtual_ipaddress {
        169.254.0.5/24 dev ha-dddddddd-00
    }
    virtual_ipaddress_excluded {
        10.0.0.1/24 dev qr-bbbbbbbb-00 no_track
        fe80::f816:3eff:fe00:1/64 dev qr-bbbbbbbb-00 no_track
        203.0.113.2/24 dev qg-cccccccc-00 no_track
        203.0.113.8/32 dev qg-cccccccc-00 no_track
        203.0.113.9/32 dev qg-cccccccc-00 no_track
    }
    virtual_routes {
        0.0.0.0/0 via 203.0.113.1 dev qg-cccccccc-00 no_track protocol static
        198.51.100.0/24 dev qg-cccccccc-00 scope link no_track protocol static
    }
}
`,
  });
});

describe('routes', () => {
  const linesOf = (add: (draft: Draft) => void) => {
    const draft = new Draft(router);
    add(draft);
    return filesOf(draft)[0]!
      .text.split('\n')
      .filter((line) => line.includes('protocol static'))
      .map((line) => line.trim());
  };
  const cause = 'test';
  const via = (address: string, more: object = {}) => ({ via: address, device: 'qr-1', ...more });

  test('to one host, to a gateway beside its subnet, and over several', () => {
    expect(
      linesOf((draft) => {
        draft.route({ family: 4, destination: '192.0.2.9', nexthops: [via('10.0.0.9')], cause });
        draft.route({ family: 6, destination: 'default', nexthops: [via('fd00::1', { onLink: true })], cause });
        draft.route({ family: 4, destination: '192.0.2.0/24', nexthops: [via('10.0.0.9'), via('10.0.0.8')], cause });
      }),
    ).toEqual([
      '192.0.2.9/32 via 10.0.0.9 dev qr-1 no_track protocol static',
      '::/0 via fd00::1 dev qr-1 onlink no_track protocol static',
      '192.0.2.0/24 no_track protocol static nexthop via 10.0.0.9 dev qr-1 weight 1 nexthop via 10.0.0.8 dev qr-1 weight 1',
    ]);
  });

  test('no section without any', () => {
    expect(filesOf(new Draft(router))[0]!.text).not.toMatch(/virtual_routes|virtual_ipaddress_excluded|authentication/);
  });
});

test('the health check leaves next hops of extra routes alone: they are the tenant’s', () => {
  const draft = draftOf();
  const nexthops = [{ via: '10.0.0.9', device: 'qr-bbbbbbbb-00' }];
  draft.route({ family: 4, destination: 'default', nexthops, cause: 'test' });
  const [config, ...checks] = filesOf(draft, { ha_vrrp_health_check_interval: 5 });
  expect(config!.text.match(/ 0\.0\.0\.0\/0 .*/g)).toEqual([
    ' 0.0.0.0/0 via 10.0.0.9 dev qr-bbbbbbbb-00 no_track protocol static',
  ]);
  expect(checks).toEqual([]);
});

test('older versions that know no no_track', () => {
  expect(filesOf(draftOf(), { keepalived_use_no_track: false })[0]!.text).not.toContain('no_track');
});

describe('the address of the primary', () => {
  const vipOf = (cidr: string) => primaryVip({ ha_vr_id: 9, _ha_interface: portOf(ids.ha, [cidr]) });

  test.each([
    ['169.254.192.0/18', '169.254.0.9/24'],
    ['169.254.0.0/18', '169.254.128.9/24'],
    ['10.9.0.0/16', '169.254.0.9/24'],
  ])('beside the HA network %s', (cidr, vip) => {
    expect(vipOf(cidr)).toBe(vip);
  });
});

test('the health check asks the gateways, from the primary only', () => {
  const [config, script] = filesOf(draftOf(), { ha_vrrp_health_check_interval: 5 });
  expect(config!.text).toContain(`
vrrp_script ha_health_check_5 {
    script "/s/ha_confs/${ids.router}/ha_check_script_5.sh"
    interval 5
    fall 2
    rise 2
}
`);
  expect(config!.text).toContain('    track_script {\n        ha_health_check_5\n    }\n}\n');
  expect(script).toMatchObject({ mode: 0o744, path: `/s/ha_confs/${ids.router}/ha_check_script_5.sh` });
  expect(script!.text).toContain('ping -4 -c 1 -w 1 -I qg-cccccccc-00 203.0.113.1 >/dev/null || exit 1');
  expect(filesOf(new Draft(router), { ha_vrrp_health_check_interval: 5 })).toHaveLength(1);
});
