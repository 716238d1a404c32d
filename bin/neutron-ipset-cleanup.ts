import { concurrencyOptions } from '../src/config/options/common.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-ipset-cleanup [options]

Removes the sets of ipset that the Linux bridge agent made for security groups and address groups (NIPv4… and NIPv6… and the
start of an id) and that no rule refers to; with --force also those in use, after removing the agent's own rules that
refer to them: what only they let through is dropped then. Everybody else's sets and rules stay. Stop the agent first,
or it makes again what it needs within a minute. Needs root.`;

await runProgram({
  name: 'neutron-ipset-cleanup',
  about,
  groups: [],
  needs: [],
  extras: [{ name: 'force', help: "also sets in use: removes the agent's rules that refer to them" }],
  root: true,
  async start({ config, logger, args }) {
    const [{ cleanUpSets }, { openHost }, { SHARED_LOCK_PATH }] = await Promise.all([
      import('../src/agent/firewall/clean-up.ts'),
      import('../src/linux/host.ts'),
      import('../src/linux/lock.ts'),
    ]);
    const host = await openHost({ logger });
    try {
      const lockPaths = [config.get(concurrencyOptions).lock_path, SHARED_LOCK_PATH];
      const { removed, kept } = await cleanUpSets(host, { force: args.flags.has('force'), lockPaths });
      for (const name of removed) process.stdout.write(`removed ${name}\n`);
      for (const { name, reason } of kept) process.stdout.write(`${name} stays: ${reason} (--force)\n`);
      if (removed.length + kept.length === 0) process.stdout.write('there is no set of an agent on this host\n');
      return 0;
    } finally {
      await host.close();
    }
  },
});
