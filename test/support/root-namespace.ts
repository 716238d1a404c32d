import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What of the machine's own network a test run must leave as it was: one text per subject. */
export type RootNamespace = Record<string, string>;

/** Commands that show it; a missing program shows nothing, before and after alike. */
const subjects: Record<string, readonly string[]> = {
  links: ['ip', '-o', 'link', 'show'],
  addresses: ['ip', '-o', 'addr', 'show'],
  'routes (IPv4)': ['ip', '-4', 'route', 'show', 'table', 'all'],
  'routes (IPv6)': ['ip', '-6', 'route', 'show', 'table', 'all'],
  'rules (IPv4)': ['ip', '-4', 'rule', 'show'],
  'rules (IPv6)': ['ip', '-6', 'rule', 'show'],
  namespaces: ['ip', 'netns', 'list'],
  iptables: ['iptables-save'],
  ip6tables: ['ip6tables-save'],
  nftables: ['nft', 'list', 'ruleset'],
  ipset: ['ipset', 'save'],
};

/** Processes that tests start in their hosts; one that is still there afterwards was left behind. */
const daemons = /^(dnsmasq|haproxy|keepalived|udhcpc|qemu-system)/;

/** Takes the picture. What changes by itself (lifetimes, counters, times) is left out of it. */
export async function readRootNamespace(): Promise<RootNamespace> {
  const entries = await Promise.all(Object.entries(subjects).map(async ([name, argv]) => [name, await show(argv)]));
  return {
    ...Object.fromEntries(entries),
    sysctls: await sysctls('/proc/sys/net'),
    daemons: await runningDaemons(),
    'temporary folders': await temporaryFolders(),
  };
}

/** The differences, one line each: `routes (IPv4): + default via …`. Empty when all is as it was. */
export function compareRootNamespace(before: RootNamespace, after: RootNamespace): string[] {
  const differences: string[] = [];
  for (const subject of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = new Set((before[subject] ?? '').split('\n'));
    const now = new Set((after[subject] ?? '').split('\n'));
    for (const line of old) if (!now.has(line)) differences.push(`${subject}: - ${line}`);
    for (const line of now) if (!old.has(line)) differences.push(`${subject}: + ${line}`);
  }
  return differences;
}

async function show(argv: readonly string[]): Promise<string> {
  const { stdout } = await run(argv[0]!, argv.slice(1), { maxBuffer: 1 << 26 }).catch(() => ({ stdout: '' }));
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith('#')) // iptables-save writes its version and the time
    .map((line) =>
      line
        .replace(/ (valid_lft|preferred_lft|expires|age) \S+/g, '')
        .replace(/\[\d+:\d+\]/g, '')
        .trim(),
    )
    .filter(Boolean)
    .join('\n');
}

/** Sysctls the kernel or the machine's other traffic changes by itself. */
const volatile = /\/(nf_conntrack_count|tcp_fastopen_key|stable_secret|ip_local_reserved_ports)$|\/neigh\/|\/stat\//;

async function sysctls(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = `${entry.parentPath}/${entry.name}`;
    if (!entry.isFile() || volatile.test(file)) continue;
    const value = await readFile(file, 'utf8').catch(() => null); // some may only be written
    if (value !== null)
      lines.push(`${file.slice('/proc/sys/'.length).replaceAll('/', '.')} = ${value.trim().replace(/\s+/g, ' ')}`);
  }
  return lines.sort().join('\n');
}

async function runningDaemons(): Promise<string> {
  const lines: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    const program = command.split(' ')[0]!.split('/').at(-1)!;
    const exists = daemons.test(program) && (await readlink(`/proc/${pid}/exe`).catch(() => null)) !== null; // not a zombie
    if (exists) lines.push(`${pid} ${command}`);
  }
  return lines.sort().join('\n');
}

/** Folders that tests and programs of ours make in the folder for temporary files, and remove. */
async function temporaryFolders(): Promise<string> {
  const names = await readdir(tmpdir());
  return names
    .filter((name) => name.startsWith('neutrino-'))
    .sort()
    .join('\n');
}
