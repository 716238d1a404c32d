import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { tapName } from '../lib/names.ts';
import type { Host } from '../linux/contract.ts';
import { openHost } from '../linux/host.ts';
import { readSysctl } from '../linux/sysctl.ts';
import { OneHostError } from './errors.ts';
import { removeForwarding } from './forwarding.ts';
import { type Inventory, lastFiles, readInstance, type Surroundings } from './instance.ts';
import { endLeftovers } from './leftovers.ts';
import { unplugAll } from './plug.ts';
import { requireStateFolder, runningInstance, type StateFolder, startTicks, stateFolder } from './state-folder.ts';
import { removeTraces } from './traces.ts';
import { removeUplink } from './uplink.ts';

export interface DownOptions {
  stateDir?: string;
  purge: boolean;
  yes: boolean;
}

const STOP_LIMIT_MS = 25_000;
const DAEMON_LIMIT_MS = 2_000;

/**
 * `neutrino down`: stops the programs and removes from the host what this instance made, and nothing else.
 *
 * @returns the exit code
 */
export async function down({ stateDir, purge, yes }: DownOptions, around: Surroundings): Promise<number> {
  const state = stateFolder(stateDir);
  requireStateFolder(state);
  if (purge && !yes && !(await confirmed(state))) {
    around.say('nothing was changed');
    return 1;
  }
  await stopPrograms(state, around);
  await endLeftovers(state);
  if (process.getuid?.() === 0) {
    const inventory = await around.inventory(state);
    const host = await openHost();
    try {
      await cleanHost(host, state, inventory, around);
    } finally {
      await host.close();
    }
  } else {
    around.say('not root: this host has nothing of this instance to remove');
  }
  if (purge) {
    purgeState(state);
    around.say(`removed ${state.path}`);
  } else {
    around.say(`the data stays in ${state.path}; neutrino up brings everything back, neutrino down --purge removes it`);
  }
  return 0;
}

