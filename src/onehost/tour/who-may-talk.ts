import { tapName } from '../../lib/names.ts';
import { until } from '../emulated/wait.ts';
import type { FirstNetwork } from './first-network.ts';
import type { Narrator } from './narrator.ts';
import { idIn, type Stage } from './stage.ts';

const PINGS = 20;

/** Security groups: refused, let in, cut off again; and an address that is not the guest's own. */
export async function showWhoMayTalk(stage: Stage, narrator: Narrator, { guests }: FirstNetwork): Promise<void> {
  const { host1 } = stage;
  const [first, second] = guests as [FirstNetwork['guests'][0], FirstNetwork['guests'][0]];
  const [near, far] = [first, second].map(({ port }) => port.fixed_ips[0]!.ip_address) as [string, string];
  const foreign = ['192.168.56.250', '192.168.56.251', '192.168.56.252'].find((one) => one !== near && one !== far)!;
  const ping = (...words: string[]) => ['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', ...words, far];

  narrator.chapter('Who may talk to whom');
  narrator.say('Both guests are in the group default: its members reach each other, and nobody else reaches them.');
  await narrator.show(host1, ['neutron', 'security-group-list'], { shows: ['default', /ingress.*remote_group/] });
  await narrator.show(host1, ['neutron', 'security-group-create', 'web'], { shows: ['web'], only: /^\| (id|name) / });
  await narrator.show(host1, ['neutron', 'port-update', second.port.id, '--security-group', 'web'], {
    shows: [/updated/i],
    note: 'guest2 is in another group now',
  });
  await narrator.show(host1, ping(), {
    netns: first.guest.netns,
    okCodes: [1],
    shows: ['0 received'],
    note: 'guest1 is not let in',
    mark: ['0 received'],
    withinMs: 10_000,
  });
  const rule = await narrator.show(
    host1,
    ['neutron', 'security-group-rule-create', '--protocol', 'icmp', '--remote-ip-prefix', '0.0.0.0/0', 'web'],
    { shows: ['icmp', 'ingress'], only: /^\| (id|direction|ethertype|protocol|remote_ip_prefix) / },
  );
  const ruleId = /\| id +\| ([0-9a-f-]{36})/.exec(rule)?.[1] ?? idIn(rule);
  await narrator.show(host1, ping(), {
    netns: first.guest.netns,
    shows: ['3 received'],
    mark: ['3 received'],
    withinMs: 10_000,
  });

  narrator.say('The rule as the host has it, in the chain of what goes to guest2:');
  const chain = `neutron-linuxbri-i${tapName(second.port.id).slice(3, 13)}`;
  await narrator.show(host1, ['iptables', '-S', chain], {
    shows: [/-p icmp .*-j RETURN/, /-j neutron-linuxbri-sg-fallback/],
    mark: [/-p icmp .*-j RETURN/],
  });
  await narrator.show(host1, ['neutrino', 'explain', 'port', second.port.id, '--state-dir', stage.stateDir], {
    note: 'each rule with its cause, and how to see it',
    only: /^Port |firewall|filter|own_addresses| rule | chain |address_set|guard/,
  });

  narrator.say('A guest may send from its own addresses only. guest1 takes another one of its network:');
  await narrator.show(host1, ['ip', 'address', 'add', `${foreign}/24`, 'dev', first.guest.card], {
    netns: first.guest.netns,
  });
  await narrator.show(host1, ping('-I', foreign), {
    netns: first.guest.netns,
    okCodes: [1],
    shows: ['0 received'],
    mark: ['0 received'],
  });
  await narrator.show(host1, ['ip', 'address', 'del', `${foreign}/24`, 'dev', first.guest.card], {
    netns: first.guest.netns,
  });

  narrator.say('A rule that goes cuts what is going on:');
  narrator.say(`host1# ip netns exec ${first.guest.netns} ping -n -i 0.2 -c ${PINGS} -W 1 ${far} &`);
  const pinging = host1.spawn(['ping', '-n', '-i', '0.2', '-c', String(PINGS), '-W', '1', far], {
    netns: first.guest.netns,
  });
  await until('answers to the ping', () => pinging.output.includes('icmp_seq=3 '));
  await narrator.show(host1, ['neutron', 'security-group-rule-delete', ruleId], { shows: [/deleted/i] });
  const { stdout } = await pinging.finished;
  narrator.say(stdout.slice(stdout.indexOf('---')).trimEnd());
  const received = Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  narrator.confirm(
    received >= 3 && received < PINGS,
    `${received} of ${PINGS} were answered: those before the rule went`,
  );

  await narrator.show(host1, ['neutron', 'port-update', second.port.id, '--security-group', 'default'], {
    shows: [/updated/i],
  });
  await narrator.show(host1, ['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', near], {
    netns: second.guest.netns,
    shows: ['3 received'],
    note: 'in one group again',
    withinMs: 10_000,
  });
}
