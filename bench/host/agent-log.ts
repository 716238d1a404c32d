/** What an agent's log at level debug tells of one start, or of what it did between two moments. */
export interface AgentWork {
  /** Times in ms since the epoch; null when it did not come to that. */
  readonly firstAnswerMs: number | null;
  readonly lastReportMs: number | null;
  /** Devices that the server was told of. */
  readonly reported: ReadonlySet<string>;
  readonly commands: readonly Command[];
  readonly calls: readonly { method: string; atMs: number }[];
}

export interface Command {
  readonly argv: readonly string[];
  readonly stdin: string;
  /** When it had ended. */
  readonly atMs: number;
  readonly ms: number;
}

/** Forms of commands that change nothing. */
const readers = [
  /^ip (-n \S+ )?-j /,
  /^ip -o monitor/,
  /^(bridge|tc) -j /,
  /^(iptables|ip6tables|ebtables)\S*-save\b/,
  /^ipset (save|list)\b/,
  /^conntrack (-L|--version)\b/,
  /^sysctl -[ne] [^=]*$/,
  /^neutrino-look /,
  // Refused by every kernel: how it is asked whether it knows policers.
  /^tc actions add action police avrate 8kbit drop$/,
  // Refused by every kernel: how it is asked whether it has VLAN devices at all.
  /^ip link add link lo type vlan id 4095$/,
  // How the monitor of links is asked whether it listens: sets a group to what it is.
  /^ip link set dev lo group default$/,
];

/** Whether a command may change the host. */
export function writes({ argv }: Pick<Command, 'argv'>): boolean {
  return !readers.some((reader) => reader.test(argv.join(' ')));
}

/** So long without a line means that the agent is done. */
const QUIET_MS = 500;

/** Waits until an agent writes nothing more. */
export async function untilQuiet(log: () => string): Promise<void> {
  let length = -1;
  for (let now = log().length; now !== length; now = log().length) {
    length = now;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \d+ (\w+) \S+ (?:\[[^\]]*\] )?(.*)$/;

/** @param sinceMs lines before it are left out */
export function readLog(text: string, sinceMs = 0): AgentWork {
  const commands: Command[] = [];
  const calls: { method: string; atMs: number }[] = [];
  let firstAnswerMs: number | null = null;
  let lastReportMs: number | null = null;
  const reported = new Set<string>();
  for (const line of text.split('\n')) {
    const found = LINE.exec(line);
    if (!found) continue;
    const atMs = Date.parse(`${found[1]!.replace(' ', 'T')}`);
    if (atMs < sinceMs) continue;
    const message = found[3]!;
    const method = /^calls .*\bmethod=(\w+)/.exec(message)?.[1];
    if (method) calls.push({ method, atMs });
    if (message.startsWith('was answered') && firstAnswerMs === null) firstAnswerMs = atMs;
    if (message.startsWith('Told the server the state of')) {
      lastReportMs = atMs;
      for (const [device] of message.matchAll(/\btap[\w-]{11}/g)) reported.add(device);
    }
    if (message.startsWith('ran ')) commands.push(readCommand(message, atMs));
  }
  return { firstAnswerMs, lastReportMs, reported, commands, calls };
}

function readCommand(message: string, atMs: number): Command {
  const argv = /\bargv=(\[.*?\])(?= \w+=|$)/.exec(message)?.[1] ?? '[]';
  const stdin = /\bstdin=("(?:[^"\\]|\\.)*")/.exec(message)?.[1] ?? '""';
  const ms = Number(/\bms=([\d.]+)/.exec(message)?.[1] ?? Number.NaN);
  return { argv: JSON.parse(argv) as string[], stdin: JSON.parse(stdin) as string, atMs, ms };
}
