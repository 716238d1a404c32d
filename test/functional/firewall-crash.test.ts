import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type GroupStand, openGroupStand, type PluggedGuest } from '../support/group-stand.ts';
import { byTurns } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** An agent that is killed in the middle of an apply leaves no open port; the next one leaves nothing of the old. */
let stand: GroupStand;
let guest: PluggedGuest;
/** A group with members, a rule that refers to it, and one that a port loses while the agent dies. */
let web: string;
let rule: string;

beforeAll(async () => {
  stand = await openGroupStand();
  guest = await stand.guest('a');
  web = (await stand.api.create('security_group', { name: 'web' })).id;
});
afterAll(async () => {
  await stand?.close();
});

// A test that failed may have left none.
beforeEach(async () => {
  if (!stand.agent.running) await stand.restartAgent();
});

// Each step of the driver itself: test/contract/firewall-iptables-faults.test.ts.
const steps = byTurns(
  [
    ...['before_sets', 'before_rules', 'before_rules_ipv4', 'before_rules_ipv6'],
    ...['after_rules_ipv4', 'after_rules_ipv6', 'before_conntrack', 'before_destroy'],
  ],
  1,
);

it.each(steps.map((step, index) => [step, index] as const))(
  '%s: a new port is closed until its rules are in, a narrowed one cuts what ran',
  async (step, index) => {
    const near = await stand.guest(`near${index}`, { security_groups: [web] });
    rule = (
      await stand.api.create('security_group_rule', {
        ...{ security_group_id: web, direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' },
        remote_group_id: guest.port.security_groups![0],
      })
    ).id;
    await stand.comes(guest, near);
    const flow = guest.guest.spawn(['ping', '-n', '-i', '0.1', near.address]);
    await until('a flow', () => flow.output.includes('icmp_seq=2'));

    await stand.agent.stop();
    stand.agent.start({ NEUTRINO_TEST_STOP_AT: step });
    await stand.api.remove('security_group_rule', rule);
    const port = await stand.port({ security_groups: [web] });
    const fresh = await stand.quietGuest(`new${index}`, port);
    await until('its end', () => !stand.agent.running, { timeoutMs: 30_000 });
    expect((await stand.api.show('port', port.id)).status).not.toBe('ACTIVE');
    expect(await stand.reaches(guest, fresh)).toBe(false);

    await stand.restartAgent();
    await stand.deployment.portStatus(port.id, 'ACTIVE');
    expect(await stand.reaches(guest, fresh)).toBe(false);
    // Out it may, as every group says at first: by answers of its DHCP server it is seen that the port works.
    expect((await fresh.guest.dhcp()).address).toBe(fresh.address);
    await until('the flow ended', async () => {
      const before = flow.output.length;
      await stand.reaches(guest, near);
      return flow.output.length === before;
    });
    await flow.kill();
    const rules = await stand.rules();
    expect(rules).not.toMatch(/^create \S+-n /m);
    for (const one of [near, fresh]) {
      await stand.host.run(['ip', 'netns', 'del', one.name]);
      await stand.api.remove('port', one.port.id);
    }
    await until('nothing is left', async () => {
      const text = await stand.rules();
      return [near, fresh].every((one) => !text.includes(one.port.id.slice(0, 10)));
    });
    // What was there before all this is there, and works.
    expect((await guest.guest.dhcp()).address).toBe(guest.address);
  },
);
