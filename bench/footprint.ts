import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openLab } from '../test/support/hosts.ts';
import { OneHost } from '../test/support/onehost.ts';
import { memoryMb, processTree } from './processes.ts';

/**
 * Memory (PSS) of everything `npm start` runs on an emulated host, except npm, dnsmasq and haproxy, once it is idle; and how
 * long a start takes until three agents are alive.
 *
 *     setup/node bench/footprint.ts [--starts 2] [--networks 0] [--idle 20]
 *
 * `--networks` makes that many networks with a subnet and 20 ports each first; `--idle` is the pause before measuring, in s.
 */
const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '2' },
    networks: { type: 'string', default: '0' },
    idle: { type: 'string', default: '20' },
  },
});

await using lab = await openLab();
const host = await lab.addHost({ name: 'light' });
await using one = new OneHost(host);
for (let start = 1; start <= Number(values.starts); start++) {
  if (start > 1) await one.interrupt();
  process.stdout.write(`start ${start}: ${((await one.start()) / 1000).toFixed(2)} s\n`);
}
for (let at = 0; at < Number(values.networks); at++) {
  const { network } = await one.makeNetwork(`10.${at}.0.0/24`);
  await one.api.createMany(
    'port',
    Array.from({ length: 20 }, () => ({ network_id: network.id })),
  );
}
await new Promise((done) => setTimeout(done, Number(values.idle) * 1000));

let total = 0;
for (const pid of processTree([(await one.up.pid())!])) {
  const name = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  if (/^(dnsmasq|haproxy)\b/.test(name)) continue;
  const { pss, own } = memoryMb(pid);
  total += pss;
  const figures = [pss, own].map((mb) => mb.toFixed(1).padStart(7));
  process.stdout.write(`${figures[0]} MB PSS ${figures[1]} MB private  ${name.slice(0, 80)}\n`);
}
process.stdout.write(`${total.toFixed(1).padStart(7)} MB PSS in all\n`);