async function confirmed(state: StateFolder): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new OneHostError(`down --purge deletes all networks in ${state.path}; say --yes where nobody can be asked`);
  const line = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await line.question(`Delete all networks, subnets, ports and logs in ${state.path}? [y/N] `);
  line.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function stopPrograms(state: StateFolder, around: Surroundings): Promise<void> {
  const pid = runningInstance(state);
  if (pid === null) return;
  around.say(`stopping the programs (process ${pid}) …`);
  try {
    process.kill(pid, 'SIGTERM');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EPERM')
      throw new OneHostError(`process ${pid} belongs to another user; use sudo`, { cause });
  }
  for (const end = performance.now() + STOP_LIMIT_MS; runningInstance(state) !== null; ) {
    if (performance.now() > end)
      throw new OneHostError(
        `process ${pid} did not end within ${STOP_LIMIT_MS / 1000} s; kill -9 ${pid} and try again`,
      );
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Everything by names of ids that are in our database or in our folders: two instances share a host. */
async function cleanHost(
  host: Host,
  state: StateFolder,
  inventory: Inventory | null,
  around: Surroundings,
): Promise<void> {
  const networkIds = new Set([...(inventory?.networks ?? []).map(({ id }) => id), ...namedByIds(state, 'dhcp')]);
  const routerIds = new Set([
    ...(inventory?.routers ?? []).map(({ id }) => id),
    ...routerFolders.flatMap((name) => namedByIds(state, name)),
  ]);
  const removed: string[] = [];
  const problems: string[] = [];
  const note = (what: string, error: unknown) =>
    void problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  const attempt = (what: string, work: () => Promise<unknown>) => work().catch((error: unknown) => note(what, error));
  await attempt('plugged guests', async () => removed.push(...(await unplugAll(state, host, note))));
  await attempt('bridges and namespaces', async () =>
    removed.push(...(await removeTraces(host, { networkIds, routerIds }, instanceCards(state), note))),
  );
  // The cards have their addresses back; what becomes of them there is not ours to remember.
  rmSync(join(state.path, 'bridge_addresses.json'), { force: true });
  await attempt('daemons', () => endDaemons([...networkIds, ...routerIds], state));
  await attempt('taps', async () => {
    const { links } = await host.readNetwork();
    const taps = (inventory?.ports ?? []).map(({ id }) => tapName(id)).filter((name) => links.has(name));
    await host.apply(taps.map((name) => ({ op: 'delete_link', name })));
    removed.push(...taps.map((name) => `tap ${name}`));
  });
  await attempt('rules', async () => {
    const { links } = await host.readNetwork();
    const groups = (inventory?.groups ?? []).map(({ id }) => id);
    removed.push(...(await around.removeRules(host, state, { isThere: (tap) => links.has(tap), groups })));
  });
  await attempt('accepting chains', () => removeForwarding(host, state));
  await attempt('physical network public', () => removeUplink(host, state, { read: readSysctl }));
  for (const line of removed) around.say(/ is gone$/.test(line) ? line : `removed ${line}`);
  if (problems.length > 0) {
    throw new OneHostError(
      `not all could be removed: ${problems.join('; ')}; what is left is still on record, run neutrino down again`,
    );
  }
  if (removed.length === 0) around.say('no bridge, tap or namespace of this instance was there');
}

/** Cards of the configuration that the programs last ran with. */
function instanceCards(state: StateFolder): ReadonlySet<string> {
  try {
    return readInstance(lastFiles(state)).cards;
  } catch {
    // The files were taken away: bridges are removed all the same, and a card without its bridge keeps no address of it.
    return new Set();
  }
}

/** Where files of the L3 agent and its daemons lie that are named after routers. */
const routerFolders = ['ra', 'ha_confs', 'external/pids', 'pd'] as const;

/** Agents' files are named after networks and routers, also of those deleted while they were away. */
function namedByIds(state: StateFolder, name: string): string[] {
  const folder = join(state.path, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((each) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(each)?.[0] ?? []);
}

/** What is left of daemons where a namespace was removed by hand: processes whose command line names one of our folders or ids. */
async function endDaemons(ids: readonly string[], state: StateFolder): Promise<void> {
  // Not the state folder itself: another instance's may lie in it.
  const ourFolders = ['dhcp', 'ns-metadata-proxy', ...routerFolders].map((name) => `${join(state.path, name)}/`);
  const found = new Map<number, string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    const command = commandLine(pid);
    if (!/^[^\0\s]*\b(dnsmasq|haproxy|radvd|keepalived|conntrackd)\0/.test(command)) continue;
    if ([...ids, ...ourFolders].some((mark) => command.includes(mark))) found.set(pid, startTicks(pid) ?? '');
  }
  const alive = () => [...found].filter(([pid, start]) => startTicks(pid) === start).map(([pid]) => pid);
  for (const pid of alive()) kill(pid, 'SIGTERM');
  for (const end = performance.now() + DAEMON_LIMIT_MS; alive().length > 0 && performance.now() < end; ) {
    await new Promise((done) => setTimeout(done, 20));
  }
  for (const pid of alive()) kill(pid, 'SIGKILL');
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}

/** Only what we put there: a state folder may be one that others use too. */
function purgeState(state: StateFolder): void {
  const own = [
    'etc',
    'log',
    'lock',
    'dhcp',
    'plugged',
    'ns-metadata-proxy',
    'external',
    'ra',
    'ha_confs',
    'pd',
    'neutron.sqlite',
    'neutron.sqlite-wal',
    'neutron.sqlite-shm',
    'bus.sock',
    'metadata_proxy',
    'bridge_addresses.json',
    'host.json',
    'neutrino.pid',
  ];
  for (const name of readdirSync(state.path)) {
    if (own.includes(name) || /^neutron\.sqlite/.test(name))
      rmSync(join(state.path, name), { recursive: true, force: true });
  }
  if (readdirSync(state.path).length === 0) rmSync(state.path, { recursive: true });
}
