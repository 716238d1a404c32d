import { afterAll, beforeAll, expect, it } from 'vitest';
import { tapName } from '../../src/lib/names.ts';
import { type GroupStand, openGroupStand, type PluggedGuest } from '../support/group-stand.ts';
import { until } from '../support/wait.ts';

/** What tenants rely on without looking, through the API and in the kernel. */
let stand: GroupStand;
let web: string;
const guests: Record<string, PluggedGuest> = {};

beforeAll(async () => {
  stand = await openGroupStand();
  web = (await stand.api.create('security_group', { name: 'web' })).id;
  for (const name of ['a', 'b']) guests[name] = await stand.guest(name);
  guests.c = await stand.guest('c', { security_groups: [web] });
});
afterAll(async () => {
  await stand?.close();
});

const reaches = (from: string, to: string) => stand.reaches(guests[from]!, guests[to]!);
const comes = (from: string, to: string, wanted: boolean) => stand.comes(guests[from]!, guests[to]!, wanted);

it('a group reaches its own members, and nobody else reaches them', async () => {
  expect(await reaches('a', 'b')).toBe(true);
  expect(await reaches('b', 'a')).toBe(true);
  expect(await reaches('c', 'a')).toBe(false);
  expect(await reaches('a', 'c')).toBe(false);
});

it('a rule opens what it names; when it goes, what runs by it stops', async () => {
  const rule = await stand.api.create('security_group_rule', {
    security_group_id: web,
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'icmp',
  });
  await comes('a', 'c', true);
  const running = guests.a!.guest.spawn(['ping', '-n', '-i', '0.1', guests.c!.address]);
  await until('answers', () => running.output.includes('icmp_seq=3'));
  await stand.api.remove('security_group_rule', rule.id);
  await until('no answers any more', async () => {
    const before = running.output.length;
    await reaches('a', 'c');
    return running.output.length === before;
  });
  await running.kill();
});

it('a member that joins a remote group is let in, and one that leaves is not', async () => {
  await stand.api.update('port', guests.c!.port.id, {
    security_groups: [...(guests.a!.port.security_groups ?? []), web],
  });
  await comes('c', 'a', true);
  await stand.api.update('port', guests.c!.port.id, { security_groups: [web] });
  await comes('c', 'a', false);
});

it('only the own addresses and those of pairs pass', async () => {
  const { guest, port } = guests.a!;
  await guest.run(['ip', 'addr', 'add', '10.1.0.250/24', 'dev', 'eth0']);
  const asOther = async () => {
    const { code } = await guest.run(['ping', '-n', '-c1', '-W1', '-I', '10.1.0.250', guests.b!.address], {
      okCodes: [0, 1],
    });
    return code === 0;
  };
  expect(await asOther()).toBe(false);
  await stand.api.update('port', port.id, { allowed_address_pairs: [{ ip_address: '10.1.0.250' }] });
  await until('the pair passes', asOther);
  await stand.api.update('port', port.id, { allowed_address_pairs: [] });
  await until('it no longer does', async () => !(await asOther()));
});

it('without port security everything passes', async () => {
  await stand.api.update('port', guests.c!.port.id, { security_groups: [], port_security_enabled: false });
  await comes('a', 'c', true);
  await stand.api.update('port', guests.c!.port.id, { port_security_enabled: true, security_groups: [web] });
  await comes('a', 'c', false);
});

it('a restart of the agent writes no rule, and a flow goes on', async () => {
  const running = guests.a!.guest.spawn(['ping', '-n', '-i', '0.05', guests.b!.address]);
  await until('answers', () => running.output.includes('icmp_seq=3'));
  const before = await stand.rules();
  await stand.restartAgent();
  await stand.agent.ready('told', () => stand.agent.recentOutput.includes('Told the server the state of devices'));
  expect(await stand.rules()).toBe(before);
  expect(stand.agent.recentOutput).not.toMatch(/tables\S*-restore|"ipset","restore/);
  await running.kill();
  const sequence = [...running.output.matchAll(/icmp_seq=(\d+)/g)].map(([, number]) => Number(number));
  expect(sequence).toEqual(sequence.map((_, index) => index + 1));
});

it('rules and sets of a port that goes go with its tap', async () => {
  const { port } = guests.c!;
  await stand.host.run(['ip', 'link', 'del', tapName(port.id)]);
  await stand.api.remove('port', port.id);
  await until('no rule names the tap', async () => !(await stand.rules()).includes(port.id.slice(0, 10)));
  await until('the set of its group is gone', async () => !(await stand.rules()).includes(web.slice(0, 8)));
});
