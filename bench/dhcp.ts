import { parseArgs } from 'node:util';
import { makeDeployment } from '../test/support/deployment.ts';
import { openLab } from '../test/support/hosts.ts';
import { until } from '../test/support/wait.ts';
import { cpuMs, processTree } from './processes.ts';

/**
 * A DHCP agent with many networks, on an emulated host with server and bridge agent: time until every dnsmasq runs on a host
 * that has nothing yet, time of a start that finds everything, and the CPU that looking after them takes.
 *
 *     setup/node bench/dhcp.ts [--networks 80] [--watch 60]     # seconds to watch the CPU
 */
const { values } = parseArgs({
  options: { networks: { type: 'string', default: '80' }, watch: { type: 'string', default: '60' } },
});
const count = Number(values.networks);

await using lab = await openLab();
const host = await lab.addHost({ name: 'served' });
await using deployment = await makeDeployment({ folder: `${host.folder}/state`, serverHost: host });
await deployment.start();
await deployment.agent('neutron-linuxbridge-agent', host, {
  DEFAULT: { debug: false },
  securitygroup: { enable_security_group: false },
});
const agent = await deployment.agent('neutron-dhcp-agent', host, { DEFAULT: { debug: false } });
await agent.stop();
for (let at = 0; at < count; at++) {
  const network = await deployment.api.create('network');
  await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: `10.${at % 250}.0.0/24` });
  await deployment.api.create('port', { network_id: network.id });
}

process.stdout.write(`${count} networks, nothing on the host: ${seconds(await startAgent())}\n`);
const pid = (await agent.pid())!;
const before = cpuMs([pid]);
await new Promise((done) => setTimeout(done, Number(values.watch) * 1000));
process.stdout.write(
  `CPU of the agent and its helper at rest, in ${values.watch} s: ${cpuMs([pid]) - before} ms (${processTree([pid]).length} processes)\n`,
);
await agent.stop();
process.stdout.write(`${count} networks, all running: ${seconds(await startAgent())}\n`);

/** Until the agent says that it has compared everything, in ms. */
async function startAgent(): Promise<number> {
  const from = performance.now();
  agent.start();
  await until(
    'synchronized',
    () => new RegExp(`synchronized with the server networks=${count} `).test(agent.recentOutput),
    { timeoutMs: 300_000, everyMs: 10 },
  );
  return performance.now() - from;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s until synchronized`;
}
