import { removeAddressFile } from '../src/agent/bridge/address-file.ts';
import { linuxBridgeOptions, mappedDevices } from '../src/agent/bridge/options.ts';
import { commonOptions, concurrencyOptions } from '../src/config/options/common.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-linuxbridge-cleanup [options]

Removes the bridges that the Linux bridge agent made for networks (brq…) and that have no taps, with their VLAN and VXLAN
devices, gives cards their addresses back, and removes the rules and limits that the agent made (iptables, ebtables, tc) for
taps that are gone; with the last of them the agent's chains and sets. Bridges of bridge_mappings and everybody else's
bridges and rules stay. Stop the agent first. Needs root. Where no --config-file is given it reads neutron.conf and
plugins/ml2/linuxbridge_agent.ini in /etc/neutron.`;

await runProgram({
  name: 'neutron-linuxbridge-cleanup',
  about,
  groups: [linuxBridgeOptions],
  needs: [],
  extras: [{ name: 'force', help: 'also bridges that have taps in them, and rules and limits of taps that are there' }],
  root: true,
  async start({ config, logger, args }) {
    const [{ cleanUpBridges }, { openHost }, { SHARED_LOCK_PATH }, { removeRules }, { removeLimits }] =
      await Promise.all([
        import('../src/linux/cleanup/bridges.ts'),
        import('../src/linux/host.ts'),
        import('../src/linux/lock.ts'),
        import('../src/agent/firewall/clean-up.ts'),
        import('../src/agent/qos/clean-up.ts'),
      ]);
    const mappings = mappedDevices(config.get(linuxBridgeOptions));
    const host = await openHost({ logger });
    const force = args.flags.has('force');
    try {
      const { removed, inUse, failed } = await cleanUpBridges(host, {
        nics: new Set(mappings.interfaces.values()),
        keep: new Set(mappings.bridges.values()),
        force,
      });
      await removeAddressFile(config.get(commonOptions).state_path);
      const { links } = await host.readNetwork();
      const of = {
        isThere: (tap: string) => !force && links.has(tap),
        lockPaths: [config.get(concurrencyOptions).lock_path, SHARED_LOCK_PATH],
      };
      const rules = [...(await removeRules(host, of)), ...(await removeLimits(host, of))];
      for (const name of [...removed, ...rules]) process.stdout.write(`removed ${name}\n`);
      for (const { name, taps } of inUse) process.stdout.write(`${name} stays: ${taps} taps are in it (--force)\n`);
      for (const { name, reason } of failed) process.stderr.write(`${name} stays: ${reason}\n`);
      if (failed.length > 0) return 1;
      if (removed.length + inUse.length + rules.length === 0)
        process.stdout.write('there is no bridge of a network on this host\n');
      return 0;
    } finally {
      await host.close();
    }
  },
});
