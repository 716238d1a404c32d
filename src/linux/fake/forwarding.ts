import type { RunOptions } from '../contract.ts';
import type { FdbRow, Neighbour } from '../forwarding.ts';
import type { CommandAnswer, FakeExec } from './exec.ts';

/** Tunnel devices of a fake host: what `bridge fdb` and `ip neigh` show and change of them. */
export class FakeForwarding {
  readonly devices = new Set<string>();
  /** What the kernel learned by itself is shown, too, without being there for good. */
  fdb: (FdbRow & { learned?: boolean })[] = [];
  neighbours: Neighbour[] = [];
  /** Lines that changed something or were to, in order. */
  readonly lines: string[] = [];
  /** A line that is refused, and why. */
  refuse: ((line: string) => string | null) | null = null;

  constructor(exec: FakeExec, devices: readonly string[] = []) {
    for (const device of devices) this.devices.add(device);
    exec.answer(this.#answer);
  }

  readonly #answer: CommandAnswer = (argv, options) => {
    const [program, ...words] = argv;
    if (argv.join(' ') === 'ip -j link show type vxlan') {
      return { stdout: JSON.stringify([...this.devices].map((ifname) => ({ ifname }))) };
    }
    if (program === 'bridge' && words.slice(0, 3).join(' ') === '-j fdb show') return this.#show(words[4]);
    if (program === 'ip' && words.slice(0, 3).join(' ') === '-j neigh show') {
      return {
        stdout: JSON.stringify(this.neighbours.map(({ device, ip, mac }) => ({ dst: ip, dev: device, lladdr: mac }))),
      };
    }
    return words[0] === '-force' && (program === 'bridge' || program === 'ip') ? this.#batch(options) : undefined;
  };

  #show(device: string | undefined) {
    const rows = this.fdb.filter((row) => device === undefined || row.device === device);
    const shown = rows.map(({ device: ifname, mac, remote, learned }) => ({
      ...{ mac, dst: remote, flags: ['self'], state: learned ? '' : 'permanent' },
      ...(device === undefined && { ifname }),
    }));
    return { stdout: JSON.stringify(shown) };
  }

  #batch({ stdin = '' }: RunOptions) {
    const errors = stdin
      .trim()
      .split('\n')
      .flatMap((line, index) => {
        this.lines.push(line);
        const why = this.refuse?.(line) ?? null;
        if (why === null) this.#change(line.split(' '));
        return why === null ? [] : [why, `Command failed -:${index + 1}`];
      });
    return { code: errors.length > 0 ? 1 : 0, stderr: errors.join('\n') };
  }

  #change([object, verb, ...words]: string[]): void {
    const value = (key: string) => words[words.indexOf(key) + 1]!;
    const device = value('dev');
    if (object === 'fdb') {
      const row = { device, mac: words[0]!, remote: value('dst') };
      const isSame = (other: FdbRow) => other.device === device && other.mac === row.mac;
      const isExact = (other: FdbRow) => isSame(other) && other.remote === row.remote;
      this.fdb = this.fdb.filter((other) => (verb === 'replace' ? !isSame(other) : !isExact(other)));
      if (verb !== 'del') this.fdb.push(row);
    } else {
      const ip = words[0]!;
      this.neighbours = this.neighbours.filter((other) => other.device !== device || other.ip !== ip);
      if (verb === 'replace') this.neighbours.push({ device, ip, mac: value('lladdr') });
    }
  }
}
