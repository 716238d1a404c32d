import { apiRows } from './api.ts';
import { addRules, joinMembers } from './changes.ts';
import type { ApiFigures, HostWork } from './figures.ts';
import { type FloorFigures, measureFloor, readFiles } from './floor.ts';
import { makeGroups } from './groups.ts';
import { Probes } from './probes.ts';
import { atRest, restart } from './rest.ts';
import type { Kind, Site } from './site.ts';
import { type Ground, type Served, startHost } from './start.ts';
import { wireAtOnce, wireOneByOne } from './wiring.ts';

export interface HostWorkOptions {
  readonly ports: number;
  readonly remoteMembers: number;
  /** Of these: floor, restart, changes, wiring, rest, api. */
  readonly rows: ReadonlySet<string>;
  /** How long the agent is watched at rest. */
  readonly seconds: number;
  readonly say: (text: string) => void;
  readonly keepLog: (log: string) => Promise<void>;
}

/** Nobody's port; at the end of the network, where no port gets its address from. */
const STATION = '10.79.255.1';
const PROBED_GUESTS = 5;
const WAVES = 3;
const WAVE = 100;
const ALONE = 20;
const API_SECONDS = 3;

/** Everything that is measured of our agent. */
export async function measureOurs(site: Site, options: HostWorkOptions): Promise<HostWork> {
  const { rows, say } = options;
  const ground = await layGround(site, options.remoteMembers);
  say(`ours: a host with ${options.ports} ports`);
  const served = await startHost(ground, { name: 'host1', kind: 'ours', ports: options.ports });
  const wanted = async <T>(row: string, what: string, work: () => Promise<T>): Promise<T | null> => {
    if (!rows.has(row)) return null;
    say(`ours: ${what}`);
    return await work();
  };
  const floor = await wanted('floor', 'the same by hand', () => floorOf(served));
  const again = await wanted('restart', 'a restart', () => restart(served));
  const rest = await wanted('rest', `${options.seconds} s at rest`, () => atRest(served, options.seconds));
  const alone = await wanted('wiring', `${ALONE} taps one by one`, () => wireOneByOne(served, ALONE));
  const together = await wanted('wiring', `${WAVES} times ${WAVE} taps at once`, async () => {
    const waves: number[] = [];
    for (let wave = 0; wave < WAVES; wave++) waves.push(...(await wireAtOnce(served, WAVE)));
    return waves;
  });
  const changes = await wanted('changes', 'rules and members', () => measureChanges(served));
  const withAgent = await wanted('api', 'the API with the agent', () => apiFigures(site));
  await served.agent.program.stop();
  await options.keepLog(served.agent.log());
  const without = await wanted('api', 'the API without it', () => apiFigures(site));
  const aloneOnEmptyHost = await wanted('wiring', `${ALONE} taps on a host with one port`, async () =>
    wireOneByOne(await startHost(ground, { name: 'small1', kind: 'ours', ports: 1 }), ALONE),
  );
  return {
    kind: 'ours',
    site: site.what,
    ports: options.ports,
    start: served.start,
    floor,
    restart: again,
    rule: changes?.rule ?? null,
    member: changes?.member ?? null,
    alone,
    aloneOnEmptyHost,
    together,
    rest,
    api: withAgent && without && { withAgent, without },
  };
}

/** What is measured of the real agent: it takes minutes for what takes ours seconds. */
export async function measurePeer(site: Site, options: HostWorkOptions & { kind?: Kind }): Promise<HostWork> {
  const { rows, say, kind = 'python' } = options;
  const ground = await layGround(site, options.remoteMembers);
  say(`${kind}: a host with ${options.ports} ports`);
  const served = await startHost(ground, { name: 'host1', kind, ports: options.ports });
  if (rows.has('rest')) say(`${kind}: ${options.seconds} s at rest`);
  const rest = rows.has('rest') ? await atRest(served, options.seconds) : null;
  if (rows.has('wiring')) say(`${kind}: taps one by one`);
  const alone = rows.has('wiring') ? await wireOneByOne(served, 5) : null;
  await served.agent.program.stop();
  const none = {
    floor: null,
    restart: null,
    rule: null,
    member: null,
    aloneOnEmptyHost: null,
    together: null,
    api: null,
  };
  return { ...none, kind, site: site.what, ports: options.ports, start: served.start, alone, rest };
}

async function layGround(site: Site, remoteMembers: number): Promise<Ground> {
  const network = await site.api.create('network', site.network);
  await site.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.64.0.0/12', enable_dhcp: false });
  return { site, network, groups: await makeGroups(site, network.id, remoteMembers) };
}

async function floorOf(served: Served): Promise<FloorFigures> {
  const { site } = served.ground;
  const files = await readFiles(served);
  const hosts = { inTurn: await site.addHost('byhand1'), sideBySide: await site.addHost('byhand2') };
  const figures = await measureFloor(hosts, served.ports, files);
  for (const host of Object.values(hosts)) await host.close();
  return figures;
}

async function measureChanges(served: Served): Promise<Pick<HostWork, 'rule' | 'member'>> {
  const probes = await Probes.set(served, { address: STATION, count: PROBED_GUESTS });
  try {
    return { rule: await addRules(served, probes), member: await joinMembers(served, probes) };
  } finally {
    await probes.close();
  }
}

async function apiFigures(site: Site): Promise<ApiFigures> {
  return Object.fromEntries(await apiRows(site, API_SECONDS));
}
