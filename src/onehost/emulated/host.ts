import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, HostProcess, type SpawnOptions } from './process.ts';
import { patience } from './wait.ts';

/** `sbin` is not in everybody's PATH. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunOptions extends SpawnOptions {
  /** Exit codes that are no error; default [0]. */
  okCodes?: readonly number[];
  /** Default 30 s. */
  timeoutMs?: number;
  /** A network namespace of the host. */
  netns?: string;
}

/**
 * One emulated host: its own links, addresses, routes, iptables, net sysctls, processes, host name, /run and /sys. Files
 * elsewhere are the machine's. Made by `Lab.addHost`.
 */
export class EmulatedHost implements AsyncDisposable {
  readonly name: string;
  /** On the management network (eth0). */
  readonly address: string;
  /** A folder of this host's own, for state and logs; the machine sees it under the same path. */
  readonly folder: string;
  /** As the machine sees it: what holds the namespaces, with all processes below it that have left their parents. */
  readonly holderPid: number;
  readonly #enter: readonly string[];
  readonly #end: () => Promise<void>;

  constructor(parts: { name: string; address: string; holderPid: number; folder: string; end: () => Promise<void> }) {
    this.name = parts.name;
    this.address = parts.address;
    this.folder = parts.folder;
    this.holderPid = parts.holderPid;
    this.#end = parts.end;
    const ns = `/proc/${parts.holderPid}/ns`;
    this.#enter = [
      'nsenter',
      `--net=${ns}/net`,
      `--mount=${ns}/mnt`,
      `--uts=${ns}/uts`,
      `--pid=${ns}/pid_for_children`,
      '--',
    ];
  }

  /** Starts a command and lets it run. */
  spawn(argv: readonly string[], { netns, ...options }: SpawnOptions & { netns?: string } = {}): HostProcess {
    const inside = netns ? ['ip', 'netns', 'exec', netns] : [];
    return new HostProcess(this.#enter, [...inside, ...argv], {
      ...options,
      env: { PATH: path, LC_ALL: 'C', ...options.env },
    });
  }

  /** Runs a command to its end. @throws Error with argv, exit code and what it printed */
  async run(
    argv: readonly string[],
    { okCodes = [0], timeoutMs = 30_000, ...options }: RunOptions = {},
  ): Promise<Finished> {
    const process = this.spawn(argv, options);
    const timer = setTimeout(() => void process.kill('SIGKILL'), timeoutMs * patience);
    const result = await process.finished.finally(() => clearTimeout(timer));
    if (!okCodes.includes(result.code)) {
      throw new Error(
        `${this.name}: ${argv.join(' ')}: exit code ${result.code}: ${result.stderr}${result.stdout}`.trim(),
      );
    }
    return result;
  }

  /** A command's stdout. */
  async read(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await this.run(argv, options)).stdout;
  }

  /** A command's stdout as JSON (`ip -j …`); an empty answer is an empty list. */
  async json<T>(argv: readonly string[], options: RunOptions = {}): Promise<T> {
    return JSON.parse((await this.read(argv, options)).trim() || '[]') as T;
  }

  /** Many `ip` commands by one process. */
  async ipBatch(lines: readonly string[], netns?: string): Promise<void> {
    await this.run(['ip', ...(netns ? ['-n', netns] : []), '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
  }

  /** Names of the host's links. */
  async links(netns?: string): Promise<string[]> {
    const links = await this.json<{ ifname: string }[]>(['ip', ...(netns ? ['-n', netns] : []), '-j', 'link', 'show']);
    return links.map((link) => link.ifname);
  }

  /** Names of the host's network namespaces. */
  async namespaces(): Promise<string[]> {
    const list = await this.json<{ name: string }[]>(['ip', '-j', 'netns', 'list']);
    return list.map((netns) => netns.name);
  }

  /** Processes of the host, without the holder and without this very `ps`. */
  async processes(): Promise<{ pid: number; command: string }[]> {
    const lines = (await this.read(['ps', '-ww', '-eo', 'pid=,args='])).trim().split('\n');
    return lines
      .map((line) => /^\s*(\d+) (.*)$/.exec(line)!)
      .map((found) => ({ pid: Number(found[1]), command: found[2]! }))
      .filter(({ pid, command }) => pid !== 1 && !command.startsWith('ps -ww -eo'));
  }

  /** Makes (once) and names a folder below the host's own. */
  async makeFolder(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Ends everything that runs in the host, and the host. */
  async close(): Promise<void> {
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
