import type { AgentKind } from '../src/linux/cleanup/namespaces.ts';
import { runProgram, StartError } from './frame/program.ts';

const about = `usage: neutron-netns-cleanup [options]

Removes network namespaces that agents made (qdhcp-…, qrouter-…, fip-…, snat-… and an id) and that nothing is left in;
with --force also those in use, after ending what runs in them. Needs root.`;

await runProgram({
  name: 'neutron-netns-cleanup',
  about,
  groups: [],
  needs: [],
  extras: [
    { name: 'force', help: 'also namespaces in use: ends what runs in them' },
    { name: 'agent-type', help: "only one agent's: dhcp or l3", value: 'KIND' },
  ],
  root: true,
  async start({ logger, args }) {
    const kind = args.values['agent-type'];
    if (kind !== undefined && kind !== 'dhcp' && kind !== 'l3') {
      throw new StartError(`--agent-type ${kind}: there are dhcp and l3`);
    }
    const [{ cleanUpNamespaces }, { openHost }] = await Promise.all([
      import('../src/linux/cleanup/namespaces.ts'),
      import('../src/linux/host.ts'),
    ]);
    const host = await openHost({ logger });
    try {
      const agentKind: AgentKind | undefined = kind;
      const { removed, inUse, failed } = await cleanUpNamespaces(host, { force: args.flags.has('force'), agentKind });
      for (const name of removed) process.stdout.write(`removed ${name}\n`);
      for (const name of inUse) process.stdout.write(`${name} stays: there are devices in it (--force)\n`);
      for (const { name, reason } of failed) process.stderr.write(`${name} stays: ${reason}\n`);
      if (failed.length > 0) return 1;
      if (removed.length + inUse.length === 0) process.stdout.write('there is no namespace of an agent on this host\n');
      return 0;
    } finally {
      await host.close();
    }
  },
});
