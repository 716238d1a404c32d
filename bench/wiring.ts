import { parseArgs } from 'node:util';
import { tapName } from '../src/lib/names.ts';
import type { Port } from '../src/resources/shapes.ts';
import { makeDeployment } from '../test/support/deployment.ts';
import { openLab } from '../test/support/hosts.ts';
import { until } from '../test/support/wait.ts';
import { percentile } from './load.ts';
import { median } from './table.ts';

/**
 * From a tap's appearance to the port's status ACTIVE, on an emulated host with server, bridge agent and DHCP agent: one tap
 * (several times, median) and many at once. Taps are one `ip -batch`; ACTIVE is what the API says, asked every 5 ms.
 *
 *     setup/node bench/wiring.ts [--single 10] [--many 100]
 */
const { values } = parseArgs({
  options: { single: { type: 'string', default: '10' }, many: { type: 'string', default: '100' } },
});

await using lab = await openLab();
const host = await lab.addHost({ name: 'wired' });
await using deployment = await makeDeployment({ folder: `${host.folder}/state`, serverHost: host });
await deployment.start();
const agent = await deployment.agent('neutron-linuxbridge-agent', host, {
  DEFAULT: { debug: false },
  securitygroup: { enable_security_group: false },
});
await deployment.agent('neutron-dhcp-agent', host, { DEFAULT: { debug: false } });
const network = await deployment.api.create('network');
await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.100.0.0/16' });

const singles: number[] = [];
for (let at = 0; at < Number(values.single); at++) {
  const [port] = await makePorts(1);
  singles.push(await wire([port!]));
}
singles.sort((a, b) => a - b);
process.stdout.write(
  `one tap → ACTIVE: median ${median(singles).toFixed(0)} ms, min ${singles[0]!.toFixed(0)}, max ${percentile(singles, 1).toFixed(0)} (${singles.length} times)\n`,
);

const many = await makePorts(Number(values.many));
const allMs = await wire(many);
process.stdout.write(`${many.length} taps at once → all ACTIVE: ${allMs.toFixed(0)} ms\n`);

const startedAt = async (): Promise<string> =>
  (await deployment.api.list('agent', 'binary=neutron-linuxbridge-agent'))[0]!.started_at;
const before = await startedAt();
await agent.stop();
const restart = performance.now();
agent.start();
await agent.ready('its first report', async () => (await startedAt()) !== before);
process.stdout.write(
  `agent started with ${many.length + singles.length} ports wired: ${(performance.now() - restart).toFixed(0)} ms to its first report\n`,
);

async function makePorts(count: number): Promise<Port[]> {
  return await deployment.api.createMany(
    'port',
    Array.from({ length: count }, () => ({
      network_id: network.id,
      'binding:host_id': host.name,
      device_owner: 'bench:guest',
    })),
  );
}

/** Makes the ports' taps and waits until all are ACTIVE; returns the time between, in ms. */
async function wire(ports: readonly Port[]): Promise<number> {
  const batch = ports.flatMap((port) => [
    `link add ${tapName(port.id)} type veth peer name vm${port.id.slice(0, 11)}`,
    `link set ${tapName(port.id)} up`,
  ]);
  const wanted = new Set(ports.map((port) => port.id));
  const from = performance.now();
  await host.ipBatch(batch);
  await until(
    `${ports.length} ports ACTIVE`,
    async () => {
      const active =
        ports.length === 1
          ? [await deployment.api.show('port', ports[0]!.id)]
          : await deployment.api.list('port', `network_id=${network.id}&fields=id&fields=status`);
      return active.filter((port) => wanted.has(port.id) && port.status === 'ACTIVE').length === ports.length;
    },
    { timeoutMs: 120_000, everyMs: 5 },
  );
  return performance.now() - from;
}
