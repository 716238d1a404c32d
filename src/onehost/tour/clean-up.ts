import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** Takes everything away again and shows that nothing is left. */
export async function cleanUp(stage: Stage, narrator: Narrator): Promise<void> {
  const { host1, host2, api } = stage;
  narrator.chapter('And away again');
  for (const name of stage.guests)
    await narrator.show(host1, ['neutrino', 'unplug', name, '--state-dir', stage.stateDir]);
  for (const name of stage.farGuests) await narrator.show(host2, ['ip', 'netns', 'del', name]);
  for (const { id, floating_ip_address } of await api.list('floatingip'))
    await narrator.show(host1, ['neutron', 'floatingip-delete', id], {
      shows: [/deleted/i],
      note: floating_ip_address,
    });
  await narrator.show(host1, ['neutron', 'router-gateway-clear', 'router1'], { shows: ['Removed gateway'] });
  await narrator.show(host1, ['neutron', 'router-interface-delete', 'router1', 'tenant-subnet'], {
    shows: ['Removed interface'],
  });
  await narrator.show(host1, ['neutron', 'router-delete', 'router1'], { shows: [/deleted/i] });
  const ports = (await api.list('port')).filter((port) => !port.device_owner.startsWith('network:'));
  for (const port of ports) await narrator.show(host1, ['neutron', 'port-delete', port.id], { shows: [/deleted/i] });
  for (const network of await api.list('network'))
    await narrator.show(host1, ['neutron', 'net-delete', network.name], { shows: [/deleted/i] });
  await narrator.show(host1, ['neutron', 'security-group-delete', 'web'], { shows: [/deleted/i] });
  for (const what of ['port-list', 'subnet-list', 'net-list'])
    await narrator.show(host1, ['neutron', what], { hides: [/[0-9a-f]{8}-[0-9a-f]{4}/] });
  await narrator.show(host1, ['ip', 'netns', 'list'], { hides: ['qdhcp-', 'qrouter-', 'guest'], withinMs: 15_000 });
  await narrator.show(host1, ['brctl', 'show'], { hides: ['brq'], withinMs: 15_000 });
  await narrator.show(host1, ['neutrino', 'down', '--state-dir', stage.stateDir, '--purge', '--yes']);
  for (const host of [host1, host2]) {
    const left = await host.links();
    const own = ['lo', 'eth0', 'eth1', 'eth2', 'eth3'];
    await narrator.show(host, ['ip', '-br', 'link'], { hides: [/brq|tap|ns-|vxlan/], withinMs: 15_000 });
    if (host === host1)
      narrator.confirm(
        left.every((name) => own.includes(name)),
        'the host has its own cards and nothing else',
      );
    if (host === host1) await narrator.show(host, ['iptables-save'], { hides: ['neutr'] });
  }
  const processes = await host1.processes();
  narrator.confirm(
    !processes.some(({ command }) => /dnsmasq|haproxy|radvd|keepalived|neutron-/.test(command)),
    'no program and no daemon of ours runs any more',
  );
}
