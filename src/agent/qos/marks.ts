import type { Treatment } from './derive.ts';

/**
 * Chains of the mangle table by which what guests send gets its DSCP mark on the way through the host's bridges (upstream:
 * linuxbridge `qos_driver.py`). IPv4 and IPv6 alike.
 */

/** As upstream: what chains of the bridge agent are called. */
const PREFIX = 'neutron-linuxbri-';
/** Upstream cuts names at this length behind the prefix. */
const NAME_LENGTH = 11;
const HUB = `${PREFIX}POSTROUTING`;
const ENTRY = `-A POSTROUTING -j ${HUB}`;

/** The chain that marks what comes from a tap; taps whose names begin alike share one. */
export function markChain(device: string): string {
  return PREFIX + `qos-o${device.slice('tap'.length)}`.slice(0, NAME_LENGTH);
}

const isMarkChain = (name: string) => name.startsWith(`${PREFIX}qos-o`);

/** Rules of chains, by the chain's name, as `iptables-save` writes them. */
type Chains = Map<string, string[]>;

/**
 * The text for `iptables-restore --noflush` that makes the marks what they shall be; null when they are. Of taps that are not
 * named but are on the host somebody else decides, and keeps what is there.
 *
 * @param saved the table as `iptables-save` prints it
 * @param taps all that are on the host
 */
export function planMarks(
  treatments: readonly Treatment[],
  saved: string,
  taps: ReadonlyMap<string, unknown>,
): { text: string; changes: string[] } | null {
  const there = parse(saved);
  const wanted = wantedChains(treatments);
  keepOthers(wanted, there, (device) => taps.has(device) && !treatments.some((one) => one.device === device));
  const marking = [...wanted.values()].some((rules) => rules.length > 0);
  const gone = [...there.keys()].filter((name) => isMarkChain(name) && !wanted.has(name));
  const changed = [...wanted].filter(([name, rules]) => rules.join('\n') !== there.get(name)?.join('\n'));
  const isEntered = saved.split('\n').some((line) => line.trim() === ENTRY);
  if (!marking) {
    if (gone.length === 0) return null;
    const leave = isEntered ? [ENTRY.replace('-A', '-D')] : [];
    const emptied = [HUB, ...gone].filter((name) => there.has(name));
    const lines = [...leave, ...emptied.map((name) => `-F ${name}`), ...emptied.map((name) => `-X ${name}`)];
    return { text: render(lines), changes: gone.map((name) => `delete_chain name=${name}`) };
  }
  if (changed.length === 0 && gone.length === 0 && isEntered) return null;
  const lines = [
    ...[...wanted.keys()].map((name) => `:${name} - [0:0]`),
    ...[...wanted.keys()].map((name) => `-F ${name}`),
    ...[...wanted].flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...(isEntered ? [] : [ENTRY.replace('-A', '-I')]),
    ...gone.flatMap((name) => [`-F ${name}`, `-X ${name}`]),
  ];
  const changes = [
    ...changed.map(([name]) => `set_chain name=${name}`),
    ...gone.map((name) => `delete_chain name=${name}`),
  ];
  return { text: render(lines), changes: changes.length > 0 ? changes : [`enter_chain name=${HUB}`] };
}

/** Rules by which a tap's packets are marked, as they are in the table; for people. */
export function marksOf(device: string, saved: string): string[] {
  const chains = parse(saved);
  const isEntered = saved.split('\n').some((line) => line.trim() === ENTRY);
  const jumps = (chains.get(HUB) ?? []).filter((rule) => deviceOf(rule) === device);
  if (!isEntered || jumps.length === 0) return [];
  const rules = chains.get(markChain(device)) ?? [];
  return rules.filter((rule) => deviceOf(rule) === null || deviceOf(rule) === device);
}

function wantedChains(treatments: readonly Treatment[]): Chains {
  const marked = treatments.filter(({ mark }) => mark !== null).sort((a, b) => (a.device < b.device ? -1 : 1));
  const chains: Chains = new Map([[HUB, marked.map(({ device }) => `${from(device)} -j ${markChain(device)}`)]]);
  for (const [name, those] of Map.groupBy(marked, ({ device }) => markChain(device))) {
    const rules = those.map(({ device, policyId, mark }) => {
      const comment = `-m comment --comment "policy ${idText(policyId)} rule ${idText(mark!.rule)}"`;
      const set = `-j DSCP --set-dscp 0x${mark!.dscp.toString(16).padStart(2, '0')}`;
      // Alone in its chain a tap needs no further look.
      return [...(those.length > 1 ? [from(device)] : []), comment, set].join(' ');
    });
    chains.set(name, rules);
  }
  return chains;
}

function keepOthers(wanted: Chains, there: Chains, isOthers: (device: string) => boolean): void {
  for (const rule of there.get(HUB) ?? []) {
    const device = deviceOf(rule);
    const chain = / -j (\S+)$/.exec(rule)?.[1];
    if (device === null || chain === undefined || !isOthers(device)) continue;
    wanted.get(HUB)!.push(rule);
    // A chain that ours share with theirs is as ours say: ports so alike are one in millions.
    if (isMarkChain(chain) && !wanted.has(chain)) wanted.set(chain, there.get(chain) ?? []);
  }
}

const from = (device: string) => `-m physdev --physdev-in ${device} --physdev-is-bridged`;

function deviceOf(rule: string): string | null {
  return /^-m physdev\s+--physdev-in (\S+)/.exec(rule)?.[1] ?? null;
}

/** Ids come from the server: nothing else becomes part of a rule. */
function idText(id: string | null): string {
  return id !== null && /^[0-9a-f-]{1,36}$/i.test(id) ? id : 'unknown';
}

function parse(saved: string): Chains {
  const chains: Chains = new Map();
  for (const line of saved.split('\n').map((text) => text.trim())) {
    const name = /^:(\S+) /.exec(line)?.[1];
    if (name === HUB || (name !== undefined && isMarkChain(name))) chains.set(name, []);
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain !== undefined) chains.get(chain)?.push(rule!);
  }
  return chains;
}

function render(lines: readonly string[]): string {
  return `${['*mangle', ...lines, 'COMMIT'].join('\n')}\n`;
}
